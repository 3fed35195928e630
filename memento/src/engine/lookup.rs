//! Is there a valid result?

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::ending::{Ending, Known};
use super::item::Item;
use super::outcome::{check, period, unopened};
use super::verify::{Answer, Root, Verdict, Walk};
use crate::binding::Binding;
use crate::cache::{Candidate, Landed, Shared};
use crate::codec::Encoding;
use crate::miss::Miss;
use crate::modifiers::{Modifiers, Wants};
use crate::part::{self, Found, Publish, Scope};
use crate::record::{self, Head};
use crate::validity::{self, Validity};
use crate::{Caller, Error, ErrorKind, Result};

/// Whether a value in the memory cache can be used again, as far as it can be told at once.
#[inline]
pub(super) fn admits(found: &Candidate<'_>) -> bool {
    !found.depends
        || (found.landed().validity.as_ref())
            .is_none_or(|validity| validity.holds() && validity.resources.is_empty())
}

/// Gives `item` the output that the memory cache has for it, if that is valid. What is outside of the program is asked,
/// where the quick look could not tell.
pub(super) fn adopt(binding: &Binding, item: &mut Item<'_>) -> Option<Landed> {
    let identity = item.encoded.identity(binding.number);
    let (shared, landed) = binding.cluster.storage.cache.get_shared(identity)?;
    (landed.is_still_valid() && item.call.adopt(&shared)).then_some(landed)
}

/// Ends `item` if the memory cache has a valid result for it.
pub(super) fn find_in_memory(binding: &Binding, item: &mut Item<'_>) -> bool {
    let Some(landed) = adopt(binding, item) else { return false };
    let identity = item.encoded.identity(binding.number);
    binding.cluster.storage.cache.count_hit(identity, &landed);
    item.end(landed);
    true
}

/// Ends `item`, which whoever runs in this thread asks for, if there is a valid result for it.
pub(super) fn find_one(binding: &Binding, modifiers: Modifiers<'_>, item: &mut Item<'_>) {
    if !find_in_memory(binding, item) {
        let record = binding.cluster.storage.record(&item.key);
        find(binding, modifiers, std::iter::once(item), &[record]);
    }
}

/// Ends those of `items`, which whoever runs in this thread asks for, for which there are valid results.
pub(super) fn find_all(binding: &Binding, modifiers: Modifiers<'_>, items: &mut [Item<'_>]) {
    let pending = items.iter_mut().filter_map(|item| {
        let is_found = find_in_memory(binding, item);
        (!is_found).then_some(item)
    });
    let pending: Vec<_> = pending.collect();
    let keys: Vec<_> = pending.iter().map(|item| item.key).collect();
    if !keys.is_empty() {
        let records = binding.cluster.storage.records(&keys);
        find(binding, modifiers, pending.into_iter(), &records);
    }
}

/// Ends those of `items`, which whoever runs in this thread asks for, for which `records` hold valid results.
pub(super) fn find<'i, 'a: 'i>(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    items: impl Iterator<Item = &'i mut Item<'a>>,
    records: &[Option<Vec<u8>>],
) {
    let mut dependent = Vec::new();
    for (item, record) in items.zip(records) {
        let record = record.as_deref();
        if let Some(head) = find_independent(binding, modifiers, item, record) {
            dependent.push((item, head, record.unwrap_or_default()));
        }
    }
    if !dependent.is_empty() {
        find_dependent(binding, modifiers, dependent);
    }
}

/// Ends `item`, which whoever runs in this thread asks for, if `record` holds a result that is known to be valid. The
/// head of one that has to be verified first.
pub(super) fn find_independent<'r>(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    item: &mut Item<'_>,
    record: Option<&'r [u8]>,
) -> Option<Head<'r>> {
    // What was found before may be there no more.
    item.findings.earlier = None;
    let Some(record) = record else {
        item.findings.miss = Some(Miss::NeverRun);
        return None;
    };
    let head = match open(binding, item, record) {
        Ok((head, _)) => head,
        Err(miss) => {
            item.findings.miss = Some(miss);
            return None;
        }
    };
    let validity = if head.depends {
        match binding.cluster.storage.verified.get(&item.key, &head.digest) {
            None => return Some(head),
            validity => validity,
        }
    } else {
        validity_alone(binding, &head)
    };
    take(binding, modifiers, item, (&head, record), validity);
    None
}

