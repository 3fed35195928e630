//! Objects in memory, which change as those of S3 do: each in one step.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use parking_lot::Mutex;
use s3s::dto::{ETag, ETagCondition, Metadata};
use s3s::{S3Result, s3_error};

use super::journal::{Change, Journal, Put};

/// How long a key may be.
const LONGEST_KEY: usize = 1024;
/// How long user metadata may be.
const LONGEST_METADATA: usize = 2048;
/// How long a part may be at least, unless it is the last one.
const SHORTEST_PART: usize = 5 << 20;

/// An object.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its content.
    pub content: Bytes,
    /// What is said about it.
    pub metadata: Option<Metadata>,
    pub(super) modified: SystemTime,
    pub(super) tag: String,
}

/// An object that comes in parts.
#[derive(Debug)]
struct Upload {
    place: (String, String),
    metadata: Option<Metadata>,
    parts: BTreeMap<i32, Bytes>,
}

/// What has to be there for an object to be put.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) is_match: Option<ETagCondition>,
    pub(super) is_none_match: Option<ETagCondition>,
}

/// Some of what is in a bucket.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) objects: Vec<(String, Stored)>,
    pub(super) prefixes: Vec<String>,
    pub(super) next: Option<String>,
}

/// All buckets, with their objects. A bucket is there as soon as something is put into it.
#[derive(Debug, Default)]
pub struct Buckets {
    objects: Mutex<HashMap<String, BTreeMap<String, Stored>>>,
    uploads: Mutex<HashMap<String, Upload>>,
    begun: AtomicU64,
    /// Where changes go before anybody is told of them.
    journal: Option<Mutex<Journal>>,
}

impl Stored {
    fn new(content: Bytes, metadata: Option<Metadata>, parts: usize) -> Self {
        let digest = blake3::hash(&content).to_hex();
        let mut tag = digest[..32].to_owned();
        if parts > 0 {
            tag = format!("{tag}-{parts}");
        }
        Self { content, metadata, modified: SystemTime::now(), tag }
    }
}

impl Buckets {
    /// Those that this file says, which says each change from now on. What has begun to come in parts is not in it.
    pub(super) fn durable(changes: &Path) -> Self {
        let (journal, changes) = Journal::open(changes);
        let buckets = Self { journal: Some(Mutex::new(journal)), ..Self::default() };
        for Change { bucket, key, put } in changes {
            let mut objects = buckets.objects.lock();
            let objects = objects.entry(bucket).or_default();
            match put {
                Some(Put { tag, metadata, content }) => {
                    let modified = SystemTime::now();
                    objects.insert(key, Stored { content, metadata, modified, tag });
                }
                None => drop(objects.remove(&key)),
            }
        }
        buckets
    }

    fn note(&self, bucket: &str, key: &str, put: Option<&Stored>) {
        let Some(journal) = &self.journal else { return };
        let put = put.cloned().map(|Stored { tag, metadata, content, .. }| Put {
            tag,
            metadata,
            content,
        });
        journal.lock().add(&Change { bucket: bucket.to_owned(), key: key.to_owned(), put });
    }

