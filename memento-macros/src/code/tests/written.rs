//! What macros write, and what they ask the compiler for.

use super::super::index::Place;
use super::Program;

/// What `function` reaches in `code`.
fn reach(code: &str, function: &str) -> super::Found {
    Program::of(&format!("{code}\n{function}")).reach(function)
}

#[test]
fn what_a_macro_has_another_one_define_is_reached() {
    let def = "macro_rules! def { ($name:ident, $value:literal) => { pub fn $name() -> u64 { $value } } }";
    let generator = "macro_rules! gen { () => { def!(alpha, 1); } } gen!();";
    let of = "fn of() -> u64 { alpha() }";
    let before = reach(&format!("{def} {generator}"), of);
    before.has("macro gen");
    let after = reach(&format!("{def} {}", generator.replace("alpha, 1", "alpha, 2")), of);
    assert_ne!(before.digest, after.digest);

    let imp = "pub trait Tr { fn t(&self) -> u64; } \
               macro_rules! imp { ($of:ty, $value:literal) => { impl Tr for $of { fn t(&self) -> u64 { $value } } } }";
    let all = "macro_rules! all { () => { imp!(Foo, 1); } } all!(); pub struct Foo;";
    let of = "fn of(x: Foo) -> u64 { x.t() }";
    let before = reach(&format!("{imp} {all}"), of);
    let after = reach(&format!("{imp} {}", all.replace("Foo, 1", "Foo, 2")), of);
    assert_ne!(before.digest, after.digest);

    let hidden = "const _: () = { imp!(Foo, 1); }; pub struct Foo;";
    let before = reach(&format!("{imp} {hidden}"), of);
    let after = reach(&format!("{imp} {}", hidden.replace("Foo, 1", "Foo, 2")), of);
    assert_ne!(before.digest, after.digest);
}

#[test]
fn what_a_macro_imports_is_reached() {
    let code = "mod m { pub fn go() -> u64 { 1 } } macro_rules! imports { () => { use m::go; } } imports!();";
    reach(code, "fn of() -> u64 { go() }").has("fn go");
}

#[test]
fn what_stands_behind_a_keyword_in_a_macro_call_is_mentioned() {
    let code = "macro_rules! call { (fn $name:ident) => { $name() } } fn go() -> u64 { 1 }";
    reach(code, "fn of() -> u64 { call!(fn go) }").has("fn go");
}

#[test]
fn a_file_below_the_folder_of_the_package_that_a_macro_names_counts() {
    let code = "macro_rules! data { ($name:literal) => { include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data/\", $name)) } }";
    let files = [("app/src/lib.rs", ""), ("near/src/lib.rs", code), ("near/data/x.txt", "1")];
    let program = Program::adjusted(&files, |crates| {
        let folder = crates[1].root.parent().unwrap().parent().unwrap().display().to_string();
        let artifact = crates[1].artifact.as_mut().unwrap();
        artifact.variables.push(("CARGO_MANIFEST_DIR".to_owned(), folder));
    });
    program.reach("fn of() -> &'static str { near::data!(\"x.txt\") }").has("file data/x.txt");
}

#[test]
fn a_file_beside_the_caller_of_a_macro_counts() {
    let files = [
        ("app/src/lib.rs", "mod deep;"),
        ("app/src/deep/mod.rs", "pub fn text() -> &'static str { near::text!() }"),
        ("app/src/deep/beside.txt", "1"),
        (
            "near/src/lib.rs",
            "#[macro_export] macro_rules! text { () => { include_str!(\"beside.txt\") } }",
        ),
    ];
    let program = Program::new(&files);
    let before = program.reach("fn of() -> &'static str { deep::text() }");
    before.has("beside.txt");
    std::fs::write(program.folder.join("app/src/deep/beside.txt"), "2").unwrap();
    assert_ne!(program.reach("fn of() -> &'static str { deep::text() }").digest, before.digest);
}

