//! Runs a function and records what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::claim::Claimed;
use super::ending::{Ending, Known};
use super::item::Item;
use super::outcome::period;
use super::right::{Right, Standing};
use super::why;
use crate::clock::now;
use crate::memento::{Correlation, Dependency};
use crate::miss::Miss;
use crate::part::{Found, Publish};
use crate::record;
use crate::stack::Frame;
use crate::validity::Validity;
use crate::{Caller, Key, Result};

/// The name of this machine.
pub(super) static HOST: LazyLock<String> =
    LazyLock::new(|| gethostname::gethostname().to_string_lossy().into_owned());

/// Asked for once: it is a system call.
pub(super) static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);

impl<'a> Calls<'a> {
    /// Claims the item, runs it and records it, unless another thread has brought it to its end.
    pub(super) fn execute(&self, item: &mut Item<'a>) -> Result<Ending> {
        let right = match self.bring_home(item) {
            // It was to be made by another process, which could not.
            Some(mut away) => {
                away.right.begin_anew();
                away.right
            }
            None => match self.claim(item)? {
                Claimed::Run(right) => {
                    self.miss(item);
                    right
                }
                Claimed::Ended(ending) => return Ok(ending),
                Claimed::Busy => return Ok(Ending::Pending),
            },
        };
        let (frame, took, ran) = self.run_body(item, None, !self.modifiers.no_further_calls);
        if let Err(payload) = ran {
            self.binding.cluster.counters.count_panic();
            return Ok(Ending::Panicked(payload));
        }
        Ok(self.conclude(item, right, &frame, took))
    }

    /// Encodes and records the output of a function that ran in this process.
    pub(super) fn conclude(
        &self,
        item: &Item<'_>,
        right: Right,
        frame: &Frame,
        took: Duration,
    ) -> Ending {
        let error = item.call.error();
        let encoded = (!frame.has_failure()).then(|| self.encode(item, Publish::All));
        let known = match encoded.transpose() {
            Ok(Some((value, found))) => {
                let ran = Ran {
                    value: value.as_deref(),
                    error: error.as_deref(),
                    found,
                    validity: frame.validity(),
                    dependencies: frame.dependencies(),
                    total_time: took,
                    own_time: took.saturating_sub(frame.waited()),
                    host: &HOST,
                    process: *PROCESS,
                    correlation: frame.correlation,
                };
                self.land(item, right, ran)
            }
            unkept => {
                self.binding.cluster.storage.trouble.note(unkept);
                let mut validity = frame.validity();
                validity.is_tentative |= frame.has_failure();
                self.let_go(item, &right, validity, error.is_some())
            }
        };
        Ending::Computed(known)
    }

    /// Counts an outcome that is not kept, and depends on what `validity` says. What is known of it.
    pub(super) fn let_go(
        &self,
        item: &Item<'_>,
        right: &Right,
        mut validity: Validity,
        is_error: bool,
    ) -> Known {
        self.binding.cluster.counters.count_computed(is_error);
        self.drop_refreshed(item, right);
        validity.limit(period(self.binding.function, now()));
        Known { digest: None, validity: validity.into_shared() }
    }

