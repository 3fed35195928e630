//! What was used when, and how much was put, as the processes that use a storage tell each other.
//!
//! An object of the namespace `usage` is an account of what one process did for a while, or of what there was when
//! everything was counted. Its name says how many bytes were put, or were there, so that a list is enough to know how
//! much there is: `usage/<time>-<written|counted>-<bytes>-<random>`, in hexadecimal digits. In it are 32 bytes of a
//! digest, and then, in postcard, what was used.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::SystemTime;

use memento::storage::reserved::USAGE;
use memento::storage::{DataStore, ListOptions, Prefix, object_pages};
use memento::{Digest, Error, ErrorKind, Key, Name, Result};
use serde::{Deserialize, Serialize};

/// How long the digest in an account is.
const DIGEST: usize = 32;
/// How many uses are in an account at most: about 45 bytes each.
const MOST: usize = 1 << 20;

/// What can be dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum Item {
    Memento(Key),
    Content(Digest),
}

/// How something was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    /// The last time, in nanoseconds since the Unix epoch.
    pub(super) last: u64,
    /// How often.
    pub(super) times: u64,
}

impl Use {
    pub(super) fn add(&mut self, other: Self) {
        self.last = self.last.max(other.last);
        self.times = self.times.saturating_add(other.times);
    }
}

/// A time as it stands here: nanoseconds since the Unix epoch.
pub(super) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// What was used.
pub(super) type Uses = HashMap<Item, Use, foldhash::fast::RandomState>;

/// What an account is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// What a process did: the bytes were put.
    Written,
    /// Everything: the bytes were there.
    Counted,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Counted => "counted",
        }
    }
}

/// What the name of an account says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) kind: Kind,
    /// When it was made, in nanoseconds since the Unix epoch.
    pub(super) made: u64,
    pub(super) bytes: u64,
    name: Name,
}

impl Account {
    /// The account that is called this; `None` where it is called otherwise.
    fn read(name: Name) -> Option<Self> {
        let parts: Vec<_> = name.as_str().rsplit('/').next()?.split('-').collect();
        let [made, kind, bytes, _] = parts[..] else { return None };
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        let kind = [Kind::Written, Kind::Counted].into_iter().find(|is| is.as_str() == kind)?;
        Some(Self { kind, made: number(made)?, bytes: number(bytes)?, name })
    }

    /// All accounts of a store.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(super) fn all(data: &dyn DataStore) -> Result<Vec<Self>> {
        let mut accounts = Vec::new();
        for listing in object_pages(data, &Prefix::new(USAGE)?, ListOptions::default()) {
            let objects = listing?.objects.into_iter();
            accounts.extend(objects.filter_map(|object| Self::read(object.name)));
        }
        Ok(accounts)
    }

    /// Keeps a new account: of the latest uses, where they are more than one may have, or longer than the store takes.
    /// Without one, everything would be counted each time.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(super) fn put(
        data: &dyn DataStore,
        kind: Kind,
        made: u64,
        bytes: u64,
        uses: &Uses,
    ) -> Result<()> {
        let (kind, random) = (kind.as_str(), fastrand::u64(..));
        let name = Name::new(&format!("{USAGE}/{made:016x}-{kind}-{bytes:x}-{random:016x}"))?;
        let mut most = uses.len().min(MOST);
        loop {
            match data.put(&name, &write(&latest(uses, most))?) {
                Err(error) if error.kind() == ErrorKind::TooLarge && most > 0 => most /= 2,
                put => return put,
            }
        }
    }

    /// Adds what was used to `uses`. What cannot be read was not used.
    ///
    /// # Errors
    ///
    /// What the store reports of itself.
    pub(super) fn add_to(&self, uses: &mut Uses, data: &dyn DataStore) -> Result<()> {
        let content = match data.get(&self.name) {
            Err(error) if error.kind().is_of_one() => None,
            content => content?,
        };
        for (item, used) in content.as_deref().and_then(read).unwrap_or_default() {
            uses.entry(item).or_default().add(used);
        }
        Ok(())
    }

    /// Drops accounts whose sum is in another one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(super) fn remove(accounts: Vec<Self>, data: &dyn DataStore) -> Result<()> {
        let names: Vec<_> = accounts.into_iter().map(|account| account.name).collect();
        data.remove_many(&names).into_iter().try_for_each(|removed| removed.map(drop))
    }
}

/// So many of `uses`, those that were last.
fn latest(uses: &Uses, most: usize) -> Cow<'_, Uses> {
    if uses.len() <= most {
        return Cow::Borrowed(uses);
    }
    let mut all: Vec<_> = uses.iter().map(|(item, used)| (*item, *used)).collect();
    all.select_nth_unstable_by_key(most, |(_, used)| Reverse(used.last));
    all.truncate(most);
    Cow::Owned(all.into_iter().collect())
}

/// What an account of `uses` has in it.
fn write(uses: &Uses) -> Result<Vec<u8>> {
    let encoded = postcard::to_extend(uses, vec![0; DIGEST]);
    let mut content = encoded.map_err(|error| {
        Error::new(ErrorKind::Encoding, "write down what was used").because(error)
    })?;
    let digest = blake3::hash(&content[DIGEST..]);
    content[..DIGEST].copy_from_slice(digest.as_bytes());
    Ok(content)
}

/// What is in an account, if it is what was written.
fn read(content: &[u8]) -> Option<Uses> {
    let (digest, encoded) = content.split_first_chunk::<DIGEST>()?;
    let is_whole = blake3::hash(encoded) == *digest;
    is_whole.then(|| postcard::from_bytes(encoded).ok()).flatten()
}
