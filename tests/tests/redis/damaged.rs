//! A server on which others have done something to the keys of a storage.

use std::io::{self, Read as _};
use std::sync::atomic::{AtomicU64, Ordering};

use memento::storage::{DataStore as _, PutOptions};
use memento::{ErrorKind, Name, memento};
use memento_storage_redis::{Options, RedisDataStore, storage};
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{LARGE, expected_small, small};

use super::{chunks, keys, on};

const MIB: usize = 1 << 20;

/// A server with the results of these calls on it.
pub(super) fn with(calls: &[Call]) -> RedisServer {
    let server = RedisServer::start();
    assert_eq!(visit(&server, calls), Visit::computed(calls.len() as u64));
    server
}

/// What a process that comes now sees.
fn visit(server: &RedisServer, calls: &[Call]) -> Visit {
    Visitor::on(storage(&on(server))).visit(calls)
}

/// The only key whose name begins with this.
fn key(server: &RedisServer, beginning: &str) -> String {
    let mut keys = keys(server, beginning);
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys.remove(0).name
}

/// The keys of the objects of this kind: in one piece, `w`, or in chunks, `c`. What versions were made of is there,
/// too, and much shorter.
fn objects(server: &RedisServer, kind: char) -> Vec<String> {
    let names = keys(server, "object:results").into_iter().map(|key| key.name);
    let is_wanted = |name: &String| {
        let head = server.ask(&["GETRANGE", name, "0", "18"]);
        let size = head.lines().nth(1).and_then(|head| head.strip_prefix(&format!("o1{kind}")));
        size.is_some_and(|size| size.parse::<usize>().unwrap() >= LARGE)
    };
    names.filter(is_wanted).collect()
}

pub(super) fn object(server: &RedisServer) -> String {
    let mut objects = objects(server, 'w');
    assert_eq!(objects.len(), 1, "{objects:?}");
    objects.remove(0)
}

/// Changes the value of `key` by `change`, in Lua, where it is `v`.
pub(super) fn change(server: &RedisServer, key: &str, change: &str) {
    let script =
        format!("local v = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], {change})");
    let reply = server.ask(&["EVAL", &script, "1", key]);
    assert!(!reply.starts_with('-'), "{change}: {reply}");
}

fn flip(position: u64) -> String {
    let at = position + 1;
    format!(
        "string.sub(v, 1, {position}) .. string.char(bit.bxor(string.byte(v, {at}), 4)) .. \
         string.sub(v, {at} + 1)"
    )
}

fn cut(length: u64) -> String {
    format!("string.sub(v, 1, {length})")
}

/// A result is right whatever was done to its key; where it was computed, that is counted and said, and then it is
/// whole.
fn heals(server: &RedisServer, call: Call, changed: &str) -> bool {
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
    let key = key(&server, "memento:");
    // Each record has its own times, which are not of one length.
    let length = || server.ask(&["STRLEN", &key])[1..].trim().parse::<u64>().unwrap();
    let mut computed = 0;
    for position in (0..).take_while(|position| *position < length()) {
        change(&server, &key, &flip(position));
        computed += u64::from(heals(&server, Call::Small(1), &format!("byte {position}")));
    }
    assert!(computed > 50, "{computed} of {}", length());
    assert!(!keys(&server, "damaged:").is_empty(), "it can be looked at");
}

#[test]
fn a_memento_that_is_cut_or_goes_on() {
    let server = with(&[Call::Small(1)]);
    let key = key(&server, "memento:");
    for length in (1..200).step_by(3) {
        change(&server, &key, &cut(length));
        assert!(heals(&server, Call::Small(1), &format!("cut to {length}")));
    }
    change(&server, &key, "v .. 'x'");
    // A hit does not look at what comes behind.
    heals(&server, Call::Small(1), "a byte more");
    change(&server, &key, "''");
    assert_eq!(visit(&server, &[Call::Small(1)]), Visit::computed(1), "nothing is there");
}

