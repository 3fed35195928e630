mod contents;
mod data;
mod each;
mod forget;
mod streamed;

use super::{
    Capabilities, DataStore, Entry, Filter, MemoryDataStore, MemoryMetadataStore, MetadataStore,
    Name, NullStore, Page, StoreInfo, entry_pages,
};
use crate::{Key, Result, Version};

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; 32])
}

fn version(byte: u8) -> Version {
    Version::from_bytes([byte; 32])
}

fn entry(byte: u8, function: &str, failed: bool, record: &[u8]) -> Entry {
    let (function, record) = (function.to_owned(), record.to_vec());
    Entry { key: key(byte), function, version: version(0), failed, hidden: false, record }
}

fn of_function(function: &str) -> Filter {
    Filter { function: Some(function.to_owned()), ..Filter::default() }
}

fn failed(failed: bool) -> Filter {
    Filter { failed: Some(failed), ..Filter::default() }
}

/// Six entries, put in the order of their keys: those with odd keys are of `f`, those from 4 on failed.
fn filled() -> MemoryMetadataStore {
    let store = MemoryMetadataStore::default();
    for byte in 1..=6 {
        let function = if byte % 2 == 1 { "f" } else { "g" };
        store.put(&[entry(byte, function, byte >= 4, &[byte])]).unwrap();
    }
    store
}

/// The first bytes of the keys of a page.
fn keys(page: &Page) -> Vec<u8> {
    page.entries.iter().map(|entry| entry.key.as_bytes()[0]).collect()
}

/// The first bytes of the keys of all that `filter` admits.
fn listed(store: &impl MetadataStore, filter: &Filter) -> Vec<u8> {
    let page = store.list(filter, None, usize::MAX).unwrap();
    assert_eq!(page.next, None);
    keys(&page)
}

#[test]
fn records_are_kept_until_they_are_removed() {
    let store = MemoryMetadataStore::default();
    assert_eq!(store.get(&key(1)).unwrap(), None);
    store.put(&[entry(1, "f", false, b"one"), entry(2, "f", false, b"")]).unwrap();
    store.put(&[]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), b"one");
    assert_eq!(store.get(&key(2)).unwrap().unwrap(), b"");
    assert!(store.remove(&key(1)).unwrap());
    assert!(!store.remove(&key(1)).unwrap());
    assert_eq!(store.get(&key(1)).unwrap(), None);
    assert_eq!(listed(&store, &Filter::default()), [2]);
}

#[test]
fn many_records_are_got_in_the_order_asked_for() {
    let store = filled();
    assert_eq!(store.get_many(&[]).unwrap(), Vec::<Option<Vec<u8>>>::new());
    let found = store.get_many(&[key(3), key(9), key(1), key(3)]).unwrap();
    assert_eq!(found, [Some(vec![3]), None, Some(vec![1]), Some(vec![3])]);
}

#[test]
fn a_record_takes_the_place_of_the_one_of_its_key() {
    let store = filled();
    store.put(&[entry(1, "g", true, b"new")]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), b"new");
    // It is the newest now, and what it was is forgotten.
    assert_eq!(listed(&store, &Filter::default()), [1, 6, 5, 4, 3, 2]);
    assert_eq!(listed(&store, &of_function("f")), [5, 3]);
    assert_eq!(listed(&store, &of_function("g")), [1, 6, 4, 2]);
}

#[test]
fn of_two_records_put_together_the_last_stays() {
    let store = MemoryMetadataStore::default();
    store.put(&[entry(1, "f", false, b"old"), entry(1, "f", false, b"new")]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), b"new");
    assert_eq!(listed(&store, &Filter::default()), [1]);
}

#[test]
fn a_list_holds_what_the_filter_admits_the_newest_first() {
    let store = filled();
    assert_eq!(listed(&store, &Filter::default()), [6, 5, 4, 3, 2, 1]);
    assert_eq!(listed(&store, &of_function("f")), [5, 3, 1]);
    assert_eq!(listed(&store, &of_function("F")), [0; 0]);
    assert_eq!(listed(&store, &of_function("")), [0; 0]);
    assert_eq!(listed(&store, &failed(true)), [6, 5, 4]);
    assert_eq!(listed(&store, &failed(false)), [3, 2, 1]);
    let both = Filter { failed: Some(true), ..of_function("f") };
    assert_eq!(listed(&store, &both), [5]);
}

