//! Context arguments.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::with;
use crate::{Result, encoding};

/// Values that come along to all functions called, by name, and are part of their keys.
#[derive(Clone, Default)]
pub(crate) struct Context {
    values: BTreeMap<String, ContextValue>,
    /// The canonical encoding of the whole.
    encoding: Vec<u8>,
}

#[derive(Clone)]
struct ContextValue {
    /// `None` where it came from another process: then it is read from the encoding.
    value: Option<Arc<dyn Any + Send + Sync>>,
    encoding: Vec<u8>,
}

impl Context {
    /// Adds a value, which takes the place of one of the same name.
    pub(crate) fn insert<T>(&mut self, name: &str, value: T) -> Result<()>
    where
        T: Serialize + Send + Sync + 'static,
    {
        let encoding = encoding::encode(&value)?;
        self.values
            .insert(name.to_owned(), ContextValue { value: Some(Arc::new(value)), encoding });
        self.encode();
        Ok(())
    }

    /// The context of another process: names and encoded values.
    pub(crate) fn of_encoded<'a>(values: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let value = |encoding: &[u8]| ContextValue { value: None, encoding: encoding.to_vec() };
        let values = values.map(|(name, encoding)| (name.to_owned(), value(encoding)));
        let mut context = Self { values: values.collect(), encoding: Vec::new() };
        context.encode();
        context
    }

    /// Names and encoded values.
    pub(crate) fn encoded(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values.iter().map(|(name, value)| (&**name, &*value.encoding))
    }

    /// Adds all values of `other`, which take the places of those of the same names.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.values.extend(other.values.clone());
        self.encode();
    }

    fn encode(&mut self) {
        self.encoding = encoding::encode_map(self.encoded());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The canonical encoding.
    #[inline]
    pub(crate) fn encoding(&self) -> &[u8] {
        &self.encoding
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        encoding::Rendered(&self.encoding).fmt(f)
    }
}

/// The context argument called `name`, if there is one and it is a `T`, or is encoded like one: a `&str` is a `String`,
/// too. In keys they are the same, and so they are here.
///
/// It is set with `f::with().context(name, value)`, and seen by `f` and all that `f` calls.
pub fn context<T: Clone + DeserializeOwned + 'static>(name: &str) -> Option<T> {
    // The type's own code clones and reads the value: it may call memento functions.
    let context = with(|caller| caller.context.clone())?;
    let ContextValue { value, encoding } = context.values.get(name)?;
    let here = value.as_ref().and_then(|value| value.downcast_ref::<T>().cloned());
    here.or_else(|| encoding::decode(encoding).ok())
}
