//! Methods: many types have one of the same name.

use memento_tests::steps::{edits, step, take};

use crate::project;

#[test]
fn a_change_to_a_method_makes_those_run_whose_bodies_call_it() {
    // What is replaced, by what, which function runs again, and because of what.
    let rows = edits([
        ["self.0 + 200\n", "self.0 + 201\n", "of_returned", "fn Returned::weight"],
        ["self.0 + 300\n", "self.0 + 301\n", "of_field", "fn Field::weight"],
        ["self.0 + 400\n", "self.0 + 401\n", "of_method", "fn Link::weight"],
        ["self.0 + 500\n", "self.0 + 501\n", "of_deref", "fn Target::weight"],
        ["self.0 + 600\n", "self.0 + 601\n", "of_iterator", "fn Step::weight"],
        ["self.0 + 700\n", "self.0 + 701\n", "of_closure", "fn Given::weight"],
        ["self.0 + 800\n", "self.0 + 801\n", "of_macro", "fn InMacro::weight"],
        ["self.0 + 900\n", "self.0 + 901\n", "of_name_in_macro", "fn ToMacro::weight"],
        ["self.0 + 1000\n", "self.0 + 1001\n", "of_alias", "fn Short::weight"],
        ["self.0 + 1100\n", "self.0 + 1101\n", "of_associated_type", "fn Converted::weight"],
        ["self.0 + 1200\n", "self.0 + 1201\n", "of_circle", "fn Ping::weight"],
        ["self.0 + 1300\n", "self.0 + 1301\n", "of_circle", "fn Pong::weight"],
        ["self.0 + 1400\n", "self.0 + 1401\n", "of_both", "fn Other::weight"],
        ["self.0 + 1500\n", "self.0 + 1501\n", "of_neither", "fn Other::bare"],
    ]);
    let shared = step("a method that two bodies call")
        .edit("self.0 + 100\n", "self.0 + 101\n")
        .reruns("of_argument", "fn Argument::weight")
        .changes("of_argument")
        .reruns("of_neither", "fn Argument::weight")
        .changes("of_neither");
    let generic = step("what generic functions are called with")
        .edit("self.0 + 1900", "self.0 + 1901")
        .reruns("with_display", "impl fmt::Display for Shown|impl Display for Shown")
        .runs("display", 1)
        .runs("contains", 1)
        .runs("with_span", 1);
    let derived = step("what derives a trait")
        .edit("pub value: u64", "pub val: u64")
        .edit("Derived { value: n }", "Derived { val: n }")
        .reruns("with_debug", "struct Derived")
        .runs("debug", 1)
        .runs("contains", 1)
        .runs("with_span", 1);
    let unknown = step("a trait that may reach any impl")
        .edit("Included(&2000)", "Included(&2005)")
        .reruns("with_span", "impl RangeBounds for Span|impl RangeBounds<u64> for Span")
        .runs("contains", 1);
    take(project("methods"), rows.into_iter().chain([shared, generic, derived, unknown]));
}
