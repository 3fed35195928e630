use std::env::VarError;
use std::ffi::OsStr;

use super::*;
use crate::resource;
use crate::resource::variable::Variable;

const NAME: &str = "MEMENTO_TEST_VARIABLE";

fn observed_variable(name: &str) -> Observation {
    let observation = observed(&Variable::from_name(name).unwrap(), much_later());
    assert_eq!((observation.kind(), observation.name()), ("variable", name));
    assert_eq!(observation.stamp(), None);
    observation
}

/// The observation of the variable with a value that it does not have in this process.
fn with_value(value: impl AsRef<OsStr>) -> Observation {
    let state = Variable::from_name(NAME).unwrap().state_of(Some(value.as_ref()));
    Observation::new("variable", NAME.to_owned(), None, state.digest())
}

#[test]
fn a_variable_is_read_as_by_std() {
    let set = env::var("PATH").unwrap();
    assert_eq!(resource::env_var("PATH"), Ok(set));
    for name in [NAME, "", "A=B", "A\0B"] {
        assert_eq!(resource::env_var(name), Err(VarError::NotPresent));
    }
}

#[test]
fn a_variable_is_set_unset_and_set_to_something_else() {
    let unset = observed_variable(NAME);
    assert!(unset.is_absent());
    assert_eq!(check(&unset), Check::Same);
    let with = |value: &'static str| {
        move |command: &mut Command| {
            command.env(NAME, value);
        }
    };
    let one = with_value("one");
    assert_eq!(check(&one), Check::Changed);
    for (observation, value, expected) in [
        (&unset, "one", Check::Changed),
        (&unset, "", Check::Changed),
        (&one, "one", Check::Same),
        (&one, "two", Check::Changed),
        (&one, "", Check::Changed),
    ] {
        check_elsewhere(observation, expected, with(value)).unwrap();
    }
    check_elsewhere(&unset, Check::Same, |_| {}).unwrap();
}

#[test]
fn the_value_is_not_stored() {
    let value = env::var("PATH").unwrap();
    let observation = observed_variable("PATH");
    assert!(!observation.is_absent());
    let stored = serde_json::to_string(&observation).unwrap();
    assert!(!stored.contains(&value), "{stored}");
    // Nor a digest that could be looked up in a table, or compared with that of another variable.
    assert_ne!(*observation.digest(), crate::Digest::of(value.as_bytes()));
    let other = Variable::from_name(NAME).unwrap().state_of(Some(value.as_ref()));
    assert_ne!(*observation.digest(), other.digest());
}

#[test]
#[cfg(unix)]
fn a_value_needs_not_be_unicode() {
    use std::os::unix::ffi::OsStrExt as _;

    let value = OsStr::from_bytes(b"a\xff");
    let set = |command: &mut Command| {
        command.env(NAME, value);
    };
    check_elsewhere(&with_value(value), Check::Same, set).unwrap();
    check_elsewhere(&with_value("a\u{fffd}"), Check::Changed, set).unwrap();
}
