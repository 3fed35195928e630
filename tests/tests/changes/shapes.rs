//! Versions of methods, and of what stands in keys.

use memento_tests::steps::{step, take};

use crate::project;

#[test]
fn methods_reach_what_self_leads_to() {
    let methods = [
        step("a method of the type")
            .edit("self.side * 11", "self.side * 12")
            .reruns("area", "Square::own")
            .reruns("sized", "Square::own")
            // All trait impls of a type count, and the one here calls it.
            .may_run("other"),
        step("a constant of the type")
            .edit("EDGES: u64 = 4", "EDGES: u64 = 5")
            .reruns("area", "Square::EDGES"),
        step("what is private in an inner module")
            .edit("SCALE: u64 = 3", "SCALE: u64 = 4")
            .reruns("area", "SCALE"),
        step("another method of the block")
            .edit("self.side + 21", "self.side + 22")
            .reruns("other", "other"),
        step("another function of the trait's impl")
            .edit("            6\n", "            7\n")
            .reruns("sized", "Shape for Square")
            .may_run("area")
            .may_run("other"),
        step("the header of a block")
            .edit(
                "    #[memento]\n    impl Square {",
                "    #[memento]\n    impl Square where Self: Sized {",
            )
            .runs("area", 1)
            .runs("other", 1)
            .explains("area", &["code changed"])
            .explains("other", &["code changed"]),
    ];
    take(project("shapes"), methods);
}

#[test]
fn what_stands_in_keys_is_code() {
    let keys = [
        step("what a value in the key reaches")
            .edit("    n / 10\n", "    (n + 1) / 10\n")
            .runs("by_key", 1)
            .explains("by_key", &["code changed", "tens"]),
        step("a value in the key")
            .edit("key(n = tens(*n))", "key(n = tens(*n + 1))")
            .runs("by_key", 1)
            .explains("by_key", &["code changed", "by_key"]),
        step("what is ignored belongs to the signature")
            .edit("ignore(left)", "ignore(right)")
            .runs("by_ignored", 1)
            .explains("by_ignored", &["code changed", "by_ignored"]),
    ];
    take(project("shapes"), keys);
}
