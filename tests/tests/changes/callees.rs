//! Functions that call memento functions: they run again when a callee returns something else, and only then.

use memento_tests::project::Project;
use memento_tests::steps::{Step, step, take};

use crate::project;

fn callees() -> Project {
    project("callees").configure(
        "[storage]\npath = 'results'\n[clusters.prices]\nstorage = { path = 'prices' }\n",
    )
}

/// `text` becomes `new`, and `callee` runs so often without its callers being the wiser.
fn same(text: &str, new: &str, caller: &'static str, callee: &'static str, times: usize) -> Step {
    // Before it has run, it is not known that it returns the same.
    step(callee).edit(text, new).runs(callee, times).explains(caller, &["callee", callee])
}

/// `text` becomes `new`, `callee` runs so often, and then `caller`, because it was given something else.
fn other(text: &str, new: &str, caller: &'static str, callee: &'static str, times: usize) -> Step {
    same(text, new, caller, callee, times).follows(caller, callee)
}

#[test]
fn callers_run_when_what_they_were_given_changes() {
    let round = "price / 10 * 10";
    let totals = [
        same(round, "price - price % 10", "total", "price", 3)
            .explains("price", &["code changed", "round"]),
        other(round, "(price + 1) / 10 * 10", "total", "price", 3)
            .explains("price", &["code changed", "round"]),
        same("    n * n\n", "    n.pow(2)\n", "of_thousand", "square", 1000),
        other(
            "    n * n\n",
            "    if n == 999 { 0 } else { n * n }\n",
            "of_thousand",
            "square",
            1000,
        ),
        same("n * n * n", "n.pow(3)", "of_batch", "cubed", 5),
        other("n * n * n", "n.pow(3) + n / 4", "of_batch", "cubed", 5),
        same("n * 60", "60 * n", "of_library", "scaled", 1),
        other("n * 60", "n * 600", "of_library", "scaled", 1),
        same("n * 19", "19 * n", "of_cluster", "taxed", 1),
        other("n * 19", "n * 16", "of_cluster", "taxed", 1),
        same("n * 19", "n * 18", "of_cluster", "taxed", 1).runs("of_cluster", 1),
    ];
    take(callees(), totals);
}

#[test]
fn a_change_stops_where_results_are_the_same() {
    let undecided = &["callee", "second|third|fourth"];
    let graphs = [
        same("n * 25", "n + n * 24", "first", "fourth", 1),
        step("what is lost further up")
            .edit("n * 25", "n * 25 + 1")
            .runs("fourth", 1)
            .runs("third", 1)
            .explains("first", undecided),
        step("what is not")
            .edit("n * 25", "n * 50")
            .runs("fourth", 1)
            .runs("third", 1)
            .runs("second", 1)
            .runs("first", 1)
            .changes("first")
            .explains("first", undecided),
        same("n + 2000", "2000 + n", "both", "two", 1),
        other("n + 2000", "n + 2001", "both", "two", 1),
        same("n + 3000", "3000 + n", "top", "base", 1),
        step("what one of two callers does not see")
            .edit("n + 3000", "n + 3002")
            .runs("base", 1)
            .runs("east", 1)
            .runs("west", 1)
            .runs("top", 1)
            .changes("top")
            .explains("top", &["callee", "west|base"]),
        // With the new kind, `risky` would panic; its old arguments say nothing about the new way.
        other("KIND: u64 = 1", "KIND: u64 = 2", "guarded", "kind", 1),
        step("recursion")
            .edit("    a + b\n", "    b + a\n")
            .runs("fibonacci", 7)
            .explains("fibonacci", &["code changed", "add"]),
    ];
    take(callees(), graphs);
}

#[test]
fn functions_that_are_called_by_reference_are_callees_like_others() {
    let sum = "values.sum::<u64>() / 7400";
    let references = [
        // Two references with other fixed arguments lead there.
        step("the function does the same in another way")
            .edit("n * 3 + 7300", "7300 + 3 * n")
            .runs("tripled", 8)
            .explains("of_reference", &["callee", "tripled"])
            .explains("of_sum", &["callee", "tripled"]),
        step("it returns something else, and one caller does not see it")
            .edit("n * 3 + 7300", "n * 3 + 7301")
            .runs("tripled", 8)
            .runs("sum_of", 1)
            .runs("largest_of", 1)
            .runs("passed_on", 1)
            .runs("of_sum", 1)
            .changes("of_sum")
            .explains("of_reference", &["callee", "tripled"])
            .explains("of_sum", &["callee", "tripled"]),
        step("a caller runs again with the reference in its record")
            .edit(sum, "values.fold(0, |sum, value| sum + value) / 7400")
            .runs("sum_of", 1)
            .explains("of_reference", &["callee", "sum_of"]),
        same("n + 7500", "7500 + n", "of_other_module", "shifted", 4),
        step("what was borrowed")
            .edit("n + 7500", "n + 7600")
            .runs("shifted", 4)
            .runs("largest_of", 1)
            .runs("of_other_module", 1)
            .changes("of_other_module")
            .explains("of_other_module", &["callee", "shifted"]),
    ];
    take(callees(), references);
}

#[test]
fn a_callee_that_is_gone_makes_its_callers_run() {
    let renamed = step("another name")
        .edit("fn old_name(", "fn new_name(")
        .edit("ran(\"of_renamed\");\n    old_name(n)", "ran(\"of_renamed\");\n    new_name(n)")
        .edit(
            "ran(\"of_kept_version\");\n    old_name(n)",
            "ran(\"of_kept_version\");\n    new_name(n)",
        )
        .runs("old_name", 1)
        .runs("of_renamed", 1)
        .explains("of_renamed", &["code changed|callee", "of_renamed|old_name|new_name"])
        .runs("of_kept_version", 1)
        .explains("of_kept_version", &["callee", "old_name"]);
    take(callees(), [renamed]);
}

