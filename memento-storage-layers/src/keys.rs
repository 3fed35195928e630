//! Keys that only those have who may write, or read, what is in a store.

use std::fmt;
use std::path::Path;

use memento::{Error, ErrorKind, Result};
use ring::rand::{SecureRandom, SystemRandom};

use crate::transform::{Damage, Subject};

/// How long what a key is made of is at least, in bytes.
const SHORTEST: usize = 32;

/// What a key is called in what was made with it.
type Identifier = [u8; 8];

/// How many random bytes each content has.
const SALT: usize = 24;

/// Keys, of which the first one is that for all that is put, and any is good for what is there: to change the key, put
/// a new one in front, and take the old one away when nothing of it is left that matters.
#[derive(Clone)]
pub struct Keys(Vec<Key>);

#[derive(Clone)]
struct Key {
    identifier: Identifier,
    secret: [u8; 32],
}

impl Keys {
    /// How long the head is that says which key is meant.
    pub(crate) const HEAD: usize = size_of::<Identifier>() + SALT;

    /// Keys that are made of these texts, each of 32 bytes at least and as hard to guess as 32 random ones, such as 64
    /// random hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where there is none, or one is too short. Nothing of them is in it.
    pub fn new<K: AsRef<[u8]>>(texts: impl IntoIterator<Item = K>) -> Result<Self> {
        let wrong = |wrong: String| {
            Error::new(ErrorKind::Configuration, "use a key")
                .because(wrong)
                .help("make one of 32 random bytes, as by `openssl rand -hex 32`")
        };
        let keys = texts.into_iter().enumerate().map(|(index, text)| {
            let text = text.as_ref();
            if text.len() < SHORTEST {
                let (number, length) = (index + 1, text.len());
                return Err(wrong(format!(
                    "key {number} has {length} bytes, and {SHORTEST} are the least"
                )));
            }
            let secret = blake3::derive_key("memento-storage-layers: key of a store, 1", text);
            let [a, b, c, d, e, f, g, h, ..] =
                blake3::derive_key("memento-storage-layers: name of a key, 1", text);
            Ok(Key { identifier: [a, b, c, d, e, f, g, h], secret })
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        if keys.is_empty() { Err(wrong("there is none".to_owned())) } else { Ok(Self(keys)) }
    }

    /// The keys in a file, one a line, as [`new`](Self::new) takes them.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and where the file cannot be read.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read(path).map_err(|error| {
            Error::new(ErrorKind::Configuration, "read the keys of a store")
                .with("file", path.display())
                .because(error)
        })?;
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        Self::new(lines.filter(|line| !line.is_empty()))
            .map_err(|error| error.with("file", path.display()))
    }

    /// Begins a content: writes the head behind what is in `start`. What the content is made with is nobody else's.
    pub(crate) fn begin(&self, subject: &Subject, start: &mut Vec<u8>) -> Result<[u8; 32]> {
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_| {
            Error::new(ErrorKind::Storage, "make a key for a content")
                .because("the system gives no random numbers")
        })?;
        let key = self.0.first().expect("there is one");
        start.extend_from_slice(&key.identifier);
        start.extend_from_slice(&salt);
        Ok(key.of_content(subject, start))
    }

    /// What a content with this start was made with.
    pub(crate) fn resume(&self, subject: &Subject, start: &[u8]) -> Result<[u8; 32], Damage> {
        let head = start.len() - Self::HEAD;
        let identifier = &start[head..head + size_of::<Identifier>()];
        let key = self.0.iter().find(|key| key.identifier == identifier);
        let key = key.ok_or_else(|| {
            format!("it was made with the key {}, which is none of {self:?}", Shown(identifier))
        })?;
        Ok(key.of_content(subject, start))
    }
}

impl Key {
    /// The key of one content: another one for each start, which has random bytes in it, and for each subject. So what
    /// is kept elsewhere is not what was made for it, and a nonce need not be more than a position.
    fn of_content(&self, subject: &Subject, start: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(start);
        subject.with_bytes(|kind, name| hasher.update(kind).update(name).finalize().into())
    }
}

/// What they are called. They themselves are not shown.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| Shown(&key.identifier))).finish()
    }
}

struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
