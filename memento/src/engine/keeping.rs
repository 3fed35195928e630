//! What becomes of an outcome: the stores have it, then the memory cache, unless what began later counts.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::calls::Calls;
use super::execute::Ran;
use super::item::{Findings, Item};
use super::lookup;
use super::outcome::period;
use super::recorder::Replaced;
use super::right::Right;
use crate::cache::{Landed, Shared};
use crate::clock::now;
use crate::memento::{Arguments, Provenance};
use crate::miss::Miss;
use crate::part;
use crate::record::{EncodedValue, Head};
use crate::validity;
use crate::{Digest, Result};

impl Calls<'_> {
    /// Keeps the outcome of an item in the stores, then in the memory cache, unless what began later counts. What came of
    /// it, and the clone that is in the memory cache.
    pub(super) fn record(
        &self,
        item: &Item<'_>,
        right: &Right,
        mut ran: Ran<'_>,
    ) -> (Landed, Option<Shared>) {
        let storage = &*self.binding.cluster.storage;
        let found = std::mem::take(&mut ran.found);
        let size = ran.value.map(|value| value.len() as u64 + found.held);
        // A memento is written after what it names, and not at all where that is not kept.
        let is_written = storage.is_writable() && found.lost.is_none();
        if is_written && !found.parts.is_empty() {
            // It is looked at again when any part is found to be gone.
            ran.validity.generation.get_or_insert_with(validity::generation);
        }
        storage.trouble.note(found.lost.map_or(Ok(()), Err));
        let (digest, outline) = Digest::with_outline(ran.outcome());
        let mark = Mark { digest, outline, finished: now() };
        let landed = self.landed(item, &ran, &mark);
        let is_written = is_written
            && item.findings.miss != Some(Miss::Newer)
            && storage.trouble.note(self.put_apart(&ran, &mark)).is_some();
        // What a refresh comes to counts whatever it is.
        let counts = ran.value.is_some() || self.modifiers.refresh;
        let forgotten_all = &self.binding.forgotten_all;
        let is_kept = right.keep(forgotten_all, counts, || {
            self.put_in_stores(item, ran, &mark, is_written);
            part::publish_all(&storage.contents, found.publications);
        });
        if !is_kept {
            return (landed, None);
        }
        if let Some(validity) = &landed.validity {
            storage.verified.add(item.key, digest, Arc::clone(validity));
        }
        let wanted = || right.has_last_word(forgotten_all);
        let cache = |size| lookup::cache(self.binding, item, landed.clone(), size, wanted);
        let shared = size.and_then(cache);
        if shared.is_none() {
            // A value that was there does not count any more.
            drop(storage.cache.remove(item.encoded.identity(self.binding.number)));
        }
        if shared.is_none() && size.is_some() {
            // Nothing in memory tells of it, so the stores have to before others may ask.
            self.recorder.flush();
            storage.changes.note(&item.key);
        }
        // Not before all that is looked at from now on has the new one.
        if self.changes_others(item, &digest) {
            validity::count_replaced_result();
        }
        (landed, shared)
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

    /// Puts an outcome into the stores, where it `is_written`. What a refresh cannot replace, it drops.
    fn put_in_stores(&self, item: &Item<'_>, ran: Ran<'_>, mark: &Mark, is_written: bool) {
        let storage = &*self.binding.cluster.storage;
        let is_written = is_written && storage.trouble.note(self.write(item, ran, mark)).is_some();
        if is_written {
            self.binding.has_recorded.store(true, Ordering::Relaxed);
        } else if self.modifiers.refresh && storage.is_writable() {
            storage.trouble.note(storage.forget_record(&item.key));
        }
        // Who found what was there before does not put that into the memory cache any more.
        storage.changes.note(&item.key);
    }

    /// What others are told of an outcome.
    fn landed(&self, item: &Item<'_>, ran: &Ran<'_>, mark: &Mark) -> Landed {
        let digest = mark.digest;
        let mut validity = ran.validity.clone();
        validity.limit(period(self.binding.function, mark.finished));
        validity.is_tentative |= ran.value.is_none();
        let took = u64::try_from(ran.total_time.as_nanos()).unwrap_or(u64::MAX);
        Landed { invocation: item.invocation, digest, validity: validity.into_shared(), took }
    }

    /// Puts a value where it does not fit into the record.
    fn put_apart(&self, ran: &Ran<'_>, mark: &Mark) -> Result<()> {
        let storage = &*self.binding.cluster.storage;
        let apart = ran.value.filter(|value| !storage.fits_into_record(value));
        apart.map_or(Ok(()), |value| storage.contents.put_content(&mark.digest, value))
    }

    /// Puts the record of an outcome.
    fn write(&self, item: &Item<'_>, ran: Ran<'_>, mark: &Mark) -> Result<()> {
        let storage = &*self.binding.cluster.storage;
        let digest = mark.digest;
        let inline = ran.value.filter(|value| storage.fits_into_record(value));
        let is_apart = ran.value.is_some() && inline.is_none();
        let value = ran.value.map(|value| {
            let (codec, size) = (item.call.codec(), value.len() as u64);
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
            outline: if is_apart { &mark.outline } else { &[] },
        };
        let provenance = self.provenance(item, ran);
        let replaced = Replaced {
            is_there: self.modifiers.refresh || item.findings.replaces.is_some(),
            earlier: item.findings.earlier.as_deref(),
            behind: &item.findings.behind,
        };
        self.recorder.add(head, provenance, replaced)
    }

    fn provenance(&self, item: &Item<'_>, ran: Ran<'_>) -> Provenance {
        let function = self.binding.function;
        Provenance {
            function: function.path().to_owned(),
            version: function.version(),
            code: self.binding.code(),
            package_version: function.package_version().to_owned(),
            arguments: item.encoded.kept().map(|bytes| Arguments::new(bytes.to_vec())),
            result_type: item.call.result_type().to_owned(),
            dependencies: ran.dependencies,
            total_time: ran.total_time,
            own_time: ran.own_time,
            runner: self.runner().name().to_owned(),
            host: ran.host.to_owned(),
            process: ran.process,
            correlation: ran.correlation,
        }
    }

    /// Drops what a refresh was to replace, and cannot: what it came to is not kept.
    pub(super) fn drop_refreshed(&self, item: &Item<'_>, right: &Right) {
        if self.modifiers.refresh {
            let storage = &*self.binding.cluster.storage;
            let identity = item.encoded.identity(self.binding.number);
            let mut dropped = None;
            right.keep(&self.binding.forgotten_all, true, || {
                dropped = Some(storage.forget(&item.key, identity));
            });
            validity::count_replaced_result();
            if let Some((forgotten, _removed)) = dropped {
                storage.trouble.note(forgotten);
            }
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
