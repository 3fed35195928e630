//! What is said about objects, and how they are asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Name, Prefix};
use crate::{Error, ErrorKind, Result};

/// What a user says about an object: values by name.
pub type UserMetadata = BTreeMap<String, String>;

/// What is known of an object besides its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// How long its content is, in bytes.
    pub size: u64,
    /// When it was put; `None` where the store does not know.
    pub modified: Option<SystemTime>,
    /// What was said about it when it was put.
    pub metadata: UserMetadata,
}

/// How an object is put: if nothing is said, in place of what is there, and without metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutOptions {
    /// What is said about it.
    pub metadata: UserMetadata,
    /// When it is put at all.
    pub condition: Condition,
}

/// What has to be there for an object to be put.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Anything.
    #[default]
    Always,
    /// Nothing.
    Absent,
    /// An object with this content.
    Content(Vec<u8>),
}

impl PutOptions {
    /// Put where nothing is there.
    pub fn if_absent() -> Self {
        Self { condition: Condition::Absent, ..Self::default() }
    }

    /// Put where this content is there.
    pub fn if_content(content: impl Into<Vec<u8>>) -> Self {
        Self { condition: Condition::Content(content.into()), ..Self::default() }
    }

    /// Says something about the object.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Whether nothing is said.
    pub fn is_plain(&self) -> bool {
        self.metadata.is_empty() && self.condition == Condition::Always
    }

    /// The capability that a store needs for this, beyond what every store does.
    pub fn needs(&self) -> Option<&'static str> {
        if self.condition != Condition::Always {
            return Some("conditional");
        }
        (!self.metadata.is_empty()).then_some("metadata")
    }
}

impl Condition {
    /// Whether it is met where `found` is there.
    pub fn is_met(&self, found: Option<&[u8]>) -> bool {
        match self {
            Self::Always => true,
            Self::Absent => found.is_none(),
            Self::Content(content) => found.is_some_and(|found| found == content),
        }
    }
}

/// An object in a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// What it is called.
    pub name: Name,
    /// How long its content is, in bytes.
    pub size: u64,
    /// When it was put; `None` where the store does not know.
    pub modified: Option<SystemTime>,
}

/// How a folder is listed: all objects below it, in pages of up to 1000, if nothing is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOptions {
    /// Whether objects in folders below are listed; where not, the folders are.
    pub recursive: bool,
    /// How many objects and folders a page has at most: 1 at least, which 0 stands for, too.
    pub limit: usize,
    /// Where the page before ended.
    pub from: Option<Continuation>,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { recursive: true, limit: 1000, from: None }
    }
}

impl ListOptions {
    /// The objects and folders in a folder, and not what is further below.
    pub fn one_level() -> Self {
        Self { recursive: false, ..Self::default() }
    }

    /// Pages of up to `limit`.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// From where the page before ended.
    pub fn from(mut self, from: Continuation) -> Self {
        self.from = Some(from);
        self
    }
}

/// Some of what is in a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Objects.
    pub objects: Vec<Object>,
    /// Folders, where they are asked for.
    pub folders: Vec<Prefix>,
    /// Where the next page begins; `None` where this is the last one.
    pub next: Option<Continuation>,
}

impl Listing {
    /// How many objects and folders there are.
    pub fn len(&self) -> usize {
        self.objects.len() + self.folders.len()
    }

    /// Whether there are none. More may follow.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where a page of a listing ended. Only the store that gave it knows what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuation(String);

impl Continuation {
    /// One that says this.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What it says.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an object was at some time: kept until the snapshot itself is removed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Snapshot(String);

impl Snapshot {
    /// The one with this identifier.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`]
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let is_one = !text.is_empty()
            && text.len() <= 100
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_one {
            return Ok(Self(text));
        }
        Err(Error::new(ErrorKind::InvalidName, "use the identifier of a snapshot")
            .with("identifier", format_args!("{:?}", text.chars().take(100).collect::<String>()))
            .because("it is made of other things than letters, digits and `-`, or too long")
            .help("take one that `list_snapshots` gives"))
    }

    /// Its identifier. Later snapshots have greater ones, as far as clocks agree.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How much is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreInfo {
    /// How many objects there are.
    pub objects: u64,
    /// How long their contents are together, in bytes.
    pub bytes: u64,
    /// How many bytes of memory or of a disk the store says that it uses in all, whatever it needs them for: a server
    /// counts all that is on it. `None` where it cannot tell.
    pub used: Option<u64>,
}