/// How long a value is at most that is worth no other thread: that many bytes are decoded in less time than it takes to
/// have one begin.
const SHORT: usize = 1 << 10;

/// Ends `item`, which whoever runs in this thread asks for, if `record` holds a short result that is known to be valid.
/// Nobody is asked for anything, and nothing is said about any other record: that is for [`find_independent`].
pub(super) fn find_at_once(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    item: &mut Item<'_>,
    record: &[u8],
) -> bool {
    let Ok((head, _)) = record::open(&item.key, record) else { return false };
    let value = head.value.and_then(|value| value.inline).filter(|bytes| bytes.len() <= SHORT);
    let (Some(bytes), false) = (value, head.depends) else { return false };
    if check(binding, item.call.codec(), &head).is_err() {
        return false;
    }
    let landed = landed(item, &head, validity_alone(binding, &head));
    if modifiers.wants == Wants::Value {
        let (decoded, found) = decode(binding, item, Publish::None, Encoding::Whole(bytes));
        if decoded.is_err() || !found.is_all() {
            item.call.discard();
            return false;
        }
        cache_found(binding, item, landed.clone(), bytes.len() as u64);
    }
    item.findings.replaces = Some(head.digest);
    item.hit(binding, landed);
    true
}

/// A record whose outcome answers the call, as far as it itself tells.
fn open<'r>(
    binding: &Binding,
    item: &mut Item<'_>,
    record: &'r [u8],
) -> Result<(Head<'r>, &'r [u8]), Miss> {
    let opened = binding.cluster.storage.open_record(&item.key, record).map_err(unopened)?;
    item.findings.note_replaced(&opened.0);
    check(binding, item.call.codec(), &opened.0)?;
    Ok(opened)
}

/// Ends those items whose results are still what their callees and what they read make of them.
pub(super) fn find_dependent(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    dependent: Vec<(&mut Item<'_>, Head<'_>, &[u8])>,
) {
    let caller = Caller::current();
    let Ok(walk) = Walk::new(&caller, true) else { return };
    let (function, cluster) = (binding.function, &binding.cluster);
    let roots = dependent.iter();
    let roots = roots.map(|(_, head, record)| Root { function, cluster, key: head.key, record });
    let answers = walk.verify(&roots.collect::<Vec<_>>());
    for ((item, head, record), answer) in dependent.into_iter().zip(answers) {
        match answer {
            Ok(Answer { validity, at, digest }) => {
                if (at, digest) == (head.key, Some(head.digest)) {
                    take(binding, modifiers, item, (&head, record), validity);
                    continue;
                }
                let record = cluster.storage.record(&at);
                let opened = record.as_ref().map(|record| {
                    cluster.storage.open_record(&at, record).map(|(head, _)| (head, &**record))
                });
                match opened {
                    Some(Ok((head, record))) if Some(head.digest) == digest => {
                        take(binding, modifiers, item, (&head, record), validity);
                    }
                    _ => item.findings.miss = Some(Miss::Unreadable),
                }
            }
            Err(Verdict::Miss(miss)) => {
                if matches!(miss, Miss::CalleeChanged(_) | Miss::ResourceChanged(_)) {
                    item.findings.earlier = Some(record.to_vec());
                }
                item.findings.miss = Some(miss);
            }
            Err(Verdict::Undecided(_)) => {}
        }
    }
}

