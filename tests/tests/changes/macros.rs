//! Macros, and names that stand inside of their calls.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn a_change_to_a_macro_makes_its_users_run() {
    // What is replaced, by what, which function runs again, and because of what.
    let definitions = edits([
        ["$n * 2", "$n * 20", "of_macro", "doubled"],
        ["tripled = 3", "tripled = 30", "of_defined_function", "define|tripled"],
        ["n * $factor", "n + $factor", "of_defined_function", "define|tripled"],
        ["$n + 100", "$n + 101", "of_nested", "inner"],
        ["inner!($n) + 1000", "inner!($n) + 1001", "of_nested", "outer"],
        [
            "                77",
            "                78",
            "of_defined_macro",
            "define_macro|seventy_seven",
        ],
        ["$n / 2", "$n / 3", "of_macro_of_other_module", "halved"],
        [
            "$crate::stretch($n) + 2",
            "$crate::stretch($n) + 3",
            "of_macro_of_dependency",
            "stretched",
        ],
        ["n * 10\n", "n * 12\n", "of_macro_of_dependency", "stretch"],
        [
            "            n / 2\n",
            "            n / 4\n",
            "of_function_defined_by_dependency",
            "squeeze",
        ],
        [
            "const { Cell::new(600) }",
            "const { Cell::new(700) }",
            "of_thread_local",
            "START|thread_local",
        ],
        ["n + 2000", "n + 2001", "of_memento_in_macro", "helper"],
        ["u64 => 64", "u64 => 65", "of_implementing_macro", "implement|Size"],
    ]);
    let calls = edits([
        ["n + 1\n", "n + 10\n", "of_vec", "first"],
        ["n + 2\n", "n + 20\n", "of_format", "second"],
        ["THIRD: u64 = 3", "THIRD: u64 = 33", "of_captured", "THIRD"],
        ["WIDTH: usize = 6", "WIDTH: usize = 7", "of_captured", "WIDTH"],
        ["n < 10", "n < 2", "of_assert", "is_allowed"],
        ["HIGH: u64 = 5", "HIGH: u64 = 3", "of_matches", "HIGH"],
        ["\"six\"", "\"6\"", "of_write", "sixth"],
        ["n * 7\n", "n * 8\n", "of_own_syntax", "seventh"],
        ["n + 8\n", "n + 9\n", "of_own_syntax", "eighth"],
        ["$(n = $step(n);)+", "$(n = $step(n) + 1;)+", "of_own_syntax", "plan"],
    ]);
    take(project("macros"), definitions.into_iter().chain(calls));
}

/// What a procedural macro returns is known to nobody but the compiler; its crate counts as a whole.
#[test]
fn a_change_to_a_procedural_macro_makes_its_users_run() {
    let change = step("a derive macro, and one that is called like a function")
        .edit("2 * changes", "10 * changes")
        .edit("{}_u64", "1{}_u64")
        .reruns("of_derive", "Letters|letters|changes-macros-derive|changes_macros_derive")
        .reruns("of_function_like", "answer|changes-macros-derive|changes_macros_derive");
    let helpers = step("what both need")
        .edit("name.len() + 900", "name.len() + 901")
        .edit("    42\n", "    43\n")
        .reruns("of_derive", "Letters|letters|changes-macros-derive|changes_macros_derive")
        .reruns("of_function_like", "answer|changes-macros-derive|changes_macros_derive");
    take(project("macros"), [change, helpers]);
}