#[test]
fn a_list_comes_in_pages() {
    let store = filled();
    for limit in 1..=7 {
        for (filter, expected) in [
            (Filter::default(), &[6, 5, 4, 3, 2, 1][..]),
            (of_function("f"), &[5, 3, 1]),
            (failed(false), &[3, 2, 1]),
            (of_function("h"), &[]),
        ] {
            let pages: Vec<_> = entry_pages(&store, &filter, limit).map(Result::unwrap).collect();
            let (last, others) = pages.split_last().unwrap();
            assert!(last.next.is_none() && last.entries.len() <= limit);
            for page in others {
                assert_eq!(page.entries.len(), limit, "only the last page may be short");
            }
            assert_eq!(pages.iter().flat_map(keys).collect::<Vec<_>>(), expected, "of {limit}");
        }
    }
}

#[test]
fn pages_go_on_while_the_store_changes() {
    let store = filled();
    let first = store.list(&Filter::default(), None, 2).unwrap();
    assert_eq!(keys(&first), [6, 5]);
    store.put(&[entry(7, "f", false, b"")]).unwrap();
    store.remove(&key(4)).unwrap();
    let second = store.list(&Filter::default(), first.next, 2).unwrap();
    assert_eq!(keys(&second), [3, 2]);
}

#[test]
fn a_page_has_one_entry_at_least_where_there_is_one() {
    let page = filled().list(&Filter::default(), None, 0).unwrap();
    assert!(keys(&page) == [6] && page.next.is_some());
    let page = MemoryMetadataStore::default().list(&Filter::default(), None, 0).unwrap();
    assert_eq!(page, Page::default());
}

#[test]
fn all_that_a_filter_admits_is_removed() {
    for (filter, removed, left) in [
        (Filter::default(), 6, &[][..]),
        (of_function("f"), 3, &[6, 4, 2]),
        (failed(true), 3, &[3, 2, 1]),
        (Filter { failed: Some(false), ..of_function("g") }, 1, &[6, 5, 4, 3, 1]),
        (of_function("h"), 0, &[6, 5, 4, 3, 2, 1]),
    ] {
        let store = filled();
        assert_eq!(store.remove_all(&filter).unwrap(), removed);
        assert_eq!(listed(&store, &Filter::default()), left);
        for byte in 1..=6 {
            assert_eq!(store.get(&key(byte)).unwrap().is_some(), left.contains(&byte));
        }
        assert_eq!(store.remove_all(&filter).unwrap(), 0);
    }
}

#[test]
fn a_record_set_aside_is_gone_and_can_be_put_again() {
    let store = filled();
    let damaged = store.get(&key(3)).unwrap().unwrap();
    store.set_aside(&key(3), &damaged).unwrap();
    assert_eq!(store.get(&key(3)).unwrap(), None);
    assert_eq!(listed(&store, &of_function("f")), [5, 1]);
    store.set_aside(&key(3), &damaged).unwrap();
    store.put(&[entry(3, "f", false, b"new")]).unwrap();
    store.set_aside(&key(3), &damaged).unwrap();
    assert_eq!(store.get(&key(3)).unwrap().unwrap(), b"new");
}

/// A store like [`filled()`] in which the entries with these keys are hidden.
fn with_hidden(hidden: &[u8]) -> MemoryMetadataStore {
    let store = filled();
    let page = store.list(&Filter::default(), None, usize::MAX).unwrap();
    for entry in page.entries.into_iter().rev() {
        let hidden = hidden.contains(&entry.key.as_bytes()[0]);
        store.put(&[Entry { hidden, ..entry }]).unwrap();
    }
    store
}

#[test]
fn what_is_hidden_is_found_by_its_key_only() {
    let store = with_hidden(&[1, 4, 5]);
    for byte in 1..=6 {
        assert_eq!(store.get(&key(byte)).unwrap().unwrap(), [byte]);
    }
    assert!(store.get_many(&[1, 4, 5].map(key)).unwrap().iter().all(Option::is_some));
    assert_eq!(listed(&store, &Filter::default()), [6, 3, 2]);
    assert_eq!(listed(&store, &of_function("f")), [3]);
    assert_eq!(listed(&store, &failed(true)), [6]);
    let page = store.list(&Filter::default(), None, 2).unwrap();
    assert_eq!(keys(&page), [6, 3]);
    let page = store.list(&Filter::default(), page.next, 2).unwrap();
    assert_eq!((keys(&page), page.next), (vec![2], None), "it takes no place on a page");
    let page = with_hidden(&[1]).list(&Filter::default(), None, 5).unwrap();
    assert_eq!((keys(&page), page.next), (vec![6, 5, 4, 3, 2], None), "nor a page");
    // It comes out again when it is put as what is not hidden.
    store.put(&[entry(4, "g", true, &[4])]).unwrap();
    assert_eq!(listed(&store, &Filter::default()), [4, 6, 3, 2]);
}