/// Ends the item with the value that a record tells of, if it can be read.
fn take(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    item: &mut Item<'_>,
    (head, record): (&Head<'_>, &[u8]),
    validity: Option<Arc<Validity>>,
) {
    let landed = landed(item, head, validity);
    match read(binding, modifiers, item, (head, record), &landed) {
        Ok(()) => item.hit(binding, landed),
        Err(miss) => item.findings.miss = Some(miss),
    }
}

/// How long the outcome of a function that depends on nothing is valid.
fn validity_alone(binding: &Binding, head: &Head<'_>) -> Option<Arc<Validity>> {
    let period = period(binding.function, head.finished);
    Validity { period, ..Validity::default() }.into_shared()
}

fn landed(item: &Item<'_>, head: &Head<'_>, validity: Option<Arc<Validity>>) -> Landed {
    Landed { invocation: item.invocation, digest: head.digest, validity, took: head.took }
}

/// Takes the item's output from where `head` says.
fn read(
    binding: &Binding,
    modifiers: Modifiers<'_>,
    item: &mut Item<'_>,
    (head, record): (&Head<'_>, &[u8]),
    landed: &Landed,
) -> Result<(), Miss> {
    let storage = &*binding.cluster.storage;
    let is_apart = head.value.is_some_and(|value| value.inline.is_none());
    match modifiers.wants {
        Wants::Value => {}
        Wants::Presence
            if is_apart && storage.contents.missing_content(&[head.digest]).is_some() =>
        {
            return Err(Miss::Unreadable);
        }
        Wants::Presence | Wants::Digest => return Ok(()),
    }
    // The size in the record is what somebody wrote there.
    let mut size = 0;
    let generation = validity::generation();
    let mut found = Found::default();
    let decode = |encoding: Encoding<'_>| {
        size = encoding.length();
        let decoded;
        (decoded, found) = decode(binding, item, Publish::Missing, encoding);
        decoded
    };
    match storage.read_value(head, decode) {
        None => {
            item.call.discard();
            return Err(Miss::Unreadable);
        }
        Some(Err(error)) => {
            storage.set_record_aside(&head.key, record, &undecodable(error, binding));
            return Err(Miss::Unreadable);
        }
        Some(Ok(())) => {}
    }
    if let Some(part) = storage.contents.missing_content(&found.parts) {
        item.call.discard();
        return Err(Miss::PartMissing(part));
    }
    part::publish_all(&storage.contents, found.publications);
    let mut landed = landed.clone();
    if !found.parts.is_empty() {
        // It is looked at again when any part is found to be gone.
        let validity = landed.validity.as_deref().cloned().unwrap_or_default();
        let generation = validity.generation.or(Some(generation));
        landed.validity = Validity { generation, ..validity }.into_shared();
    }
    cache_found(binding, item, landed, size);
    Ok(())
}

/// Takes the item's output from the encoding of a result, whose parts are in its storage; what was found.
pub(super) fn decode(
    binding: &Binding,
    item: &mut Item<'_>,
    publish: Publish,
    encoding: Encoding<'_>,
) -> (Result<()>, Found) {
    let (contents, function) = (&binding.cluster.storage.contents, binding.function.path());
    let scope = Scope::decoding(contents, function).publishing(publish, item.call.encoder());
    scope.enter(|| item.call.decode(encoding))
}

/// Puts a clone of the item's output, which was found in a store, into the memory cache, unless this process has
/// computed or dropped it since the store was asked.
fn cache_found(binding: &Binding, item: &Item<'_>, landed: Landed, size: u64) {
    let changes = &binding.cluster.storage.changes;
    cache(binding, item, landed, size, || changes.count(&item.key) == item.findings.changes);
}

/// Puts a clone of the item's output into the memory cache, if it fits and is still wanted then. The clone.
pub(super) fn cache(
    binding: &Binding,
    item: &Item<'_>,
    landed: Landed,
    size: u64,
    wanted: impl FnOnce() -> bool,
) -> Option<Shared> {
    let cache = &binding.cluster.storage.cache;
    let identity = item.encoded.identity(binding.number);
    let size = size + landed.validity.as_ref().map_or(0, |validity| validity.size());
    if !cache.admits(identity, size) {
        return None;
    }
    let shared = item.call.share()?;
    if landed.validity.as_ref().is_some_and(|validity| !validity.resources.is_empty()) {
        binding.reads.store(true, Ordering::Relaxed);
    }
    cache.put_if(identity, Shared::clone(&shared), landed, size, wanted);
    Some(shared)
}

fn undecodable(error: Error, binding: &Binding) -> Error {
    debug_assert_eq!(error.kind(), ErrorKind::Damaged);
    error
        .with("function", binding.function.path())
        .help("a type whose fields changed needs a new `version` on the functions that return it")
}

impl Item<'_> {
    /// The item's result was in a store.
    fn hit(&mut self, binding: &Binding, landed: Landed) {
        binding.cluster.counters.count_store_hit(landed.took);
        self.end(landed);
    }

    /// The item's result was there.
    pub(super) fn end(&mut self, landed: Landed) {
        self.ending = Ending::Found(Known::from(landed));
    }
}
