//! Conditions under which code is compiled.

use super::Program;

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
fn the_condition_of_a_module_counts() {
    let digest = |one: &str, other: &str| {
        let of = Program::of(&format!(
            "#[{one}] mod way {{ pub fn go(n: u64) -> u64 {{ n }} }}
             #[{other}] mod way {{ pub fn go(n: u64) -> u64 {{ n + 1 }} }}"
        ));
        of.reach("fn of(n: u64) -> u64 { way::go(n) }").digest
    };
    for (one, other) in [
        ("cfg(unix)", "cfg(not(unix))"),
        ("cfg_attr(all(), cfg(unix))", "cfg_attr(all(), cfg(not(unix)))"),
        ("cfg_attr(unix, path = \"a.rs\")", "cfg_attr(not(unix), path = \"a.rs\")"),
    ] {
        // It says which of the two it is.
        assert_ne!(digest(one, other), digest(other, one), "{one}");
    }
    for (one, other) in [
        ("cfg(unix)", "allow(unused)] #[cfg(unix)"),
        ("cfg_attr(unix, deny(warnings))", "cfg_attr(not(unix), deny(warnings))"),
    ] {
        assert_eq!(digest(one, "cfg(windows)"), digest(other, "cfg(windows)"), "{one}");
    }
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
