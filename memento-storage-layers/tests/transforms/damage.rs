//! Contents that are not what was put.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memento::storage::{DataStore, MemoryDataStore, Namespace, PutOptions, Target};
use memento::{Digest, ErrorKind, Name, Result};
use memento_storage_layers::{Guarded, Operation, Policy, Transform, Transformed};

use crate::{CHUNK, START, all, compression, encryption, name, over, random, signing, text};

/// Whether what is read is what was put, or an error: nothing else is ever handed out.
#[track_caller]
fn never_wrong(store: &dyn DataStore, name: &Name, content: &[u8], what: &str) {
    let is_answer = |kind| matches!(kind, ErrorKind::Damaged | ErrorKind::NewerFormat);
    let check = |found: Result<Option<Vec<u8>>>, expected: &[u8]| match found {
        Ok(found) => assert_eq!(found.as_deref(), Some(expected), "{what}"),
        Err(error) => assert!(is_answer(error.kind()), "{what}: {error}"),
    };
    check(store.get(name), content);
    check(store.get_many(std::slice::from_ref(name)).pop().unwrap(), content);
    for range in [0..1, 0..content.len(), content.len() / 2..content.len() + 10] {
        let expected = &content[range.start.min(content.len())..range.end.min(content.len())];
        check(store.get_range(name, range.start as u64..range.end as u64), expected);
    }
    match store.read(name) {
        Ok(stream) => {
            let mut read = Vec::new();
            match stream.unwrap().read_to_end(&mut read) {
                Ok(_) => assert_eq!(read, content, "{what}"),
                Err(error) => {
                    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{what}");
                    assert!(content.starts_with(&read), "{what}");
                }
            }
        }
        Err(error) => assert!(is_answer(error.kind()), "{what}: {error}"),
    }
    let mut copied = Vec::new();
    match store.get_to(name, &mut Target::new(&mut copied)) {
        Ok(_) => assert_eq!(copied, content, "{what}"),
        Err(error) => {
            assert!(is_answer(error.kind()), "{what}: {error}");
            assert!(content.starts_with(&copied), "{what}");
        }
    }
}

/// What is there is never handed out.
#[track_caller]
fn never_used(store: &dyn DataStore, name: &Name, what: &str) {
    assert!(store.get(name).is_err(), "{what}");
    assert!(store.get_range(name, 0..10).is_err(), "{what}");
    if let Ok(stream) = store.read(name) {
        let mut read = Vec::new();
        assert!(stream.unwrap().read_to_end(&mut read).is_err(), "{what}");
        assert!(read.len() < 2 * CHUNK, "{what}");
    }
}

#[test]
fn each_bit_counts() {
    for (what, store, transformed) in all() {
        for content in [b"".to_vec(), text(100), random(1, 100)] {
            let name = name("a");
            transformed.put(&name, &content).unwrap();
            let sealed = store.get(&name).unwrap().unwrap();
            for (index, bit) in (0..sealed.len()).flat_map(|index| (0..8).map(move |b| (index, b)))
            {
                let mut damaged = sealed.clone();
                damaged[index] ^= 1 << bit;
                store.put(&name, &damaged).unwrap();
                let what = format!("{what}: bit {bit} of byte {index} of {}", sealed.len());
                never_wrong(&*transformed, &name, &content, &what);
                if what.starts_with("compression") {
                    continue;
                }
                assert!(transformed.get(&name).is_err(), "{what}");
            }
        }
    }
}

#[test]
fn each_byte_has_to_be_there_and_none_more() {
    for (what, store, transformed) in all() {
        for content in [b"".to_vec(), text(100), random(1, 100)] {
            let name = name("a");
            transformed.put(&name, &content).unwrap();
            let sealed = store.get(&name).unwrap().unwrap();
            for length in 0..sealed.len() {
                store.put(&name, &sealed[..length]).unwrap();
                never_wrong(&*transformed, &name, &content, &format!("{what} to {length}"));
                assert!(transformed.get(&name).is_err(), "{what}, {length} bytes");
            }
            store.put(&name, &[&*sealed, b"x"].concat()).unwrap();
            assert!(transformed.get(&name).is_err(), "{what}, and more");
        }
    }
}

/// In a long one, bytes of all its parts; and it is cut between any two chunks.
#[test]
fn long_contents_are_damaged_as_well() {
    for (what, store, transformed) in all() {
        let content = [random(1, CHUNK), text(CHUNK), random(2, 1000)].concat();
        let name = name("a");
        transformed.put(&name, &content).unwrap();
        let sealed = store.get(&name).unwrap().unwrap();
        for index in (0..sealed.len()).step_by(9973).chain(sealed.len() - 60..sealed.len()) {
            let mut damaged = sealed.clone();
            damaged[index] ^= 0x10;
            store.put(&name, &damaged).unwrap();
            never_wrong(&*transformed, &name, &content, &format!("{what}: byte {index}"));
            store.put(&name, &sealed[..index]).unwrap();
            never_wrong(&*transformed, &name, &content, &format!("{what} to {index}"));
        }
    }
}

