//! What functions reach in small programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::artifact::Artifact;
use super::crates::{Crate, Crates};
use super::facts::Reader;
use super::index::{Index, Place};
use super::lex::Source;
use super::reach::{Code, Follow};

/// Some crates in a temporary folder. The first is the one that is being compiled, and sees all others.
struct Program {
    folder: PathBuf,
    index: Index,
}

/// What a function reaches.
struct Found {
    /// The pieces, for people, and what only leads to others.
    lines: String,
    options: Vec<String>,
    digest: Option<blake3::Hash>,
}

impl Found {
    #[track_caller]
    fn has(&self, piece: &str) {
        assert!(self.lines.contains(piece), "{piece} is not among\n{}", self.lines);
    }

    #[track_caller]
    fn lacks(&self, piece: &str) {
        assert!(!self.lines.contains(piece), "{piece} is among\n{}", self.lines);
    }
}

impl Program {
    /// A crate in one file.
    fn of(code: &str) -> Self {
        Self::new(&[("app/src/lib.rs", code)])
    }

    /// Crates in these files: each `name/src/lib.rs` is the root of one.
    fn new(files: &[(&str, &str)]) -> Self {
        Self::adjusted(files, |_| {})
    }

    fn adjusted(files: &[(&str, &str)], adjust: impl FnOnce(&mut [Crate])) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("memento-macros-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let mut crates = Crates::default();
        for (path, content) in files {
            let root = folder.join(path);
            std::fs::create_dir_all(root.parent().unwrap()).unwrap();
            std::fs::write(&root, content).unwrap();
            if let Some(name) = path.strip_suffix("/src/lib.rs") {
                crates.all.push(krate(name, root, crates.all.len()));
            }
        }
        crates.all[0].sees = (0..crates.all.len()).collect();
        adjust(&mut crates.all);
        Self { folder, index: Index::new(crates) }
    }

    /// What `function` reaches from the outermost module.
    fn reach(&self, function: &str) -> Found {
        self.reach_with(function, &[])
    }

