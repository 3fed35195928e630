//! Memento functions of all programs of a package: binaries, examples, tests, benches.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn functions_of_every_program_follow_their_helpers() {
    // What is replaced, by what, which function runs again, and because of what.
    let helpers = edits([
        ["OFFSET: u64 = 210", "OFFSET: u64 = 211", "of_body", "OFFSET|in_a_body|of_body"],
        ["n + OFFSET", "n * OFFSET", "of_body", "inside|in_a_body|of_body"],
        ["super::above(n) + 220", "super::above(n) + 221", "of_inline_module", "help"],
        ["n + 230", "n + 231", "of_inline_module", "above"],
        ["n + 300", "n + 301", "of_second", "help"],
        ["n + 400", "n + 401", "of_example", "help"],
        ["n + 500", "n + 501", "of_test", "help"],
        ["n + 600", "n + 601", "of_bench", "help"],
        ["n + 510", "n + 511", "of_test", "own"],
        ["super::shared(n) + 110", "super::shared(n) + 111", "of_unit_test", "helper"],
    ]);
    let library = step("the library")
        .edit("n + 100", "n + 101")
        .reruns("of_second_and_library", "shared")
        .reruns("of_unit_test", "shared");
    let outside = step("a function that another one hides")
        .edit("n + 200", "n + 201")
        .reruns("of_body", "outside");
    let hiding = step("the function that hides it")
        .edit("n + 240", "n + 241")
        .reruns("of_hidden", "outside|hidden");
    let project = project("targets").also_build(&[
        "--examples",
        "--tests",
        "--lib",
        "--bench",
        "changes-targets-bench",
    ]);
    take(project, helpers.into_iter().chain([library, outside, hiding]));
}