/// Wherever they are in a batch, at its beginning or its end, they are found out, and the others are hits.
#[test]
fn some_mementos_of_a_batch() {
    const CALLS: u64 = 300;
    let server = RedisServer::start();
    let options = || on(&server).max_object_size(10_000);
    let batch = || {
        let visitor = Visitor::on(storage(&options()));
        visitor.measure(CALLS, || {
            for (n, result) in (0..).zip(small::map((0..CALLS).map(|n| (n,)))) {
                assert_eq!(result.unwrap(), expected_small(n));
            }
        })
    };
    assert_eq!(batch(), Visit::computed(CALLS));
    let keys = Visitor::on(storage(&options())).enter(|| {
        [0, 127, 128, 255, 256, 299]
            .map(|n| format!("memento:1:memento:{}", small::memento(n).unwrap().unwrap().key))
    });
    for changed in [flip(150), cut(100), "string.rep(v .. 'x', 20000 / #v)".to_owned()] {
        for key in &keys {
            change(&server, key, &changed);
        }
        let after = batch();
        assert_eq!((after.computed, after.hits), (6, CALLS - 6), "{changed}: {after:?}");
        assert!(after.failures >= 6, "{changed}: {after:?}");
        assert_eq!(batch(), Visit::hits(CALLS), "{changed}");
    }
    for key in &keys {
        server.ask(&["DEL", key]);
        server.ask(&["RPUSH", key, "x"]);
    }
    let after = batch();
    assert_eq!((after.computed, after.hits), (6, CALLS - 6), "lists: {after:?}");
    assert_eq!(batch(), Visit::hits(CALLS));
}

#[test]
fn lists_where_strings_should_be() {
    let server = with(&[Call::Small(1)]);
    let key = key(&server, "memento:");
    server.ask(&["DEL", &key]);
    server.ask(&["RPUSH", &key, "x"]);
    assert!(heals(&server, Call::Small(1), "a list"));

    let server = with(&[Call::Large(1)]);
    let object = object(&server);
    server.ask(&["DEL", &object]);
    server.ask(&["RPUSH", &object, "x"]);
    assert!(heals(&server, Call::Large(1), "a list"));
}

/// Nothing can be put while the indices are something else; values are right, and hits stay hits.
#[test]
fn strings_where_indices_should_be() {
    let server = with(&[Call::Small(1), Call::Large(1)]);
    let indices = ["names", "sizes", "order", "mementos:succeeded", "versions:*"];
    for (index, n) in indices.into_iter().zip(2..) {
        let keys = keys(&server, index);
        assert!(!keys.is_empty(), "{index}");
        for key in keys {
            server.ask(&["SET", &key.name, "something else"]);
        }
        let calls = [Call::Small(1), Call::Large(1), Call::Small(n), Call::Large(n)];
        let visit = visit(&server, &calls);
        assert_eq!((visit.computed, visit.hits), (2, 2), "{index}");
        assert!(visit.failures > 0 && !visit.warnings.is_empty(), "{index}: {visit:?}");
    }
}

#[test]
fn an_object_with_a_byte_changed_or_less_or_more() {
    let server = with(&[Call::Large(1)]);
    let key = object(&server);
    let some = (0..90).chain((90..40_083).step_by(5000)).chain([40_082]);
    let mut changes: Vec<_> = some.map(flip).collect();
    changes.extend([0, 1, 50, 82, 83, 84, 40_082].map(cut));
    changes.extend(["v .. 'x'".to_owned(), "string.rep('x', 3000000)".to_owned()]);
    let mut computed = 0;
    for changed in changes {
        change(&server, &key, &changed);
        if changed == cut(0) {
            // An empty string is as good as none.
            assert_eq!(visit(&server, &[Call::Large(1)]).computed, 1);
        }
        computed += u64::from(heals(&server, Call::Large(1), &changed));
    }
    assert!(computed > 30, "{computed}");
}

/// Nobody is told that it is there who would then wait for what is in it.
#[test]
fn an_object_that_is_empty_is_none() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server));
    let name = Name::new("a/b").unwrap();
    store.put(&name, b"content").unwrap();
    server.ask(&["SET", &key(&server, "object:a/b"), ""]);
    assert!(!store.contains(std::slice::from_ref(&name)).pop().unwrap().unwrap());
    assert_eq!((store.get(&name).unwrap(), store.properties(&name).unwrap()), (None, None));
    assert!(store.put_if_absent(&name, b"another").unwrap());
    assert_eq!(store.get(&name).unwrap().unwrap(), b"another");
}

