//! What a data store gets for its four methods.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use parking_lot::Mutex;

use crate::storage::transfer::Spool;
use crate::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, Namespace, Prefix, PutOptions, Source,
    Staged, Target, UserMetadata, object_pages,
};
use crate::{ErrorKind, Name, Result};

/// The four methods, and no more.
#[derive(Debug, Default)]
struct Plain(MemoryDataStore);

impl DataStore for Plain {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.list(prefix, options)
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

#[test]
fn what_a_store_cannot_do_names_the_store_and_what_it_lacks() {
    let store = Plain::default();
    let content = PutOptions::default().metadata("colour", "red");
    for (error, capability) in [
        (store.put_if_absent(&name("a/b"), b"").unwrap_err(), "conditional"),
        (store.append(&name("a/b"), b"").unwrap_err(), "conditional"),
        (store.put_with(&name("a/b"), b"", &content).unwrap_err(), "metadata"),
        (store.url(&name("a/b")).unwrap_err(), "url"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(capability), "{error}");
        assert!(error.to_string().contains("data::Plain,"), "{error}");
    }
    assert_eq!(store.info().unwrap().objects, 0);
}

/// Its location goes into messages, unlike what it says to who debugs it.
#[test]
fn a_store_that_does_not_say_where_it_is_shows_nothing_that_it_has() {
    let location = Plain::default().location();
    assert!(format!("{:?}", Plain::default()).contains("MemoryDataStore"));
    assert!(location.ends_with("::Plain") && !location.contains("MemoryDataStore"), "{location}");
}

#[test]
fn transfers_tell_how_far_they_are() {
    let store = Plain::default();
    let content = vec![7; 100_000];
    let mut told = Vec::new();
    let mut tell = |current, total| told.push((current, total));
    let mut reader = &*content;
    let mut source = Source::new(&mut reader).total(100_000).progress(&mut tell);
    assert!(store.put_from(&name("a/b"), &mut source, &PutOptions::default()).unwrap());
    assert_eq!(told.last(), Some(&(100_000, Some(100_000))));
    assert!(told.is_sorted());

    told.clear();
    let mut tell = |current, total| told.push((current, total));
    let mut written = Vec::new();
    let mut target = Target::new(&mut written).progress(&mut tell);
    assert_eq!(store.get_to(&name("a/b"), &mut target).unwrap(), Some(100_000));
    assert_eq!(written, content);
    assert_eq!(told.last(), Some(&(100_000, Some(100_000))), "the store knows how much there is");
    let mut target = Target::new(&mut written);
    assert_eq!(store.get_to(&name("a/c"), &mut target).unwrap(), None);
}

#[test]
fn what_waits_for_its_name_is_not_there_before() {
    let store = Plain::default();
    for length in [0, 10, (4 << 20) + 1] {
        let mut spool = Box::new(Spool::new(&store));
        for part in vec![7; length].chunks(1 << 20) {
            spool.write_all(part).unwrap();
        }
        assert_eq!(store.get(&name("a/b")).unwrap(), None);
        assert!(spool.keep(&name("a/b"), &PutOptions::default()).unwrap());
        assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), vec![7; length]);
        store.remove(&name("a/b")).unwrap();
    }
}

/// Fails with an error of this kind.
struct Failing(io::ErrorKind);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::new(self.0, "cut off"))
    }
}

#[test]
fn a_reader_that_fails_keeps_nothing() {
    let store = Plain::default();
    let mut failing = Failing(io::ErrorKind::Other);
    let mut source = Source::new(&mut failing);
    let put = store.put_from(&name("a/b"), &mut source, &PutOptions::default());
    assert!(put.unwrap_err().to_string().contains("cut off"));
    assert!(source.has_failed());
    assert_eq!(store.get(&name("a/b")).unwrap(), None);
}

/// What was interrupted is read again, and to be at the end is no failure.
#[test]
fn a_source_has_failed_where_it_cannot_be_read() {
    let has_failed = |reader: &mut dyn Read| {
        let mut source = Source::new(reader);
        let _ = source.read(&mut [0]);
        source.has_failed()
    };
    assert!(has_failed(&mut Failing(io::ErrorKind::Other)));
    assert!(!has_failed(&mut Failing(io::ErrorKind::Interrupted)));
    assert!(!has_failed(&mut io::empty()));
}

