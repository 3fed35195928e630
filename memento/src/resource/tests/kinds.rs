use std::collections::HashMap;
use std::time::UNIX_EPOCH;

use parking_lot::Mutex;

use super::*;
use crate::resource::{Stamp, State, observe, observe_with, register};
use crate::{Error, ErrorKind, Result};

/// A row of a table that is in the memory of this process, and that counts how it is looked at.
struct Row(String);

#[derive(Clone, Default)]
struct Values {
    content: Option<&'static str>,
    revision: u64,
    last_change: Option<SystemTime>,
    reads: u64,
    stamps: u64,
}

static TABLE: Mutex<Option<HashMap<String, Values>>> = Mutex::new(None);

register!(Row);
// As when two modules do it.
register!(Row);

impl Row {
    fn new(name: &str, content: &'static str) -> Self {
        let row = Self(name.to_owned());
        row.with(|values| values.content = Some(content));
        row
    }

    fn with<T>(&self, work: impl FnOnce(&mut Values) -> T) -> T {
        work(TABLE.lock().get_or_insert_default().entry(self.0.clone()).or_default())
    }

    fn set(&self, content: &'static str) {
        self.with(|values| {
            values.content = Some(content);
            values.revision += 1;
        });
    }

    /// How often its content was read, and its stamp taken, since this was asked last.
    fn looks(&self) -> (u64, u64) {
        self.with(|values| (std::mem::take(&mut values.reads), std::mem::take(&mut values.stamps)))
    }
}

impl Resource for Row {
    const KIND: &'static str = "row of memento's tests";

    fn name(&self) -> String {
        self.0.clone()
    }

    fn from_name(name: &str) -> Result<Self> {
        match name {
            "" => Err(Error::new(ErrorKind::Damaged, "find a row").because("it has no name")),
            name => Ok(Self(name.to_owned())),
        }
    }

    fn state(&self) -> State {
        self.with(|values| {
            values.reads += 1;
            values.content.map_or_else(State::absent, |content| State::of(content.as_bytes()))
        })
    }

    fn stamp(&self) -> Option<(Stamp, SystemTime)> {
        self.with(|values| {
            values.stamps += 1;
            let stamp = Stamp::of(&values.revision.to_le_bytes());
            Some((stamp, values.last_change.unwrap_or(UNIX_EPOCH)))
        })
    }
}

#[test]
fn an_equal_stamp_spares_reading() {
    let row = Row::new("an equal stamp", "one");
    let observation = observed(&row, SystemTime::now());
    assert_eq!(row.looks(), (1, 2));
    for _ in 0..1000 {
        assert_eq!(check(&observation), Check::Same);
    }
    assert_eq!(row.looks(), (0, 1000));

    // Also in a process that has not seen the content.
    let row = Row::new("seen by another process", "one");
    let (stamp, digest) = (Stamp::of(&0_u64.to_le_bytes()), State::of(b"one").digest());
    let observation = Observation::new(Row::KIND, row.name(), Some(stamp), digest);
    assert_eq!(check(&observation), Check::Same);
    assert_eq!(row.looks(), (0, 1));
}

#[test]
fn for_a_thousand_records_a_content_is_read_once() {
    let row = Row::new("a thousand records", "one");
    let records: Vec<_> = (0..1000)
        .map(|revision| {
            row.with(|values| values.revision = revision);
            observed(&row, SystemTime::now())
        })
        .collect();
    row.with(|values| values.revision = 1000);
    row.looks();
    let stamps: Vec<_> = records.iter().map(|record| restamped(check(record))).collect();
    assert_eq!(row.looks(), (1, 1001));
    assert!(stamps.iter().all(|stamp| *stamp == Stamp::of(&1000_u64.to_le_bytes())));

    // What changed is read once, too.
    row.set("two");
    assert!(records.iter().all(|record| check(record) == Check::Changed));
    assert_eq!(row.looks(), (1, 1001));
}