    /// The same for a function whose callers alone know types, which have traits of these names.
    fn reach_with(&self, function: &str, bounds: &[&str]) -> Found {
        let source = Source::new(function.to_owned()).unwrap();
        let place = Place { krate: 0, module: Some(0), at: None };
        let bounds: Vec<String> = bounds.iter().copied().map(str::to_owned).collect();
        let follow = Follow { automatically: true, also: &[], bounds: &bounds };
        let path = self.folder.join("app/src/lib.rs");
        let reached = Code::new(&self.index).reach(&source, &path, place, &follow);
        Found { lines: reached.chunk.lines, options: reached.options, digest: reached.digest }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // What is left there harms nobody.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn krate(name: &str, root: PathBuf, number: usize) -> Crate {
    let artifact = (number > 0).then(|| Artifact::new(Path::new("/nowhere/lib.rlib")));
    Crate {
        name: name.to_owned(),
        root,
        artifact,
        used_by: None,
        sees: BTreeSet::from([number]),
        names: vec![name.to_owned()],
        foreign: BTreeMap::new(),
    }
}

#[test]
fn a_width_behind_a_flag_is_reached() {
    let program = Program::of("const WIDTH: usize = 6; const DIGITS: usize = 2;");
    for text in ["{:0WIDTH$}", "{:#0WIDTH$x}", "{:+0WIDTH$}", "{:>WIDTH$}", "{n:0WIDTH$.DIGITS$}"] {
        let found = program.reach(&format!("fn of(n: u64) -> String {{ format!({text:?}, n) }}"));
        found.has("const WIDTH");
        assert_eq!(found.lines.contains("DIGITS"), text.contains("DIGITS"), "{text}");
    }
}

#[test]
fn a_constant_of_a_trait_behind_a_type_is_reached() {
    let program = Program::of(
        "trait Scale { const FACTOR: u64; const fn rate(); fn at(p: *const Far) -> u64; }
         impl Scale for u64 { const FACTOR: u64 = 3; fn at(p: *const Far) -> u64 { 1 } }
         struct Far;",
    );
    program.reach("fn of(n: u64) -> u64 { n * u64::FACTOR }").has("impl Scale for u64");
    program.reach("fn of(n: u64) -> u64 { n * u64::rate() }").has("impl Scale for u64");
    program.reach("fn of(n: u64) -> u64 { n * u64::Far }").lacks("impl Scale for u64");
}

#[test]
fn what_is_called_cfg_by_a_user_is_no_condition() {
    let program =
        Program::of("struct Model; impl Model { fn cfg(&mut self, n: u64) -> u64 { n } }");
    let found = program.reach("fn of(n: u64) -> u64 { Model.cfg(n) + cfg(n) + cfg_attr(n, 1) }");
    found.has("fn Model::cfg");
    assert_eq!(found.options, [""; 0]);
    let found = program.reach("fn of(n: u64) -> u64 { mine!(m.cfg(n), fn cfg(mut n: u64) {}) }");
    assert_eq!(found.options, [""; 0]);
}

#[test]
fn conditions_are_found_wherever_they_can_stand() {
    let program = Program::of("");
    for (code, options) in [
        ("if cfg!(feature = \"fast\") { 1 } else { 2 }", "feature = \"fast\""),
        ("#[cfg(any(unix, not(windows)))] let n = 1; n", "unix windows"),
        ("#[cfg_attr(unix, must_use = \"windows\")] let n = 1; n", "unix"),
        ("only!(cfg(feature = \"fast\"), n)", "feature = \"fast\""),
        ("choose! { if #[cfg(unix)] { 1 } else { 2 } }", "unix"),
    ] {
        let found = program.reach(&format!("fn of(n: u64) -> u64 {{ {code} }}"));
        assert_eq!(found.options.join(" "), options, "{code}");
    }
}

/// Two ways to do the same, each in a module.
const WAYS: &str = "
    mod fast { pub fn go(n: u64) -> u64 { n } pub trait Way { fn walk(&self) -> u64 { 1 } } }
    mod exact { pub fn go(n: u64) -> u64 { n } pub trait Way { fn walk(&self) -> u64 { 2 } } }";

#[test]
fn the_condition_of_an_import_counts() {
    let fast = "feature = \"fast\"";
    let imports = |name: &str, not: [&str; 2]| {
        let [one, other] = not.map(|not| format!("{not}(feature = \"fast\")"));
        let of = Program::of(&format!(
            "{WAYS} #[cfg({one})] use crate::fast::{name}; #[cfg({other})] use crate::exact::{name};"
        ));
        let found = of.reach("fn of(n: u64) -> u64 { go(n) + n.walk() }");
        assert_eq!(found.options, [fast], "{name}");
        found.digest
    };
    for name in ["go", "Way", "Way as _", "*"] {
        // What is imported when is not the same.
        assert_ne!(imports(name, ["all", "not"]), imports(name, ["not", "all"]), "{name}");
    }
}

#[test]
fn the_condition_of_an_import_that_has_to_be_named_counts_where_it_is() {
    let program = Program::of(
        "#[cfg(feature = \"fast\")] use crate::tools::{help, Tool}; mod tools { pub struct Tool; }",
    );
    assert_eq!(program.reach("fn of(n: u64) -> u64 { n }").options, [""; 0]);
    for code in ["Tool", "help(n)"] {
        let found = program.reach(&format!("fn of(n: u64) {{ {code}; }}"));
        assert_eq!(found.options, ["feature = \"fast\""]);
    }
}

#[test]
fn the_condition_of_an_import_for_tests_is_of_no_interest_to_others() {
    let program = Program::of("#[cfg(test)] use crate::tools::*; mod tools { pub fn help() {} }");
    assert_eq!(program.reach("fn of(n: u64) -> u64 { n }").options, [""; 0]);
}

#[test]
fn the_condition_of_an_import_in_another_module_counts() {
    let program = Program::of(&format!(
        "{WAYS} mod api {{
             #[cfg(feature = \"fast\")] pub use crate::fast::*;
             #[cfg(not(feature = \"fast\"))] pub use crate::exact::*;
         }}
         mod user {{ use crate::api::*; pub fn run(n: u64) -> u64 {{ go(n) }} }}
         mod other {{ pub fn help() {{}} }}"
    ));
    for code in ["api::go(n)", "crate::api::go(n)", "user::run(n)"] {
        let found = program.reach(&format!("fn of(n: u64) -> u64 {{ {code} }}"));
        assert_eq!(found.options, ["feature = \"fast\""], "{code}");
    }
    assert_eq!(program.reach("fn of(n: u64) -> u64 { other::help(n) }").options, [""; 0]);
}