#[test]
fn what_is_hidden_is_removed_and_not_counted() {
    let store = with_hidden(&[1, 4, 5]);
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 1);
    for byte in [1, 3, 5] {
        assert_eq!(store.get(&key(byte)).unwrap(), None);
    }
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 0);
    assert!(store.remove(&key(4)).unwrap());
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 2);
}

#[test]
fn the_versions_of_a_function_come_the_newest_first() {
    let store = MemoryMetadataStore::default();
    let put = |byte: u8, function: &str, of: u8| {
        store.put(&[Entry { version: version(of), ..entry(byte, function, false, &[]) }]).unwrap();
    };
    let versions = |function: &str, limit| {
        let found = store.versions(function, limit).unwrap();
        found.iter().map(|version| version.as_bytes()[0]).collect::<Vec<_>>()
    };
    assert_eq!(versions("f", 10), [0; 0]);
    put(1, "f", 3);
    put(2, "f", 1);
    put(3, "g", 7);
    put(4, "f", 2);
    assert_eq!(versions("f", 10), [2, 1, 3]);
    assert_eq!(versions("g", 10), [7]);
    for unknown in ["", "F", "ff", "h"] {
        assert_eq!(versions(unknown, 10), [0; 0]);
    }
    for (limit, expected) in [(0, &[][..]), (1, &[2]), (2, &[2, 1]), (3, &[2, 1, 3])] {
        assert_eq!(versions("f", limit), expected);
    }
    assert_eq!(versions("f", usize::MAX), [2, 1, 3]);
    // One that was there does not come again.
    put(1, "f", 3);
    put(5, "f", 3);
    put(6, "g", 2);
    assert_eq!(versions("f", 10), [2, 1, 3]);
    assert_eq!(versions("g", 10), [2, 7]);
}

#[test]
fn versions_put_together_stand_in_their_order() {
    let store = MemoryMetadataStore::default();
    let of = |byte, of| Entry { version: version(of), ..entry(byte, "f", false, &[]) };
    store.put(&[of(1, 5), of(2, 4), of(3, 5), of(1, 6)]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [6, 4, 5].map(version));
}

#[test]
fn versions_stay_known_when_their_records_go() {
    let store = MemoryMetadataStore::default();
    for byte in 1..=3 {
        let of = Entry { version: version(byte), ..entry(byte, "f", false, &[]) };
        store.put(&[of]).unwrap();
    }
    store.remove(&key(1)).unwrap();
    store.set_aside(&key(2), &[]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [3, 2, 1].map(version));
    store.remove_all(&of_function("f")).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [3, 2, 1].map(version));
    store.put(&[Entry { version: version(2), ..entry(2, "f", false, &[]) }]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [3, 2, 1].map(version));
}

#[test]
fn stores_in_memory_can_be_written_to() {
    assert!(MemoryDataStore::default().capabilities().writable);
    let of_records = Capabilities::default().conditional();
    assert_eq!(MemoryMetadataStore::default().capabilities(), of_records);
    assert!(!Capabilities::read_only().writable);
}

#[test]
fn the_null_store_accepts_everything_and_keeps_nothing() {
    let data: &dyn DataStore = &NullStore;
    let name = Name::new("a/b").unwrap();
    data.put(&name, b"one").unwrap();
    assert!(data.put_if_absent(&name, b"one").unwrap());
    data.append(&name, b"one").unwrap();
    assert_eq!(data.get(&name).unwrap(), None);
    assert!(!data.remove(&name).unwrap());
    data.set_aside(&name).unwrap();
    assert_eq!(data.info().unwrap(), StoreInfo::default());
    assert_eq!(data.list_namespaces().unwrap(), []);

    let metadata: &dyn MetadataStore = &NullStore;
    metadata.put(&[entry(1, "f", false, b"one")]).unwrap();
    assert_eq!(metadata.get(&key(1)).unwrap(), None);
    assert_eq!(metadata.get_many(&[key(1), key(2)]).unwrap(), [None, None]);
    assert!(!metadata.remove(&key(1)).unwrap());
    assert_eq!(metadata.remove_all(&Filter::default()).unwrap(), 0);
    assert_eq!(metadata.list(&Filter::default(), None, 10).unwrap(), Page::default());
    assert_eq!(metadata.versions("f", 10).unwrap(), []);
    metadata.set_aside(&key(1), b"one").unwrap();
}
