//! What is done to contents on their way into a store, and undone on their way back.
//!
//! | bytes | what is stored                                                                                                |
//! | ----- | ------------------------------------------------------------------------------------------------------------- |
//! | 4     | which transform it is                                                                                         |
//! | 1     | the version of its format                                                                                     |
//! | …     | its head; of what is signed or encrypted, 8 bytes that name the key, and 24 random ones                       |
//! | 4     | of each chunk: its length as it is stored, little-endian; the highest bit says that it is the last one        |
//! | …     | the chunk; signed, 32 bytes and it; encrypted, it and 16 bytes; compressed, the way, 8 bytes of a digest, and it |
//! | 8     | in objects whose chunks grow by what is in them, behind the last one: for each chunk, where it begins, little-endian |
//! | 8 + 8 | in the same, how long the content is, and how many chunks it has                                              |

pub(crate) mod opener;
pub(crate) mod sealer;
pub(crate) mod size;

use std::fmt::{self, Debug};

use memento::{Error, ErrorKind, Key, Name, Result};

/// How many bytes of a content are in each of its chunks but the last one.
pub(crate) const CHUNK: usize = 256 << 10;

/// By how many bytes any chunk grows at most: what is longer is none.
pub(crate) const MOST_GROWTH: usize = 1 << 10;

/// Why bytes are not those that were written.
pub type Damage = Box<dyn std::error::Error + Send + Sync>;

/// Changes contents on their way into a store: signs, encrypts, compresses them.
///
/// What it makes of a content begins with a magic number, a version of the format and a head of the transform's own.
/// Chunks follow, of 256 KiB of the content each, and each with its length in front, so that streams are bounded in
/// memory, and a range is read with the chunks around it. What does not begin like that is not what the transform made,
/// and [`Damaged`](ErrorKind::Damaged).
pub trait Transform: Debug + Send + Sync + 'static {
    /// What turns the chunks of one content.
    type Chunks: Chunks;
    /// What it has done to what it makes, and how that is undone, as messages say it: "encrypted", "decrypt".
    const VERBS: (&'static str, &'static str);
    /// What everything that it makes begins with.
    const MAGIC: [u8; 4];
    /// The version of its format. Contents of a later one are of the kind [`NewerFormat`](ErrorKind::NewerFormat).
    const VERSION: u8;
    /// How long its head is, in bytes.
    const HEAD: usize;
    /// By how many bytes each chunk grows, 1024 at most; `None` where that depends on what is in it.
    const GROWTH: Option<usize>;
    /// Whether what it makes is good under one name only. User metadata is then changed, too.
    const IS_BOUND: bool;

    /// Begins to change a content: writes the head, [`HEAD`](Self::HEAD) bytes, behind what is in `head`.
    ///
    /// # Errors
    ///
    /// Where there are no random numbers, or the like.
    fn begin(&self, subject: &Subject, head: &mut Vec<u8>) -> Result<Self::Chunks>;

    /// Begins to undo it, with a head that was read. What is in `start`, head included, is all that comes before the
    /// chunks.
    ///
    /// # Errors
    ///
    /// Why the head is none that it wrote.
    fn resume(&self, subject: &Subject, start: &[u8]) -> Result<Self::Chunks, Damage>;
}

/// Changes the chunks of one content, and undoes it.
pub trait Chunks: Send + 'static {
    /// Writes what becomes of `chunk` behind what is in `sealed`.
    ///
    /// # Errors
    ///
    /// Where that cannot be done.
    fn seal(&mut self, position: Position, chunk: &[u8], sealed: &mut Vec<u8>) -> Result<()>;

    /// Writes what `sealed` was behind what is in `chunk`: 256 KiB at most.
    ///
    /// # Errors
    ///
    /// Why that is not what was written for this position.
    fn open(
        &mut self,
        position: Position,
        sealed: &mut [u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Damage>;
}

/// Which chunk of a content is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// How many come before it.
    pub index: u64,
    /// Whether none comes behind it.
    pub is_last: bool,
}

impl Position {
    /// Bytes that no other position has.
    pub fn to_bytes(self) -> [u8; 9] {
        let [a, b, c, d, e, f, g, h] = self.index.to_be_bytes();
        [a, b, c, d, e, f, g, h, u8::from(self.is_last)]
    }
}

/// What a content belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// An object of a data store.
    Object(Name),
    /// What a user says about an object.
    UserMetadata(Name),
    /// A record of a metadata store.
    Record(Key),
}

impl Subject {
    /// Does `take` with bytes that no other subject has, in two pieces.
    pub fn with_bytes<T>(&self, take: impl FnOnce(&[u8], &[u8]) -> T) -> T {
        match self {
            Self::Object(name) => take(b"object ", name.as_str().as_bytes()),
            Self::UserMetadata(name) => take(b"metadata ", name.as_str().as_bytes()),
            Self::Record(key) => take(b"record ", key.as_bytes()),
        }
    }

    fn name(&self) -> (&'static str, &dyn fmt::Display) {
        match self {
            Self::Object(name) | Self::UserMetadata(name) => ("name", name),
            Self::Record(key) => ("key", key),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object(_) => "an object",
            Self::UserMetadata(_) => "the metadata of an object",
            Self::Record(_) => "a record",
        })
    }
}

/// What comes before the chunks: magic number, version, head.
pub(crate) const fn start_length<T: Transform>() -> usize {
    T::MAGIC.len() + 1 + T::HEAD
}

/// The error of what cannot be undone. It does not yet say in which store that is.
pub(crate) fn damaged<T: Transform>(subject: &Subject, damage: Damage) -> Error {
    failed::<T>(ErrorKind::Damaged, subject).because(damage)
}

fn failed<T: Transform>(kind: ErrorKind, subject: &Subject) -> Error {
    let (what, name) = subject.name();
    Error::new(kind, format!("{} {subject}", T::VERBS.1)).with(what, name)
}

/// Begins to undo what `start` begins.
pub(crate) fn resume<T: Transform>(
    transform: &T,
    subject: &Subject,
    start: &[u8],
) -> Result<T::Chunks> {
    let damaged = |damage: Damage| damaged::<T>(subject, damage);
    let Some(version) =
        start.strip_prefix(&T::MAGIC).and_then(|rest| rest.first()).filter(|_| !start.is_empty())
    else {
        return Err(damaged(format!("it is not {}", T::VERBS.0).into()));
    };
    match *version {
        newer if newer > T::VERSION => {
            let known = T::VERSION;
            Err(failed::<T>(ErrorKind::NewerFormat, subject)
                .because(format!("its format is {newer}, this release knows {known}"))
                .help("update this program"))
        }
        version if version < T::VERSION => Err(damaged("it is of no known format".into())),
        _ if start.len() < start_length::<T>() => Err(damaged(ENDS_EARLY.into())),
        _ => transform.resume(subject, start).map_err(damaged),
    }
}

pub(crate) const ENDS_EARLY: &str = "it ends too early";
