//! The bytes of mementos, of indices and of claims, and how user metadata goes with an object.

#[cfg(test)]
mod tests;

use std::time::SystemTime;

use memento::storage::{Entry, UserMetadata};
use memento::{Digest, Error, ErrorKind, Key, Result, Version};
use object_store::{Attribute, Attributes};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// The attribute that user metadata is in. Services take different names and values, and change their case.
const ATTRIBUTE: &str = "memento";
/// How long it may be: S3 takes 2 KB of user metadata, names included.
const LONGEST_ATTRIBUTE: usize = 2000;
/// What is not as it is in a header. What is no ASCII is neither.
const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b'%');

/// How long the head of a memento is.
pub(crate) const HEAD: usize = 87;
const FAILED: u8 = 1;
const HIDDEN: u8 = 2;
const ALONE: u8 = 4;

/// How many mementos an index has at most.
pub(crate) const SPAN: usize = 1024;
/// How long a part of an index is that stands for one memento.
const POINTER: usize = 41;

/// How long a claim is.
const LEASE: usize = 42;

/// What the objects of mementos and of indices begin with. The number of the format is behind it.
const MEMENTO: u8 = b'm';
const INDEX: u8 = b'i';
/// The number of all formats of this release.
const FORMAT: u8 = b'1';

/// The attributes that say what `metadata` says.
pub(crate) fn attributes(metadata: &UserMetadata) -> Result<Attributes> {
    let mut attributes = Attributes::new();
    if metadata.is_empty() {
        return Ok(attributes);
    }
    let keep = "keep user metadata of an object";
    let text = serde_json::to_string(metadata)
        .map_err(|error| Error::new(ErrorKind::Encoding, keep).because(error))?;
    let text = utf8_percent_encode(&text, NOT_IN_HEADERS).to_string();
    if text.len() > LONGEST_ATTRIBUTE {
        return Err(Error::new(ErrorKind::TooLarge, keep)
            .with("size", format_args!("{} bytes", text.len()))
            .help(
                "object stores take about 2,000 bytes of it: keep more in an object of its own",
            ));
    }
    attributes.insert(Attribute::Metadata(ATTRIBUTE.into()), text.into());
    Ok(attributes)
}

/// The value of the attribute of ours.
pub(crate) fn attribute(attributes: &Attributes) -> Option<String> {
    let value = attributes.get(&Attribute::Metadata(ATTRIBUTE.into()))?;
    Some(value.as_ref().to_owned())
}

/// The user metadata that the attribute of ours says; `None` where it says nothing of the kind.
pub(crate) fn user_metadata(attribute: Option<&str>) -> Option<UserMetadata> {
    let Some(text) = attribute else { return Some(UserMetadata::new()) };
    serde_json::from_str(&percent_decode_str(text).decode_utf8().ok()?).ok()
}

/// Digits of a number that sort the other way round.
pub(crate) fn inverted(number: u64) -> String {
    format!("{:016x}", u64::MAX - number)
}

pub(crate) fn from_inverted(digits: &str) -> Option<u64> {
    u64::from_str_radix(digits.get(..16)?, 16).ok().map(|number| u64::MAX - number)
}

/// What the functions of one path have in common in keys.
pub(crate) fn folder_of(function: &str) -> [u8; 16] {
    let digest = Digest::of(function.as_bytes());
    let mut folder = [0; 16];
    folder.copy_from_slice(&digest.as_bytes()[..16]);
    folder
}

/// The time, as an order: nanoseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX >> 1)
}

/// The key of a memento's object.
pub(crate) fn key_of(key: &Key) -> String {
    let digits = digits(key.as_bytes());
    format!("mementos/{}/{}", &digits[..2], &digits[2..])
}

pub(crate) fn digits(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

pub(crate) fn from_digits<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let byte = |index: usize| u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..N).map_while(byte).collect();
    bytes.try_into().ok().filter(|_| digits.len() == N * 2)
}

/// What mementos that were put together have in common: the index that says that all of them are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct IndexName {
    /// That of the function's path.
    pub(crate) folder: [u8; 16],
    /// The greatest order that a memento in it can have.
    pub(crate) top: u64,
    /// Which put it was.
    pub(crate) id: u64,
}

