//! The bytes that are stored: what a release has written, all later ones read.

use std::sync::Arc;

use memento::storage::{DataStore, Entry, MemoryMetadataStore, MetadataStore};
use memento::{Digest, Key, Version};
use memento_storage_layers::Transformed;

use crate::{all, name, signing};

/// By format 1, under the name `test/golden` and the key `NEW`: `golden`, or what can be compressed.
const OBJECTS: [(&str, &str); 3] = [
    (
        "signing",
        "6d53494701 1caa93b28f745f45 06ee7bfec0c741f17e03373081c621099cac1380705415f6 26000080 \
         66ce024b8130051a364a181da91b44dcdbba81f268f81de15ed254dbc546a413 676f6c64656e",
    ),
    (
        "encryption",
        "6d454e4301 1caa93b28f745f45 ec7e55f4bd2f208d072d40be171b9ea31c03ee77efed224b 16000080 \
         791ff705a282 0ecf31c18dc45ba46c7d069fd2d79f8f",
    ),
    (
        "compression",
        "6d5a535401 1a000080 01 aa9bd5f0def5086f 28b52ffd206445000010787801003f012c \
         0500000000000000 6400000000000000 0100000000000000",
    ),
];

/// A signed record under the key that the digest of `golden` is.
const RECORD: &str = "6d53494701 1caa93b28f745f45 e6f60761355bd0cf165011a17e41798740ecc16ea1d59f7a 26000080 \
     e19ff3cd338a1bc42b874b3c5caf5f326afab02792df1cd9768970c8304ac5cb 676f6c64656e";

fn bytes(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

#[test]
fn objects_of_format_1_are_read() {
    for ((what, digits), (which, store, transformed)) in OBJECTS.into_iter().zip(all()) {
        assert_eq!(what, which);
        let content = if what == "compression" { vec![b'x'; 100] } else { b"golden".to_vec() };
        store.put(&name("golden"), &bytes(digits)).unwrap();
        assert_eq!(transformed.get(&name("golden")).unwrap().unwrap(), content, "{what}");
        let part = transformed.get_range(&name("golden"), 1..3).unwrap().unwrap();
        assert_eq!(part, content[1..3], "{what}");
        // What is put now is as long, and begins alike.
        transformed.put(&name("golden"), &content).unwrap();
        let now = store.get(&name("golden")).unwrap().unwrap();
        assert_eq!((now.len(), &now[..5]), (bytes(digits).len(), &bytes(digits)[..5]), "{what}");
    }
}

#[test]
fn records_of_format_1_are_read() {
    let store = Arc::new(MemoryMetadataStore::default());
    let entry = Entry {
        key: Key::from_bytes(*Digest::of(b"golden").as_bytes()),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: bytes(RECORD),
    };
    store.put(std::slice::from_ref(&entry)).unwrap();
    let signed = Transformed::new(signing(), store);
    assert_eq!(signed.get(&entry.key).unwrap().unwrap(), b"golden");
}
