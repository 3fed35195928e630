//! Tiers as programs see them that look after storages.

use memento::{DataStore, Digest, ErrorKind, Filter, ListOptions, MetadataStore, Name, Prefix};
use memento_storage_tiers::{Tiers, Writes};

use crate::store::Store;
use crate::{of, runs, tier};

#[test]
fn one_that_is_never_written_is_shown_as_it_is_and_refuses_to_be_changed() {
    let (near, far) = (Store::default(), Store::default());
    assert_eq!(runs(&of(far.stores())), 10);
    let stores = Tiers::new([tier(&near), tier(&far).writes(Writes::Never)]).into_stores();
    let (data, metadata) = (stores.data.tiers(), stores.metadata.tiers());
    assert!(data[0].1.capabilities().writable && metadata[0].1.capabilities().writable);
    let (data, metadata): (&dyn DataStore, &dyn MetadataStore) = (&*data[1].1, &*metadata[1].1);
    assert!(!data.capabilities().writable && !metadata.capabilities().writable);

    let (name, key) = (Name::new("a/b").unwrap(), memento::Key::from_bytes([1; 32]));
    let refused = [
        data.put(&name, b"").unwrap_err(),
        data.remove(&name).unwrap_err(),
        data.append(&name, b"").unwrap_err(),
        data.snapshot(&name).map(drop).and_then(|()| data.put_if_absent(&name, b"")).unwrap_err(),
        metadata.put(&[]).unwrap_err(),
        metadata.remove(&key).unwrap_err(),
        metadata.remove_all(&Filter::default()).unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
    }
    let alone = far.stores();
    assert_eq!(data.info().unwrap(), alone.data.info().unwrap());
    let all = ListOptions::default();
    let listed = data.list(&Prefix::root(), &all).unwrap();
    assert!(listed.len() >= 5, "{listed:?}");
    for object in listed.objects {
        let content = data.get(&object.name).unwrap().unwrap();
        assert_eq!(object.name.result_digest(), Some(Digest::of(&content)));
    }
    let mementos = |store: &dyn MetadataStore| store.list(&Filter::default(), None, 100).unwrap();
    assert_eq!(mementos(metadata), mementos(&*alone.metadata));
    assert_eq!(mementos(metadata).entries.len(), 10);
}
