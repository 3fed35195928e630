//! The exact reason for a miss, for whoever asks: it may take more requests than the call itself.

use super::outcome;
use super::verify::{Answer, Root, Verdict, Walk};
use crate::binding::Binding;
use crate::codec::Encoding;
use crate::encoding::{self, Encoded, Rendered};
use crate::function::Function;
use crate::miss::{ArgumentDifference, Explanation, Miss};
use crate::part::Scope;
use crate::record::Head;
use crate::storage::{Filter, Storage};
use crate::{Caller, Invocation, Key, Result, Version};

/// How many other versions of a function are looked through.
const VERSIONS: usize = 64;
/// How many records are looked through for the nearest arguments.
const RECORDS: usize = 1_000;

/// What a call with these arguments would find. Nothing is run.
///
/// # Errors
///
/// What the store reports.
pub(crate) fn explain(
    binding: &Binding,
    codec: &str,
    decode: fn(Encoding<'_>) -> Result<()>,
    encoded: &Encoded<'_>,
) -> Result<Explanation> {
    let storage = &binding.cluster.storage;
    storage.write_waiting();
    if let Some((_, landed)) = storage.cache.get_shared(encoded.identity(binding.number))
        && landed.is_still_valid()
    {
        return Ok(Explanation::Hit);
    }
    let invocation = encoded.invocation();
    let key = invocation.key(&binding.function.version());
    let record = match storage.metadata.get(&key) {
        Err(error) if error.kind().is_of_one() => {
            storage.trouble.report(&error);
            return Ok(Explanation::Miss(outcome::unopened(error.kind())));
        }
        record => record?,
    };
    let Some(record) = record else {
        return Ok(Explanation::Miss(without_record(binding, &invocation, encoded.kept())?));
    };
    let (head, _) = match storage.open_record(&key, &record) {
        Ok(opened) => opened,
        Err(kind) => return Ok(Explanation::Miss(outcome::unopened(kind))),
    };
    if let Err(miss) = outcome::check(binding, codec, &head) {
        return Ok(Explanation::Miss(miss));
    }
    if head.depends {
        let (function, cluster) = (binding.function, &binding.cluster);
        let root = Root { function, cluster, key, record: &record };
        match Walk::new(&Caller::current(), false)?.verify(&[root]).pop() {
            Some(Err(Verdict::Miss(miss))) => return Ok(Explanation::Miss(miss)),
            Some(Err(Verdict::Undecided(undecided))) => {
                return Ok(Explanation::Undecided(undecided));
            }
            Some(Ok(Answer { at, .. })) if at != key => return Ok(Explanation::Hit),
            Some(Ok(_)) | None => {}
        }
    }
    Ok(unreadable(binding, &head, decode).map_or(Explanation::Hit, Explanation::Miss))
}

/// Why the value in a record cannot be read, if it cannot.
fn unreadable(
    binding: &Binding,
    head: &Head<'_>,
    decode: fn(Encoding<'_>) -> Result<()>,
) -> Option<Miss> {
    let storage = &binding.cluster.storage;
    let decode = |encoding: Encoding<'_>| {
        let scope = Scope::decoding(&storage.contents, binding.function.path());
        let (decoded, found) = scope.enter(|| decode(encoding));
        decoded.map(|()| found.parts)
    };
    match storage.read_value(head, decode) {
        Some(Ok(parts)) => storage.contents.missing_content(&parts).map(Miss::PartMissing),
        Some(Err(_)) | None => Some(Miss::Unreadable),
    }
}

/// Why there is no record of an invocation.
///
/// # Errors
///
/// What the store reports.
pub(super) fn without_record(
    binding: &Binding,
    invocation: &Invocation,
    arguments: Option<&[u8]>,
) -> Result<Miss> {
    let (function, storage) = (binding.function, &*binding.cluster.storage);
    let versions = storage.metadata.versions(function.path(), VERSIONS)?;
    if versions.is_empty() {
        return Ok(Miss::NeverRun);
    }
    if let Some(other) = other_version(function, storage, invocation, &versions)? {
        return Ok(code_changed(function, storage, &other));
    }
    if is_forgotten(binding)? {
        return Ok(Miss::Forgotten);
    }
    Ok(Miss::ArgumentsDiffer(nearest(binding, arguments)?))
}

/// The key of the newest record of the same invocation under another version.
pub(super) fn other_version(
    function: &Function,
    storage: &Storage,
    invocation: &Invocation,
    versions: &[Version],
) -> Result<Option<Key>> {
    let others = versions.iter().filter(|version| **version != function.version());
    let keys: Vec<Key> = others.map(|version| invocation.key(version)).collect();
    if keys.is_empty() {
        return Ok(None);
    }
    let records = storage.try_records(&keys)?;
    let finished = keys.iter().zip(&records).filter_map(|(key, record)| {
        let (head, _) = storage.open_record(key, record.as_ref()?).ok()?;
        Some((head.finished, *key))
    });
    Ok(finished.max().map(|(_, key)| key))
}

/// What is not in the code any more what it was when the memento of `then` was made.
pub(super) fn code_changed(function: &Function, storage: &Storage, then: &Key) -> Miss {
    let provenance = storage.provenance(then).ok().flatten();
    let code = provenance.and_then(|provenance| storage.code(&provenance.code).ok().flatten());
    Miss::CodeChanged(code.map(|code| function.code().changes_since(&code)).unwrap_or_default())
}

/// Whether all results of the function were dropped.
pub(super) fn is_forgotten(binding: &Binding) -> Result<bool> {
    let key = binding.all().key(&binding.function.version());
    let record = binding.cluster.storage.metadata.get(&key)?;
    Ok(record.is_some())
}

/// How the arguments differ from the recorded ones that are nearest: those of which the fewest differ, then the newest.
fn nearest(binding: &Binding, arguments: Option<&[u8]>) -> Result<Vec<ArgumentDifference>> {
    let filter = Filter { function: Some(binding.function.path().to_owned()), failed: None };
    let (mementos, _) = binding.cluster.storage.list(&filter, None, RECORDS)?;
    let Some(asked) = arguments.and_then(parts) else { return Ok(Vec::new()) };
    let differences = mementos.iter().filter_map(|memento| {
        let recorded = memento.provenance.arguments.as_ref()?;
        let recorded = parts(recorded.as_bytes())?;
        Some(differences(binding.function, &asked, &recorded))
    });
    Ok(differences.min_by_key(Vec::len).unwrap_or_default())
}

/// The encodings of the arguments, then that of the context arguments.
fn parts(encoding: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    let (mut arguments, context) = encoding::split_tuple(encoding)?;
    let mut parts = Vec::new();
    while !arguments.is_empty() {
        let (first, rest) = encoding::split_first(arguments)?;
        parts.push(first);
        arguments = rest;
    }
    Some((parts, context))
}

fn differences(
    function: &Function,
    (asked, asked_context): &(Vec<&[u8]>, &[u8]),
    (recorded, recorded_context): &(Vec<&[u8]>, &[u8]),
) -> Vec<ArgumentDifference> {
    let names = function.arguments().iter().copied().chain(["context"]);
    let asked = asked.iter().chain([asked_context]);
    let recorded = recorded.iter().chain([recorded_context]);
    let different =
        names.zip(asked.zip(recorded)).filter(|(_, (asked, recorded))| asked != recorded);
    let text = |encoding: &[u8]| {
        if encoding.is_empty() { "none".to_owned() } else { Rendered(encoding).to_string() }
    };
    let different = different.map(|(name, (asked, recorded))| ArgumentDifference {
        name: name.to_owned(),
        asked: text(asked),
        recorded: text(recorded),
    });
    different.collect()
}
