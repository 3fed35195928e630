//! A bucket in which others have done something to the objects of a storage.

use memento::storage::{DataStore as _, Filter, ListOptions, MetadataStore as _, Prefix};
use memento::{ErrorKind, Explanation, Miss, Name};
use memento_storage_object::{ObjectDataStore, ObjectMetadataStore, storage};
use memento_tests::proxy::Proxy;
use memento_tests::records;
use memento_tests::s3::{BUCKET, S3Server, options};
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{LARGE, expected_small, small};

use super::{keys, visit};

/// A server with the results of these calls on it.
fn with(calls: &[Call]) -> S3Server {
    let server = S3Server::start();
    assert_eq!(visit(&server, calls), Visit::computed(calls.len() as u64));
    server
}

/// The only key that begins with this.
#[track_caller]
fn key(server: &S3Server, beginning: &str) -> String {
    let mut keys = keys(server, beginning);
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.remove(0)
}

fn content(server: &S3Server, key: &str) -> Vec<u8> {
    server.buckets().get(BUCKET, key).unwrap().content.to_vec()
}

/// The keys of large results. What versions were made of is there, too, and much shorter.
fn results(server: &S3Server) -> Vec<String> {
    let keys = keys(server, "data/results/").into_iter();
    keys.filter(|key| content(server, key).len() >= LARGE).collect()
}

fn result(server: &S3Server) -> String {
    let mut results = results(server);
    assert_eq!(results.len(), 1, "{results:?}");
    results.remove(0)
}

/// A result is right whatever was done to its object; where it was computed, that is counted and said, and then it is
/// whole.
fn heals(server: &S3Server, call: Call, changed: &str) -> bool {
    let after = visit(server, &[call]);
    if after.computed == 1 {
        assert!(after.failures > 0 && !after.warnings.is_empty(), "{changed}: {after:?}");
    } else {
        assert_eq!(after, Visit::hits(1), "{changed}");
    }
    assert_eq!(visit(server, &[call]), Visit::hits(1), "{changed}");
    after.computed == 1
}

#[test]
fn a_memento_with_any_byte_changed() {
    let server = with(&[Call::Small(1)]);
    let key = key(&server, "mementos/");
    let mut computed = 0;
    for position in 0.. {
        // Each record has its own times, which are not of one length.
        let mut content = content(&server, &key);
        let Some(byte) = content.get_mut(position) else { break };
        // The number of the head's format is never that of a later one by this.
        *byte ^= if position == 1 { 0x40 } else { 4 };
        server.buckets().put(BUCKET, &key, content);
        let after = visit(&server, &[Call::Small(1)]);
        assert_eq!(after.computed + after.hits, 1);
        computed += after.computed;
        assert_eq!(visit(&server, &[Call::Small(1)]), Visit::hits(1), "byte {position}");
    }
    assert!(computed > 50, "{computed}");
    assert!(!keys(&server, "damaged/").is_empty(), "it can be looked at");
}

#[test]
fn a_memento_that_is_cut_or_empty() {
    let server = with(&[Call::Small(1)]);
    let key = key(&server, "mementos/");
    for length in (1..200).step_by(3) {
        let whole = content(&server, &key);
        server.buckets().put(BUCKET, &key, whole[..length].to_vec());
        assert!(heals(&server, Call::Small(1), &format!("cut to {length}")));
    }
    server.buckets().put(BUCKET, &key, "");
    assert_eq!(visit(&server, &[Call::Small(1)]), Visit::computed(1), "nothing is there");
}

/// Gives the only object whose key begins with this the number of a later format.
fn make_newer(server: &S3Server, beginning: &str) -> (String, Vec<u8>) {
    let key = key(server, beginning);
    let mut newer = content(server, &key);
    newer[1] = b'2';
    server.buckets().put(BUCKET, &key, newer.clone());
    (key, newer)
}

