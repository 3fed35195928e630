//! Parts of results: contents of their own, which are read when they are asked for.
//!
//! The encoding of a part is the digest and the size of its content. So the digest of a result covers its parts, they
//! can stand anywhere in a type, and what is the same is kept once. A result is a hit if all its parts are there.

mod checked;
mod nested;
mod scope;
#[cfg(test)]
mod tests;
mod unnamed;

use std::fmt;
use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use checked::Checked;
pub(crate) use nested::Nested;
pub(crate) use scope::{Encode, Found, Publish, Scope, publish, publish_all};
pub(crate) use unnamed::Unnamed;

use crate::storage::{Contents, Source};
use crate::{Digest, Environment, Error, ErrorKind, Result, stack, validity};

/// A content, and where it is. Two are equal if their contents are.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    home: Arc<Home>,
}

/// Where contents are.
pub(crate) enum Home {
    /// In a data store, as part of a result of this function, where that is known.
    Store(Contents, Option<&'static str>),
    /// In memory, as long as the value lives.
    Memory(Vec<u8>),
    /// In a temporary file, as long as the value lives.
    File(Unnamed),
    /// It was read back outside of any result: in these contents, where they are known, else in those of whoever reads.
    Anywhere(OnceLock<Contents>),
}

impl Default for Home {
    fn default() -> Self {
        Self::Anywhere(OnceLock::new())
    }
}

impl Home {
    /// Says where parts are of which that was not known.
    pub(crate) fn is_in(&self, contents: &Contents) {
        if let Self::Anywhere(known) = self {
            known.get_or_init(|| contents.clone());
        }
    }
}

impl Part {
    pub(crate) fn new(digest: Digest, size: u64, home: Home) -> Self {
        Self { digest, size, home: Arc::new(home) }
    }

    /// A content that is written in this thread: into the data store of the function that runs, if it keeps what is
    /// put.
    pub(crate) fn of(content: Vec<u8>) -> Self {
        let (digest, size) = (Digest::of(&content), content.len() as u64);
        let stored = writable_home().filter(|(contents, _)| {
            contents.note(contents.put_content(&digest, &content)).is_some()
        });
        let home = match stored {
            Some((contents, function)) => Home::Store(contents, Some(function)),
            None => Home::Memory(content),
        };
        Self::new(digest, size, home)
    }