/// Another writer is faster, each time but the last.
#[test]
fn append_rewrites_until_nobody_was_faster() {
    #[derive(Debug, Default)]
    struct Contended(MemoryDataStore, Mutex<u8>);

    impl DataStore for Contended {
        fn capabilities(&self) -> crate::storage::Capabilities {
            self.0.capabilities()
        }
        fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
            let found = self.0.get(name);
            let mut left = self.1.lock();
            if *left > 0 {
                *left -= 1;
                self.0.append(name, b"other ")?;
            }
            found
        }
        fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
            self.0.put(name, content)
        }
        fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
            self.0.put_with(name, content, options)
        }
        fn remove(&self, name: &Name) -> Result<bool> {
            self.0.remove(name)
        }
        fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
            self.0.list(prefix, options)
        }
    }

    let store = Contended(MemoryDataStore::default(), Mutex::new(3));
    store.append(&name("a/b"), b"mine").unwrap();
    assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"other other other mine");
}

#[test]
fn namespaces_with_many_objects_go_as_a_whole() {
    let store = Plain::default();
    let (one, other) = (Namespace::new("one").unwrap(), Namespace::new("other").unwrap());
    for index in 0..2500 {
        store.put(&one.name(&format!("{}/{index}", index % 7)).unwrap(), b"12").unwrap();
    }
    store.put(&other.name("a").unwrap(), b"").unwrap();
    let info = store.info().unwrap();
    assert_eq!((info.objects, info.bytes), (2501, 5000));
    assert!(store.remove_namespace(&one).unwrap());
    assert!(!store.remove_namespace(&one).unwrap());
    assert_eq!(store.list_namespaces().unwrap(), [other]);
}

/// Paths as an object store would have them, with what comes before and behind `/` among their characters.
#[test]
fn folders_are_listed_once_whatever_stands_beside_them() {
    let store = MemoryDataStore::default();
    let texts = ["a/b", "a/b/c", "a/b/d/e", "a/b-c", "a/b.c/d", "a/b0/c", "a/b0", "ab/c"];
    for text in texts {
        store.put(&name(text), text.as_bytes()).unwrap();
    }
    for limit in 1..10 {
        let mut found = BTreeMap::<String, u32>::new();
        let options = ListOptions::one_level().limit(limit);
        for page in object_pages(&store, &Prefix::new("a").unwrap(), options) {
            let page = page.unwrap();
            assert!(page.len() <= limit);
            let objects = page.objects.iter().map(|object| object.name.to_string());
            let folders = page.folders.iter().map(Prefix::start);
            objects.chain(folders).for_each(|text| *found.entry(text).or_default() += 1);
        }
        let expected = ["a/b", "a/b/", "a/b-c", "a/b.c/", "a/b0", "a/b0/"];
        let expected = expected.map(|text| (text.to_owned(), 1)).into_iter().collect();
        assert_eq!(found, expected, "in pages of {limit}");
    }
}

/// One writer puts numbers, each with itself as metadata.
#[test]
fn a_copy_is_of_one_put() {
    let store = MemoryDataStore::default();
    let [from, to] = ["notes/from", "notes/to"].map(|name| Name::new(name).unwrap());
    let put = |number: u32| {
        let metadata = UserMetadata::from([("number".to_owned(), number.to_string())]);
        let options = PutOptions { metadata, ..PutOptions::default() };
        store.put_with(&from, number.to_string().as_bytes(), &options).unwrap();
    };
    put(0);
    std::thread::scope(|scope| {
        scope.spawn(|| (1..20_000).for_each(put));
        for _ in 0..20_000 {
            assert!(store.copy(&from, &to).unwrap());
            let metadata = store.properties(&to).unwrap().unwrap().metadata;
            assert_eq!(metadata["number"].as_bytes(), store.get(&to).unwrap().unwrap());
        }
    });
}
