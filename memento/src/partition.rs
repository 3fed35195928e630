//! Results of many values, each of which is read when it is asked for.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::collections::btree_map::{self, Entry};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::{Bincode, Codec};
use crate::part::Nested;
use crate::{Digest, Result};

/// Many values as a result, or as part of one: each is encoded and kept by itself, and read when it is asked for.
///
/// ```
/// use memento::{Partition, memento};
///
/// #[memento]
/// fn squares(until: u64) -> memento::Result<Partition<u64, String>> {
///     // What is there already is not copied.
///     let mut squares = match until.checked_sub(10) {
///         Some(before) => Partition::extending(&squares(before)?),
///         None => Partition::new(),
///     };
///     for n in until.saturating_sub(10)..until {
///         squares.insert(n, &(n * n).to_string())?;
///     }
///     Ok(squares)
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| -> memento::Result<()> {
/// let squares = squares(100)?;
/// assert_eq!(squares.get(&12)?.as_deref(), Some("144")); // reads one value
/// assert_eq!(squares.len(), 100);
/// # Ok(()) }).unwrap();
/// ```
///
/// Its own encoding has keys, digests and sizes, also of files and values in its values: some 100 bytes for each, which
/// is what it takes in memory, too. What a memento function inserts goes into the data store at once. Elsewhere, and
/// where the data store does not keep what is put, values are in memory, encoded.
///
/// `C` encodes the values, whatever the codec of the function is. [`new`](Self::new) makes one with
/// [`Bincode`]; `Partition::<K, V, Json>::default()` one with another codec.
///
/// Two of them are equal if they have equal keys, and the values of each have the same bytes.
pub struct Partition<K, V, C = Bincode> {
    entries: Arc<BTreeMap<K, Nested>>,
    values: PhantomData<fn() -> (V, C)>,
}

impl<K, V> Partition<K, V> {
    /// One without values.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<K, V, C> Partition<K, V, C> {
    /// One with all values of `parent`, to which others can be added. The values are not read or copied.
    pub fn extending(parent: &Self) -> Self {
        parent.clone()
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator {
        self.entries.keys()
    }
}

impl<K: Ord, V, C> Partition<K, V, C> {
    /// Whether there is a value of this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.entries.contains_key(key)
    }

    /// The digest of the value of this key, which tells whether two values have the same bytes without reading them.
    pub fn digest<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Digest>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|value| value.part.digest)
    }
}

impl<K: Ord + Clone, V, C> Partition<K, V, C> {
    /// Leaves out the value of this key; whether there was one. In the data store it stays.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.contains_key(key) && Arc::make_mut(&mut self.entries).remove(key).is_some()
    }
}

impl<K: Ord + Clone, V: Serialize + DeserializeOwned, C: Codec> Partition<K, V, C> {
    /// Adds a value, which takes the place of one that has the same key; whether there was one. In a memento function
    /// it goes into the data store at once.
    ///
    /// # Errors
    ///
    /// [`Encoding`](crate::ErrorKind::Encoding) where the value has no encoding, or would be read as another one.
    /// Trouble with the store is no error: the value stays in memory then.
    pub fn insert(&mut self, key: K, value: &V) -> Result<bool> {
        let value = Nested::of::<C, V>(value)?;
        match Arc::make_mut(&mut self.entries).entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(false)
            }
            Entry::Occupied(mut entry) => {
                entry.insert(value);
                Ok(true)
            }
        }
    }
}

impl<K, V: DeserializeOwned, C: Codec> Partition<K, V, C> {
    /// The value of this key, read now, and checked; `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`Damaged`](crate::ErrorKind::Damaged) where the value is gone or not what was written: the next call of the
    /// function that returned this one computes it again. Also what the store reports.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Option<V>>
    where
        K: Borrow<Q> + Ord,
    {
        self.entries.get(key).map(Nested::read::<C, V>).transpose()
    }

    /// All keys with their values, in the order of the keys. Each value is read when its turn comes.
    pub fn iter(&self) -> Iter<'_, K, V, C> {
        Iter { entries: self.entries.iter(), values: PhantomData }
    }
}

/// The keys and values of a [`Partition`]: made by [`Partition::iter`].
pub struct Iter<'a, K, V, C> {
    entries: btree_map::Iter<'a, K, Nested>,
    values: PhantomData<fn() -> (V, C)>,
}

impl<'a, K, V: DeserializeOwned, C: Codec> Iterator for Iter<'a, K, V, C> {
    /// As [`Partition::get`] returns it.
    type Item = (&'a K, Result<V>);

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.next().map(|(key, value)| (key, value.read::<C, V>()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl<V: DeserializeOwned, K, C: Codec> DoubleEndedIterator for Iter<'_, K, V, C> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.next_back().map(|(key, value)| (key, value.read::<C, V>()))
    }
}

impl<K, V: DeserializeOwned, C: Codec> ExactSizeIterator for Iter<'_, K, V, C> {}

impl<'a, K, V: DeserializeOwned, C: Codec> IntoIterator for &'a Partition<K, V, C> {
    type Item = (&'a K, Result<V>);
    type IntoIter = Iter<'a, K, V, C>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: fmt::Debug, V, C> fmt::Debug for Iter<'_, K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.clone().map(|(key, _)| key)).finish()
    }
}

impl<K, V, C> Default for Partition<K, V, C> {
    fn default() -> Self {
        Self { entries: Arc::default(), values: PhantomData }
    }
}

impl<K, V, C> Clone for Partition<K, V, C> {
    fn clone(&self) -> Self {
        Self { entries: Arc::clone(&self.entries), values: PhantomData }
    }
}

impl<K: PartialEq, V, C> PartialEq for Partition<K, V, C> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K: Eq, V, C> Eq for Partition<K, V, C> {}

impl<K: Hash, V, C> Hash for Partition<K, V, C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.entries.len().hash(state);
        for (key, value) in &*self.entries {
            (key, value.part.digest).hash(state);
        }
    }
}

/// Keys, with the digest and the size of each value.
impl<K: fmt::Debug, V, C> fmt::Debug for Partition<K, V, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.iter();
        let entries = entries.map(|(key, value)| (key, (value.part.digest, value.part.size)));
        f.write_str("Partition ")?;
        f.debug_map().entries(entries).finish()
    }
}

impl<K: Serialize, V, C> Serialize for Partition<K, V, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries.iter())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V, C> Deserialize<'de> for Partition<K, V, C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<(K, Nested)>::deserialize(deserializer)?;
        Ok(Self { entries: Arc::new(entries.into_iter().collect()), values: PhantomData })
    }
}
