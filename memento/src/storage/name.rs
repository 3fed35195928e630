//! What objects are called, so that a name means the same in every store and on every system.
//!
//! Whatever a store is asked for passes through here: a name cannot lead out of it.

mod result;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::reserved::{DAMAGED, SNAPSHOTS};
use crate::{Digest, Error, ErrorKind, Result};

/// The longest name, in bytes.
const LONGEST: usize = 1024;

/// The longest part of a name between slashes, in bytes.
const LONGEST_SEGMENT: usize = 255;

/// Names up to this length are kept in place: those of results are 73 bytes long.
const INLINE: usize = 78;

/// A path that has been checked.
#[derive(Clone)]
enum Path {
    Inline { length: u8, bytes: [u8; INLINE] },
    Shared(Arc<str>),
}

impl Path {
    fn new(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Inline { length, bytes }
            }
            _ => Self::Shared(text.into()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Inline { length, bytes } => {
                str::from_utf8(&bytes[..usize::from(*length)]).expect("it was made of a `str`")
            }
            Self::Shared(text) => text,
        }
    }
}

/// Defines a checked path of at least `$least` and at most `$most` segments, with a type of its own.
macro_rules! checked_path {
    ($(#[$attribute:meta])* $name:ident, $what:literal, $least:literal..=$most:expr) => {
        $(#[$attribute])*
        #[derive(Clone)]
        pub struct $name(Path);

        impl $name {
            /// The one that `text` is.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidName`], with what is wrong with it.
            pub fn new(text: &str) -> Result<Self> {
                match wrong(text, $least, $most) {
                    None => Ok(Self(Path::new(text))),
                    Some(wrong) => Err(invalid($what, text, wrong)),
                }
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Its parts between slashes.
            pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
                self.as_str().split('/').filter(|segment| !segment.is_empty())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        /// By their bytes.
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

checked_path! {
    /// The name of an object: segments with `/` between them, the first of which is the object's namespace.
    ///
    /// A name means the same in every store and on every system. So these are no names: paths that begin or end with
    /// `/`, or have an empty segment; `.` and `..`; control characters and `\ : * ? " < > |`; segments that end with a
    /// dot or a space, or that Windows takes for a device (`nul`, `com1.txt`); Unicode that is not in form NFC; names
    /// over 1024 bytes, and segments over 255.
    ///
    /// ```
    /// use memento::{Digest, Name};
    ///
    /// let name = Name::new("reports/2026/may.csv")?;
    /// assert_eq!(name.namespace().as_str(), "reports");
    /// assert!(Name::new("reports/../../etc/passwd").is_err());
    /// # Ok::<(), memento::Error>(())
    /// ```
    Name, "use a name for an object", 2..=usize::MAX
}

checked_path! {
    /// The name of a folder: what the names of its objects begin with. That of the whole store is empty. A folder is
    /// there as long as an object is in it.
    Prefix, "use the name of a folder", 0..=usize::MAX
}

checked_path! {
    /// The first segment of names: what keeps objects of different uses apart.
    Namespace, "use a name for a namespace", 1..=1
}

impl Name {
    /// A name in the namespace `damaged`, for an object of this name that is moved out of the way: another one each
    /// time.
    pub fn of_damaged(&self) -> Self {
        let unique = super::unique();
        Self::new(&format!("{DAMAGED}/{self}.{unique}"))
            .unwrap_or_else(|_| in_folder(DAMAGED, &Digest::of(self.as_str().as_bytes()), &unique))
    }

    /// A name in the namespace `snapshots`, whatever this name is.
    pub(super) fn of_snapshot(&self, snapshot: &str) -> Result<Self> {
        let digest = Digest::of(self.as_str().as_bytes());
        Self::new(&format!("{SNAPSHOTS}/{digest}/{snapshot}"))
    }

    /// What the names of its snapshots begin with.
    pub(super) fn snapshots(&self) -> Prefix {
        let digest = Digest::of(self.as_str().as_bytes());
        Prefix(Path::new(&format!("{SNAPSHOTS}/{digest}")))
    }

    /// The first segment.
    pub fn namespace(&self) -> Namespace {
        Namespace(Path::new(self.segments().next().unwrap_or_default()))
    }

    /// All segments but the last one.
    pub fn folder(&self) -> Prefix {
        Prefix(Path::new(self.as_str().rsplit_once('/').map_or("", |(folder, _)| folder)))
    }
}

/// A name of parts that are valid.
fn in_folder(folder: &str, digest: &Digest, unique: &str) -> Name {
    Name(Path::new(&format!("{folder}/{digest}.{unique}")))
}

impl Prefix {
    /// That of the whole store.
    pub fn root() -> Self {
        Self(Path::new(""))
    }

    /// What the name of each object in this folder begins with: the folder's own, and a `/`, unless it is the whole
    /// store.
    pub fn start(&self) -> String {
        let folder = self.as_str();
        if folder.is_empty() { String::new() } else { format!("{folder}/") }
    }

    /// The folder with this name in this one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`]
    pub fn folder(&self, segment: &str) -> Result<Self> {
        Self::new(&(self.start() + segment))
    }

    /// The name of an object in this folder.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`], for objects in no namespace, too.
    pub fn name(&self, segment: &str) -> Result<Name> {
        Name::new(&(self.start() + segment))
    }
}

impl Namespace {
    /// The name of an object in this namespace.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`]
    pub fn name(&self, path: &str) -> Result<Name> {
        Name::new(&format!("{self}/{path}"))
    }
}

impl From<&Namespace> for Prefix {
    fn from(namespace: &Namespace) -> Self {
        Self(namespace.0.clone())
    }
}

fn invalid(operation: &'static str, text: &str, wrong: &'static str) -> Error {
    // One that is far too long would fill the message.
    let mut shown = text.chars().take(LONGEST_SEGMENT).collect::<String>();
    if shown.len() < text.len() {
        shown.push('…');
    }
    Error::new(ErrorKind::InvalidName, operation)
        .with("name", format_args!("{shown:?}"))
        .because(wrong)
        .help("names are like `reports/2026/may.csv`: see `memento::Name`")
}

/// What is wrong with `text` as a path of `least` to `most` segments.
fn wrong(text: &str, least: usize, most: usize) -> Option<&'static str> {
    if text.is_empty() {
        return (least > 0).then_some("it is empty");
    }
    if text.len() > LONGEST {
        return Some("it is longer than 1024 bytes");
    }
    let mut count = 0;
    for segment in text.split('/') {
        if let Some(wrong) = wrong_segment(segment) {
            return Some(wrong);
        }
        count += 1;
    }
    if !text.is_ascii() && !unicode_normalization::is_nfc(text) {
        return Some("it is not in the Unicode form NFC");
    }
    if count < least {
        return Some("it has no namespace: no `/`");
    }
    (count > most).then_some("a namespace has no `/`")
}

fn wrong_segment(segment: &str) -> Option<&'static str> {
    if segment.is_empty() {
        return Some("it begins or ends with `/`, or has nothing between two of them");
    }
    if segment.len() > LONGEST_SEGMENT {
        return Some("a part of it is longer than 255 bytes");
    }
    if segment == "." || segment == ".." {
        return Some("it has `.` or `..` in it");
    }
    if segment.chars().any(char::is_control) {
        return Some("it has control characters in it");
    }
    if segment.contains(['\\', ':', '*', '?', '"', '<', '>', '|']) {
        return Some(
            "it has one of the characters \\ : * ? \" < > | in it, which not all systems allow",
        );
    }
    if segment.ends_with(['.', ' ']) {
        return Some("a part of it ends with a dot or a space, which Windows would drop");
    }
    is_device(segment).then_some("a part of it is the name of a device on Windows")
}

/// Whether Windows takes this for a device: some names are, with any extension.
fn is_device(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or(segment).trim_end();
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].into_iter().any(is) {
        return true;
    }
    let numbered = stem
        .get(..3)
        .filter(|port| port.eq_ignore_ascii_case("com") || port.eq_ignore_ascii_case("lpt"));
    let mut number = stem.chars().skip(3);
    numbered.is_some()
        && matches!(number.next(), Some('0'..='9' | '¹' | '²' | '³'))
        && number.next().is_none()
}
