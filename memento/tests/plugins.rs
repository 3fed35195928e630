//! What is chosen, of plugins that a program brings along.

use memento::configuration::Options;
use memento::plugin::{LayerPlugin, StoragePlugin, Stores, inventory};
use memento::storage::{MemoryDataStore, MemoryMetadataStore};
use memento::{Environment, Error, ErrorKind, LocalRunner, Storage, memento};

fn stores() -> Stores {
    Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default())
}

/// One that has schemes, and forgets to take the URL.
const FLAT: StoragePlugin = StoragePlugin {
    name: "flat",
    provided_by: "memento-storage-flat",
    schemes: &["flat", "flats"],
    is_default: false,
    memory_cache: 0,
    open: |_| Ok(stores()),
};

inventory::submit! { FLAT }

inventory::submit! {
    StoragePlugin {
        name: "round",
        schemes: &["round", "rounds"],
        open: |options| {
            options.take::<String>("url")?;
            Ok(stores())
        },
        ..FLAT
    }
}

#[memento]
fn double(n: u64) -> u64 {
    n * 2
}

inventory::submit! {
    StoragePlugin {
        name: "calling",
        schemes: &[],
        open: |_| {
            let elsewhere = Environment::new(Storage::memory(), LocalRunner::new());
            elsewhere.enter(|| assert_eq!(double(2), 4));
            Ok(stores())
        },
        ..FLAT
    }
}

inventory::submit! {
    LayerPlugin {
        name: "wrap",
        provided_by: "memento-storage-wrap",
        order: 1,
        wrap: |_, stores| Ok(stores),
    }
}

/// Opens what `options` describe, as the configuration does.
fn open(mut options: Options) -> Result<Stores, Error> {
    let stores = Stores::open(&mut options)?;
    options.finish()?;
    Ok(stores)
}

#[track_caller]
fn refused(options: Options, expected: &str) {
    let error = open(options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_url_that_the_plugin_does_not_take_is_not_taken() {
    open(Options::new().with("url", "round:///x")).unwrap();
    open(Options::new().with("type", "round").with("url", "round:///x")).unwrap();
    refused(
        Options::new().with("url", "flat:///x"),
        "cannot understand an option (option: url, set by: the program): its scheme chooses `flat` \
         (memento-storage-flat), which does not take it; a plugin that has schemes has to take \
         `url`",
    );
    refused(
        Options::new().with("type", "flat").with("url", "flat:///x"),
        "cannot understand an option (option: url, set by: the program): `type = \"flat\"` and \
         `url` contradict each other; leave out `type` or `url`",
    );
    refused(
        Options::new().with("url", "round:///x").with("tiers", vec!["flat"]),
        "cannot understand an option (option: tiers, set by: the program): `url` and `tiers` \
         contradict each other; leave out `url` or `tiers`",
    );
}

#[test]
fn a_scheme_in_the_place_of_a_type_is_told_from_a_name() {
    refused(
        Options::new().with("type", "rounds"),
        "cannot find the storage plugin (type: rounds, set by: the program): that is the scheme of \
         a URL; write `url = \"rounds://…\"`, without `type`",
    );
}

#[test]
fn a_plugin_may_call_memento_functions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    std::fs::write(&file, "storage = { type = 'calling' }\n").unwrap();
    Environment::load(&file).unwrap().enter(|| assert_eq!(double(1), 2));
}

#[test]
fn a_layer_is_around_a_whole_storage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    let open = |text: &str| {
        std::fs::write(&file, format!("[storage]\ntype = 'round'\n{text}\n")).unwrap();
        Environment::load(&file).and_then(|environment| environment.open_storage(""))
    };
    open("[storage.wrap]").unwrap();
    for part in ["data", "metadata"] {
        let error = open(&format!("[storage.{part}]\ntype = 'round'\nwrap = {{}}")).unwrap_err();
        let expected = format!(
            "cannot understand an option (option: storage.{part}.wrap, set by: {}:5): a layer is \
             around a whole storage, not around its `{part}` alone; write `[storage.wrap]`",
            file.display()
        );
        assert_eq!(error.to_string(), expected);
    }
}