#[test]
fn a_memento_behind_a_head_of_a_later_release_is_a_miss_and_stays() {
    for (call, other) in [(Call::Small(1), Call::Large(1)), (Call::Large(1), Call::Small(1))] {
        let server = with(&[call]);
        let (key, mut newer) = make_newer(&server, "mementos/");
        visit(&server, &[other]);
        // Whatever stands behind the number.
        for length in [newer.len(), 90, 30, 2] {
            newer.truncate(length);
            server.buckets().put(BUCKET, &key, newer.clone());
            for _ in 0..2 {
                let visitor = Visitor::on(storage(&server.options()));
                let said = ["kind=NewerFormat", "its head is 2", "update this program"];
                visitor.visit(&[call, other]).assert_warned(1, &said);
                assert_eq!(content(&server, &key), newer, "it stays");
            }
        }
        assert_eq!(keys(&server, "damaged/"), [""; 0]);
    }
}

/// Of many that are asked for and kept together, one costs one computation.
#[test]
fn a_memento_of_a_later_release_among_others() {
    let server = with(&[Call::Small(3)]);
    let (key, newer) = make_newer(&server, "mementos/");
    let batch = |count: u64, computed: u64| {
        let visitor = Visitor::on(storage(&server.options()));
        let visited = visitor.measure(count, || {
            let values = small::map((0..count).map(|n| (n,)));
            assert!((0..).zip(values).all(|(n, value)| value.unwrap() == expected_small(n)));
        });
        visited.assert_warned(computed, &["kind=NewerFormat"]);
        assert_eq!(content(&server, &key), newer, "it stays");
    };
    batch(10, 10);
    batch(20, 11);
    batch(20, 1);
}

#[test]
fn a_memento_of_a_later_release_is_explained_and_forgotten() {
    let server = with(&[Call::Small(1)]);
    let (key, newer) = make_newer(&server, "mementos/");
    let visitor = || Visitor::on(storage(&server.options()));
    let explained = visitor().enter(|| small::explain(1)).unwrap();
    assert_eq!(explained, Explanation::Miss(Miss::Newer));
    let store = ObjectMetadataStore::new(&server.options());
    assert_eq!(store.list(&Filter::default(), None, 10).unwrap().entries, []);

    // Who has found it keeps its own when it is gone.
    let one = visitor();
    assert_eq!(one.visit(&[Call::Small(1)]).computed, 1);
    one.enter(|| assert!(small::forget(1).unwrap()));
    assert_eq!(one.visit(&[Call::Small(1)]), Visit::computed(1));
    drop(one);
    assert_eq!(visit(&server, &[Call::Small(1)]), Visit::hits(1));

    server.buckets().put(BUCKET, &key, newer);
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 1);
    assert_eq!(keys(&server, "mementos/"), [""; 0]);
}

/// How long the head of a memento is, in front of the path of its function.
const HEAD: usize = 87;

/// The head is one of this release, and the record behind it is not.
#[test]
fn a_record_of_a_later_release_is_a_miss_and_stays() {
    let server = with(&[Call::Small(1)]);
    let key = key(&server, "mementos/");
    let mut newer = content(&server, &key);
    let path = u32::from_be_bytes(newer[HEAD - 4..HEAD].try_into().unwrap());
    newer.truncate(HEAD + usize::try_from(path).unwrap());
    let memento = Visitor::on(storage(&server.options())).enter(|| small::memento(1));
    newer.extend_from_slice(&records::newer(&memento.unwrap().unwrap().key));
    server.buckets().put(BUCKET, &key, newer.clone());
    for _ in 0..2 {
        let visitor = Visitor::on(storage(&server.options()));
        visitor.visit(&[Call::Small(1)]).assert_warned(1, &records::NEWER);
        assert_eq!(content(&server, &key), newer, "it stays");
    }
    let explained = Visitor::on(storage(&server.options())).enter(|| small::explain(1)).unwrap();
    assert_eq!(explained, Explanation::Miss(Miss::Newer));
    assert_eq!(keys(&server, "damaged/"), [""; 0]);
}

