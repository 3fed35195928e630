//! Constants, statics, types, and functions that are reached by other ways than a call by their own name.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn a_change_to_a_thing_makes_its_users_run() {
    // What is replaced, by what, which function runs again, and because of what.
    let values = edits([
        ["LIMIT: u64 = 30", "LIMIT: u64 = 31", "of_constant", "LIMIT"],
        ["HEIGHT: u64 = 7", "HEIGHT: u64 = 8", "of_nested_constant", "HEIGHT"],
        ["[3, 4, 5]", "[3, 4, 6]", "of_static", "RATES"],
        ["\"two\"", "\"three\"", "of_lazy", "NAMES"],
        ["\"EUR\"", "\"USD\"", "of_format", "UNIT"],
        ["FEW: u64 = 3", "FEW: u64 = 4", "of_pattern", "FEW"],
        ["COUNT: u64 = 2", "COUNT: u64 = 3", "of_default_parameter", "Steps"],
    ]);
    let types = edits([
        ["Amount = u8", "Amount = u16", "of_alias", "Amount"],
        ["turns: u8", "turns: u16", "of_field", "Meter"],
        ["n * self.0", "n + self.0", "of_method", "Scale|apply"],
        ["High = 8", "High = 9", "of_discriminant", "Level"],
        ["    Small,\n    Large,\n", "    Large,\n    Small,\n", "of_variant_order", "Size"],
        ["CELLS: u64 = 64", "CELLS: u64 = 81", "of_associated_constant", "Grid|CELLS"],
        ["window::<3>", "window::<4>", "of_const_generic", "windows"],
        ["    #[default]\n    Fast,", "    Fast,\n    #[default]", "of_default", "Mode"],
        ["    x: u32,\n    y: u32,\n", "    y: u32,\n    x: u32,\n", "of_return_type", "Point"],
    ]);
    let paths = edits([
        ["n * 3\n", "n * 30\n", "of_pointer", "triple"],
        ["n * 4\n", "n * 40\n", "of_table", "quadruple"],
        ["n * 5\n", "n * 50\n", "of_renamed", "levy"],
        ["n * 6\n", "n * 60\n", "of_glob", "toll"],
        ["n * 7\n", "n * 77\n", "of_reexport", "above"],
        ["n + 70\n", "n + 71\n", "of_shadow", "of_shadow"],
        ["n + 80\n", "n + 81\n", "of_self_path", "reach"],
        ["n + 90\n", "n + 91\n", "of_self_path", "stretch"],
    ]);
    let other = [
        // What a renamed import means is decided where it stands.
        step("another function under the same name")
            .edit("levy as duty", "toll as duty")
            .reruns("of_renamed", "duty|levy|toll"),
    ];
    take(project("things"), values.into_iter().chain(types).chain(paths).chain(other));
}
