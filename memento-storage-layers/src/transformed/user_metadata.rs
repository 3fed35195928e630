//! What users say about objects, in one piece of text.

use std::fmt::Write;

use memento::storage::{DataStore, UserMetadata};
use memento::{Name, Result};

use super::Transformed;
use crate::transform::opener::open;
use crate::transform::sealer::seal;
use crate::transform::{Damage, Subject, Transform, damaged};

/// The name of the only value that the store sees.
const SEALED: &str = "sealed";

impl<T: Transform, S: DataStore + ?Sized> Transformed<T, S> {
    /// What the store keeps of user metadata.
    pub(super) fn seal_metadata(
        &self,
        name: &Name,
        metadata: &UserMetadata,
    ) -> Result<UserMetadata> {
        if !T::IS_BOUND || metadata.is_empty() {
            return Ok(metadata.clone());
        }
        let encoded = postcard::to_stdvec(metadata).expect("texts can be encoded");
        let sealed = seal(&*self.transform, &Subject::UserMetadata(name.clone()), &encoded)?;
        Ok(UserMetadata::from([(SEALED.to_owned(), to_text(&sealed))]))
    }

    /// User metadata as it was put.
    pub(super) fn open_metadata(&self, name: &Name, kept: UserMetadata) -> Result<UserMetadata> {
        if !T::IS_BOUND || kept.is_empty() {
            return Ok(kept);
        }
        let subject = Subject::UserMetadata(name.clone());
        let damaged = |damage: Damage| self.here(damaged::<T>(&subject, damage));
        let sealed = kept.get(SEALED).filter(|_| kept.len() == 1).and_then(|text| to_bytes(text));
        let sealed = sealed.ok_or_else(|| damaged(format!("it is not {}", T::VERBS.0).into()))?;
        let encoded =
            open(&*self.transform, subject.clone(), &sealed).map_err(|error| self.here(error))?;
        postcard::from_bytes(&encoded).map_err(|error| damaged(error.into()))
    }
}

fn to_text(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes everything");
        text
    })
}

fn to_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}
