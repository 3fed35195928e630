//! Edits that change nothing that a function does, and their neighbours that do.

use std::collections::BTreeMap;

use memento_tests::project::Project;
use memento_tests::steps::{step, take};

use crate::project;

#[test]
fn what_does_not_matter_makes_nothing_run() {
    take(
        project("harmless"),
        [
            step("a comment").edit("Both are paid", "Both have to be paid"),
            step("a comment in a helper").edit("// A fifth.", "/* Twenty percent. */"),
            step("a comment less").edit("    // A fifth.\n", ""),
            step("a doc comment").edit("/// Half of the price.", "/// What is paid in a sale."),
            step("a doc comment that names things")
                .edit("/// Half of the price.", "/// What `label`, round and `rates::fee` do not."),
            step("a doc comment more").edit("fn label(", "///\n/// In euros.\nfn label("),
            step("a doc comment of a helper").edit("/// The tax on a price.\n", ""),
            step("formatting").edit("price + rates::tax(price)", "price\n+rates :: tax( price, )"),
            step("formatting of a helper").edit("price / 5\n", "price\n            / 5\n"),
            step("a function more").edit("mod other;", "mod other;\npub fn unrelated() {}"),
            step("a function more elsewhere")
                .edit("pub fn half", "pub fn unused() {}\npub fn half"),
            step("another order of functions").swap(FULL_PRICE, LABEL),
            step("another order of helpers").swap(TAX, FEE),
        ],
    );
}

#[test]
fn what_matters_makes_only_its_users_run() {
    take(
        project("harmless"),
        [
            step("a function of the same name elsewhere")
                .edit("price / 100 * 100", "price / 50 * 50")
                .reruns("half_price", "round"),
            step("a function of the same name here")
                .edit("fee / 10 * 10", "fee / 100 * 100")
                .reruns("full_price", "round"),
            step("spaces in a text").edit("}  EUR", "} EUR").reruns("labelled", "label"),
            step("its own body")
                .edit("other::half(price)", "other::half(price) + 1")
                .reruns("half_price", "half_price"),
            step("other arguments")
                .edit("half_price(999)", "half_price(777)")
                .runs("half_price", 1)
                .changes("half_price")
                .explains("half_price", &["arguments"]),
        ],
    );
}

#[test]
fn the_same_code_in_another_folder_is_the_same_code() {
    let ran = ["places", "macros", "inputs", "corners"].map(|name| {
        let place = project(name).place();
        let first = project(name).build().run(&place, &[]).ran;
        let second = project(name).build().run(&place, &[]).ran;
        assert_ne!(first, second, "{name}: nothing was stored before");
        second
    });
    assert!(ran.iter().all(BTreeMap::is_empty), "{ran:#?}");
}

/// In debug mode or not: nobody listens to the reasons here.
#[test]
fn reasons_are_counted() {
    let mut project = project("harmless");
    let place = project.place();
    let counted = |project: &mut Project| {
        let messages = project.build().run(&place, &[]).messages;
        messages.into_iter().find(|line| line.starts_with("counted")).unwrap_or_default()
    };
    let expected = "counted never_run 3 arguments_differ 0 code_changed 0 callee_changed 0 of 3";
    assert_eq!(counted(&mut project), expected);
    project.edit("price / 100 * 100", "price / 50 * 50");
    let expected = "counted never_run 0 arguments_differ 0 code_changed 1 callee_changed 0 of 1";
    assert_eq!(counted(&mut project), expected);
    project.edit("half_price(999)", "half_price(777)");
    let expected = "counted never_run 0 arguments_differ 1 code_changed 0 callee_changed 0 of 1";
    assert_eq!(counted(&mut project), expected);
}

const FULL_PRICE: &str = "\
#[memento]
fn full_price(price: u64) -> u64 {
    ran(\"full_price\");
    // Both are paid by the buyer.
    price + rates::tax(price) + round(rates::fee(price))
}
";

const LABEL: &str = "\
fn label(price: u64) -> String {
    format!(\"{price}  EUR\") // two spaces
}
";

const TAX: &str = "\
pub fn tax(price: u64) -> u64 {
    // A fifth.
    price / 5
}
";

const FEE: &str = "\
pub fn fee(price: u64) -> u64 {
    price / 10
}
";