impl IndexName {
    pub(crate) fn key(&self) -> String {
        let Self { folder, top, id } = self;
        format!("index/{}/{}-{id:016x}", digits(folder), inverted(*top))
    }
}

/// What stands in front of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) failed: bool,
    pub(crate) hidden: bool,
    /// Whether it is there by itself. Others are there when the index is.
    pub(crate) is_alone: bool,
    pub(crate) order: u64,
    /// The number of the claim under which it was computed; of what was not claimed, its order.
    pub(crate) claim: u64,
    pub(crate) index: IndexName,
    pub(crate) version: Version,
    function: u32,
}

impl Head {
    pub(crate) fn of(
        entry: &Entry,
        order: u64,
        claim: u64,
        index: IndexName,
        is_alone: bool,
    ) -> Self {
        Self {
            failed: entry.failed,
            hidden: entry.hidden,
            is_alone,
            order,
            claim,
            index,
            version: entry.version,
            function: u32::try_from(entry.function.len()).unwrap_or_default(),
        }
    }

    /// The object that an entry is.
    pub(crate) fn with(&self, entry: &Entry) -> Vec<u8> {
        let mut object = Vec::with_capacity(HEAD + entry.function.len() + entry.record.len());
        object.extend_from_slice(&[MEMENTO, FORMAT]);
        object.push(flags(self.failed, self.hidden) | if self.is_alone { ALONE } else { 0 });
        object.extend_from_slice(&self.order.to_be_bytes());
        object.extend_from_slice(&self.claim.to_be_bytes());
        object.extend_from_slice(&self.index.folder);
        object.extend_from_slice(&self.index.top.to_be_bytes());
        object.extend_from_slice(&self.index.id.to_be_bytes());
        object.extend_from_slice(self.version.as_bytes());
        object.extend_from_slice(&self.function.to_be_bytes());
        object.extend_from_slice(entry.function.as_bytes());
        object.extend_from_slice(&entry.record);
        object
    }

    /// `None` where `object` does not begin with a head of ours.
    pub(crate) fn read(object: &[u8]) -> Option<Self> {
        let mut rest = object.get(..HEAD)?.strip_prefix(&[MEMENTO, FORMAT])?;
        let flags = take::<1>(&mut rest)?[0];
        Some(Self {
            failed: flags & FAILED != 0,
            hidden: flags & HIDDEN != 0,
            is_alone: flags & ALONE != 0,
            order: u64::from_be_bytes(take(&mut rest)?),
            claim: u64::from_be_bytes(take(&mut rest)?),
            index: IndexName {
                folder: take(&mut rest)?,
                top: u64::from_be_bytes(take(&mut rest)?),
                id: u64::from_be_bytes(take(&mut rest)?),
            },
            version: Version::from_bytes(take(&mut rest)?),
            function: u32::from_be_bytes(take(&mut rest)?),
        })
    }

    /// Where the record begins in an object that this is the head of.
    fn record_at(&self, object: &[u8]) -> Option<usize> {
        let record = HEAD.checked_add(usize::try_from(self.function).ok()?)?;
        (record <= object.len()).then_some(record)
    }
}

/// What an object begins with that is in the place of a memento.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Top {
    Ours(Head),
    /// It is one of a later release, in a format of this number.
    Newer(char),
    /// It is none of a memento.
    Foreign,
}

impl Top {
    pub(crate) fn read(object: &[u8]) -> Self {
        let newer = newer(MEMENTO, object).map_or(Self::Foreign, Self::Newer);
        Head::read(object).map_or(newer, Self::Ours)
    }

    pub(crate) fn head(self) -> Option<Head> {
        if let Self::Ours(head) = self { Some(head) } else { None }
    }
}

/// The number of the format of an object that a later release has put, whatever stands behind it.
fn newer(kind: u8, object: &[u8]) -> Option<char> {
    match object {
        [first, number @ b'0'..=b'9', ..] if *first == kind && *number > FORMAT => {
            Some(char::from(*number))
        }
        _ => None,
    }
}

/// The head and the record of an object. What is none of ours is a record as a whole, which is found out to be none.
pub(crate) fn record(mut object: Vec<u8>) -> (Option<Head>, Vec<u8>) {
    let head = Head::read(&object);
    let found = head.and_then(|head| Some((head, head.record_at(&object)?)));
    object.drain(..found.map_or(0, |(_, record)| record));
    (found.map(|(head, _)| head), object)
}

