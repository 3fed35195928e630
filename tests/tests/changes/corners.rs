//! What is easily missed: a change that makes nothing run would be a wrong value.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn nothing_is_missed() {
    // What is replaced, by what, which function runs again, and because of what.
    let names = edits([
        ["n * 100 + m", "n * 101 + m", "of_imported", "min"],
        ["n + 110", "n + 111", "of_import_in_body", "drop"],
        ["n + 130", "n + 131", "of_raw", "match"],
        ["n + 140", "n + 141", "of_parent", "above"],
        ["n + 150", "n + 151", "of_constructor", "Token"],
        ["LIMIT: u64 = 160", "LIMIT: u64 = 161", "of_nested_static", "LIMIT|limited"],
        ["n + 170", "n + 171", "of_constant_function", "compute"],
        ["n + 180", "n + 181", "of_constant_closure", "CLOSURE"],
        ["MOST: u64 = 3", "MOST: u64 = 5", "of_constant_pattern", "Limits|MOST"],
        ["self.0 + 120", "self.0 + 121", "of_distant_impl", "Shape|corners"],
        ["STEP: u64 = 190", "STEP: u64 = 191", "of_self", "Wooden"],
    ]);
    let inference = edits([
        ["Self(200)", "Self(201)", "of_default", "Gadget"],
        ["Self(n + 210)", "Self(n + 211)", "of_created", "Widget"],
        ["other.0 + 220", "other.0 + 221", "of_reference_operator", "Vector"],
        ["{} units", "units: {}", "of_foreign_target", "Unit"],
        ["part {}", "piece {}", "of_field_of_derive", "Part"],
        ["self.0 + 230", "self.0 + 231", "of_deref_target", "Core"],
        ["n + 240", "n + 241", "of_default_parameter", "Greedy"],
        ["self.0 += 2", "self.0 += 4", "of_hidden_type", "Odd"],
        ["\"metre\"", "\"meter\"", "of_projection", "Metre"],
        ["n + 250", "n + 251", "of_static_objects", "Only"],
        ["self.len() / 2", "self.len() / 4", "of_slice", "Middle"],
        ["*self == word.0", "*self != word.0", "of_comparison", "Word"],
    ]);
    let macros = edits([
        ["n + 300", "n + 301", "of_module_in_macro", "go|hidden_way.rs"],
        ["        311", "        312", "of_second_definition", "step"],
        ["n + 320", "n + 321", "of_crate_path", "deep"],
        ["330", "331", "of_include_in_macro", "number.in"],
        ["premier", "second", "of_text_in_macro", "text-one.txt"],
    ]);
    let crates = edits([
        ["self.0 + 800", "self.0 + 801", "of_method", "Thing"],
        ["self.count() / 2", "self.count() / 3", "of_prelude", "Pairs"],
        ["self.0 + 400", "self.0 + 401", "of_callback", "Job"],
        ["        410", "        411", "of_callback_around", "Chore"],
        ["duty.fulfil() + 810", "duty.fulfil() + 811", "of_callback_around", "perform"],
        ["n + 900", "n + 901", "of_optional", "distance"],
    ]);
    let length = step("a constant that two functions use by different names of its crate")
        .edit("LENGTH: usize = 3", "LENGTH: usize = 4")
        .reruns("of_length", "LENGTH")
        .reruns("of_extern_crate", "LENGTH");
    let wide = step("a feature of a crate that only another crate needs")
        .feature("wide")
        .reruns("of_optional", "wide");
    let all = [names, inference, macros, crates].into_iter().flatten();
    take(project("corners"), all.chain([length, wide]));
}
