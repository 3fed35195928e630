//! What a name is because of an import.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn a_change_of_what_an_import_brings_in_makes_its_users_run() {
    // What is replaced, by what, which function runs again, and because of what.
    let edits = edits([
        ["        110\n", "        111\n", "of_block", "rates::fee|fee"],
        ["use crate::first::Go;", "use crate::second::Go;", "of_trait", "of_traits"],
        ["crate::first::Go as _", "crate::second::Go as _", "of_prelude", "prelude"],
        ["use crate::first::{*}", "use crate::second::{*}", "of_glob", "of_globs"],
        ["written, 400", "written, 401", "of_written", "define_all"],
    ]);
    let both = step("both import it")
        .edit("        100\n", "        101\n")
        .reruns("of_block", "tax")
        .reruns("of_closure", "tax");
    let unused = step("what is imported and not used").edit("        120\n", "        121\n");
    take(project("imports"), edits.into_iter().chain([both, unused]));
}