    /// Runs the body in a frame of its own.
    pub(super) fn run_body(
        &self,
        item: &mut Item<'_>,
        correlation: Option<Correlation>,
        further_calls: bool,
    ) -> (Arc<Frame>, Duration, std::thread::Result<()>) {
        let (frame, caller) = self.frame(item.key, correlation, further_calls);
        let began = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| caller.enter(|| item.call.run())));
        (frame, began.elapsed(), ran)
    }

    /// A frame for the function, and the caller that it is in its body.
    pub(super) fn frame(
        &self,
        key: Key,
        correlation: Option<Correlation>,
        further_calls: bool,
    ) -> (Arc<Frame>, Caller) {
        let caller = self.caller.frame.clone();
        let mut frame = Frame::new(self.binding.function, key, caller, further_calls);
        frame.contents = Some(self.binding.cluster.storage.contents.clone());
        if let Some(correlation) = correlation {
            frame.correlation = correlation;
        }
        let frame = Arc::new(frame);
        let caller = Caller { frame: Some(Arc::clone(&frame)), ..self.caller.clone() };
        (frame, caller)
    }

    /// Counts and records an outcome, and tells those who wait. What is known of it.
    pub(super) fn land(&self, item: &Item<'_>, right: Right, ran: Ran<'_>) -> Known {
        self.binding.note_run(ran.total_time);
        self.binding.cluster.counters.count_computed(ran.error.is_some());
        let (landed, shared) = self.record(item, &right, ran);
        let counts = right.has_last_word(&self.binding.forgotten_all);
        if let Some(claim) = right.claim {
            // Who waits in another process looks into the store.
            self.recorder.flush();
            drop(claim);
        }
        if let Standing::Lead(lead) = right.standing {
            // What does not count any more is for nobody else.
            lead.land(|| {
                let shared = shared.or_else(|| item.call.share()).filter(|_| counts)?;
                Some((shared, landed.clone()))
            });
        }
        Known::from(landed)
    }

    /// Counts and tells why the function runs, once for each item.
    pub(super) fn miss(&self, item: &mut Item<'_>) {
        let binding = self.binding;
        if std::mem::replace(&mut item.findings.has_missed, true) {
            return;
        }
        let miss = if self.modifiers.refresh {
            let record = binding.cluster.storage.record(&item.key);
            let opened = record.as_ref().and_then(|record| record::open(&item.key, record).ok());
            if let Some((head, _)) = opened {
                item.findings.note_replaced(&head);
            }
            Miss::Refreshed
        } else {
            match &item.findings.miss {
                None | Some(Miss::NeverRun) => self.without_record(item),
                Some(miss) => miss.clone(),
            }
        };
        binding.cluster.counters.count_miss(&miss);
        tracing::debug!(function = binding.function.path(), key = %item.key, reason = %miss, "miss");
    }

    /// Why there is no record: in full where somebody listens, else as far as it can be told at once.
    fn without_record(&self, item: &Item<'_>) -> Miss {
        let (binding, invocation) = (self.binding, &item.invocation);
        let storage = &binding.cluster.storage;
        if tracing::enabled!(tracing::Level::DEBUG) {
            let miss = why::without_record(binding, invocation, item.encoded.kept());
            return storage.trouble.note(miss).unwrap_or(Miss::Unreadable);
        }
        let past = binding.past();
        let other = why::other_version(binding.function, storage, invocation, &past.versions);
        if storage.trouble.note(other).flatten().is_some() {
            Miss::CodeChanged(Vec::new())
        } else if past.is_forgotten || binding.forgotten_all.has_any() {
            Miss::Forgotten
        } else if self.ran_before || !past.versions.is_empty() {
            Miss::ArgumentsDiffer(Vec::new())
        } else {
            Miss::NeverRun
        }
    }
}

/// A function that ran to its end, wherever it was.
pub(super) struct Ran<'r> {
    /// The encoding of what is kept of the output; `None` where nothing is.
    pub(super) value: Option<&'r [u8]>,
    /// The message of the error that it returned.
    pub(super) error: Option<&'r str>,
    /// What the value has parts of.
    pub(super) found: Found,
    /// What the outcome depends on because of what the function called and read.
    pub(super) validity: Validity,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) total_time: Duration,
    pub(super) own_time: Duration,
    pub(super) host: &'r str,
    pub(super) process: u32,
    pub(super) correlation: Correlation,
}

impl<'r> Ran<'r> {
    /// The encoding of what is kept, or else the message of the error.
    pub(super) fn outcome(&self) -> &'r [u8] {
        self.value.unwrap_or_else(|| self.error.unwrap_or_default().as_bytes())
    }
}