#[test]
fn callees_run_again_with_their_recorded_arguments_where_there_are_any() {
    let sum = "text.bytes().map(u64::from).sum()";
    let arguments = [
        step("arguments that are too long to be kept")
            .edit(sum, "text.bytes().fold(0, |sum, byte| sum + u64::from(byte))")
            .runs("summed", 2)
            .runs("of_large", 1)
            .explains("of_large", &["callee", "summed"])
            .explains("of_medium", &["callee", "summed"]),
        step("with another result")
            .edit(sum, "text.bytes().map(|byte| 1 + u64::from(byte)).sum()")
            .runs("summed", 2)
            .runs("of_large", 1)
            .changes("of_large")
            .runs("of_medium", 1)
            .explains("of_large", &["callee", "summed"])
            .explains("of_medium", &["callee", "summed"]),
        same("text.len()", "text.bytes().count()", "of_text", "measured", 1),
        other("text.len()", "text.len() + 1", "of_text", "measured", 1),
        step("arguments that cannot be read back")
            .edit("opaque.0 * 3", "3 * opaque.0")
            .runs("looked", 1)
            .runs("of_opaque", 1)
            .explains("of_opaque", &["callee", "looked"]),
        other("opaque.0 * 3", "opaque.0 * 4", "of_opaque", "looked", 1),
        step("arguments of another type")
            .edit("fn wide(n: u32)", "fn wide(n: u64)")
            .runs("wide", 1)
            .runs("of_signature", 1)
            .changes("of_signature"),
        step("context")
            .edit(
                "memento::context::<u64>(\"factor\").unwrap_or(1)",
                "memento::context::<u64>(\"factor\").unwrap_or(2)",
            )
            .runs("in_context", 1)
            .may_run("of_context"),
        other(".unwrap_or(1)", ".map_or(1, |factor| factor + 1)", "of_context", "in_context", 1),
    ];
    take(callees(), arguments);
}

#[test]
fn callees_count_whatever_they_return() {
    let outcomes = [
        same("if n < 10 {", "if n <= 9 {", "of_replayed", "replayed", 1),
        other("if n < 10 {", "if n < 3 {", "of_replayed", "replayed", 1),
        other("is too small", "is tiny", "of_replayed", "replayed", 1),
        same("assert!(n < 10)", "assert!(n < 20)", "of_unit", "unit", 1),
        step("a result that nobody reads")
            .edit("n + 5000", "n + 5001")
            .runs("prepared", 1)
            .runs("of_ignored", 1),
    ];
    take(callees(), outcomes);
}

#[test]
fn callees_of_other_shapes_run_again_where_they_can_be_repeated() {
    let unrepeatable = &["callee", "its arguments cannot be read back"];
    let alone = |text: &str, new: &str, caller, callee, times| {
        same(text, new, caller, callee, times).runs(caller, 1).explains(caller, unrepeatable)
    };
    let shapes = [
        same("n * by + 7000", "7000 + n * by", "of_method", "enlarged", 1),
        other("n * by + 7000", "n * by + 7001", "of_method", "enlarged", 1),
        alone("n + 7100", "7100 + n", "of_ignored_argument", "parallel", 1),
        alone("n + 7100", "7101 + n", "of_ignored_argument", "parallel", 1)
            .changes("of_ignored_argument"),
        alone("n + 7200", "7200 + n", "of_key", "counted", 1),
        alone("\"<{text}>\"", "\"<{}>\", text", "of_generic", "shown", 2),
        alone("\"<{text}>\"", "\"<<{text}>>\"", "of_generic", "shown", 2).changes("of_generic"),
    ];
    take(callees(), shapes);
}

#[test]
fn an_error_that_is_not_kept_does_not_stick_in_callers() {
    let mut project = project("failing");
    let place = project.place();
    let build = project.build();
    let run = build.run(&place, &[]);
    assert_eq!(run.output, ["of_fallible(4) = \"no file\""]);
    assert_eq!(run.ran.len(), 2, "{run:?}");

    let run = build.run(&place, &[]);
    assert_eq!(run.output, ["of_fallible(4) = \"no file\""]);
    assert!(run.ran.contains_key("fallible"), "it is tried again: {run:?}");

    // Nothing has changed but the world.
    std::fs::write(place.path().join("file"), "").unwrap();
    let run = build.run(&place, &[]);
    assert_eq!(run.output, ["of_fallible(4) = \"4\""]);
    assert!(run.ran.contains_key("of_fallible"), "{run:?}");
    assert!(build.run(&place, &[]).ran.is_empty(), "it is good now");

    std::fs::remove_file(place.path().join("file")).unwrap();
    for (from, to, value) in [("n < 10", "n < 5", "no file"), ("n < 5", "n < 3", "4")] {
        project.edit(from, to);
        let build = project.build();
        assert_ne!(build.run(&place, &["why"]).output, ["of_fallible: hit"]);
        let run = build.run(&place, &[]);
        assert_eq!(run.output, [format!("of_fallible(4) = {value:?}")]);
        // What its caller made of either outcome is known.
        assert_eq!(run.ran.keys().collect::<Vec<_>>(), ["fallible"]);
    }
}
