//! What every store promises.

use std::path::Path;
use std::sync::Arc;

use memento_storage_object::{ObjectDataStore, ObjectMetadataStore, Options};
use memento_testkit::data_store::DataStoreSuite;
use memento_testkit::metadata_store::MetadataStoreSuite;
use memento_tests::s3::{S3Server, options};

mod data {
    memento_testkit::data_store_suite!(super::data(super::bucket));
}

mod metadata {
    memento_testkit::metadata_store_suite!(super::metadata(super::bucket));
}

/// Below a prefix, on a service that knows no conditions.
mod data_without_conditions {
    memento_testkit::data_store_suite!(super::data(super::unconditional));
}

mod metadata_without_conditions {
    memento_testkit::metadata_store_suite!(super::metadata(super::unconditional));
}

mod data_in_a_folder {
    memento_testkit::data_store_suite!(super::data(super::folder));
}

mod metadata_in_a_folder {
    memento_testkit::metadata_store_suite!(super::metadata(super::folder));
}

/// A bucket of its own on the server that the tests share.
fn bucket(folder: &Path) -> Options {
    let name = blake3::hash(folder.as_os_str().as_encoded_bytes()).to_hex();
    options(S3Server::shared().port(), &name[..40])
}

fn unconditional(folder: &Path) -> Options {
    bucket(folder).unconditional()
}

fn folder(folder: &Path) -> Options {
    Options::new(&format!("file://{}", folder.display())).unwrap()
}

fn data(of: fn(&Path) -> Options) -> DataStoreSuite {
    DataStoreSuite::new(move |folder| Arc::new(ObjectDataStore::new(&of(folder))))
        .shared()
        .read_only(move |folder| Arc::new(ObjectDataStore::new(&of(folder).readonly())))
}

fn metadata(of: fn(&Path) -> Options) -> MetadataStoreSuite {
    MetadataStoreSuite::new(move |folder| Arc::new(ObjectMetadataStore::new(&of(folder)))).shared()
}