    /// The content.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`] where its bytes are not those that were written, or it is gone. What the store reports.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        let contents = match &*self.home {
            Home::Memory(content) => return Ok(content.clone()),
            Home::File(file) => {
                let mut content = Vec::new();
                file.reader().read_to_end(&mut content).map_err(|error| self.unreadable(error))?;
                let is_whole = Digest::of(&content) == self.digest;
                return is_whole.then_some(content).ok_or_else(|| self.unreadable(OTHER_BYTES));
            }
            Home::Store(contents, _) => contents.clone(),
            Home::Anywhere(known) => anywhere(known)?,
        };
        let content = contents.content(READ, &self.digest, Some(self.size));
        content.map_err(|error| self.lost(error))?.ok_or_else(|| self.gone(&contents))
    }

    /// Opens the content, whose bytes whoever reads it has to check.
    fn open(&self) -> Result<Box<dyn Read + Send>> {
        let contents = match &*self.home {
            Home::Memory(content) => return Ok(Box::new(Cursor::new(content.clone()))),
            Home::File(file) => return Ok(Box::new(file.reader())),
            Home::Store(contents, _) => contents.clone(),
            Home::Anywhere(known) => anywhere(known)?,
        };
        let content = contents.open_content(&self.digest);
        content.map_err(|error| self.lost(error))?.ok_or_else(|| self.gone(&contents))
    }

    /// Moves a content aside of which `length` bytes were read that are not those that were written; the error that
    /// says so.
    fn set_aside(&self, length: u64) -> Error {
        let contents = match &*self.home {
            Home::Store(contents, _) => Some(contents.clone()),
            Home::Anywhere(known) => anywhere(known).ok(),
            Home::Memory(_) | Home::File(_) => None,
        };
        match contents {
            Some(contents) => {
                self.lost(contents.set_aside(READ, &self.digest, length, Some(self.size)))
            }
            None => self.unreadable(OTHER_BYTES),
        }
    }

    /// Sees to it that `contents` has this content.
    fn keep_in(&self, contents: &Contents) -> Result<()> {
        match &*self.home {
            Home::Store(home, _) if home.is(contents) => return Ok(()),
            Home::Memory(content) => return contents.put_content(&self.digest, content),
            Home::Anywhere(_) if contents.missing_content(&[self.digest]).is_none() => {
                return Ok(());
            }
            Home::Store(..) | Home::File(_) | Home::Anywhere(_) => {}
        }
        let mut content = Checked::open(self)?;
        contents.put_content_from(&self.digest, &mut Source::new(&mut content).total(self.size))
    }

    /// How many bytes the value itself has.
    fn held(&self) -> u64 {
        match &*self.home {
            Home::Memory(_) | Home::File(_) => self.size,
            Home::Store(..) | Home::Anywhere(_) => 0,
        }
    }

    fn unreadable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::new(ErrorKind::Storage, READ).with("digest", self.digest).because(source)
    }

    fn gone(&self, contents: &Contents) -> Error {
        let error = Error::new(ErrorKind::Damaged, READ).with("digest", self.digest);
        self.lost(error.with("store", contents.location()).because("it is gone"))
    }

    /// The error of reading the part, with what to do about it. Where it is gone or damaged, results in memory that
    /// have it are looked at again.
    fn lost(&self, error: Error) -> Error {
        if error.kind() == ErrorKind::Damaged {
            validity::count_replaced_result();
        }
        match &*self.home {
            Home::Store(_, Some(function)) => error.with("function", function).help(CALL_AGAIN),
            _ => error,
        }
    }

    /// The error of a content that is what was written, and not the value of its type.
    pub(crate) fn undecodable(&self, error: Error) -> Error {
        let error = error.with("digest", self.digest).help(OTHER_TYPE);
        match &*self.home {
            Home::Store(_, Some(function)) => error.with("function", function),
            _ => error,
        }
    }

    /// Writes digest and size. In a scope that keeps parts, the content is kept.
    pub(crate) fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        scope::keep(self);
        Reference { digest: Hexadecimal(self.digest), size: self.size }.serialize(serializer)
    }

    /// Reads digest and size.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let Reference { digest: Hexadecimal(digest), size } = Reference::deserialize(deserializer)?;
        Ok(Self { digest, size, home: scope::meet(digest) })
    }
}

const READ: &str = "read a part of a result";

const OTHER_BYTES: &str = "its bytes are not those that were written";

/// The help that goes with bytes that are whole.
const OTHER_TYPE: &str =
    "a type whose fields changed needs a new `version` on the functions that return it";

const CALL_AGAIN: &str = "call the function again: it computes anew what is gone or damaged";

impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        (self.digest, self.size) == (other.digest, other.size)
    }
}

impl Eq for Part {}

/// Where what is written in this thread goes, where it can be kept: the contents and the name of the function that
/// runs.
pub(crate) fn writable_home() -> Option<(Contents, &'static str)> {
    stack::with(|caller| {
        let frame = caller.frame.as_ref()?;
        let contents = frame.contents.clone().filter(Contents::is_writable)?;
        Some((contents, frame.function.path()))
    })
}

/// The contents that are known, else those of whoever reads.
fn anywhere(known: &OnceLock<Contents>) -> Result<Contents> {
    if let Some(contents) = known.get() {
        return Ok(contents.clone());
    }
    let frame = stack::with(|caller| caller.frame.as_ref().and_then(|f| f.contents.clone()));
    match frame {
        Some(contents) => Ok(contents),
        None => Ok(Environment::current()?.storage("")?.contents.clone()),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Part")]
struct Reference {
    digest: Hexadecimal,
    size: u64,
}

/// A digest as text, in every format: records show arguments to people.
struct Hexadecimal(Digest);

impl Serialize for Hexadecimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Hexadecimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;
        impl Visitor<'_> for Digits {
            type Value = Hexadecimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hexadecimal digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Hexadecimal, E> {
                let digest = blake3::Hash::from_hex(text).map_err(E::custom)?;
                Ok(Hexadecimal(Digest::from_bytes(digest.into())))
            }
        }
        deserializer.deserialize_str(Digits)
    }
}
