//! Runs a function and records what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::claim::Claimed;
use super::ending::{Ending, Known};
use super::item::{Findings, Item};
use super::lookup;
use super::outcome::expires;
use super::recorder::Replaced;
use super::right::{Right, Standing};
use super::why;
use crate::cache::{Landed, Shared};
use crate::clock::now;
use crate::memento::{Arguments, Correlation, Dependency, Provenance};
use crate::miss::Miss;
use crate::part::{self, Found, Publish};
use crate::record::{self, EncodedValue, Head};
use crate::stack::Frame;
use crate::validity::{self, Validity};
use crate::{Caller, Digest, Key, Result};

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
            Some(away) => away.right,
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
        let error = item.task.error();
        let known = match self.encode(item, Publish::All) {
            Ok((value, found)) => {
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
                Some(self.land(item, right, ran))
            }
            Err(error) => {
                self.binding.cluster.counters.count_computed(false);
                self.binding.cluster.storage.trouble.report(&error);
                None
            }
        };
        Ending::Computed(known)
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
        let ran = catch_unwind(AssertUnwindSafe(|| caller.enter(|| item.task.run())));
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
        if let Some(claim) = right.claim {
            // Who waits in another process looks into the store.
            self.recorder.flush();
            drop(claim);
        }
        if let Standing::Lead(lead) = right.standing {
            lead.land(|| Some((shared.or_else(|| item.task.share())?, landed.clone())));
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
        } else if past.is_forgotten || binding.has_forgotten_all.load(Ordering::Relaxed) {
            Miss::Forgotten
        } else if self.ran_before || !past.versions.is_empty() {
            Miss::ArgumentsDiffer(Vec::new())
        } else {
            Miss::NeverRun
        }
    }

    /// Keeps the outcome of an item in the stores, then in the memory cache, unless that of a run that began later is
    /// there. What came of it, and the clone that is in the memory cache.
    fn record(&self, item: &Item<'_>, right: &Right, mut ran: Ran<'_>) -> (Landed, Option<Shared>) {
        let storage = &*self.binding.cluster.storage;
        let found = std::mem::take(&mut ran.found);
        let size = ran.value.map(|value| value.len() as u64 + found.held);
        if !found.parts.is_empty() && self.writes(&found) {
            // It is looked at again when any part is found to be gone.
            ran.validity.generation.get_or_insert_with(validity::generation);
        }
        let (digest, outline) = Digest::with_outline(ran.outcome());
        let mark = Mark { digest, outline, finished: now() };
        let landed = self.landed(item, &ran, &mark);
        if !right.keep(|| self.keep(item, ran, &mark, found)) {
            return (landed, None);
        }
        let shared = match size {
            Some(size) => {
                let wanted = || right.has_last_word();
                let shared = lookup::cache(self.binding, item, landed.clone(), size, wanted);
                if shared.is_none() {
                    // Nothing in memory tells of it, so the stores have to before others may ask.
                    self.recorder.flush();
                    storage.changes.note(&item.key);
                }
                shared
            }
            None => {
                // A value that was there does not count any more.
                storage.cache.remove(item.encoded.identity(self.binding.number));
                None
            }
        };
        // Not before all that is looked at from now on has the new one.
        if self.changes_others(item, &digest) {
            validity::count_replaced_result();
        }
        (landed, shared)
    }

    /// Whether the record of an outcome with such parts is written: not where what it names is not kept.
    fn writes(&self, found: &Found) -> bool {
        self.binding.cluster.storage.is_writable() && found.lost.is_none()
    }

    /// Whether what was computed from another outcome in the place of this one is to be verified anew.
    fn changes_others(&self, item: &Item<'_>, digest: &Digest) -> bool {
        let Findings { replaces, miss, .. } = &item.findings;
        if self.modifiers.refresh {
            // What there was may have been in memory alone.
            return *replaces != Some(*digest);
        }
        // What callees or the world outside made another one, its callers see by themselves: they depend on the same.
        let is_seen =
            matches!(miss, Some(Miss::CalleeChanged(_) | Miss::ResourceChanged(_) | Miss::Expired));
        !is_seen && replaces.is_some_and(|before| before != *digest)
    }

    /// Keeps the outcome of an item in the stores.
    fn keep(&self, item: &Item<'_>, ran: Ran<'_>, mark: &Mark, found: Found) {
        let storage = &*self.binding.cluster.storage;
        let is_written = self.writes(&found) && item.findings.miss != Some(Miss::Newer);
        storage.trouble.note(found.lost.map_or(Ok(()), Err));
        if is_written {
            storage.trouble.note(self.write(item, ran, mark));
            self.binding.has_recorded.store(true, Ordering::Relaxed);
        }
        // Who found what was there before does not put that into the memory cache any more.
        storage.changes.note(&item.key);
        part::publish_all(&storage.contents, found.publications);
    }

    /// What others are told of an outcome.
    fn landed(&self, item: &Item<'_>, ran: &Ran<'_>, mark: &Mark) -> Landed {
        let digest = mark.digest;
        let mut validity = ran.validity.clone();
        let own_expiry = expires(self.binding.function, mark.finished);
        validity.expires = [validity.expires, own_expiry].into_iter().flatten().min();
        validity.is_tentative |= ran.value.is_none();
        let validity = validity.into_shared();
        if let Some(validity) = &validity {
            self.binding.cluster.storage.verified.add(item.key, digest, Arc::clone(validity));
        }
        let took = u64::try_from(ran.total_time.as_nanos()).unwrap_or(u64::MAX);
        Landed { invocation: item.invocation, digest, validity, took }
    }

    /// Puts a content where it does not fit into the record, and then the record.
    fn write(&self, item: &Item<'_>, ran: Ran<'_>, mark: &Mark) -> Result<()> {
        let storage = &*self.binding.cluster.storage;
        let digest = mark.digest;
        let fits = |value: &&[u8]| value.len() as u64 <= storage.inline_limit;
        let inline = ran.value.filter(fits);
        let apart = ran.value.filter(|value| !fits(value));
        let put = |content| storage.contents.put_content(&digest, content);
        let stored = apart.map_or(Ok(()), put);
        let value = ran.value.map(|value| {
            let (codec, size) = (item.task.codec(), value.len() as u64);
            EncodedValue { codec, size, inline }
        });
        let head = Head {
            key: item.key,
            finished: mark.finished,
            digest,
            // Known when it is sealed.
            took: 0,
            depends: false,
            provenance: digest,
            earlier: &[],
            is_earlier: false,
            error: ran.error,
            value,
            outline: if apart.is_some() { &mark.outline } else { &[] },
        };
        let provenance = self.provenance(item, ran);
        let replaced = Replaced {
            is_there: self.modifiers.refresh || item.findings.replaces.is_some(),
            earlier: item.findings.earlier.as_deref(),
            behind: &item.findings.behind,
        };
        stored.and_then(|()| self.recorder.add(head, provenance, replaced))
    }

    fn provenance(&self, item: &Item<'_>, ran: Ran<'_>) -> Provenance {
        let function = self.binding.function;
        Provenance {
            function: function.path().to_owned(),
            version: function.version(),
            code: self.binding.code(),
            package_version: function.package_version().to_owned(),
            arguments: item.encoded.kept().map(|bytes| Arguments::new(bytes.to_vec())),
            result_type: item.task.result_type().to_owned(),
            dependencies: ran.dependencies,
            total_time: ran.total_time,
            own_time: ran.own_time,
            runner: self.runner().name().to_owned(),
            host: ran.host.to_owned(),
            process: ran.process,
            correlation: ran.correlation,
        }
    }
}

/// What an outcome is told by.
struct Mark {
    digest: Digest,
    /// Of a long value, what its [segments](crate::digest::segments) are told by.
    outline: Vec<u8>,
    /// In nanoseconds since the Unix epoch.
    finished: u64,
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
    fn outcome(&self) -> &'r [u8] {
        self.value.unwrap_or_else(|| self.error.unwrap_or_default().as_bytes())
    }
}
