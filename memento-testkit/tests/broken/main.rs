//! The suites notice runners and stores that break a promise: each of these breaks one.

mod claims;
mod data;
mod local;
mod metadata;
mod remote;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use memento_testkit::runner::{EXECUTING, REFUSING};
use memento_testkit::suite::Property;
use memento_testkit::{data_store, metadata_store};

/// Something that is wrong with a runner or a store, the properties that have to notice it, and what one of them says.
struct Case<W: 'static>(W, &'static [&'static str], &'static str);

/// What the property of this name says; `None` where it holds.
fn said<S>(name: &str, properties: &[Property<S>], suite: &S) -> Option<String> {
    let property = properties.iter().find(|property| property.0 == name);
    let property = property.unwrap_or_else(|| panic!("there is no property `{name}`")).1;
    let payload = catch_unwind(AssertUnwindSafe(|| property(suite))).err()?;
    let text = payload.downcast_ref::<String>().cloned();
    Some(text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap())
}

/// Checks that the properties of each case notice what is wrong, and that they hold where nothing is.
fn check<W: Copy + std::fmt::Debug, S>(
    cases: &[Case<W>],
    properties: &[Property<S>],
    suite: impl Fn(W) -> S,
    nothing: W,
) {
    for Case(wrong, names, text) in cases {
        let mut said_of = Vec::new();
        for name in *names {
            assert_eq!(
                said(name, properties, &suite(nothing)),
                None,
                "{name} where nothing is wrong"
            );
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

/// The names of properties.
fn names<S>(properties: &[Property<S>]) -> BTreeSet<&'static str> {
    properties.iter().map(|property| property.0).collect()
}

/// The names of the properties that notice something.
fn noticing<W>(cases: &'static [Case<W>]) -> BTreeSet<&'static str> {
    cases.iter().flat_map(|case| case.1).copied().collect()
}

/// Each property fails for a runner or a store.
#[test]
fn no_property_holds_for_all() {
    let executing = &noticing(local::EXECUTING_CASES) | &noticing(remote::CASES);
    assert_eq!(executing, names(EXECUTING));
    assert_eq!(noticing(local::REFUSING_CASES), names(REFUSING));
    assert_eq!(noticing(data::KEEPING_CASES), names(data_store::KEEPING));
    assert_eq!(noticing(data::FORGETTING_CASES), names(data_store::FORGETTING));
    assert_eq!(noticing(metadata::KEEPING_CASES), names(metadata_store::KEEPING));
    assert_eq!(noticing(claims::CLAIMING_CASES), names(metadata_store::CLAIMING));
    assert_eq!(noticing(metadata::FORGETTING_CASES), names(metadata_store::FORGETTING));
}
