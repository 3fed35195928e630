//! Stores that keep what a transform makes of contents.

mod data;
mod metadata;
mod range;
mod user_metadata;

use std::sync::Arc;

use memento::storage::DataStore;
use memento::{Error, Name, Result};

use crate::transform::opener::open;
use crate::transform::sealer::seal;
use crate::transform::{Damage, Subject, Transform, damaged};

/// A store that keeps what a transform makes of contents: a [`DataStore`] or a
/// [`MetadataStore`](memento::storage::MetadataStore), as `S` is.
///
/// Whoever uses it sees contents as they were put, and their sizes. Names, keys, and what records are listed by, are
/// the store's. What is in the store and was not put through the transform is of the kind
/// [`Damaged`](memento::ErrorKind::Damaged), and so is what does not turn out to be what was put.
#[derive(Debug)]
pub struct Transformed<T, S: ?Sized> {
    transform: Arc<T>,
    store: Arc<S>,
}

impl<T: Transform, S: ?Sized> Transformed<T, S> {
    /// A store that keeps in `store` what `transform` makes of contents.
    pub fn new(transform: T, store: Arc<S>) -> Self {
        Self { transform: Arc::new(transform), store }
    }

    /// A tier of its store, which has what the transform made of contents, too.
    fn tier<U: ?Sized>(&self, store: Arc<U>) -> Transformed<T, U> {
        Transformed { transform: Arc::clone(&self.transform), store }
    }
}

impl<T: Transform, S: DataStore + ?Sized> Transformed<T, S> {
    fn seal(&self, name: &Name, content: &[u8]) -> Result<Vec<u8>> {
        seal(&*self.transform, &Subject::Object(name.clone()), content)
    }

    fn open(&self, name: &Name, sealed: &[u8]) -> Result<Vec<u8>> {
        let subject = Subject::Object(name.clone());
        open(&*self.transform, subject, sealed).map_err(|error| self.here(error))
    }

    /// Says in which store something is wrong.
    fn here(&self, error: Error) -> Error {
        error.with("store", self.store.location())
    }

    fn damaged(&self, name: &Name, damage: impl Into<Damage>) -> Error {
        self.here(damaged::<T>(&Subject::Object(name.clone()), damage.into()))
    }
}
