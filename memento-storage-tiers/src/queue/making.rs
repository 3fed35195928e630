//! How a write is made, and what of it is left where the tier refuses it.

use std::slice;

use memento::storage::Entry;
use memento::{Error, ErrorKind, Key, Name, Result};

use super::Shared;
use super::state::{PATIENCE, Write};
use crate::contents::{self, Failed};

/// After how many failures in a row a write is given up that a tier refuses which answers otherwise. So many records of
/// a batch are refused alone before it is not those records.
const REFUSALS: u32 = 8;
/// How often a content is read which a tier above fails to read: a connection that was cut is another one the next time.
const READS: u32 = 3;

/// Why a write was not made.
pub(super) struct Failure {
    pub(super) error: Error,
    /// Whether it is of no use to try it again.
    pub(super) is_final: bool,
    /// Whether the tier took some of it, which is not in it any more.
    pub(super) has_put: bool,
}

/// How often writes have failed when the tier is asked once more, and what follows from that.
struct Trial {
    is_kept: bool,
    failures: u32,
    /// After how many failures a write is refused.
    limit: u32,
}

impl Trial {
    /// Whether it is of no use to wait.
    fn is_lasting(&self, error: &Error) -> bool {
        let may_be_later = error.is_retryable() || error.kind() == ErrorKind::Unavailable;
        !self.is_kept || !may_be_later
    }

    /// Whether the tier does not take what it was asked to keep, and has not failed otherwise.
    fn is_refused(&self, error: &Error, answers: impl FnOnce() -> bool) -> bool {
        self.is_lasting(error) || self.failures >= self.limit && answers()
    }
}

impl Shared {
    /// Makes a write. Records that wait together are made one by one where the tier refuses them, before any is given
    /// up: one that it does not take is no reason to lose the others.
    pub(super) fn make(&self, write: &mut Write, is_kept: bool) -> Result<(), Failure> {
        let error = match self.write(write) {
            Ok(()) => return Ok(()),
            // The tier has not failed: what comes next is not to wait for one above it.
            Err(Failed::From(error)) => {
                return Err(Failure { error, is_final: true, has_put: false });
            }
            Err(Failed::To(error)) => error,
        };
        self.failures.increment(1);
        let (failures, is_waited_for) = {
            let state = self.state.lock();
            (state.failures + 1, state.flushing > 0)
        };
        let is_batch = matches!(write, Write::Records(entries) if entries.len() > 1);
        let limit = if is_batch && is_waited_for { PATIENCE } else { REFUSALS };
        let trial = Trial { is_kept, failures, limit };
        let is_refused = trial.is_refused(&error, || self.answers(write));
        // Who waits for the end gives up what comes next, too, unless the tier takes something.
        let is_final = is_refused && (trial.is_lasting(&error) || failures >= REFUSALS);
        match write {
            Write::Records(entries) if is_refused && is_batch => {
                self.put_each(entries, &trial, is_final)
            }
            _ => Err(Failure { error, is_final, has_put: false }),
        }
    }

    /// Puts records one by one, and takes out those that the tier takes. `is_final` says whether the others are lost
    /// where it takes none.
    fn put_each(
        &self,
        entries: &mut Vec<Entry>,
        trial: &Trial,
        is_final: bool,
    ) -> Result<(), Failure> {
        let (mut has_put, mut refusals, mut last) = (false, 0, None);
        let mut rest = std::mem::take(entries).into_iter();
        for entry in rest.by_ref() {
            let Err(error) = self.stores.metadata.put(slice::from_ref(&entry)) else {
                (has_put, refusals) = (true, 0);
                continue;
            };
            self.failures.increment(1);
            let is_refused = trial.is_refused(&error, || self.answers_for(&entry.key));
            refusals += u32::from(error.kind() != ErrorKind::TooLarge);
            entries.push(entry);
            last = Some((error, is_refused));
            if !is_refused || refusals >= REFUSALS {
                break;
            }
        }
        let is_tried = rest.len() == 0;
        entries.extend(rest);
        let Some((error, is_refused)) = last else { return Ok(()) };
        // Where it took some, those that it was not asked for have not failed yet.
        let is_final = is_refused && if has_put { is_tried } else { is_final };
        Err(Failure { error, is_final, has_put })
    }

    /// Whether the tier answers when it is asked for what it has failed to keep.
    fn answers(&self, write: &Write) -> bool {
        let key = match write {
            Write::Content(name) => return self.has_answered(&self.stores.data.properties(name)),
            Write::Records(entries) => entries.first().map(|entry| entry.key),
            Write::Replacements(all) => all.first().map(|replacement| replacement.entry.key),
            Write::Release(_) => None,
        };
        key.is_none_or(|key| self.answers_for(&key))
    }

    fn answers_for(&self, key: &Key) -> bool {
        self.has_answered(&self.stores.metadata.get(key))
    }

    fn has_answered<T>(&self, answer: &Result<T>) -> bool {
        if answer.is_err() {
            self.failures.increment(1);
        }
        answer.is_ok()
    }

    fn write(&self, write: &mut Write) -> Result<(), Failed> {
        let metadata = &self.stores.metadata;
        match write {
            Write::Records(entries) if entries.is_empty() => Ok(()),
            Write::Records(entries) => metadata.put(entries).map_err(Failed::To),
            Write::Replacements(replacements) => metadata.replace(replacements).map_err(Failed::To),
            Write::Release(claim) => {
                claim.end();
                Ok(())
            }
            Write::Content(name) => {
                let mut reads = 1;
                loop {
                    match self.copy(name) {
                        Err(Failed::From(error)) if error.is_retryable() && reads < READS => {
                            reads += 1;
                        }
                        copied => return copied,
                    }
                }
            }
        }
    }

    /// Copies a content from the first tier that has it and can read it.
    fn copy(&self, name: &Name) -> Result<(), Failed> {
        let mut failure = None;
        for source in &self.sources {
            match contents::copy(&**source, &*self.stores.data, name) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(Failed::From(error)) => failure = failure.or(Some(error)),
                Err(failed) => return Err(failed),
            }
        }
        // It does not come back there by itself.
        Err(Failed::From(failure.unwrap_or_else(|| {
            Error::new(ErrorKind::Damaged, "copy a content from tier to tier")
                .with("name", name.as_str())
                .because("it is gone from those above")
        })))
    }
}
