//! Runs a function and records what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::calls::Calls;
use super::item::{Ending, Item};
use super::lookup::{self, expires};
use super::now;
use crate::cache::{Landed, Shared};
use crate::flight::Claim;
use crate::memento::{Arguments, Provenance};
use crate::record::{EncodedValue, Head};
use crate::stack::Frame;
use crate::{Caller, Digest, Error, ErrorKind, Key, Result};

static HOST: LazyLock<String> =
    LazyLock::new(|| gethostname::gethostname().to_string_lossy().into_owned());

/// Asked for once: it is a system call.
static PROCESS: LazyLock<u32> = LazyLock::new(std::process::id);

impl Calls<'_> {
    /// Claims the item, runs it and records it, unless another thread has brought it to its end.
    pub(super) fn execute(&self, item: &mut Item<'_>) -> Result<Ending> {
        let below = || {
            let frames = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
            frames.filter(|frame| frame.key == item.key).count()
        };
        let lead = match self.binding.cluster.flights.claim(item.key, below) {
            Claim::Lead(lead) => Some(lead),
            Claim::Landed(shared, landed) if item.task.adopt(&shared) => {
                self.binding.cluster.counters.count_store_hit();
                return Ok(Ending::Found(landed.digest));
            }
            Claim::Landed(..) | Claim::Alone => None,
            Claim::Recursion => return Err(self.recursion(item.key)),
        };
        if !self.modifiers.refresh {
            self.look_again(item);
            if let Ending::Found(digest) = item.ending {
                return Ok(Ending::Found(digest));
            }
        }
        let frame = Arc::new(Frame::new(
            self.binding.function,
            item.key,
            self.caller.frame.clone(),
            !self.modifiers.no_further_calls,
        ));
        let caller = Caller { frame: Some(Arc::clone(&frame)), ..self.caller.clone() };
        let began = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| caller.enter(|| item.task.run())));
        let took = began.elapsed();
        let counters = &self.binding.cluster.counters;
        if let Err(payload) = ran {
            counters.count_panic();
            return Ok(Ending::Panicked(payload));
        }
        let error = item.task.error();
        counters.count_computed(error.is_some());
        let (digest, shared) = self.record(item, &frame, error.as_deref(), took);
        if let Some(lead) = lead {
            lead.land(|| shared.or_else(|| self.share_landed(item, digest?)));
        }
        Ok(Ending::Computed(digest))
    }

    /// Looks once more, for an item that another thread may have computed after the stores were asked.
    ///
    /// What lands in this process stands in the memory cache, unless the cache has lost it.
    fn look_again(&self, item: &mut Item<'_>) {
        let storage = &self.binding.cluster.storage;
        let identity = item.encoded.identity(self.binding.number);
        if let Some((shared, landed)) = storage.cache.get_shared(identity) {
            if lookup::is_valid(&landed) && item.task.adopt(&shared) {
                self.binding.cluster.counters.count_store_hit();
                item.ending = Ending::Found(landed.digest);
            }
        } else if storage.cache.losses() != self.losses {
            let record = storage.record(&item.key);
            if record.is_some() {
                lookup::find(self.binding, self.modifiers, item, record);
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

    /// A clone of the item's output for those who wait for it.
    fn share_landed(&self, item: &Item<'_>, digest: Digest) -> Option<(Shared, Landed)> {
        Some((item.task.share()?, self.landed(item, digest, now())))
    }

    fn landed(&self, item: &Item<'_>, digest: Digest, finished: u64) -> Landed {
        Landed { key: item.key, digest, expires: expires(self.binding, finished) }
    }

    /// Records the outcome of an item: in the stores, then in the memory cache. Its digest, unless it has no
    /// encoding, and the clone that is in the cache.
    fn record(
        &self,
        item: &Item<'_>,
        frame: &Frame,
        error: Option<&str>,
        took: Duration,
    ) -> (Option<Digest>, Option<(Shared, Landed)>) {
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
        if storage.is_writable() && !item.stays {
            let inline = (size <= storage.inline_limit).then_some(&*bytes);
            let value = is_kept.then(|| EncodedValue { codec: item.task.codec(), size, inline });
            let head = Head {
                key: item.key,
                finished,
                digest,
                // Known when it is sealed.
                provenance: digest,
                error,
                value,
            };
            let stored = match inline {
                None => storage.data.put(&digest, &bytes),
                Some(_) => Ok(()),
            };
            // A memento is written after what it names.
            let written =
                stored.and_then(|()| self.recorder.add(head, self.provenance(item, frame, took)));
            storage.trouble.note(written);
        }
        drop(bytes);
        let landed = self.landed(item, digest, finished);
        let shared = if is_kept { lookup::cache(self.binding, item, landed, size) } else { None };
        if is_kept && shared.is_none() {
            // Nothing in memory tells of it, so the stores have to before others may ask.
            self.recorder.flush();
        }
        (Some(digest), shared.map(|shared| (shared, landed)))
    }

    fn provenance(&self, item: &Item<'_>, frame: &Frame, took: Duration) -> Provenance {
        let function = self.binding.function;
        Provenance {
            function: function.path().to_owned(),
            version: function.version(),
            package_version: function.package_version().to_owned(),
            arguments: item.encoded.kept().map(|bytes| Arguments::new(bytes.to_vec())),
            result_type: item.task.result_type().to_owned(),
            callees: frame.callees(),
            total_time: took,
            own_time: took.saturating_sub(frame.waited()),
            runner: self.runner().name().to_owned(),
            host: HOST.clone(),
            process: *PROCESS,
            correlation: frame.correlation,
        }
    }
}
