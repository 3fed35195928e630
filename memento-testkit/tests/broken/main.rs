//! The suite notices runners that break a promise: each of these breaks one.

mod local;
mod remote;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use memento_testkit::runner::{EXECUTING, Property, REFUSING, RunnerSuite};

/// Something that is wrong with a runner, the properties that have to notice it, and what one of them says.
struct Case<W: 'static>(W, &'static [&'static str], &'static str);

/// What the property of this name says of a runner; `None` where it holds.
fn said(name: &str, properties: &[Property], suite: &RunnerSuite) -> Option<String> {
    let property = properties.iter().find(|property| property.0 == name);
    let property = property.unwrap_or_else(|| panic!("there is no property `{name}`")).1;
    let payload = catch_unwind(AssertUnwindSafe(|| property(suite))).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    Some(text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap())
}

/// Checks that the properties of each case notice what is wrong, and that they hold where nothing is.
fn check<W: Copy + std::fmt::Debug>(
    cases: &[Case<W>],
    properties: &[Property],
    suite: impl Fn(W) -> RunnerSuite,
    nothing: W,
) {
    for Case(wrong, names, text) in cases {
        let mut said_of = Vec::new();
        for name in *names {
            assert_eq!(said(name, properties, &suite(nothing)), None, "{name} of a good runner");
            let said = said(name, properties, &suite(*wrong));
            let said = said.unwrap_or_else(|| panic!("{name} does not notice {wrong:?}"));
            assert!(said.starts_with("broken promise: "), "{name} of {wrong:?} says {said}");
            said_of.push(said);
        }
        assert!(
            said_of.iter().any(|said| said.contains(text)),
            "{wrong:?}, {text:?}: {said_of:#?}"
        );
    }
}

/// Each property fails for a runner.
#[test]
fn no_property_holds_for_all_runners() {
    let names = |properties: &[Property]| -> BTreeSet<_> {
        properties.iter().map(|property| property.0).collect()
    };
    let executing = local::EXECUTING_CASES.iter().flat_map(|case| case.1);
    let executing: BTreeSet<_> =
        executing.chain(remote::CASES.iter().flat_map(|case| case.1)).copied().collect();
    assert_eq!(executing, names(EXECUTING));
    let refusing: BTreeSet<_> =
        local::REFUSING_CASES.iter().flat_map(|case| case.1).copied().collect();
    assert_eq!(refusing, names(REFUSING));
}
