//! Tiers as programs see them that look after storages.

use std::sync::{Arc, Mutex};

use memento::plugin::Stores;
use memento::storage::{
    DataStore, Entry, Filter, ListOptions, MemoryDataStore, MetadataStore, Namespace, Page, Prefix,
    PutOptions, Snapshot, Source, entry_pages,
};
use memento::{Digest, ErrorKind, Key, Name, Result, Version};
use memento_storage_tiers::{Tier, Tiers, Writes};

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

#[test]
fn where_no_tier_is_written_nothing_is_changed() {
    let (near, far) = (Store::default(), Store::default());
    let (of_near, of_far) = (near.stores().data, far.stores().data);
    let (name, other) = (Name::new("reports/x").unwrap(), Name::new("reports/y").unwrap());
    let result = Name::of_result(&Digest::of(b"result"));
    of_far.put(&name, b"kept").unwrap();
    of_near.put(&result, b"result").unwrap();
    let never = |store| tier(store).writes(Writes::Never);
    let data = Tiers::new([never(&near), never(&far)]).into_stores().data;
    assert!(!data.capabilities().writable);

    let (puts, namespace) = ((near.puts(), far.puts()), Namespace::new("reports").unwrap());
    let snapshot = Snapshot::new("a").unwrap();
    let from = |name, options| data.put_from(name, &mut Source::new(&mut &b"new"[..]), options);
    let refused = [
        data.put(&name, b"new"),
        data.put(&result, b"result"),
        data.put_with(&name, b"new", &PutOptions::default()).map(drop),
        data.put_if_absent(&other, b"new").map(drop),
        data.put_many(&[(name.clone(), b"new")]).pop().unwrap(),
        data.append(&name, b"new"),
        data.copy(&name, &other).map(drop),
        data.copy(&result, &other).map(drop),
        from(&name, &PutOptions::default()).map(drop),
        from(&result, &PutOptions::default()).map(drop),
        data.remove(&name).map(drop),
        data.remove(&result).map(drop),
        data.remove_many(std::slice::from_ref(&name)).pop().unwrap().map(drop),
        data.snapshot(&name).map(drop),
        data.snapshot(&result).map(drop),
        data.remove_snapshot(&name, &snapshot).map(drop),
        data.create_namespace(&namespace).map(drop),
        data.remove_namespace(&namespace).map(drop),
        data.set_aside(&name),
    ];
    for (n, refused) in refused.into_iter().enumerate() {
        assert_eq!(refused.map_err(|error| error.kind()), Err(ErrorKind::ReadOnly), "{n}");
    }
    assert_eq!((near.puts(), far.puts()), puts);
    let all = |store: &dyn DataStore| {
        store.list(&Prefix::root(), &ListOptions::default()).unwrap().objects.len()
    };
    assert_eq!((all(&*of_near), all(&*of_far)), (1, 1));
    assert_eq!(data.get(&name).unwrap().as_deref(), Some(&b"kept"[..]));
    assert_eq!(data.get(&result).unwrap().as_deref(), Some(&b"result"[..]));
    assert!(data.has_namespace(&namespace).unwrap());
    assert_eq!(data.list_namespaces().unwrap(), [namespace]);
}

#[test]
fn a_tier_that_lists_more_than_it_is_asked_for_hides_nothing() {
    let (near, far) = (Store::default(), Store::default());
    assert_eq!(runs(&of(near.stores())), 10);
    assert_eq!(runs(&crate::tiers([tier(&near).writes(Writes::Never), tier(&far)])), 0);
    let metadata = Tiers::new([tier(&near), tier(&far)]).into_stores().metadata;
    near.set_surplus(3);
    let all = Filter::default();
    let lengths = entry_pages(&*metadata, &all, 2).map(|page| page.unwrap().entries.len());
    assert_eq!(lengths.sum::<usize>(), 10);
}

/// A store of records with none, which notes what it is asked.
#[derive(Debug, Default)]
struct Asked(Mutex<Vec<&'static str>>);

impl Asked {
    fn note(&self, method: &'static str) {
        self.0.lock().unwrap().push(method);
    }
}

impl MetadataStore for Asked {
    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
        self.note("get");
        Ok(None)
    }
    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        self.note("get_each");
        Ok(keys.iter().map(|_| Ok(None)).collect())
    }
    fn stream(&self, _: &[Key], _: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        self.note("stream");
        Ok(())
    }
    fn get_levels(
        &self,
        _: Vec<Key>,
        _: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        self.note("get_levels");
        Ok(())
    }
    fn put(&self, _: &[Entry]) -> Result<()> {
        Ok(())
    }
    fn remove(&self, _: &Key) -> Result<bool> {
        Ok(false)
    }
    fn remove_all(&self, _: &Filter) -> Result<u64> {
        Ok(0)
    }
    fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
        Ok(Page::default())
    }
    fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
        Ok(Vec::new())
    }
}

#[test]
fn what_reads_many_records_of_one_that_is_never_written_is_asked_of_it() {
    let asked = Arc::new(Asked::default());
    let far = Stores { data: Arc::<MemoryDataStore>::default(), metadata: Arc::clone(&asked) as _ };
    let far = Tier::new("far", far).writes(Writes::Never);
    let stores = Tiers::new([tier(&Store::default()), far]).into_stores();
    let shown = &stores.metadata.tiers()[1].1;
    let keys = [Key::from_bytes([1; 32]), Key::from_bytes([2; 32])];
    shown.get_each(&keys).unwrap();
    shown.stream(&keys, &mut |_| {}).unwrap();
    shown.get_levels(keys.to_vec(), &mut |_| vec![]).unwrap();
    assert_eq!(*asked.0.lock().unwrap(), ["get_each", "stream", "get_levels"]);
}