#[test]
fn what_is_another_ones_is_not_taken() {
    let server = with(&[Call::Small(1), Call::Small(2)]);
    let both = keys(&server, "memento:");
    server.ask(&["COPY", &both[0].name, &both[1].name, "REPLACE"]);
    let after = visit(&server, &[Call::Small(1), Call::Small(2)]);
    assert_eq!((after.computed, after.hits, after.failures), (1, 1, 1), "{after:?}");

    let server = with(&[Call::Large(1), Call::Large(2)]);
    let both = objects(&server, 'w');
    server.ask(&["COPY", &both[0], &both[1], "REPLACE"]);
    let after = visit(&server, &[Call::Large(1), Call::Large(2)]);
    assert_eq!((after.computed, after.hits, after.failures), (1, 1, 1), "{after:?}");
}

static HUGE_RUNS: AtomicU64 = AtomicU64::new(0);

/// A result in three chunks.
#[memento]
fn huge(n: u8) -> Vec<u8> {
    HUGE_RUNS.fetch_add(1, Ordering::SeqCst);
    vec![n; 2 * MIB + 7]
}

/// Calls [`huge()`] in a process of its own: how often it ran.
fn call_huge(options: &Options) -> u64 {
    let before = HUGE_RUNS.load(Ordering::SeqCst);
    Visitor::on(storage(options)).enter(|| assert!(huge(3).iter().all(|byte| *byte == 3)));
    HUGE_RUNS.load(Ordering::SeqCst) - before
}

#[test]
fn a_chunk_that_is_gone_half_written_or_something_else() {
    let server = RedisServer::start();
    let options = on(&server);
    assert_eq!(call_huge(&options), 1);
    for index in 0..3 {
        let chunk = || {
            let id = server.ask(&["GETRANGE", &objects(&server, 'c')[0], "51", "82"]);
            format!("memento:1:chunk:{}:{index}", id.lines().nth(1).unwrap())
        };
        for changed in [cut(5), cut(0), flip(3), "string.rep('y', #v)".to_owned()] {
            change(&server, &chunk(), &changed);
            assert_eq!(call_huge(&options), 1, "{changed} in {index}");
            assert_eq!(call_huge(&options), 0, "{changed} in {index}");
        }
        change(&server, &chunk(), "v .. 'what others have appended'");
        assert_eq!(call_huge(&options), 0);
        server.ask(&["DEL", &chunk()]);
        assert_eq!(call_huge(&options), 1, "{index} gone");
        let chunk = chunk();
        server.ask(&["DEL", &chunk]);
        server.ask(&["RPUSH", &chunk, "x"]);
        assert_eq!(call_huge(&options), 1, "{index} a list");
        assert_eq!(call_huge(&options), 0);
    }
}

#[test]
fn an_object_that_is_deleted_between_look_up_and_read() {
    let server = with(&[Call::Large(1)]);
    server.ask(&["DEL", &object(&server)]);
    let after = visit(&server, &[Call::Large(1)]);
    assert_eq!((after.computed, after.hits), (1, 0), "{after:?}");
    assert_eq!(visit(&server, &[Call::Large(1)]), Visit::hits(1));
}