#[test]
fn what_code_in_an_included_value_names_is_reached() {
    let files = [
        ("app/src/lib.rs", "static T: [u64; 2] = include!(\"t.in\"); fn help() -> u64 { 1 }"),
        ("app/src/t.in", "[help(), 2]"),
    ];
    Program::new(&files).reach("fn of() -> u64 { T[0] }").has("fn help");
    let files = [
        (
            "app/src/lib.rs",
            "macro_rules! inc { ($f:literal) => { include!($f) } } fn help() -> u64 { 1 }",
        ),
        ("app/src/x.in", "::std::convert::identity(help())"),
    ];
    Program::new(&files).reach("fn of() -> u64 { inc!(\"x.in\") }").has("fn help");
}

#[test]
fn a_variable_whose_name_a_macro_gets_counts() {
    for code in [
        "macro_rules! e { ($name:literal) => { option_env!($name) } }",
        "macro_rules! include_e { ($name:literal) => { env!($name) } } macro_rules! e { ($n:literal) => { include_e!($n) } }",
    ] {
        reach(code, "fn of() { e!(\"SOME_NAME\"); }").has("variable SOME_NAME (app)");
    }
    reach("", "fn of() { option_env!(concat!(\"SOME_\", \"NAME\")); }")
        .has("variable SOME_NAME (app)");
    reach("", "fn of() { include_mine!(env!(\"SOME_NAME\")); }").has("variable SOME_NAME (app)");
}

#[test]
fn what_a_macro_of_another_crate_asks_is_answered_for_its_caller() {
    let near = "#[macro_export] macro_rules! pick { () => { if cfg!(feature = \"fast\") { env!(\"SOME_NAME\") } else { \"\" } } }";
    let program = Program::new(&[("app/src/lib.rs", ""), ("near/src/lib.rs", near)]);
    let found = program.reach("fn of() { near::pick!(); }");
    assert_eq!(found.options, ["feature = \"fast\""]);
    found.has("feature = \"fast\" (near)");
    found.has("variable SOME_NAME (app)");
    found.has("variable SOME_NAME (near)");
}

#[test]
fn what_an_attribute_makes_of_a_module_counts() {
    let of = |attribute: &str| {
        let code = format!("{attribute} mod m {{ pub fn go() -> u64 {{ 1 }} }}");
        reach(&code, "fn of() -> u64 { m::go() }").digest
    };
    assert_ne!(of("#[mac::replace(1)]"), of("#[mac::replace(2)]"));
    assert_ne!(of("#[mac::replace(1)]"), of(""));
    assert_eq!(of("#[allow(unused)] #[doc = \"x\"] #[must_use]"), of("/// y\n"));
}

#[test]
fn an_attribute_is_a_memento_function_where_it_is_imported() {
    let files = [
        ("app/src/lib.rs", "use memento::memento as cached;"),
        (
            "near/src/lib.rs",
            "use other::cached; #[cached] pub fn help() -> u64 { go() } fn go() -> u64 { 1 }",
        ),
    ];
    Program::new(&files).reach("fn of() -> u64 { near::help() }").has("fn go");
}

#[test]
fn a_default_in_braces_is_no_body() {
    let code = "pub trait Tr<const N: usize = { 1 + 1 }> { fn go(&self) -> u64 { help() } } impl Tr for u64 {} fn help() -> u64 { 1 }";
    reach(code, "fn of(n: u64) -> u64 { n.go() }").has("fn help");
}

#[test]
fn odd_words_in_macros_are_passed_over() {
    let code = "m!(impl T : for > > {}); fn help() -> u64 { 1 }";
    let place = Place { krate: 0, module: Some(0), at: None };
    Program::of(code).reach_from(place, "fn of() -> u64 { help() }", &[]).has("fn help");
}

#[test]
fn a_macro_that_calls_itself_again_and_again_is_read_once() {
    let again = "again!(n.go());".repeat(100);
    let code = format!(
        "macro_rules! again {{ () => {{ {again} }}; ($e:expr) => {{ $e }} }} \
         struct S; impl S {{ fn go(&self) -> u64 {{ 1 }} }}"
    );
    reach(&code, "fn of(n: S) -> u64 { again!() }").has("fn S::go");
}
