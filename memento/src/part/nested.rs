//! Values that are parts of a result, and may have parts themselves.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Hexadecimal, Home, Part, Scope, scope, writable_home};
use crate::Result;
use crate::codec::{self, Codec};

/// An encoded value that is a part, with all parts behind it: a result that has the one has the others.
#[derive(Clone)]
pub(crate) struct Nested {
    pub(crate) part: Part,
    behind: Box<[Part]>,
}

impl Nested {
    /// A value that is written in this thread: with its parts, into the data store of the function that runs, if it
    /// keeps what is put.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encoding`](crate::ErrorKind::Encoding) where it has no encoding, or would be read as another one.
    pub(crate) fn of<C: Codec, V: Serialize + DeserializeOwned>(value: &V) -> Result<Self> {
        let mut bytes = Vec::new();
        let home = writable_home();
        let scope = Scope::nested(home.as_ref());
        let (encoded, found) = scope.enter(|| C::encode(value, &mut bytes));
        encoded?;
        let is_all = found.is_all();
        let mut behind = found.behind;
        if let Some((contents, function)) = home
            && contents.note(found.lost.map_or(Ok(()), Err)).is_some()
        {
            let home = Arc::new(Home::Store(contents, Some(function)));
            for part in &mut behind {
                part.home = Arc::clone(&home);
            }
        }
        let check = || codec::check_read::<C, V>(value, &bytes, is_all);
        Scope::behind(&behind).enter(check).0?;
        Ok(Self { part: Part::of(bytes), behind: behind.into() })
    }

    /// The value, read now, and checked.
    ///
    /// # Errors
    ///
    /// As [`Part::read`], and where the content is not the encoding of a `V`.
    pub(crate) fn read<C: Codec, V: DeserializeOwned>(&self) -> Result<V> {
        let bytes = self.part.read()?;
        let (value, _) = Scope::behind(&self.behind).enter(|| C::decode(&bytes));
        value.map_err(|error| self.part.undecodable(error))
    }
}

impl PartialEq for Nested {
    fn eq(&self, other: &Self) -> bool {
        self.part == other.part
    }
}

impl Eq for Nested {}

impl Serialize for Nested {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        scope::keep(&self.part);
        let Part { digest, size, .. } = self.part;
        let parts = self.behind.iter().map(Handle).collect();
        Reference { digest: Hexadecimal(digest), size, parts }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Reference::<Part>::deserialize(deserializer)?;
        let Reference { digest: Hexadecimal(digest), size, parts } = read;
        let part = Part { digest, size, home: scope::meet(digest) };
        Ok(Self { part, behind: parts.into_iter().map(|Handle(part)| part).collect() })
    }
}

/// Digest and size of the value, and the same of each part behind it.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Value")]
#[serde(bound(serialize = "Handle<P>: Serialize", deserialize = "Handle<P>: Deserialize<'de>"))]
struct Reference<P> {
    digest: Hexadecimal,
    size: u64,
    parts: Vec<Handle<P>>,
}

/// A part where serde reads or writes one.
struct Handle<P>(P);

impl Serialize for Handle<&Part> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Handle<Part> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part::deserialize(deserializer).map(Self)
    }
}
