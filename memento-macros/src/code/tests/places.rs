//! Other crates, and where code stands.

use std::path::Path;

use super::super::facts::Reader;
use super::super::lex::Source;
use super::Program;

#[test]
fn a_crate_behind_a_leading_colon_pair_is_reached() {
    let program = Program::new(&[
        ("app/src/lib.rs", ""),
        ("near/src/lib.rs", "pub fn step() -> u64 { ::distant::go() }"),
        ("far/src/lib.rs", "pub fn go() -> u64 { 1 }"),
    ]);
    let index = Some(&program.index);
    for code in [
        "let n = ::fastrand::u64(0);",
        "return ::fastrand::u64(0);",
        "fn of() -> ::fastrand::Rng {}",
        "match n { 1 => ::fastrand::u64(0) }",
        "fastrand::u64(0)",
    ] {
        let source = Source::new(code.to_owned()).unwrap();
        let mut reader = Reader::new(&source, Path::new("lib.rs"), index);
        reader.read(0..source.len());
        assert_eq!(reader.facts.roots, ["fastrand"], "{code}");
    }
}

#[test]
fn a_followed_crate_behind_a_leading_colon_pair_is_reached() {
    let files = [
        ("app/src/lib.rs", ""),
        ("near/src/lib.rs", "pub fn step() -> u64 { ::distant::go() }"),
        ("far/src/lib.rs", "pub fn go() -> u64 { 1 }"),
    ];
    let program = Program::adjusted(&files, |crates| crates[1].sees.extend([2]));
    program.reach("fn of() -> u64 { return ::near::step() }").has("fn go (far)");
}

#[test]
fn a_path_of_another_crate_begins_where_that_crate_is() {
    let include = "concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/text.txt\")";
    let near = format!("pub fn text() -> &'static str {{ include_str!({include}) }}");
    let near = format!("{near} include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/more.in\"));");
    let files = [
        ("app/src/lib.rs", ""),
        ("near/src/lib.rs", near.as_str()),
        ("near/text.txt", "near"),
        ("near/more.in", "pub fn more() {}"),
    ];
    let program = Program::adjusted(&files, |crates| {
        let folder = crates[1].root.parent().unwrap().parent().unwrap().display().to_string();
        let artifact = crates[1].artifact.as_mut().unwrap();
        artifact.variables.push(("CARGO_MANIFEST_DIR".to_owned(), folder));
    });
    let before = program.reach("fn of() -> &'static str { near::text() }");
    before.has("file text.txt");
    std::fs::write(program.folder.join("near/text.txt"), "far").unwrap();
    assert_ne!(program.reach("fn of() -> &'static str { near::text() }").digest, before.digest);
    program.reach("fn of() { near::more() }").has("fn more (near)");
}

#[test]
fn a_dependency_with_the_name_of_a_module_is_reached() {
    let files = [
        ("app/src/lib.rs", "mod deep { mod tools { pub fn go() {} } }"),
        ("near/src/lib.rs", "pub use inner::shown; mod inner { pub fn shown() {} } pub fn go() {}"),
    ];
    let program = Program::adjusted(&files, |crates| crates[1].names.push("tools".to_owned()));
    program.reach("fn of() { tools::go() }").has("fn go (near)");
    program.reach("fn of() { tools::shown() }").has("fn shown (near::inner)");
}

#[test]
fn what_another_crate_calls_its_dependencies_may_be_the_name_of_a_module() {
    let files = [
        ("app/src/lib.rs", "mod tools { pub fn go() {} }"),
        ("near/src/lib.rs", "pub fn step() { tools::go() }"),
        ("far/src/lib.rs", "pub fn go() {}"),
    ];
    let program = Program::adjusted(&files, |crates| crates[1].sees.extend([2]));
    program.reach("fn of() { near::step() }").has("fn go (far)");
}

#[test]
fn what_a_macro_of_another_module_writes_stands_nowhere_for_sure() {
    let program = Program::of(
        "mod makers {
            macro_rules! make {
                () => {
                    #[memento]
                    fn of() {}
                };
            }
        }
        mod plain {
            #[memento]
            fn of() { go() }
            fn go() {}
        }
        mod beside {
            #[cfg(unix)]
            use crate::plain::*;
        }",
    );
    let path = program.folder.join("app/src/lib.rs");
    let place = |line| program.index.place_at(&path, line, 1).unwrap().0;
    let found = program.reach_from(place(4), "fn of() { go() }", &[]);
    found.has("fn go (app::plain)");
    assert_eq!(found.options, ["unix"]);
    assert!(place(4).module.is_none() && place(4).at.is_none());
    assert_eq!(program.index.modules[place(10).module.unwrap()].path, "app::plain");
}

#[test]
fn what_stands_in_the_middle_of_a_line_is_in_the_module_there() {
    let code =
        "mod é { fn of() {} } mod tax { const RATE: u64 = 19; #[memento] fn of() {} }\tmod b {}";
    let program = Program::of(code);
    let column = code.chars().position(|c| c == '#').unwrap() + 1;
    let path = program.folder.join("app/src/lib.rs");
    let (place, _) = program.index.place_at(&path, 1, column).unwrap();
    assert_eq!(program.index.modules[place.module.unwrap()].path, "app::tax");
    program.reach_from(place, "fn of(n: u64) -> u64 { n * RATE }", &[]).has("const RATE");
}
