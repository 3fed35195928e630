//! Runs a function and records what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::claim::AmongProcesses;
use super::item::{Ending, Item, Known};
use super::lookup;
use super::outcome::expires;
use super::why;
use crate::binding::Binding;
use crate::cache::{Landed, Shared};
use crate::clock::now;
use crate::flight::{Claim, Lead};
use crate::memento::{Arguments, Correlation, Dependency, Provenance};
use crate::miss::Miss;
use crate::record::{self, EncodedValue, Head};
use crate::stack::Frame;
use crate::validity::{self, Validity};
use crate::{Caller, Digest, Error, ErrorKind, Key, Result, storage};

/// The name of this machine.
pub(super) static HOST: LazyLock<String> =
    LazyLock::new(|| gethostname::gethostname().to_string_lossy().into_owned());

/// Asked for once: it is a system call.
pub(super) static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);

/// What is to be done about an item.
pub(super) enum Claimed {
    /// To be computed.
    Run(Right),
    Ended(Ending),
    /// Another thread, or another process, computes it.
    Busy,
}

impl From<Error> for Claimed {
    fn from(error: Error) -> Self {
        Self::Ended(Ending::Failed(error))
    }
}

/// What keeps others from computing the same; dropping it lets them.
#[derive(Default)]
pub(super) struct Right {
    /// Other threads of this process; `None` where they may be doing the same.
    lead: Option<Lead>,
    /// Other processes; `None` where they may be doing the same.
    claim: Option<storage::Claim>,
}

