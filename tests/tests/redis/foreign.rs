//! What a later release has put on a server, and what somebody has put there whose digests are right and whose content
//! is hostile.

use std::cell::Cell;

use memento::codec::{Bincode, Segments};
use memento::storage::Filter;
use memento::{Codec, Key, Result, memento};
use memento_storage_redis::storage;
use memento_tests::records;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{expected_small, small};
use serde::de::DeserializeOwned;
use serde::ser::SerializeTuple as _;
use serde::{Deserialize, Serialize, Serializer};

use super::damaged::{change, with};
use super::{keys, on};

/// Puts a record of a later release in the place of what `key` has; what the server calls it.
fn put_later(server: &RedisServer, key: &Key) -> String {
    let record: Vec<_> = records::newer(key).iter().map(u8::to_string).collect();
    let head = "string.sub(v, 1, 76 + tonumber(string.sub(v, 37, 44), 10))";
    let key = format!("memento:1:memento:{key}");
    change(server, &key, &format!("{head} .. string.char({})", record.join(",")));
    key
}

/// It is a miss each time, alone and in a batch, and said to be what it is.
#[test]
fn a_record_of_a_later_release_stays() {
    let server = with(&[Call::Small(0), Call::Small(1), Call::Small(2)]);
    let visitor = || Visitor::on(storage(&on(&server)));
    let memento = visitor().enter(|| small::memento(1).unwrap().unwrap());
    let key = put_later(&server, &memento.key);
    let there = server.ask(&["DUMP", &key]);
    for _ in 0..2 {
        visitor()
            .visit(&[Call::Small(1)])
            .assert_warned(1, &[&records::NEWER[..], &[&server.url()]].concat());
        let batch = visitor().measure(3, || {
            for (n, result) in (0..).zip(small::map((0..3).map(|n| (n,)))) {
                assert_eq!(result.unwrap(), expected_small(n));
            }
        });
        batch.assert_warned(1, &records::NEWER);
        assert_eq!(batch.hits, 2);
        assert_eq!(server.ask(&["DUMP", &key]), there, "it is not replaced");
    }
    assert!(keys(&server, "damaged:").is_empty(), "nor moved aside");
}

/// Names of keys begin with the format of what is under them: another one is seen and changed by nobody.
#[test]
fn what_is_kept_in_another_format_is_left_alone() {
    const CALLS: [Call; 2] = [Call::Small(1), Call::Large(1)];
    let server = with(&CALLS);
    let all = |script: &str| {
        let each = "local keys, all = redis.call('KEYS', 'memento:*'), '' table.sort(keys) \
                    for _, key in ipairs(keys) do SCRIPT end return redis.sha1hex(all)";
        server.ask(&["EVAL", &each.replace("SCRIPT", script), "0"])
    };
    all("redis.call('RENAME', key, (string.gsub(key, ':1:', ':2:', 1)))");
    let digest =
        "if string.find(key, '^memento:2:') then all = all .. key .. redis.call('DUMP', key) end";
    let there = all(digest);
    let visit = || Visitor::on(storage(&on(&server))).visit(&CALLS);
    assert_eq!([visit(), visit()], [Visit::computed(2), Visit::hits(2)]);
    let (mementos, _) = storage(&on(&server)).list(&Filter::default(), None, 1000).unwrap();
    assert_eq!(mementos.len(), 2);
    assert_eq!(all(digest), there);
}

thread_local! {
    /// What the next value is written as: a number, so often.
    static HOSTILE: Cell<Option<(u64, usize)>> = const { Cell::new(None) };
}

/// What may be written as something else, and is read as what it is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(transparent)]
struct Written<T>(T);

impl<T: Serialize> Serialize for Written<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some((number, count)) = HOSTILE.take() else { return self.0.serialize(serializer) };
        let mut numbers = serializer.serialize_tuple(count)?;
        (0..count).try_for_each(|_| numbers.serialize_element(&number))?;
        numbers.end()
    }
}

/// Lists in a list: each has its length in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Tree {
    branches: Vec<Tree>,
}

/// bincode, for those who keep what they would not read.
struct Careless;

impl Codec for Careless {
    const NAME: &'static str = Bincode::NAME;

    fn reads_back<T: ?Sized>() -> bool {
        false
    }

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        Bincode::encode(value, bytes)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        Bincode::decode(bytes)
    }

    fn decode_segments<T: DeserializeOwned>(segments: &mut Segments) -> Result<T> {
        Bincode::decode_segments(segments)
    }
}

#[memento(codec = crate::foreign::Careless)]
fn tree() -> Written<Tree> {
    Written(Tree::default())
}

#[memento(codec = crate::foreign::Careless)]
fn text() -> Written<String> {
    Written("text".to_owned())
}

fn call_both() {
    assert_eq!(tree(), Written(Tree::default()));
    assert_eq!(text(), Written("text".to_owned()));
}

/// In a record, in an object of one piece, and in one of chunks.
#[test]
fn hostile_contents_with_right_digests_are_computed() {
    // A list of one, as long as there is anything; more than there is memory, and more than can be counted.
    for number in [1, 1 << 33, 1 << 46, u64::MAX] {
        for count in [4, 4_000, 400_000] {
            let server = RedisServer::start();
            let visitor = || Visitor::on(storage(&on(&server)));
            let put = visitor().measure(2, || {
                HOSTILE.set(Some((number, count)));
                assert_eq!(tree(), Written(Tree::default()));
                HOSTILE.set(Some((number, count)));
                assert_eq!(text(), Written("text".to_owned()));
            });
            assert_eq!((put, HOSTILE.get()), (Visit::computed(2), None));
            let found = visitor().measure(2, call_both);
            assert_eq!((found.computed, found.failures), (2, 2), "{number}, {count}: {found:?}");
            let is_said = |warning: &String| warning.contains("kind=Damaged");
            assert!(found.warnings.iter().all(is_said), "{number}, {count}: {found:?}");
            assert_eq!(visitor().measure(2, call_both), Visit::hits(2), "{number}, {count}");
        }
    }
}