#[test]
fn the_conditions_in_cfg_select_count() {
    let program = Program::of("");
    let found = program.reach(
        "fn of(n: u64) -> u64 {
            cfg_select! {
                feature = \"fast\" => { go(n) }
                all(unix, not(windows)) => n + a == b,
                _ => { match n { miri => 1, _ => 2 } }
            }
        }",
    );
    assert_eq!(found.options, ["feature = \"fast\"", "unix", "windows"]);
}

#[test]
fn the_conditions_around_an_import_count() {
    for chosen in [
        "cfg_select! { feature = \"fast\" => { use fast::go; } _ => { use exact::go; } }",
        "cfg_if! { if #[cfg(feature = \"fast\")] { use fast::go; } else { use exact::go; } }",
        "cfg_if! { if #[cfg(feature = \"fast\")] { use fast::*; } else { use exact::*; } }",
    ] {
        let program = Program::of(&format!("{WAYS} {chosen}"));
        let found = program.reach("fn of(n: u64) -> u64 { go(n) }");
        found.has("fn go (app::fast)");
        assert_eq!(found.options, ["feature = \"fast\""], "{chosen}");
    }
}

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
fn what_a_macro_call_defines_is_found_beside_others_of_that_name() {
    let program = Program::of(
        "mod a { pub fn go(n: u64) -> u64 { n } }
         mod b { make! { go = 3; } }
         make! { went = 4; }
         mod c { pub fn went() {} }",
    );
    program.reach("fn of(n: u64) -> u64 { b::go(n) }").has("make! { … } (app::b)");
    program.reach("fn of(n: u64) -> u64 { went(n) }").has("make! { … } (app)");
    program.reach("fn of(n: u64) -> u64 { a::go(n) }").lacks("make!");
}

#[test]
fn what_a_macro_call_in_an_impl_or_a_trait_defines_is_found() {
    let program = Program::of(
        "struct Thing(u64);
         impl Thing { make! { count = 3; } }
         trait Kind { make! { kind = 4; } }
         impl Kind for u64 { make! { kind = 5; } }
         fn count() {}
         other! { plain = 6; }",
    );
    program.reach("fn of(n: u64) -> u64 { Thing(n).count() }").has("make! { … } (app)");
    program.reach("fn of(n: u64) -> u64 { Thing::count(n) }").has("make! { … } (app)");
    let found = program.reach("fn of(n: u64) -> u64 { n.kind() }");
    found.has("trait Kind");
    found.has("impl Kind for u64");
    program.reach("fn of(n: u64) -> u64 { n.plain() }").lacks("other!");
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
fn the_bounds_of_an_impl_are_followed_where_only_callers_know_the_type() {
    let program = Program::of(
        "trait Describe { fn describe(&self) -> String; }
         impl<T: std::fmt::Display + ?Sized> Describe for T {}
         trait Show {}
         impl<'a, const N: usize, T> Show for [T; N] where Vec<T>: 'a + Weigh {}
         trait Weigh {}
         struct Price(u64);
         impl Display for Price {}
         impl Weigh for u32 {}
         impl Clone for Price {}",
    );
    let found =
        program.reach_with("fn of<T: Describe>(x: T) -> String { x.describe() }", &["Describe"]);
    found.has("impl Display for Price");
    found.lacks("impl Weigh");
    let found = program.reach_with("fn of<T: Show>(x: T) -> u64 { 1 }", &["Show"]);
    found.has("impl Weigh for u32");
    // Where the type is known, it leads there.
    program.reach("fn of(n: u64) -> String { n.describe() }").lacks("impl Display for Price");
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