/// What is no object is told from nothing. Who replaces or removes it takes its chunks along.
#[test]
fn what_has_a_damaged_head_is_neither_appended_to_nor_compared() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server));
    let [name, other] = ["a/b", "a/other"].map(|name| Name::new(name).unwrap());
    let key = "memento:1:object:a/b";
    // The beginning, the kind, a size beyond all, and one that is no number.
    let cases = [(100, 0), (100, 3), (3 * MIB, 0), (3 * MIB, 2), (3 * MIB, 3), (3 * MIB, 18)];
    let ends: [&dyn Fn(); 4] = [
        &|| store.put(&name, b"new").unwrap(),
        &|| {
            store.put(&other, b"new").unwrap();
            assert!(store.copy(&other, &name).unwrap());
        },
        &|| assert!(store.remove(&name).unwrap()),
        &|| store.set_aside(&name).unwrap(),
    ];
    for ((size, position), end) in cases.iter().flat_map(|case| ends.map(|end| (case, end))) {
        let content = vec![7; *size];
        store.put(&name, &content).unwrap();
        change(&server, key, &flip(*position));
        let (damaged, pieces) = (server.ask(&["DUMP", key]), chunks(&server).len());
        let errors = [
            store.get(&name).unwrap_err(),
            store.append(&name, b"line").unwrap_err(),
            store.put_if_absent(&name, b"content").unwrap_err(),
            store.put_with(&name, b"other", &PutOptions::if_content(content)).unwrap_err(),
            store.copy(&name, &other).unwrap_err(),
        ];
        let kinds = errors.map(|error| error.kind());
        assert_eq!(kinds, [ErrorKind::Damaged; 5], "{size}, {position}");
        assert_eq!((server.ask(&["DUMP", key]), chunks(&server).len()), (damaged, pieces));
        assert_eq!(pieces, if *size > MIB { 3 } else { 0 });
        end();
        assert!(store.get(&name).unwrap().is_none_or(|content| content == b"new"));
        assert_eq!(chunks(&server).len(), 0, "{size}, {position}");
    }
    server.ask(&["DEL", key]);
    server.ask(&["RPUSH", key, "x"]);
    let errors = [store.append(&name, b"line"), store.put_if_absent(&name, b"content").map(drop)];
    assert_eq!(errors.map(|error| error.unwrap_err().kind()), [ErrorKind::Damaged; 2]);
    store.put(&name, b"new").unwrap();
    assert_eq!(store.get(&name).unwrap().unwrap(), b"new");
}

/// Where it has stopped, it stays: what comes behind is not read.
#[test]
fn a_reader_that_lacks_a_chunk_lacks_it_each_time() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server));
    let name = Name::new("a/b").unwrap();
    store.put(&name, &vec![7; 9 * MIB]).unwrap();
    let mut reader = store.read(&name).unwrap().unwrap();
    let chunk = chunks(&server).into_iter().find(|chunk| chunk.name.ends_with(":5")).unwrap();
    server.ask(&["DEL", &chunk.name]);
    let (mut content, mut buffer) = (Vec::new(), [0; 1]);
    assert_eq!(reader.read_to_end(&mut content).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(content.len(), 4 * MIB, "four are asked for at once");
    for _ in 0..5 {
        assert_eq!(reader.read(&mut buffer).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}

/// A reader finds what is there, or nothing, and never an error or a mixture.
#[test]
fn an_object_in_chunks_that_comes_and_goes_while_it_is_read() {
    let server = RedisServer::start();
    let (writer, reader) = (RedisDataStore::new(&on(&server)), RedisDataStore::new(&on(&server)));
    let name = Name::new("a/b").unwrap();
    let content = |byte: u8| vec![byte; 2 * MIB + 7];
    std::thread::scope(|scope| {
        let written = scope.spawn(|| {
            for byte in 0..30 {
                writer.put(&name, &content(byte)).unwrap();
                if byte % 3 == 0 {
                    assert!(writer.remove(&name).unwrap());
                }
            }
        });
        while !written.is_finished() {
            if let Some(found) = reader.get(&name).unwrap() {
                assert_eq!(found, content(found[0]));
            }
        }
    });
    assert_eq!(reader.get(&name).unwrap().unwrap(), content(29));
}

/// One of them is there in the end, whole, and nothing of the other.
#[test]
fn two_writers_of_one_name() {
    let server = RedisServer::start();
    let name = Name::new("a/b").unwrap();
    let content = |byte: u8| vec![byte; 3 * MIB + 7];
    std::thread::scope(|scope| {
        for byte in [1, 2] {
            let (server, name) = (&server, &name);
            scope.spawn(move || {
                let store = RedisDataStore::new(&on(server));
                (0..10).for_each(|_| store.put(name, &content(byte)).unwrap());
            });
        }
    });
    let store = RedisDataStore::new(&on(&server));
    let found = store.get(&name).unwrap().unwrap();
    assert_eq!(found, content(found[0]));
    assert_eq!(chunks(&server).len(), 4, "{:?}", chunks(&server));
    assert_eq!(store.info().unwrap().bytes, found.len() as u64);
}
