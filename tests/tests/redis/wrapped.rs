//! What every store promises, behind layers, and below tiers.

use std::path::Path;

use memento::plugin::Stores;
use memento_storage_redis::{Options, RedisDataStore, RedisMetadataStore};
use memento_tests::redis::RedisServer;
use memento_tests::wrapped::Wrapped;
use memento_tests::wrapping;

/// Storages of their own on the server that the tests share.
const WRAPPED: Wrapped = Wrapped(stores);

/// All layers together.
mod all {
    memento_testkit::data_store_suite!(super::WRAPPED.data(super::wrapping::all));
}

mod all_of_records {
    memento_testkit::metadata_store_suite!(super::WRAPPED.metadata(super::wrapping::all));
}

#[test]
fn claims_behind_all_layers() {
    WRAPPED.check_claims(wrapping::all);
}

memento_tests::wrapped_suites!(WRAPPED);

fn stores(folder: &Path) -> Stores {
    let prefix = format!("wrapped:{}:", folder.display());
    let options: Options = super::on(RedisServer::shared()).key_prefix(prefix);
    Stores::new(RedisDataStore::new(&options), RedisMetadataStore::new(&options))
}
