//! Results that others find by a name.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::blob::Blob;
use crate::part;
use crate::storage::reserved::NAMED;
use crate::{Name, Result};

/// A result, or a part of one, of which a copy stands in the data store under a name that other programs and people
/// find.
///
/// ```
/// use memento::{Named, memento};
///
/// #[memento(codec = "json")]
/// fn report(year: u32) -> Named<Vec<u32>> {
///     Named::new(format!("reports/{year}.json"), vec![year, year + 1])
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| {
/// assert_eq!(report(2026).len(), 2); // `reports/2026.json` is `[2026,2027]`
/// # });
/// ```
///
/// It is an object of the namespace `named`: on the filesystem, a file in the storage's folder `data/named`. What it
/// holds is the encoding of the value in the codec of the function, or the bytes of a [`Blob`].
///
/// The copy is written when the function has run, in place of what has its name, whoever wrote that. It is written
/// again where a result is found in the stores and nothing has its name. Nothing ever reads it: it may be changed or
/// dropped, and the results of functions are what they were. Of two functions that give one name, the one that ran last
/// has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named<T> {
    /// In the namespace `named`.
    name: Name,
    value: T,
}

impl<T> Named<T> {
    /// The value, to be published as `name`, the parts of which are separated by `/`.
    ///
    /// # Panics
    ///
    /// Where `name` is not valid: see [`try_new`](Self::try_new).
    #[track_caller]
    pub fn new(name: impl AsRef<str>, value: T) -> Self {
        match Self::try_new(name, value) {
            Ok(named) => named,
            Err(error) => panic!("{error}"),
        }
    }

    /// The value, to be published as `name`, the parts of which are separated by `/`.
    ///
    /// # Errors
    ///
    /// Where `named/` followed by `name` is not a valid [`Name`].
    pub fn try_new(name: impl AsRef<str>, value: T) -> Result<Self> {
        Ok(Self { name: Name::new(&format!("{NAMED}/{}", name.as_ref()))?, value })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name.as_str()[NAMED.len() + 1..]
    }

    /// The value without its name.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Named<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Display> fmt::Display for Named<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// As it is written.
#[derive(Serialize)]
#[serde(rename = "Named")]
struct Written<'a, T> {
    name: &'a str,
    value: &'a T,
}

/// As it is read.
#[derive(Deserialize)]
#[serde(rename = "Named")]
struct Read<T> {
    name: String,
    value: T,
}

impl<T: Serialize + 'static> Named<T> {
    fn publish(&self) {
        part::publish(&self.name, Blob::part_of(&self.value), &self.value);
    }
}

impl<T: Serialize + 'static> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written { name: self.name(), value: &self.value }.serialize(serializer)?;
        self.publish();
        Ok(written)
    }
}

impl<'de, T: Deserialize<'de> + Serialize + 'static> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Read { name, value } = Read::deserialize(deserializer)?;
        let named = Self::try_new(name, value).map_err(serde::de::Error::custom)?;
        named.publish();
        Ok(named)
    }
}
