//! Results with parts that live in the data store by themselves: partitions, files, copies under names.

mod blobs;
mod damage;
mod names;
mod partitions;
mod processes;
mod storages;

use std::path::PathBuf;

use memento::{Digest, Name};
use memento_tests::folder::Folder;
use memento_tests::parts::RUNS;

/// What `call` returns, and how many functions ran for it.
fn run<T>(call: impl FnOnce() -> T) -> (T, u64) {
    RUNS.take();
    (call(), RUNS.take())
}

/// The file of a content.
fn file(folder: &Folder, digest: &Digest) -> PathBuf {
    folder.path().join("data").join(Name::of_result(digest).as_str())
}