impl<'a> Calls<'a> {
    /// Claims the item, runs it and records it, unless another thread has brought it to its end.
    pub(super) fn execute(&self, item: &mut Item<'a>) -> Result<Ending> {
        let right = match self.bring_home(item) {
            // It was to be made by another process, which could not.
            Some(away) => away.right,
            None => match self.claim(item, true)? {
                Claimed::Run(right) => right,
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
        let known = match self.encode(item) {
            Ok(value) => {
                let ran = Ran {
                    value: value.as_deref(),
                    error: error.as_deref(),
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

    /// Claims the item, unless another thread has brought it to its end, and notes why it has to be computed. With
    /// `may_wait`, waits for a thread that computes it.
    pub(super) fn claim(&self, item: &mut Item<'a>, may_wait: bool) -> Result<Claimed> {
        let binding: &'a Binding = self.binding;
        self.modifiers.check_cancelled(binding.function)?;
        let flights = &binding.cluster.flights;
        let claim = if may_wait {
            flights.claim(item.key, |key| self.callers(key))
        } else {
            match flights.try_claim(item.key) {
                Some(lead) => Claim::Lead(lead),
                None => return Ok(Claimed::Busy),
            }
        };
        let among_processes = |item: &Item<'_>| self.claim_among_processes(item, may_wait);
        self.claimed(item, claim, among_processes, may_wait)
    }

    /// How often `key` is computed by those who called whoever asks.
    pub(super) fn callers(&self, key: &Key) -> usize {
        let frames = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        frames.filter(|frame| frame.key == *key).count()
    }

    /// Goes on with an item that has been claimed in this process: claims it `among_processes`, unless its result is there
    /// by now, and notes why it has to be computed.
    pub(super) fn claimed(
        &self,
        item: &mut Item<'_>,
        claim: Claim,
        among_processes: impl FnOnce(&Item<'_>) -> AmongProcesses,
        may_wait: bool,
    ) -> Result<Claimed> {
        let binding = self.binding;
        let lead = match claim {
            Claim::Lead(lead) => Some(lead),
            Claim::Landed(shared, landed) if item.task.adopt(&shared) => {
                binding.cluster.counters.count_store_hit(landed.took);
                return Ok(Claimed::Ended(Ending::Found(landed.into())));
            }
            Claim::Landed(..) | Claim::Alone => None,
            Claim::Recursion => return Err(self.recursion(item.key)),
        };
        let claim = match lead.as_ref().map(|_| among_processes(item)) {
            Some(AmongProcesses::Ours(claim)) => Some(claim),
            Some(AmongProcesses::Theirs) => return Ok(Claimed::Busy),
            Some(AmongProcesses::Unclaimed) | None => None,
        };
        if !self.modifiers.refresh {
            self.look_again(item, may_wait, claim.is_some());
            if let Ending::Found(known) = &item.ending {
                return Ok(Claimed::Ended(Ending::Found(known.clone())));
            }
        }
        // It may have waited for another thread.
        self.modifiers.check_cancelled(binding.function)?;
        self.miss(item);
        Ok(Claimed::Run(Right { lead, claim }))
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
        if let Some(correlation) = correlation {
            frame.correlation = correlation;
        }
        let frame = Arc::new(frame);
        let caller = Caller { frame: Some(Arc::clone(&frame)), ..self.caller.clone() };
        (frame, caller)
    }

    /// The encoding of what is kept of the output; `None` where nothing is.
    pub(super) fn encode(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match item.task.encode(&mut bytes) {
            Some(Ok(())) => Ok(Some(bytes)),
            Some(Err(error)) => Err(error.with("function", self.binding.function.path())),
            None => Ok(None),
        }
    }

    /// Counts and records an outcome, and tells those who wait. What is known of it.
    pub(super) fn land(&self, item: &Item<'_>, right: Right, ran: Ran<'_>) -> Known {
        self.binding.note_run(ran.total_time);
        self.binding.cluster.counters.count_computed(ran.error.is_some());
        let (landed, shared) = self.record(item, ran);
        if let Some(claim) = right.claim {
            // Who waits in another process looks into the store.
            self.recorder.flush();
            drop(claim);
        }
        if let Some(lead) = right.lead {
            lead.land(|| Some((shared.or_else(|| item.task.share())?, landed.clone())));
        }
        Known::from(landed)
    }

    /// Counts and tells why the function runs.
    fn miss(&self, item: &mut Item<'_>) {
        let binding = self.binding;
        let miss = if self.modifiers.refresh {
            let record = binding.cluster.storage.record(&item.key);
            let head = record.as_ref().and_then(|record| record::open(&item.key, record).ok());
            item.replaces = head.map(|(head, _)| head.digest);
            Miss::Refreshed
        } else {
            match item.miss.take() {
                None | Some(Miss::NeverRun) => self.without_record(item),
                Some(miss) => miss,
            }
        };
        binding.cluster.counters.count_miss(&miss);
        tracing::debug!(function = binding.function.path(), key = %item.key, reason = %miss, "miss");
        item.miss = Some(miss);
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

    /// Looks once more, for an item that another thread may have computed after the stores were asked; where it is
    /// `claimed`, another process may have.
    ///
    /// What lands in this process stands in the memory cache, unless the cache has lost it. To ask the stores again may
    /// mean to wait, for callees that run again: only with `may_wait`.
    fn look_again(&self, item: &mut Item<'_>, may_wait: bool, claimed: bool) {
        let storage = &self.binding.cluster.storage;
        let identity = item.encoded.identity(self.binding.number);
        if let Some((shared, landed)) = storage.cache.get_shared(identity) {
            if lookup::is_still_valid(&landed) && item.task.adopt(&shared) {
                self.binding.cluster.counters.count_store_hit(landed.took);
                item.end(landed);
            }
        } else if may_wait && (claimed || storage.cache.losses() != self.losses) {
            // A store in trouble has said so when it was asked first.
            let record = storage.metadata.get(&item.key).ok().flatten();
            if record.is_some() {
                let items = std::iter::once(item);
                self.caller.enter(|| lookup::find(self.binding, self.modifiers, items, &[record]));
            }
        }
    }

    fn recursion(&self, key: Key) -> Error {
        let caller = self.caller.frame.as_ref().map_or("nobody", |frame| frame.function.path());
        Error::new(ErrorKind::Recursion, "compute a result that needs itself")
            .with("function", self.binding.function.path())
            .with("called by", caller)
            .with("key", format!("{key:#}"))
            .help("a memento function may call itself with other arguments only")
    }

    /// Records the outcome of an item: in the stores, then in the memory cache. What came of it, and the clone that is in
    /// the cache.
    fn record(&self, item: &Item<'_>, ran: Ran<'_>) -> (Landed, Option<Shared>) {
        let storage = &*self.binding.cluster.storage;
        let bytes = ran.value.unwrap_or_default();
        let is_kept = ran.value.is_some();
        let size = bytes.len() as u64;
        let digest =
            Digest::of(if is_kept { bytes } else { ran.error.unwrap_or_default().as_bytes() });
        let finished = now();
        let mut validity = ran.validity.clone();
        let own_expiry = expires(self.binding.function, finished);
        validity.expires = [validity.expires, own_expiry].into_iter().flatten().min();
        validity.is_tentative |= !is_kept;
        let landed = Landed {
            invocation: item.invocation,
            digest,
            validity: validity.into_shared(),
            took: u64::try_from(ran.total_time.as_nanos()).unwrap_or(u64::MAX),
        };
        if let Some(validity) = &landed.validity {
            storage.verified.add(item.key, digest, Arc::clone(validity));
        }
        // What callees or the world outside made another one, its callers see by themselves: they depend on the same.
        let is_seen = matches!(
            item.miss,
            Some(Miss::CalleeChanged(_) | Miss::ResourceChanged(_) | Miss::Expired)
        );
        if !is_seen && item.replaces.is_some_and(|before| before != digest) {
            validity::count_replaced_result();
        }
        if storage.is_writable() && item.miss != Some(Miss::Newer) {
            let inline = (size <= storage.inline_limit).then_some(bytes);
            let value = is_kept.then(|| EncodedValue { codec: item.task.codec(), size, inline });
            let head = Head {
                key: item.key,
                finished,
                digest,
                // Known when it is sealed.
                took: 0,
                depends: false,
                provenance: digest,
                earlier: &[],
                is_earlier: false,
                error: ran.error,
                value,
            };
            let stored = match inline {
                None => storage.put_content(&digest, bytes),
                Some(_) => Ok(()),
            };
            // A memento is written after what it names.
            let provenance = self.provenance(item, ran);
            let earlier = item.earlier.as_deref();
            let written = stored.and_then(|()| self.recorder.add(head, provenance, earlier));
            storage.trouble.note(written);
            self.binding.has_recorded.store(true, Ordering::Relaxed);
        }
        if !is_kept {
            // A value that was there is not the last word any more.
            storage.cache.remove(item.encoded.identity(self.binding.number));
            return (landed, None);
        }
        let shared = lookup::cache(self.binding, item, landed.clone(), size);
        if shared.is_none() {
            // Nothing in memory tells of it, so the stores have to before others may ask.
            self.recorder.flush();
        }
        (landed, shared)
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

/// A function that ran to its end, wherever it was.
pub(super) struct Ran<'r> {
    /// The encoding of what is kept of the output; `None` where nothing is.
    pub(super) value: Option<&'r [u8]>,
    /// The message of the error that it returned.
    pub(super) error: Option<&'r str>,
    /// What the outcome depends on because of what the function called and read.
    pub(super) validity: Validity,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) total_time: Duration,
    pub(super) own_time: Duration,
    pub(super) host: &'r str,
    pub(super) process: u32,
    pub(super) correlation: Correlation,
}
