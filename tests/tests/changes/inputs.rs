//! What code is compiled with: files, variables, features.

use memento_tests::steps::{Step, step, take};

use crate::project;

/// A step in which `function` runs again because of `reason`.
fn because(name: &'static str, function: &'static str, reason: &'static str) -> Step {
    step(name).runs(function, 1).changes(function).explains(function, &[reason])
}

#[test]
fn what_is_compiled_in_counts_by_its_content() {
    let files = [
        because("a text", "of_text", "words.txt").edit("alpha beta", "alphabet"),
        because("a text in a constant", "of_text_in_constant", "more.txt").edit("gamma", "epsilon"),
        because("bytes", "of_bytes", "bytes.bin").write("data/bytes.bin", [0, 1, 255]),
        because("an absolute path", "of_absolute_path", "third.txt").edit("delta", "zeta"),
        because("a file of a dependency", "of_dependency", "text.txt")
            .write("near/text.txt", "far"),
        because("generated code", "of_generated_code", "generated").edit("n + 70", "n + 71"),
        step("a file that nobody reads").edit("never read", "never written"),
    ];
    let variables = [
        because("a variable", "of_variable", "CHANGES_UNIT").variable("CHANGES_UNIT", "EUR"),
        because("its other value", "of_variable", "CHANGES_UNIT").variable("CHANGES_UNIT", "USD"),
        step("the first value again").variable("CHANGES_UNIT", "EUR").changes("of_variable"),
        because("a variable in a helper", "of_variable_in_helper", "CHANGES_RATE")
            .variable("CHANGES_RATE", "seven"),
        because("a variable of the build script", "of_build_script", "CHANGES_NAME")
            .edit("CHANGES_NAME=one", "CHANGES_NAME=two"),
        because("the version of the package", "of_package_version", "CARGO_PKG_VERSION")
            .edit("1.2.3", "1.3.0"),
        step("a variable that nobody reads").variable("CHANGES_OTHER", "x"),
    ];
    take(project("inputs"), files.into_iter().chain(variables));
}

/// The functions that one feature makes others.
const FAST: [(&str, &str); 7] = [
    ("of_variants", "speed|fast"),
    ("of_expression", "fast"),
    ("of_statement", "fast"),
    ("of_macro", "fast"),
    ("of_module", "go|fast"),
    ("of_import", "walk|fast"),
    ("of_attribute", "fast|Gear"),
];

fn fast(name: &'static str) -> Step {
    let step = step(name).feature("fast");
    FAST.into_iter().fold(step, |step, (function, reason)| step.reruns(function, reason))
}

fn fast_again(name: &'static str) -> Step {
    let step = step(name).feature("fast");
    FAST.into_iter().fold(step, |step, (function, _)| step.changes(function))
}

#[test]
fn a_condition_never_serves_the_result_of_another() {
    let steps = [
        fast("a feature"),
        step("the feature of a dependency")
            .feature("fast-near")
            .runs("of_dependency_feature", 1)
            .changes("of_dependency_feature")
            .explains(
                "of_dependency_feature",
                &["pace|fast|changes-inputs-near|changes_inputs_near"],
            ),
        fast_again("the feature again"),
        fast_again("both features").feature("fast-near").changes("of_dependency_feature"),
        step("without the feature")
            .edit("        2000\n", "        2001\n")
            .reruns("of_macro", "chosen|choose"),
        step("the profile")
            .edit("debug-assertions = true", "debug-assertions = false")
            .reruns("of_debug_assertions", "debug_assertions"),
        step("an option of the build script")
            .edit("cargo::metadata=nothing=0", "cargo::rustc-cfg=fancy")
            .reruns("of_option", "fancy"),
    ];
    take(project("inputs"), steps);
}
