//! What every store promises, behind layers, and below tiers.

use std::path::Path;

use memento::plugin::Stores;
use memento_storage_object::{ObjectDataStore, ObjectMetadataStore};
use memento_tests::s3::{S3Server, options};
use memento_tests::wrapped::Wrapped;
use memento_tests::wrapping;

/// Buckets of their own on the server that the tests share.
const WRAPPED: Wrapped = Wrapped(stores);

#[test]
fn data_behind_all_layers_but_signing() {
    WRAPPED.check_data(wrapping::all_but_signing);
}

#[test]
fn records_behind_all_layers() {
    WRAPPED.check_metadata(wrapping::all);
}

memento_tests::wrapped_suites!(WRAPPED);

fn stores(folder: &Path) -> Stores {
    let name = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
    let options = options(S3Server::shared().port(), &name[..40]);
    Stores::new(ObjectDataStore::new(&options), ObjectMetadataStore::new(&options))
}
