//! The store keeps what data stores promise.

use std::sync::Arc;

use memento::DataStore;
use memento_storage_onefile::OneFileStore;

memento_testkit::data_store_suite!(
    DataStoreSuite::new(|folder| crate::open(&folder.join("results.sqlite"))).shared()
);

fn open(path: &std::path::Path) -> Arc<dyn DataStore> {
    Arc::new(OneFileStore::open(path).expect("a store"))
}

/// What a person would do: choose it in a configuration.
#[test]
fn the_plugin_is_chosen_by_its_name() {
    let plugin = memento::plugin::inventory::iter::<memento::plugin::StoragePlugin>
        .into_iter()
        .find(|plugin| plugin.name == "onefile");
    assert_eq!(plugin.map(|plugin| plugin.provided_by), Some("memento-storage-onefile"));
}