/// What an index of a later release names cannot be forgotten by this one: that is said, and all else is forgotten.
#[test]
fn an_index_of_a_later_release_is_read_over_and_stays() {
    let server = with(&[Call::Small(1)]);
    let (key, newer) = make_newer(&server, "index/");
    visit(&server, &[Call::Small(2), Call::Large(1)]);
    let store = ObjectMetadataStore::new(&server.options());
    assert_eq!(store.list(&Filter::default(), None, 10).unwrap().entries.len(), 2);
    let error = store.remove_all(&Filter::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerFormat);
    assert_eq!((keys(&server, "index/"), content(&server, &key)), (vec![key], newer));
    assert_eq!(visit(&server, &[Call::Small(1)]), Visit::hits(1), "calls do not ask it");
    assert_eq!(visit(&server, &[Call::Small(2), Call::Large(1)]), Visit::computed(2));
}

#[test]
fn a_result_that_is_changed_cut_or_empty() {
    let server = with(&[Call::Large(1)]);
    for change in [
        (|content: &mut Vec<u8>| content[7] ^= 1) as fn(&mut Vec<u8>),
        |content| content.truncate(100),
        Vec::clear,
        |content| content.push(0),
    ] {
        let key = result(&server);
        let mut content = content(&server, &key);
        change(&mut content);
        server.buckets().put(BUCKET, &key, content);
        assert!(heals(&server, Call::Large(1), "a result"));
    }
    assert_eq!(keys(&server, "data/damaged/").len(), 4, "they can be looked at");
}

#[test]
fn objects_that_are_exchanged() {
    let calls = [Call::Small(1), Call::Small(2), Call::Large(1), Call::Large(2)];
    let server = with(&calls);
    for exchanged in [results(&server), keys(&server, "mementos/")] {
        let contents: Vec<_> = exchanged.iter().map(|key| content(&server, key)).collect();
        for (key, content) in exchanged.iter().zip(contents.iter().cycle().skip(1)) {
            server.buckets().put(BUCKET, key, content.clone());
        }
        let after = visit(&server, &calls);
        assert!(after.computed > 0 && after.failures > 0, "{after:?}");
        assert_eq!(visit(&server, &calls), Visit::hits(4));
    }
}

/// Between the look-up of the memento and the read of its result, somebody has deleted that.
#[test]
fn a_result_that_is_gone() {
    let server = with(&[Call::Large(1)]);
    assert!(server.buckets().remove(BUCKET, &result(&server)));
    assert_eq!(visit(&server, &[Call::Large(1)]).computed, 1);
    assert_eq!(visit(&server, &[Call::Large(1)]), Visit::hits(1));
}

