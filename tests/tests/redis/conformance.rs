//! What every store promises.

use std::path::Path;
use std::sync::Arc;

use memento_storage_redis::{Options, RedisDataStore, RedisMetadataStore};
use memento_testkit::data_store::DataStoreSuite;
use memento_testkit::metadata_store::MetadataStoreSuite;
use memento_tests::redis::RedisServer;

mod data {
    memento_testkit::data_store_suite!(super::data(|options| options));
}

mod metadata {
    memento_testkit::metadata_store_suite!(super::metadata(|options| options));
}

/// What expires is in one more index.
mod data_that_expires {
    use std::time::Duration;
    memento_testkit::data_store_suite!(super::data(|o| o.ttl(Duration::from_hours(1))));
}

mod metadata_that_expires {
    use std::time::Duration;
    memento_testkit::metadata_store_suite!(super::metadata(|o| o.ttl(Duration::from_hours(1))));
}

/// A storage of its own on the server that the tests share.
fn of(folder: &Path) -> Options {
    super::on(RedisServer::shared()).key_prefix(format!("{}:", folder.display()))
}

fn data(set: fn(Options) -> Options) -> DataStoreSuite {
    DataStoreSuite::new(move |folder| Arc::new(RedisDataStore::new(&set(of(folder)))))
        .shared()
        .read_only(move |folder| Arc::new(RedisDataStore::new(&set(of(folder)).readonly())))
}

fn metadata(set: fn(Options) -> Options) -> MetadataStoreSuite {
    MetadataStoreSuite::new(move |folder| Arc::new(RedisMetadataStore::new(&set(of(folder)))))
        .shared()
}
