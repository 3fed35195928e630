//! Code that no name leads to: impls that an operator, a loop, a conversion or a bound chooses.

use memento_tests::steps::{edits, take};

use crate::project;

#[test]
fn a_change_to_what_syntax_calls_makes_its_users_run() {
    // What is replaced, by what, which function runs again, and because of what.
    let operators = edits([
        ["self.0 + other.0", "self.0 - other.0", "of_add", "Money"],
        ["Self(-self.0)", "Self(-self.0 - 1)", "of_neg", "Debt"],
        ["+= n * 2", "+= n * 3", "of_add_assign", "Account"],
        ["&self.0[n]", "&self.0[2 - n / 2]", "of_index", "Row"],
        ["self.0 % 360 == other.0 % 360", "self.0 == other.0", "of_equality", "Angle"],
        ["self.0.partial_cmp(&other.0)", "other.0.partial_cmp(&self.0)", "of_order", "Rank"],
        [
            "type Target = i64;\n\n    fn deref(&self) -> &i64 {\n        &self.0\n",
            DEREF,
            "of_deref",
            "Wrapped",
        ],
        ["move |m| m + n", "move |m| m - n", "of_call", "adder"],
    ]);
    let conversions = edits([
        ["no number: ", "not a number: ", "of_question_mark", "Failure"],
        ["Self(n * 1000)", "Self(n * 1024)", "of_into", "Meters"],
        ["trim_start_matches('v')", "replace('v', \"1\")", "of_parse", "Version"],
        ["\"{} EUR\"", "\"EUR {}\"", "of_display", "Price"],
        ["of {} digits", "of {} figures", "of_debug", "Secret"],
        ["self.0.trim()", "&self.0", "of_as_ref", "Name"],
        ["width: 20", "width: 30", "of_default_rest", "Settings"],
    ]);
    let uses = edits([
        ["checked_sub(1)?", "checked_sub(2)?", "of_iterator", "Countdown"],
        ["self.0.into_iter().rev()", REVERSED, "of_into_iterator", "Basket"],
        ["fold(0, |sum", "fold(1, |sum", "of_sum", "Points"],
        ["max_by_key(|word| word.len())", "min_by_key(|word| word.len())", "of_collect", "Longest"],
        ["self.0.get() + 1", "self.0.get() + 2", "of_drop", "Guard"],
        ["self.0.cmp(&other.0)", "other.0.cmp(&self.0)", "of_maximum", "Card"],
        ["self.0.hash(state)", "(self.0 as u32).hash(state)", "of_hash", "Tag"],
        ["n * 11", "n * 12", "of_closure", "weight"],
        ["Self(self.0)\n", "Self(self.0 + 1)\n", "of_clone", "Sheep"],
    ]);
    take(project("operators"), operators.into_iter().chain(conversions).chain(uses));
}

const DEREF: &str = "type Target = i64;\n\n    fn deref(&self) -> &i64 {\n        if self.0 < 0 { &50 } else { &self.0 }\n";

const REVERSED: &str = "self.0.into_iter().rev().collect::<Vec<_>>().into_iter().rev()";

#[test]
fn a_change_to_what_a_trait_leads_to_makes_its_users_run() {
    let methods = edits([
        ["self.side() * self.side()", "self.side() * 3", "of_default_method", "Shape"],
        ["\"woof\"", "\"wau\"", "of_required_method", "Dog"],
        ["{self}!", "{self}!!", "of_extension", "Shout"],
        ["        20\n", "        21\n", "of_trait_object", "Wood"],
        ["        50\n", "        51\n", "of_trait_object", "Coal"],
        ["        300\n", "        400\n", "of_boxed_object", "Slow"],
        ["robot {}", "machine {}", "of_supertrait", "Robot"],
        ["PERCENT: u64 = 7", "PERCENT: u64 = 8", "of_trait_constant", "Reduced"],
    ]);
    let bounds = edits([
        ["        150\n", "        160\n", "of_bound", "Apple"],
        ["<{self}>", "[{self}]", "of_blanket", "Label"],
        ["\",\"", "\";\"", "of_associated_type", "Comma"],
        ["n * 2\n", "n * 3\n", "of_parameter", "Double"],
        ["P::apply(n) + 1", "P::apply(n) + 2", "of_parameter", "Engine"],
        ["n + 500", "n + 501", "of_generic_method", "penalty"],
        ["\"sweet\"", "\"sour\"", "of_impl_in_other_module", "Taste"],
        ["\"green\"", "\"red\"", "of_impl_in_function", "Colour|paint"],
    ]);
    take(project("traits"), methods.into_iter().chain(bounds));
}
