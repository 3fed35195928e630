//! What every store promises, behind layers, and below tiers.

use std::path::Path;

use memento::plugin::Stores;
use memento_storage_redis::{Options, RedisDataStore, RedisMetadataStore};
use memento_testkit::data_store::{self, DataStoreSuite};
use memento_testkit::metadata_store::{self, MetadataStoreSuite};
use memento_testkit::suite::Property;
use memento_tests::redis::RedisServer;
use memento_tests::wrapping::{self, Wrap};

/// Those that put, ask for or list a thousand things, or have many rounds: they hold behind layers around stores that
/// answer at once.
const LONG: &[&str] = &[
    "objects_of_many_writers_are_all_there",
    "of_many_writers_one_is_first",
    "what_many_append_is_all_there",
    "each_of_a_batch_has_its_own_result",
    "pages_hold_each_object_once",
    "pages_go_on_while_objects_come_and_go",
    "a_namespace_goes_with_its_objects_alone",
    "a_reader_sees_what_one_writer_wrote",
    "many_come_in_the_order_asked_for",
    "streamed_records_come_in_the_order_asked_for",
    "levels_are_looked_up_until_none_is_asked_for",
    "what_came_since_is_not_replaced",
    "entries_of_many_writers_are_all_there",
    "pages_hold_each_entry_once",
    "pages_go_on_while_entries_come_and_go",
    "what_nobody_else_has_is_claimed",
];

/// Checks all others, one after the other.
fn check<S>(properties: &[Property<S>], suite: &S) {
    for (name, property) in properties.iter().filter(|(name, _)| !LONG.contains(name)) {
        println!("{name}");
        property(suite);
    }
}

fn check_data(wrap: Wrap) {
    check(data_store::KEEPING, &data(wrap));
}

fn check_metadata(wrap: Wrap) {
    check(metadata_store::KEEPING, &metadata(wrap));
    check(metadata_store::CLAIMING, &metadata(wrap));
}
/// All layers together.
mod all {
    memento_testkit::data_store_suite!(super::data(super::wrapping::all));
}

mod all_of_records {
    memento_testkit::metadata_store_suite!(super::metadata(super::wrapping::all));
}

#[test]
fn claims_behind_all_layers() {
    check(metadata_store::CLAIMING, &metadata(wrapping::all));
}

#[test]
fn data_that_are_signed() {
    check_data(wrapping::signed);
}

#[test]
fn records_that_are_signed() {
    check_metadata(wrapping::signed);
}

#[test]
fn data_that_are_encrypted() {
    check_data(wrapping::encrypted);
}

#[test]
fn records_that_are_encrypted() {
    check_metadata(wrapping::encrypted);
}

#[test]
fn data_that_are_compressed() {
    check_data(wrapping::compressed);
}

#[test]
fn data_below_files() {
    check_data(wrapping::below_files);
}

#[test]
fn records_below_files() {
    check_metadata(wrapping::below_files);
}

#[test]
fn data_behind_files() {
    check_data(wrapping::behind_files);
}

#[test]
fn records_behind_files() {
    check_metadata(wrapping::behind_files);
}

#[test]
fn data_below_memory() {
    check_data(wrapping::below_memory);
}

/// With nothing around them.
#[test]
fn claims_of_processes() {
    check(metadata_store::CLAIMING, &metadata(|stores, _| stores));
}

#[test]
fn claims_below_memory() {
    check(metadata_store::CLAIMING, &metadata(wrapping::below_memory));
}

/// A storage of its own on the server that the tests share.
fn stores(folder: &Path) -> Stores {
    let prefix = format!("wrapped:{}:", folder.display());
    let options: Options = super::on(RedisServer::shared()).key_prefix(prefix);
    Stores::new(RedisDataStore::new(&options), RedisMetadataStore::new(&options))
}

fn data(wrap: Wrap) -> DataStoreSuite {
    DataStoreSuite::new(move |folder| wrap(stores(folder), folder).data)
        .shared()
        .read_only(move |folder| wrapping::read_only(wrap(stores(folder), folder), folder).data)
}

fn metadata(wrap: Wrap) -> MetadataStoreSuite {
    MetadataStoreSuite::new(move |folder| wrap(stores(folder), folder).metadata)
        .shared()
        .read_only(move |folder| wrapping::read_only(wrap(stores(folder), folder), folder).metadata)
}