/// The entry that an object is; `None` where it is none of ours.
pub(crate) fn entry(key: Key, mut object: Vec<u8>) -> Option<(Head, Entry)> {
    let head = Head::read(&object)?;
    let record = head.record_at(&object)?;
    let function = str::from_utf8(&object[HEAD..record]).ok()?.to_owned();
    object.drain(..record);
    let Head { failed, hidden, version, .. } = head;
    Some((head, Entry { key, function, version, failed, hidden, record: object }))
}

fn flags(failed: bool, hidden: bool) -> u8 {
    (if failed { FAILED } else { 0 }) | (if hidden { HIDDEN } else { 0 })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*taken)
}

/// What an index says of a memento.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) key: Key,
    pub(crate) order: u64,
    pub(crate) failed: bool,
    pub(crate) hidden: bool,
}

/// Some mementos of one function that were put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) function: String,
    /// Whether mementos that are not in it are there when it is.
    pub(crate) is_shared: bool,
    pub(crate) pointers: Vec<Pointer>,
}

impl Index {
    pub(crate) fn object(&self) -> Vec<u8> {
        let length = u32::try_from(self.function.len()).unwrap_or_default();
        let mut object = vec![INDEX, FORMAT];
        object.push(u8::from(self.is_shared));
        object.extend_from_slice(&length.to_be_bytes());
        object.extend_from_slice(self.function.as_bytes());
        for pointer in &self.pointers {
            object.extend_from_slice(pointer.key.as_bytes());
            object.extend_from_slice(&pointer.order.to_be_bytes());
            object.push(flags(pointer.failed, pointer.hidden));
        }
        object
    }

    /// `None` where `object` is none of ours; the number of its format where it is one of a later release.
    pub(crate) fn read_any(object: &[u8]) -> Option<Result<Self, char>> {
        Self::read(object).map(Ok).or_else(|| newer(INDEX, object).map(Err))
    }

    fn read(object: &[u8]) -> Option<Self> {
        let mut rest = object.strip_prefix(&[INDEX, FORMAT])?;
        let is_shared = take::<1>(&mut rest)?[0] != 0;
        let length = usize::try_from(u32::from_be_bytes(take(&mut rest)?)).ok()?;
        let (function, mut rest) = rest.split_at_checked(length)?;
        let function = str::from_utf8(function).ok()?.to_owned();
        if rest.len() % POINTER != 0 || rest.len() > SPAN * POINTER {
            return None;
        }
        let mut pointers = Vec::with_capacity(rest.len() / POINTER);
        while !rest.is_empty() {
            let key = Key::from_bytes(take(&mut rest)?);
            let order = u64::from_be_bytes(take(&mut rest)?);
            let flags = take::<1>(&mut rest)?[0];
            let (failed, hidden) = (flags & FAILED != 0, flags & HIDDEN != 0);
            pointers.push(Pointer { key, order, failed, hidden });
        }
        Some(Self { function, is_shared, pointers })
    }
}

/// Who computes a result, for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Another one for each claim.
    pub(crate) token: [u8; 16],
    /// Greater than those of all claims before.
    pub(crate) number: u64,
    /// How many milliseconds it lasts when it is not renewed.
    pub(crate) lasts: u64,
    /// How often it was renewed.
    pub(crate) renewed: u64,
}

impl Lease {
    pub(crate) fn object(&self) -> Vec<u8> {
        let mut object = b"c1".to_vec();
        object.extend_from_slice(&self.token);
        for number in [self.number, self.lasts, self.renewed] {
            object.extend_from_slice(&number.to_be_bytes());
        }
        object
    }

    /// `None` where `object` is none of ours.
    pub(crate) fn read(object: &[u8]) -> Option<Self> {
        let mut rest =
            object.get(..LEASE)?.strip_prefix(b"c1").filter(|_| object.len() == LEASE)?;
        let token = take(&mut rest)?;
        let mut number = || Some(u64::from_be_bytes(take(&mut rest)?));
        Some(Self { token, number: number()?, lasts: number()?, renewed: number()? })
    }
}