/// The chunks of a content of three, as they are stored: what comes before them, and each with its length.
fn chunks(sealed: &[u8], growth: usize) -> [&[u8]; 4] {
    let (start, rest) = sealed.split_at(START);
    let (first, rest) = rest.split_at(4 + CHUNK + growth);
    let (second, third) = rest.split_at(4 + CHUNK + growth);
    [start, first, second, third]
}

#[test]
fn chunks_are_where_they_were_put() {
    for (what, store, transformed) in all().into_iter().take(2) {
        let growth = if what == "signing" { 32 } else { 16 };
        let name = name("a");
        let content = random(1, 2 * CHUNK + 10);
        transformed.put(&name, &content).unwrap();
        let sealed = store.get(&name).unwrap().unwrap();
        transformed.put(&name, &random(2, 2 * CHUNK + 10)).unwrap();
        let other = store.get(&name).unwrap().unwrap();
        let [start, first, second, third] = chunks(&sealed, growth);
        let [_, other_first, ..] = chunks(&other, growth);
        // The chunk before the end, said to be the last one.
        let mut last = second.to_vec();
        last[3] |= 0x80;
        for (wrong, parts) in [
            ("in another order", vec![start, second, first, third]),
            ("twice", vec![start, first, first, third]),
            ("left out", vec![start, first, third]),
            ("cut off", vec![start, first, second]),
            ("cut off, and marked as the end", vec![start, first, &last]),
            ("more than there were", vec![start, first, second, third, third]),
            ("those of another put", vec![start, other_first, second, third]),
        ] {
            store.put(&name, &parts.concat()).unwrap();
            let wrong = format!("{what}: {wrong}");
            assert!(transformed.get(&name).is_err(), "{wrong}");
            never_wrong(&*transformed, &name, &content, &wrong);
            let end = 2 * CHUNK as u64;
            for range in [end - 1..end + 10, end + 5..end + 10, end * 2..end * 3] {
                if let Ok(part) = transformed.get_range(&name, range.clone()) {
                    let from = content.len().min(usize::try_from(range.start).unwrap());
                    assert_eq!(part.unwrap(), &content[from..], "{wrong}");
                }
            }
        }
    }
}

#[test]
fn what_is_under_another_name_is_not_used() {
    for (what, store, transformed) in all().into_iter().take(2) {
        let (a, b) = (name("a"), name("b"));
        transformed.put(&a, b"of a").unwrap();
        transformed.put(&b, b"of b").unwrap();
        assert!(store.copy(&a, &b).unwrap());
        never_used(&*transformed, &b, what);
        assert_eq!(transformed.get(&a).unwrap().unwrap(), b"of a");
        // A copy that is asked for is made anew.
        assert!(transformed.copy(&a, &b).unwrap());
        assert_eq!(transformed.get(&b).unwrap().unwrap(), b"of a");
        assert_ne!(store.get(&a).unwrap(), store.get(&b).unwrap());
    }
}

#[test]
fn what_nobody_signed_is_not_used() {
    for (what, store, transformed) in all() {
        for content in [b"".to_vec(), b"plain".to_vec(), random(1, CHUNK * 2)] {
            store.put(&name("a"), &content).unwrap();
            never_used(&*transformed, &name("a"), what);
            let error = transformed.get(&name("a")).unwrap_err().to_string();
            assert!(
                error.contains("it is not ") && error.contains("test/a, store: memory"),
                "{error}"
            );
        }
    }
    // Neither is what is encrypted, where it has to be signed.
    let (store, signed) = over(signing());
    let encrypted = memento_storage_layers::Transformed::new(encryption(), store);
    encrypted.put(&name("a"), b"content").unwrap();
    never_used(&signed, &name("a"), "with the same key");
}

/// Whoever can write to the store cannot have an object be what it was at another time.
#[test]
fn a_snapshot_is_not_used_in_the_place_of_another() {
    for (what, store, transformed) in all().into_iter().take(2) {
        let taken = [b"first", b"other"].map(|content| {
            transformed.put(&name("a"), content).unwrap();
            transformed.snapshot(&name("a")).unwrap().unwrap()
        });
        assert_eq!(transformed.list_snapshots(&name("a")).unwrap(), taken, "{what}");
        let read = |at: usize| {
            let mut content = String::new();
            let stream = transformed.read_snapshot(&name("a"), &taken[at])?;
            stream.unwrap().read_to_string(&mut content).map(|_| content)
        };
        assert_eq!((&*read(0).unwrap(), &*read(1).unwrap()), ("first", "other"), "{what}");
        let folder = memento::storage::Prefix::new("snapshots").unwrap();
        let mut kept = store.list(&folder, &<_>::default()).unwrap().objects;
        kept.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let [first, second] = &*kept else { panic!("{what}: {kept:?}") };
        assert_eq!(transformed.get(&first.name).unwrap().unwrap(), b"first", "{what}");
        assert!(store.copy(&second.name, &first.name).unwrap());
        assert_eq!(read(0).unwrap_err().kind(), std::io::ErrorKind::InvalidData, "{what}");
        assert!(transformed.remove_snapshot(&name("a"), &taken[0]).unwrap(), "{what}");
        assert_eq!((&*read(1).unwrap(), store.get(&first.name).unwrap()), ("other", None));
    }
}

