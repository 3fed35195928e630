//! What the mementos of a function need: those of what it called.

use std::collections::{BTreeSet, HashSet};
use std::io::{self, Read};

use memento::storage::{Filter, MetadataStore, entry_pages};
use memento::{Error, ErrorKind, Key, Result};

use crate::mementos::{self, TOGETHER};

/// The keys of all mementos of `functions` and of what they were computed from, which stand before them.
pub(super) fn keys(metadata: &dyn MetadataStore, functions: &[String]) -> Result<Vec<Key>> {
    let (mut keys, mut seen) = (Vec::new(), HashSet::new());
    let mut next = Vec::new();
    for function in functions {
        let filter = Filter { function: Some(function.clone()), ..Filter::default() };
        let found = mementos::keys(metadata, &filter)?;
        if found.is_empty() {
            return Err(Error::new(ErrorKind::Storage, "export the mementos of a function")
                .with("function", function)
                .with("store", metadata.location())
                .because("there are none")
                .help(available(metadata)?));
        }
        next.extend(found.into_iter().rev());
    }
    while !next.is_empty() {
        next.retain(|key| seen.insert(*key));
        keys.extend(&next);
        let mut callees = Vec::new();
        for keys in next.chunks(TOGETHER) {
            for entry in mementos::read(metadata, keys)?.into_iter().flatten() {
                callees.extend(entry.earlier()?);
                let memento = entry.memento()?;
                callees.extend(
                    memento
                        .iter()
                        .flat_map(|memento| memento.provenance.callees().map(memento::Callee::key)),
                );
            }
        }
        next = callees;
    }
    keys.reverse();
    Ok(keys)
}

/// How many functions are named where another one is not there.
const NAMED: usize = 20;

/// Of which functions there are mementos, for whoever asks for another one.
fn available(metadata: &dyn MetadataStore) -> Result<String> {
    let mut functions = BTreeSet::new();
    for page in entry_pages(metadata, &Filter::default(), TOGETHER) {
        functions.extend(page?.entries.into_iter().map(|entry| entry.function));
        if functions.len() > NAMED {
            break;
        }
    }
    let others = if functions.len() > NAMED { ", and others" } else { "" };
    let named: Vec<String> = functions.into_iter().take(NAMED).collect();
    Ok(match &*named {
        [] => "there are no mementos of any function".to_owned(),
        _ => format!("there are those of {}{others}", named.join(", ")),
    })
}

/// A reader whose bytes are seen by somebody else, too.
pub(super) struct Seen<'s, R> {
    pub(super) reader: R,
    pub(super) see: &'s mut dyn FnMut(&[u8]),
}

impl<R: Read> Read for Seen<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        (self.see)(&buffer[..length]);
        Ok(length)
    }
}