#[test]
fn what_was_observed_need_not_be_read_to_be_checked() {
    let row = Row::new("observed and checked", "one");
    let old = observed(&row, SystemTime::now());
    row.set("one");
    let new = observed(&row, SystemTime::now());
    row.looks();
    assert_eq!(check(&old), Check::Restamped(new.stamp().unwrap()));
    assert_eq!(row.looks(), (0, 1));
}

/// Two contents with one stamp, as within one step of a clock.
#[test]
fn no_stamp_is_trusted_that_another_content_may_have() {
    let row = Row::new("within one step", "one");
    let now = SystemTime::now();
    row.with(|values| values.last_change = Some(now));
    let observation = observed(&row, now);
    assert_eq!(observation.stamp(), None);
    assert_eq!(check_at(&observation, now), Check::Same);
    // Neither is there anything in the memo.
    row.with(|values| values.content = Some("two"));
    assert_eq!(check_at(&observation, now), Check::Changed);
    row.with(|values| values.content = Some("one"));
    row.looks();
    assert_eq!(check_at(&observation, now), Check::Same);
    assert_eq!(row.looks(), (1, 2));
    restamped(check_at(&observation, now + LONG));
}

#[test]
fn a_resource_disappears() {
    let row = Row::new("disappears", "one");
    let observation = observed(&row, SystemTime::now());
    row.with(|values| (values.content, values.revision) = (None, 7));
    assert_eq!(check(&observation), Check::Changed);
    let absent = observed(&row, SystemTime::now());
    assert_eq!((absent.is_absent(), absent.stamp()), (true, None));
    assert_eq!(check(&absent), Check::Same);
}

#[test]
fn outside_of_memento_functions_nothing_is_observed() {
    let row = Row::new("outside", "one");
    observe(&row).unwrap();
    let read = |row: &Row| row.with(|values| values.content);
    assert_eq!(observe_with(&row, read, |_| unreachable!()).unwrap(), Some("one"));
    assert_eq!(row.looks(), (0, 0));
}

/// A kind whose name and state are those of the process.
macro_rules! kind {
    ($type:ident, $name:expr) => {
        struct $type;

        impl Resource for $type {
            const KIND: &'static str = $name;

            fn name(&self) -> String {
                "name".to_owned()
            }
            fn from_name(_: &str) -> Result<Self> {
                Ok(Self)
            }
            fn state(&self) -> State {
                State::of(b"")
            }
        }
    };
}

kind!(One, "kind that two types of memento's tests have");
kind!(Two, "kind that two types of memento's tests have");
kind!(Usurper, Row::KIND);
kind!(Unregistered, "kind that memento's tests did not register");

register!(One);
register!(Two);

#[test]
fn two_kinds_of_one_name_are_an_error_that_names_both() {
    for error in [observe(&One).unwrap_err(), observe(&Two).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Ambiguous);
        let message = error.to_string();
        for part in [One::KIND, "resource::tests::kinds::One", "resource::tests::kinds::Two"] {
            assert!(message.contains(part), "{message}");
        }
    }
    assert_eq!(check(&observed(&One, SystemTime::now())), Check::Changed);

    let error = observe(&Usurper).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    let message = error.to_string();
    assert!(message.contains("kinds::Usurper") && message.contains("kinds::Row"), "{message}");
    observe(&Row::new("not usurped", "")).unwrap();
}

#[test]
fn a_kind_that_is_not_registered_is_an_error_that_helps() {
    let error = observe(&Unregistered).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let message = error.to_string();
    for part in [Unregistered::KIND, "kinds::Unregistered", "register!"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn what_nobody_can_check_has_changed() {
    assert_eq!(check(&observed(&Unregistered, SystemTime::now())), Check::Changed);
    let digest = State::absent().digest();
    for (kind, name) in
        [(Row::KIND, ""), ("file", "%"), ("directory", "no pattern"), ("variable", "%zz")]
    {
        let observation = Observation::new(kind, name.to_owned(), None, digest);
        assert_eq!(check(&observation), Check::Changed, "{observation}");
    }
}