#[test]
fn what_stands_for_a_namespace_can_be_read() {
    for (what, _, transformed) in all() {
        let made = Namespace::new("made").unwrap();
        assert!(transformed.create_namespace(&made).unwrap(), "{what}");
        assert!(!transformed.create_namespace(&made).unwrap(), "{what}");
        assert_eq!(transformed.list_namespaces().unwrap(), [made], "{what}");
        let mark = Name::new("namespaces/made").unwrap();
        assert_eq!(transformed.get(&mark).unwrap().as_deref(), Some(&b""[..]), "{what}");
        assert_eq!(transformed.properties(&mark).unwrap().unwrap().size, 0, "{what}");
    }
}

/// It is copied and moved by nobody's mistake as if it were whole.
#[test]
fn what_is_damaged_is_not_copied_and_can_be_set_aside() {
    for (what, store, transformed) in all().into_iter().take(2) {
        let content = random(1, CHUNK + 10);
        transformed.put(&name("a"), &content).unwrap();
        let mut damaged = store.get(&name("a")).unwrap().unwrap();
        *damaged.last_mut().unwrap() ^= 1;
        store.put(&name("a"), &damaged).unwrap();
        let error = transformed.copy(&name("a"), &name("b")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "{what}");
        assert_eq!(store.get(&name("b")).unwrap(), None, "{what}");
        transformed.set_aside(&name("a")).unwrap();
        assert_eq!(transformed.get(&name("a")).unwrap(), None, "{what}");
        let aside = store
            .list(&memento::storage::Prefix::new("damaged").unwrap(), &<_>::default())
            .unwrap();
        let [object] = &*aside.objects else { panic!("{what}: {aside:?}") };
        assert_eq!(store.get(&object.name).unwrap().unwrap(), damaged, "{what}");
    }
}

/// Another process, which puts a content when an object was read so many times.
#[derive(Debug)]
struct Other {
    store: Arc<MemoryDataStore>,
    name: Name,
    /// What the transform made of it.
    sealed: Vec<u8>,
    left: AtomicUsize,
}

impl Policy for Other {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        attempt()?;
        if operation.method == "read" && self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.store.put(&self.name, &self.sealed)?;
        }
        Ok(())
    }
}

/// Puts a content anew while what is damaged is set aside: after the first look at it, or when it is copied.
fn put_while_set_aside<T: Transform + Clone>(transform: &T, reads: usize, is_open: bool) {
    let (store, transformed) = over(transform.clone());
    let content = random(1, CHUNK + 10);
    let name = Name::of_result(&Digest::of(&content));
    transformed.put(&name, &content).unwrap();
    let sealed = store.get(&name).unwrap().unwrap();
    if is_open {
        transformed.put(&name, &random(2, CHUNK + 10)).unwrap();
    } else {
        store.put(&name, &sealed[..sealed.len() - 1]).unwrap();
    }
    let left = AtomicUsize::new(reads);
    let other = Other { store: Arc::clone(&store), name: name.clone(), sealed, left };
    let guarded = Arc::new(Guarded::new(other, Arc::clone(&store)));
    Transformed::new(transform.clone(), guarded).set_aside(&name).unwrap();
    let what = format!("{transform:?}, {reads} reads, {is_open}");
    assert!(transformed.get(&name).unwrap() == Some(content), "{what}");
    let aside =
        store.list(&memento::storage::Prefix::new("damaged").unwrap(), &<_>::default()).unwrap();
    assert_eq!(aside.objects, [], "{what}");
}

#[test]
fn what_is_put_while_something_damaged_is_set_aside_stays() {
    for is_open in [false, true] {
        for reads in [1, 2] {
            put_while_set_aside(&signing(), reads, is_open);
            put_while_set_aside(&encryption(), reads, is_open);
        }
        // What it makes of a content is read once.
        put_while_set_aside(&compression(), 1, is_open);
    }
}

#[test]
fn user_metadata_is_that_of_its_object() {
    for (what, store, transformed) in all().into_iter().take(2) {
        let options = PutOptions::default().metadata("owner", "somebody");
        for text in ["a", "b"] {
            let options = options.clone().metadata("of", text);
            transformed.put_with(&name(text), b"content", &options).unwrap();
        }
        let kept = store.properties(&name("a")).unwrap().unwrap().metadata;
        assert!(!format!("{kept:?}").contains("somebody"), "{what}: {kept:?}");
        let content = store.get(&name("b")).unwrap().unwrap();
        for metadata in [kept, options.metadata.clone()] {
            let options = PutOptions { metadata, ..PutOptions::default() };
            store.put_with(&name("b"), &content, &options).unwrap();
            let error = transformed.properties(&name("b")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{what}");
        }
        assert_eq!(transformed.get(&name("b")).unwrap().unwrap(), b"content", "{what}");
    }
    let (store, compressed) = over(compression());
    let options = PutOptions::default().metadata("owner", "somebody");
    compressed.put_with(&name("a"), b"content", &options).unwrap();
    assert_eq!(store.properties(&name("a")).unwrap().unwrap().metadata, options.metadata);
}