#[test]
fn an_object_that_is_longer_than_may_be() {
    let server = with(&[Call::Small(1), Call::Large(1)]);
    let proxy = Proxy::to(server.port());
    for key in [keys(&server, "mementos/").remove(0), result(&server)] {
        server.buckets().put(BUCKET, &key, vec![7; 64 << 20]);
        let options = options(proxy.port(), BUCKET).max_object_size(8_000_000);
        // More than is on its way before anybody reads it.
        proxy.cut_replies_after(32 << 20);
        let after = Visitor::on(storage(&options)).visit(&[Call::Small(1), Call::Large(1)]);
        assert_eq!((after.computed, after.hits), (1, 1), "{key}");
        assert!(after.warnings[0].contains("max_object_size: 8000000 bytes"), "{after:?}");
        assert!(proxy.is_to_cut(), "it is not read");
        proxy.cut_nothing();
    }
    let store = ObjectDataStore::new(&server.options().max_object_size(10));
    let error = store.put(&Name::new("a/b").unwrap(), &[0; 11]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

/// Lists leave out what is none of ours, and calls do not ask the indices.
#[test]
fn indices_that_are_damaged() {
    let server = with(&[Call::Small(1), Call::Small(2), Call::Small(3)]);
    let store = ObjectMetadataStore::new(&server.options());
    let listed = || store.list(&Filter::default(), None, 10).unwrap().entries.len();
    assert_eq!(listed(), 3);
    let indices = keys(&server, "index/");
    let whole = content(&server, &indices[0]);
    for changed in [&b""[..], b"i1", b"none of ours", &whole[..whole.len() - 1]] {
        server.buckets().put(BUCKET, &indices[0], changed.to_vec());
        assert_eq!(listed(), 2);
    }
    // What one index says of the memento of another one is not so.
    server.buckets().put(BUCKET, &indices[0], content(&server, &indices[1]));
    assert!((2..=3).contains(&listed()));
    server.buckets().put(BUCKET, "index/none/of-ours", "i1");
    server.buckets().put(BUCKET, "versions/none", "");
    assert!((2..=3).contains(&listed()));
    assert_eq!(visit(&server, &[Call::Small(1), Call::Small(2), Call::Small(3)]), Visit::hits(3));
}

/// Keys of others in a bucket: no names of objects, such as the library has no name for, and folders as consoles make
/// them.
const FOREIGN: [&str; 24] = [
    "data/nul",
    "data/a",
    "data/con/x",
    "other/key",
    "data/x\u{7f}y/z",
    "data/a/\r",
    "data/a/&\n",
    "data//x",
    "data/a//b",
    "data/a///",
    "data/../x",
    "data/a/./b",
    "data/",
    "data/results/",
    "data/results/ab/",
    "mementos/",
    "mementos//x",
    "index/",
    "index//x",
    "index/../x",
    "versions//x",
    "claims/",
    "/",
    "//data/a/b",
];

#[test]
fn foreign_objects_are_not_listed() {
    let server = with(&[Call::Large(1)]);
    let store = ObjectDataStore::new(&server.options());
    let mementos = ObjectMetadataStore::new(&server.options());
    let one_level = || store.list(&Prefix::root(), &ListOptions::one_level()).unwrap();
    let in_folder = || store.list(&Prefix::new("a").unwrap(), &ListOptions::one_level()).unwrap();
    let listed = || mementos.list(&Filter::default(), None, 10).unwrap();
    let path = listed().entries[0].function.clone();
    let found = || (store.info().unwrap(), one_level().folders, in_folder(), listed());
    store.put(&Name::new("a/b&c").unwrap(), b"ours").unwrap();
    let before = found();
    for key in FOREIGN {
        server.buckets().put(BUCKET, key, "foreign");
        store.ping().unwrap_or_else(|error| panic!("with {key:?}: {error}"));
        assert_eq!(found(), before, "with {key:?}");
        assert_eq!(mementos.versions(&path, 10).unwrap().len(), 1, "with {key:?}");
    }
    assert_eq!(visit(&server, &[Call::Large(1)]), Visit::hits(1));
    assert_eq!(mementos.remove_all(&Filter::default()).unwrap(), 1);
    assert_eq!(visit(&server, &[Call::Large(1)]), Visit::computed(1));
    for key in FOREIGN {
        assert_eq!(content(&server, key), b"foreign", "{key:?} stays");
    }
}

/// Pages that have nothing of ours in them do not end a list.
#[test]
fn what_comes_behind_many_foreign_objects_is_listed() {
    let server = S3Server::start();
    let store = ObjectDataStore::new(&server.options());
    store.put(&Name::new("b/last").unwrap(), b"ours").unwrap();
    for n in 0..2_500 {
        server.buckets().put(BUCKET, &format!("data/a//{n}"), "foreign");
    }
    assert_eq!(store.info().unwrap().objects, 1);
    assert_eq!(store.list(&Prefix::root(), &ListOptions::one_level()).unwrap().folders.len(), 2);
}

#[test]
fn of_objects_that_are_put_together_those_that_may_be_are_there() {
    let server = S3Server::start();
    let store = ObjectDataStore::new(&server.options().max_object_size(1000));
    let names = ["a/0", "a/1", "a/2"].map(|name| Name::new(name).unwrap());
    let contents = [1000, 1001, 10].map(|length| vec![1; length]);
    let objects = names.iter().cloned().zip(contents.iter().map(Vec::as_slice));
    let put = store.put_many(&objects.collect::<Vec<_>>());
    let kinds: Vec<_> = put.into_iter().map(|put| put.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::TooLarge), None]);
    let found = store.get_many(&names).into_iter().map(|found| found.unwrap().map(|c| c.len()));
    assert_eq!(found.collect::<Vec<_>>(), [Some(1000), None, Some(10)]);
}
