//! Helpers in other places: modules, files, crates.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn a_change_in_another_place_makes_only_its_users_run() {
    // What is replaced, by what, which function runs again, and because of what.
    let modules = edits([
        ["n + 100", "n + 101", "of_three_calls", "third"],
        ["n + 110", "n + 111", "of_file", "file::help|help"],
        ["n + 120", "n + 121", "of_folder", "inner::help|help"],
        ["n + 130", "n + 131", "of_path", "odd::help|help"],
        ["    140", "    141", "of_path", "more"],
        ["n + 150", "n + 151", "of_inline", "inline::help|help"],
        ["n + 160", "n + 161", "of_included", "included"],
        ["170 + 1", "170 + 2", "of_included_expression", "expression.in"],
    ]);
    let crates = edits([
        ["n + 300", "n + 301", "of_own_library", "shared"],
        ["n + 310", "n + 311", "of_library_with_helper", "private"],
        ["n + 400", "n + 401", "of_dependency", "step"],
        ["n + 410", "n + 411", "of_near_with_helper", "leap"],
        ["n + 500", "n + 501", "of_far_dependency", "far"],
        ["n + 520", "n + 521", "of_reexport", "shown"],
        ["distance.0 + 530", "distance.0 + 531", "of_foreign_impl", "Distance"],
        ["n * 2", "n * 3", "of_renamed_dependency", "twice"],
    ]);
    let unused = [
        step("what nobody reaches").edit("n + 510", "n + 511"),
        step("a library gets more functions").edit("mod inside;", "mod inside;\npub fn more() {}"),
    ];
    take(project("places"), modules.into_iter().chain(crates).chain(unused));
}
