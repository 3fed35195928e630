//! What functions reach in small programs.

mod conditions;
mod imports;
mod packages;
mod places;
mod texts;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::artifact::Artifact;
use super::crates::{Crate, Crates};
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
        let folder = temporary();
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
        self.reach_from(Place { krate: 0, module: Some(0), at: None }, function, bounds)
    }

    fn reach_from(&self, place: Place, function: &str, bounds: &[&str]) -> Found {
        self.follow(place, function, bounds, &[])
    }

    /// The same, with what these paths name besides.
    fn follow(&self, place: Place, function: &str, bounds: &[&str], also: &[&str]) -> Found {
        let also: Vec<Vec<String>> =
            also.iter().map(|path| path.split("::").map(str::to_owned).collect()).collect();
        let source = Source::new(function.to_owned()).unwrap();
        let bounds: Vec<String> = bounds.iter().copied().map(str::to_owned).collect();
        let follow = Follow { automatically: true, also: &also, bounds: &bounds };
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

/// The path of a folder that is not there yet.
fn temporary() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("memento-macros-{}-{number}", std::process::id()))
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
fn what_a_macro_call_defines_is_found_beside_imports_of_that_name() {
    for beside in [
        // An import in a block is there in that block only.
        "fn report() -> u64 { use crate::stats::hits; hits() }",
        "fn report() -> u64 { fn hits() -> u64 { 1 } hits() }",
        // A module, or a macro, and a function may have one name.
        "use crate::util::hits;",
        "macro_rules! hits { () => {} }",
        "#[cfg(fast)] fn hits() -> u64 { 1 }",
    ] {
        let program = Program::of(&format!(
            "mod util {{ pub mod hits {{}} }}
             mod stats {{ pub fn of() -> u64 {{ hits() }} {beside} counter!(hits, 7); }}",
        ));
        let found = program.reach("fn of() -> u64 { stats::of() }");
        assert!(found.lines.contains("counter! { … }"), "{beside} hides it:\n{}", found.lines);
    }
    // What is defined there for sure is only used by the call.
    let program = Program::of("fn hits() -> u64 { 1 } other! { hits }");
    program.reach("fn of() -> u64 { hits() }").lacks("other!");
}

#[test]
fn an_import_says_which_module_a_name_in_a_macro_call_is() {
    let program = Program::of(
        "use tools::near; make! { static NEAR: u64 = near; }
         mod tools { pub mod near { pub fn go() {} } }
         mod other { pub fn go() {} }",
    );
    let found = program.reach("fn of() { near::go() }");
    found.has("fn go (app::tools::near)");
    found.lacks("fn go (app::other)");
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
fn the_body_of_a_memento_function_counts_where_it_is_named_as_a_dependency() {
    let code = "static TABLE: LazyLock<u64> = LazyLock::new(|| rates::filled());
         mod rates {
             #[memento]
             pub fn filled() -> u64 { helped() + 1 }
             fn helped() -> u64 { 2 }
         }";
    let (one, other) = (Program::of(code), Program::of(&code.replace("+ 1", "+ 10")));
    let function = "fn of(n: u64) -> u64 { n + *TABLE }";
    let place = Place { krate: 0, module: Some(0), at: None };
    assert_eq!(one.reach(function).digest, other.reach(function).digest);
    let [one, other] = [one, other].map(|of| of.follow(place, function, &[], &["rates::filled"]));
    assert_ne!(one.digest, other.digest);
    one.has("fn helped");
}

#[test]
fn names_in_calls_of_standard_macros_are_what_they_would_be_outside() {
    let calls = [
        "std::pin::pin!(f)",
        "pin!(f)",
        "std::task::ready!(f)",
        "std::ptr::addr_of!(f)",
        "assert_matches!(f, Some(_))",
        "core::mem::offset_of!(Price, f)",
    ];
    for import in ["", "use std::pin::pin;", "use std::pin::{self, pin};"] {
        let program = Program::of(&format!("{import} mod b {{ pub fn f() {{}} }}"));
        for call in calls {
            let found = program.reach(&format!("fn of() {{ let f = 1; {call}; }}"));
            found.lacks("fn f (app::b)");
        }
        program.reach("fn of() { pin!(b::f()) }").has("fn f (app::b)");
    }
    // What is called so may be another macro.
    for other in [
        "macro_rules! pin { ($f:ident) => { b::$f() } }",
        "use other::pin;",
        "use std::task::ready as pin;",
    ] {
        let program = Program::of(&format!("{other} mod b {{ pub fn f() {{}} }}"));
        program.reach("fn of() { pin!(f) }").has("fn f (app::b)");
    }
}
