//! What imports bring in, and what they choose.

use super::{Found, Program};

/// What `of` reaches in `code`, in which it stands.
fn reach(code: &str, function: &str) -> Found {
    Program::of(&format!("{code}\n{function}")).reach(function)
}

const RATES: &str = "mod rates { pub fn tax() -> u64 { 19 } pub fn fee() -> u64 { 2 } pub struct Rate; \
                     pub trait Taxed { fn taxed(&self) -> u64; } impl Taxed for u64 { fn taxed(&self) -> u64 { 3 } } \
                     pub const K: u64 = 4; pub mod inner { pub fn go() -> u64 { 5 } } }";

#[test]
fn what_is_imported_in_a_block_is_reached() {
    for (import, call, piece) in [
        ("use crate::rates::tax;", "tax()", "fn tax"),
        ("use crate::rates::{tax};", "tax()", "fn tax"),
        ("use crate::rates::{fee, tax};", "tax()", "fn tax"),
        ("use crate::{rates::{fee, tax}};", "tax()", "fn tax"),
        ("use crate::rates::{tax as t};", "t()", "fn tax"),
        ("use crate::rates::{self, Rate};", "rates::tax()", "fn tax"),
        ("use crate::rates::{K, Rate};", "K", "const K"),
        ("use crate::rates::{Rate, inner};", "inner::go()", "fn go"),
        ("use crate::rates::{Rate, Taxed};", "1_u64.taxed()", "impl Taxed for u64"),
        ("use self::rates::{fee, *};", "tax()", "fn tax"),
    ] {
        let body = format!("fn of() -> u64 {{ {import} {call} }}");
        reach(RATES, &body).has(piece);
        let closure = format!("fn of() -> u64 {{ let f = || {{ {import} {call} }}; f() }}");
        reach(RATES, &closure).has(piece);
        // In a helper of the function.
        let helper = format!("{RATES} fn help() -> u64 {{ {import} {call} }}");
        reach(&helper, "fn of() -> u64 { help() }").has(piece);
    }
    reach(RATES, "fn of() -> u64 { use crate::rates::{tax}; tax() }").lacks("fn fee");
}

#[test]
fn what_several_modules_further_out_have_is_reached() {
    let code = "pub fn help() -> u64 { 1 } \
                pub mod a { pub mod b { use super::super::help; pub fn go() -> u64 { help() } } }";
    reach(code, "fn of() -> u64 { a::b::go() }").has("fn help");
    let code = "fn help() -> u64 { 1 } fn mid() -> u64 { mod l { pub fn q() -> u64 { super::help() } } l::q() }";
    reach(&format!("mod m {{ pub {code} }}"), "fn of() -> u64 { m::mid() }");
    reach(code, "fn of() -> u64 { mid() }").has("fn help");
}

/// Whether a change of `from` to `to` in some code changes what a function in it is.
#[track_caller]
fn changes(code: &str, from: &str, to: &str, function: &str) -> bool {
    assert!(code.contains(from), "{from}");
    let before = reach(code, function);
    let after = reach(&code.replace(from, to), function);
    before.digest != after.digest
}

const TRAITS: &str = "mod t1 { pub trait Go { fn go(&self) -> u64; } impl Go for u64 { fn go(&self) -> u64 { 1 } } } \
                      mod t2 { pub trait Go { fn go(&self) -> u64; } impl Go for u64 { fn go(&self) -> u64 { 2 } } } \
                      mod plain { pub struct Plain; pub fn unrelated() {} }";

#[test]
fn it_counts_which_trait_is_in_scope() {
    let of = "fn of(n: u64) -> u64 { n.go() }";
    for import in ["use t1::Go;", "use t1::Go as _;", "use t1::{Go};", "use t1::*;"] {
        assert!(changes(&format!("{TRAITS} {import}"), import, &import.replace("t1", "t2"), of));
    }
    let prelude = format!("{TRAITS} mod prelude {{ pub use crate::t1::Go; }} use prelude::*;");
    assert!(changes(&prelude, "pub use crate::t1::Go", "pub use crate::t2::Go", of));
    let alias =
        format!("{TRAITS} mod named {{ pub use crate::t1::Go as Going; }} use named::Going;");
    assert!(changes(&alias, "crate::t1::Go", "crate::t2::Go", of));
    let far = format!("{TRAITS} use t1::Go; use plain::Plain;");
    assert!(!changes(&far, "use plain::Plain;", "use plain::unrelated;", of), "it brings no trait");
    assert!(
        !changes(&far, "t1::Go", "t2::Go", "fn of(n: u64) -> u64 { n + 1 }"),
        "nothing is called"
    );
}

const GLOBS: &str = "mod g1 { pub fn go() -> u64 { 1 } pub const K: u64 = 1; pub struct Foo; impl Foo { pub fn v(&self) -> u64 { 1 } } \
                     pub mod util { pub fn deep() -> u64 { 1 } } } \
                     mod g2 { pub fn go() -> u64 { 2 } pub const K: u64 = 2; pub struct Foo; impl Foo { pub fn v(&self) -> u64 { 2 } } \
                     pub mod util { pub fn deep() -> u64 { 2 } } }";

#[test]
fn it_counts_from_where_all_is_imported() {
    for call in ["go()", "K", "Foo.v()", "util::deep()"] {
        let of = format!("fn of() -> u64 {{ {call} }}");
        assert!(changes(&format!("{GLOBS} use g1::*;"), "use g1::*", "use g2::*", &of), "{call}");
        let facade = format!("{GLOBS} mod face {{ pub use super::g1::*; }}");
        let of = format!("fn of() -> u64 {{ face::{call} }}");
        assert!(changes(&facade, "super::g1::*", "super::g2::*", &of), "{call}");
    }
    let other = format!("{GLOBS} mod g3 {{ pub fn far() {{}} }} use g1::go; use g3::*;");
    assert!(!changes(&other, "use g3::*;", "", "fn of() -> u64 { 1 + 1 }"));
}

#[test]
fn what_a_prelude_of_another_crate_chooses_counts() {
    let near = "pub mod s1 { pub fn go() -> u64 { 1 } } pub mod s2 { pub fn go() -> u64 { 2 } } pub use s1::*;";
    let digest = |near: &str| {
        let program = Program::new(&[("app/src/lib.rs", ""), ("near/src/lib.rs", near)]);
        program.reach("fn of() -> u64 { near::go() }").digest
    };
    assert_ne!(digest(near), digest(&near.replace("use s1::*", "use s2::*")));
}

#[test]
fn words_in_a_macro_call_may_be_anything() {
    for call in ["dsl! { use *; }", "dsl!(use {*});", "dsl! { use * from x }", "dsl! { use as b; }"]
    {
        let code =
            format!("macro_rules! dsl {{ ($($t:tt)*) => {{}} }} {call} fn help() -> u64 {{ 1 }}");
        reach(&code, "fn of() -> u64 { help() }").has("fn help");
        let body = format!("fn of() -> u64 {{ {call} help() }}");
        reach(&code, &body).has("fn help");
    }
}
