//! Runs a function and records what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::item::{Ending, Item, Known};
use super::lookup;
use super::outcome::expires;
use super::why;
use crate::cache::{Landed, Shared};
use crate::clock::now;
use crate::flight::Claim;
use crate::memento::{Arguments, Provenance};
use crate::miss::Miss;
use crate::record::{self, EncodedValue, Head};
use crate::stack::Frame;
use crate::validity;
use crate::{Caller, Digest, Error, ErrorKind, Key, Result};

static HOST: LazyLock<String> =
    LazyLock::new(|| gethostname::gethostname().to_string_lossy().into_owned());

/// Asked for once: it is a system call.
static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);

impl Calls<'_> {
    /// Claims the item, runs it and records it, unless another thread has brought it to its end.
    pub(super) fn execute(&self, item: &mut Item<'_>) -> Result<Ending> {
        let function = self.binding.function;
        self.modifiers.check_cancelled(function)?;
        let below = || {
            let frames = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
            frames.filter(|frame| frame.key == item.key).count()
        };
        let lead = match self.binding.cluster.flights.claim(item.key, below) {
            Claim::Lead(lead) => Some(lead),
            Claim::Landed(shared, landed) if item.task.adopt(&shared) => {
                self.binding.cluster.counters.count_store_hit(landed.took);
                return Ok(Ending::Found(landed.into()));
            }
            Claim::Landed(..) | Claim::Alone => None,
            Claim::Recursion => return Err(self.recursion(item.key)),
        };
        let claim = lead.as_ref().and_then(|_| self.claim(item));
        if !self.modifiers.refresh {
            self.look_again(item, claim.is_some());
            if let Ending::Found(known) = &item.ending {
                return Ok(Ending::Found(known.clone()));
            }
        }
        // It may have waited for another thread.
        self.modifiers.check_cancelled(function)?;
        self.miss(item);
        let frame = Arc::new(Frame::new(
            function,
            item.key,
            self.caller.frame.clone(),
            !self.modifiers.no_further_calls,
        ));
        let caller = Caller { frame: Some(Arc::clone(&frame)), ..self.caller.clone() };
        let began = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| caller.enter(|| item.task.run())));
        let took = began.elapsed();
        self.binding.note_run(took);
        let counters = &self.binding.cluster.counters;
        if let Err(payload) = ran {
            counters.count_panic();
            return Ok(Ending::Panicked(payload));
        }
        let error = item.task.error();
        counters.count_computed(error.is_some());
        let (landed, shared) = self.record(item, &frame, error.as_deref(), took);
        if claim.is_some() {
            // Who waits in another process looks into the store.
            self.recorder.flush();
        }
        drop(claim);
        if let Some(lead) = lead {
            lead.land(|| Some((shared.or_else(|| item.task.share())?, landed.clone()?)));
        }
        Ok(Ending::Computed(landed.map(Known::from)))
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

    /// Looks once more, for an item that another thread may have computed after the stores were asked; `claimed`, for one
    /// that another process may have.
    ///
    /// What lands in this process stands in the memory cache, unless the cache has lost it.
    fn look_again(&self, item: &mut Item<'_>, claimed: bool) {
        let storage = &self.binding.cluster.storage;
        let identity = item.encoded.identity(self.binding.number);
        if let Some((shared, landed)) = storage.cache.get_shared(identity) {
            if lookup::is_still_valid(&landed) && item.task.adopt(&shared) {
                self.binding.cluster.counters.count_store_hit(landed.took);
                item.end(landed);
            }
        } else if claimed || storage.cache.losses() != self.losses {
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

    /// Records the outcome of an item: in the stores, then in the memory cache. What came of it, unless it has no
    /// encoding, and the clone that is in the cache.
    fn record(
        &self,
        item: &Item<'_>,
        frame: &Frame,
        error: Option<&str>,
        took: Duration,
    ) -> (Option<Landed>, Option<Shared>) {
        let storage = &*self.binding.cluster.storage;
        let mut bytes = Vec::new();
        let is_kept = match item.task.encode(&mut bytes) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                storage.trouble.report(&error.with("function", self.binding.function.path()));
                return (None, None);
            }
            None => false,
        };
        let size = bytes.len() as u64;
        let digest =
            Digest::of(if is_kept { &bytes } else { error.unwrap_or_default().as_bytes() });
        let finished = now();
        let mut validity = frame.validity();
        let own_expiry = expires(self.binding.function, finished);
        validity.expires = [validity.expires, own_expiry].into_iter().flatten().min();
        let landed = Landed {
            invocation: item.invocation,
            digest,
            validity: validity.into_shared(),
            took: u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
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
            let inline = (size <= storage.inline_limit).then_some(&*bytes);
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
                error,
                value,
            };
            let stored = match inline {
                None => storage.data.put(&digest, &bytes),
                Some(_) => Ok(()),
            };
            // A memento is written after what it names.
            let provenance = self.provenance(item, frame, took);
            let earlier = item.earlier.as_deref();
            let written = stored.and_then(|()| self.recorder.add(head, provenance, earlier));
            storage.trouble.note(written);
            self.binding.has_recorded.store(true, Ordering::Relaxed);
        }
        drop(bytes);
        let keep = || lookup::cache(self.binding, item, landed.clone(), size);
        let shared = if is_kept { keep() } else { None };
        if is_kept && shared.is_none() {
            // Nothing in memory tells of it, so the stores have to before others may ask.
            self.recorder.flush();
        }
        (Some(landed), shared)
    }

    fn provenance(&self, item: &Item<'_>, frame: &Frame, took: Duration) -> Provenance {
        let function = self.binding.function;
        Provenance {
            function: function.path().to_owned(),
            version: function.version(),
            code: self.binding.code(),
            package_version: function.package_version().to_owned(),
            arguments: item.encoded.kept().map(|bytes| Arguments::new(bytes.to_vec())),
            result_type: item.task.result_type().to_owned(),
            dependencies: frame.dependencies(),
            total_time: took,
            own_time: took.saturating_sub(frame.waited()),
            runner: self.runner().name().to_owned(),
            host: HOST.clone(),
            process: *PROCESS,
            correlation: frame.correlation,
        }
    }
}