    /// The keys in a bucket that begin with this.
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let objects = self.objects.lock();
        let keys = objects.get(bucket).into_iter().flat_map(BTreeMap::keys);
        keys.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// An object.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Stored> {
        self.objects.lock().get(bucket)?.get(key).cloned()
    }

    /// Puts an object behind the back of all clients.
    pub fn put(&self, bucket: &str, key: &str, content: impl Into<Bytes>) {
        let stored = Stored::new(content.into(), None, 0);
        self.objects.lock().entry(bucket.to_owned()).or_default().insert(key.to_owned(), stored);
    }

    /// Drops an object.
    pub fn remove(&self, bucket: &str, key: &str) -> bool {
        let mut objects = self.objects.lock();
        self.note(bucket, key, None);
        objects.get_mut(bucket).is_some_and(|objects| objects.remove(key).is_some())
    }

    /// Makes an object so much older.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn age(&self, bucket: &str, key: &str, by: Duration) {
        let mut objects = self.objects.lock();
        let stored = objects.get_mut(bucket).and_then(|objects| objects.get_mut(key));
        stored.expect("an object").modified -= by;
    }

    /// How many objects have begun to come in parts, and neither ended nor been given up.
    pub fn uploads(&self) -> usize {
        self.uploads.lock().len()
    }

    pub(super) fn place(
        &self,
        bucket: &str,
        key: &str,
        stored: Stored,
        condition: &Condition,
    ) -> S3Result<Stored> {
        check(bucket)?;
        if key.len() > LONGEST_KEY {
            return Err(s3_error!(KeyTooLongError));
        }
        let length = |(name, value): (&String, &String)| name.len() + value.len();
        if stored.metadata.iter().flatten().map(length).sum::<usize>() > LONGEST_METADATA {
            return Err(s3_error!(MetadataTooLarge));
        }
        let mut objects = self.objects.lock();
        let objects = objects.entry(bucket.to_owned()).or_default();
        let there = objects.get(key).map(|there| &there.tag);
        condition.check(there)?;
        self.note(bucket, key, Some(&stored));
        objects.insert(key.to_owned(), stored.clone());
        Ok(stored)
    }

    pub(super) fn put_content(
        &self,
        bucket: &str,
        key: &str,
        content: Bytes,
        metadata: Option<Metadata>,
        condition: &Condition,
    ) -> S3Result<Stored> {
        self.place(bucket, key, Stored::new(content, metadata, 0), condition)
    }

    pub(super) fn begin(&self, bucket: &str, key: &str, metadata: Option<Metadata>) -> String {
        let name = format!("upload-{}", self.begun.fetch_add(1, Ordering::Relaxed));
        let place = (bucket.to_owned(), key.to_owned());
        let upload = Upload { place, metadata, parts: BTreeMap::new() };
        self.uploads.lock().insert(name.clone(), upload);
        name
    }

    pub(super) fn add_part(&self, upload: &str, number: i32, content: Bytes) -> S3Result<String> {
        let mut uploads = self.uploads.lock();
        let upload = uploads.get_mut(upload).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let tag = Stored::new(content.clone(), None, 0).tag;
        upload.parts.insert(number, content);
        Ok(tag)
    }

    pub(super) fn complete(
        &self,
        upload: &str,
        parts: &[i32],
        condition: &Condition,
    ) -> S3Result<Stored> {
        let mut uploads = self.uploads.lock();
        let found = uploads.get(upload).ok_or_else(|| s3_error!(NoSuchUpload))?;
        let contents: Option<Vec<_>> = parts.iter().map(|part| found.parts.get(part)).collect();
        let contents = contents.ok_or_else(|| s3_error!(InvalidPart))?;
        let is_short = |part: &&&Bytes| part.len() < SHORTEST_PART;
        if contents.iter().rev().skip(1).any(|part| is_short(&part)) {
            return Err(s3_error!(EntityTooSmall));
        }
        let whole = contents.iter().map(|part| &part[..]).collect::<Vec<_>>().concat();
        let stored = Stored::new(whole.into(), found.metadata.clone(), parts.len());
        let (bucket, key) = &found.place;
        let stored = self.place(bucket, key, stored, condition)?;
        uploads.remove(upload);
        Ok(stored)
    }

    pub(super) fn abort(&self, upload: &str) -> bool {
        self.uploads.lock().remove(upload).is_some()
    }

    /// Up to `most` of what begins with `prefix` and comes behind `from`.
    pub(super) fn page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        from: &str,
        most: usize,
    ) -> S3Result<Page> {
        check(bucket)?;
        let objects = self.objects.lock();
        let Some(objects) = objects.get(bucket) else { return Ok(Page::default()) };
        let mut page = Page::default();
        let mut last = String::new();
        for (key, stored) in objects.range(prefix.to_owned()..) {
            let Some(rest) = key.strip_prefix(prefix) else { break };
            let folder =
                delimiter.and_then(|delimiter| Some(rest.find(delimiter)? + delimiter.len()));
            let entry = folder.map_or(&**key, |length| &key[..prefix.len() + length]);
            if entry <= from || entry == last {
                continue;
            }
            if page.objects.len() + page.prefixes.len() == most {
                page.next = Some(last);
                break;
            }
            match folder {
                Some(_) => page.prefixes.push(entry.to_owned()),
                None => page.objects.push((key.clone(), stored.clone())),
            }
            entry.clone_into(&mut last);
        }
        Ok(page)
    }
}

fn check(bucket: &str) -> S3Result<()> {
    if bucket == super::MISSING { Err(s3_error!(NoSuchBucket)) } else { Ok(()) }
}

impl Condition {
    fn check(&self, there: Option<&String>) -> S3Result<()> {
        let is_one = |condition: &ETagCondition| match condition {
            ETagCondition::Any => there.is_some(),
            ETagCondition::ETag(ETag::Strong(tag) | ETag::Weak(tag)) => there == Some(tag),
        };
        if self.is_none_match.as_ref().is_some_and(is_one) {
            return Err(s3_error!(PreconditionFailed));
        }
        match &self.is_match {
            Some(_) if there.is_none() => Err(s3_error!(NoSuchKey)),
            Some(condition) if !is_one(condition) => Err(s3_error!(PreconditionFailed)),
            _ => Ok(()),
        }
    }
}
