//! How results are encoded, as chosen on the function.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Codec, Environment, ErrorKind, LocalRunner, Partition, Storage, memento, resource};
use memento_tests::guests::{Picky, picky};
use serde::Serialize;
use serde::de::DeserializeOwned;

static RUNS: AtomicU64 = AtomicU64::new(0);

/// A codec of somebody else: JSON with a mark in front.
struct Marked;

impl Codec for Marked {
    const NAME: &'static str = "marked";

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> memento::Result<()> {
        bytes.push(b'!');
        memento::codec::Json::encode(value, bytes)
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> memento::Result<T> {
        memento::codec::Json::decode(bytes.strip_prefix(b"!").unwrap_or_default())
    }
}

/// Defines a function with a codec.
macro_rules! function {
    ($name:ident, $($codec:tt)+) => {
        #[memento($($codec)+)]
        fn $name(n: u64) -> Vec<(u64, String)> {
            RUNS.fetch_add(1, Ordering::Relaxed);
            (0..n).map(|i| (i, i.to_string())).collect()
        }
    };
}

function!(by_default, codec = "bincode");
function!(by_postcard, codec = "postcard");
function!(by_json, codec = "json");
function!(by_path, codec = crate::Marked);

#[test]
fn each_codec_reads_what_it_wrote_and_is_named_in_the_record() {
    for inline_limit in [0, 1 << 20] {
        RUNS.store(0, Ordering::Relaxed);
        // Without a memory cache, so that results are decoded.
        let storage = Storage::memory().memory_cache(0).inline_limit(inline_limit);
        Environment::new(storage, LocalRunner::new()).enter(|| {
            let expected: Vec<_> = (0..100).map(|i| (i, i.to_string())).collect();
            for _ in 0..2 {
                for function in [by_default, by_postcard, by_json, by_path] {
                    assert_eq!(function(100), expected);
                }
            }
            let mementos = [
                ("bincode", by_default::memento(100)),
                ("postcard", by_postcard::memento(100)),
                ("json", by_json::memento(100)),
                ("marked", by_path::memento(100)),
            ];
            for (codec, memento) in mementos {
                let value = memento.unwrap().unwrap().outcome.value.unwrap();
                assert_eq!((&*value.codec, value.inline), (codec, inline_limit > 0));
            }
        });
        assert_eq!(RUNS.load(Ordering::Relaxed), 4);
    }
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Quote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<u8>,
    quantity: Option<u8>,
    cents: Option<u16>,
}

static QUOTES: AtomicU64 = AtomicU64::new(0);

#[memento]
fn quote(discount: Option<u8>) -> Quote {
    QUOTES.fetch_add(1, Ordering::Relaxed);
    Quote { discount, quantity: Some(2), cents: Some(99) }
}

#[test]
fn what_its_codec_would_change_is_not_kept() {
    let storage = Storage::memory().memory_cache(0);
    let environment = Environment::new(storage, LocalRunner::new());
    let calls = |discount| {
        let quote = || environment.enter(|| quote(discount));
        let expected = Quote { discount, quantity: Some(2), cents: Some(99) };
        assert_eq!([quote(), quote()], [expected.clone(), expected]);
        QUOTES.swap(0, Ordering::Relaxed)
    };
    assert_eq!(calls(Some(1)), 1);
    assert_eq!(environment.statistics().store_failures, 0);
    assert_eq!(calls(None), 2, "its field is left out");
    assert_eq!(environment.statistics().store_failures, 2);
}

/// The first of its fields without a name may be left out.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Row(
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<u8>,
    #[serde(default)] Option<u8>,
    #[serde(default)] Option<u16>,
);

/// The first variant is never written, and not counted where one is read.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Fate {
    #[serde(skip)]
    #[expect(dead_code, reason = "others count from it")]
    Pending,
    Won,
    Lost,
}

/// The first field is never written.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Line {
    #[serde(default, skip_serializing)]
    cached: Option<u8>,
    first: Option<u8>,
    second: Option<u16>,
}

static ODD: AtomicU64 = AtomicU64::new(0);

#[memento]
fn row(first: Option<u8>) -> Row {
    ODD.fetch_add(1, Ordering::Relaxed);
    Row(first, Some(2), Some(99))
}

#[memento(codec = "postcard")]
fn fate(has_won: bool) -> Fate {
    ODD.fetch_add(1, Ordering::Relaxed);
    if has_won { Fate::Won } else { Fate::Lost }
}

#[memento]
fn line(first: Option<u8>) -> (Line, Option<u16>) {
    ODD.fetch_add(1, Ordering::Relaxed);
    (Line { cached: None, first, second: Some(99) }, None)
}

/// What is in its only variant is never written: then the variant is written as one that has nothing in it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Wrapped {
    Number(#[serde(skip_serializing)] u32),
}

#[memento]
fn wrapped(n: u32) -> (Wrapped, Vec<u32>) {
    ODD.fetch_add(1, Ordering::Relaxed);
    (Wrapped::Number(n), vec![0])
}

/// The first field is never written, the last one never read: there are as many as there should be.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Totals {
    #[serde(skip_serializing)]
    label: u64,
    errors: u64,
    lines: u64,
    #[serde(skip_deserializing)]
    rate: u64,
}

const TOTALS: Totals = Totals { label: 0, errors: 0, lines: 7, rate: 0 };

#[memento]
fn totals(lines: u64) -> Totals {
    ODD.fetch_add(1, Ordering::Relaxed);
    Totals { lines, ..TOTALS }
}

/// The order of what is in the set is another one each time that it is read.
#[memento]
fn fates(_n: u64) -> Vec<(Result<u8, u8>, HashSet<u64>)> {
    ODD.fetch_add(1, Ordering::Relaxed);
    vec![(Err(1), (0..100).collect()), (Ok(2), HashSet::new())]
}

/// Serde tells a serializer nothing of what is left out here. What could not be read is not kept either.
#[test]
fn what_would_be_read_as_another_value_is_not_kept() {
    let storage = Storage::memory().memory_cache(0);
    let environment = Environment::new(storage, LocalRunner::new());
    let runs = |calls: fn()| {
        environment.enter(|| (calls(), calls()));
        let failures = environment.statistics().store_failures;
        (ODD.swap(0, Ordering::Relaxed), failures)
    };
    assert_eq!(runs(|| assert_eq!(row(Some(1)), Row(Some(1), Some(2), Some(99)))), (1, 0));
    assert_eq!(runs(|| assert_eq!(fates(0)[0].1.len(), 100)), (1, 0));
    assert_eq!(runs(|| assert_eq!(row(None), Row(None, Some(2), Some(99)))), (2, 2));
    assert_eq!(runs(|| assert_eq!([fate(true), fate(false)], [Fate::Won, Fate::Lost])), (4, 6));
    assert_eq!(runs(|| assert_eq!(line(Some(2)).0.first, Some(2))), (2, 8));
    assert_eq!(runs(|| assert_eq!(wrapped(9), (Wrapped::Number(9), vec![0]))), (2, 10));
    assert_eq!(runs(|| assert_eq!(totals(7), TOTALS)), (2, 12));
    let refused = Partition::<u64, Fate>::new().insert(0, &Fate::Won).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Encoding);
}

/// It is written with one name, and read with another one.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all(deserialize = "camelCase"))]
struct Item {
    item_id: Option<u64>,
}

/// What was written by the second variant is read by the first one.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Either {
    First { x: Option<u64> },
    Second { y: u64 },
}

static NAMED: AtomicU64 = AtomicU64::new(0);

#[memento(codec = "json")]
fn item(item_id: u64) -> Item {
    NAMED.fetch_add(1, Ordering::Relaxed);
    Item { item_id: Some(item_id) }
}

#[memento(codec = "json")]
fn either(n: u64) -> Either {
    NAMED.fetch_add(1, Ordering::Relaxed);
    if n == 0 { Either::First { x: Some(5) } } else { Either::Second { y: 5 } }
}

#[memento(codec = crate::Marked)]
fn marked(item_id: u64) -> Item {
    NAMED.fetch_add(1, Ordering::Relaxed);
    Item { item_id: Some(item_id) }
}

/// A codec that tells things by their names, and one that nobody knows, can be told to read something else, too.
#[test]
fn what_would_be_read_under_another_name_is_not_kept() {
    let environment = Environment::new(Storage::memory().memory_cache(0), LocalRunner::new());
    let runs = |calls: fn()| {
        environment.enter(|| (calls(), calls()));
        NAMED.swap(0, Ordering::Relaxed)
    };
    assert_eq!(runs(|| assert_eq!(item(5).item_id, Some(5))), 2);
    assert_eq!(runs(|| assert_eq!(marked(5).item_id, Some(5))), 2);
    assert_eq!(runs(|| assert_eq!(either(1), Either::Second { y: 5 })), 2);
    assert_eq!(runs(|| assert_eq!(either(0), Either::First { x: Some(5) })), 1);
    assert_eq!(environment.statistics().store_failures, 6);
}

/// It is read as something else than it is written.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Meters(#[serde(deserialize_with = "of_centimetres")] f64);

fn of_centimetres<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(<f64 as serde::Deserialize>::deserialize(deserializer)? / 100.0)
}

/// It is written as a number, and counted up whenever that is read.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(from = "u64", into = "u64")]
struct Next(u64);

impl From<u64> for Next {
    fn from(n: u64) -> Self {
        Self(n + 1)
    }
}

impl From<Next> for u64 {
    fn from(next: Next) -> Self {
        next.0
    }
}

/// It takes no large number, wherever that comes from.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u64")]
struct Small(u64);

impl TryFrom<u64> for Small {
    type Error = &'static str;

    fn try_from(n: u64) -> Result<Self, Self::Error> {
        if n < 100 { Ok(Self(n)) } else { Err("it is large") }
    }
}

mod own {
    /// It has the names of another one, and one variant more.
    #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    pub(super) enum Result {
        #[serde(skip)]
        #[expect(dead_code, reason = "others count from it")]
        Unknown,
        Ok,
        Err,
    }
}

static READ: AtomicU64 = AtomicU64::new(0);

#[memento]
fn meters(n: u32) -> Meters {
    READ.fetch_add(1, Ordering::Relaxed);
    Meters(n.into())
}

#[memento(codec = "postcard")]
fn next(n: u64) -> Vec<Next> {
    READ.fetch_add(1, Ordering::Relaxed);
    vec![Next(n)]
}

#[memento]
fn limited(n: u64) -> [Small; 1] {
    READ.fetch_add(1, Ordering::Relaxed);
    [Small(n)]
}

#[memento]
fn untagged(n: u64) -> Either {
    READ.fetch_add(1, Ordering::Relaxed);
    Either::Second { y: n }
}

#[memento]
fn results(n: usize) -> Vec<own::Result> {
    READ.fetch_add(1, Ordering::Relaxed);
    vec![own::Result::Ok; n]
}

/// What a type makes of what it reads, nothing that is written tells.
#[test]
fn what_a_type_reads_otherwise_is_not_kept() {
    let storage = Storage::memory().memory_cache(0);
    let environment = Environment::new(storage, LocalRunner::new());
    let runs = |calls: fn()| {
        environment.enter(|| (calls(), calls()));
        (READ.swap(0, Ordering::Relaxed), environment.statistics().store_failures)
    };
    assert_eq!(runs(|| assert_eq!(limited(9), [Small(9)])), (1, 0));
    assert_eq!(runs(|| assert_eq!(meters(0), Meters(0.0))), (1, 0));
    assert_eq!(runs(|| assert_eq!(meters(700), Meters(700.0))), (2, 2));
    assert_eq!(runs(|| assert_eq!(next(1), [Next(1)])), (2, 4));
    assert_eq!(runs(|| assert_eq!(limited(300), [Small(300)])), (2, 6));
    assert_eq!(runs(|| assert_eq!(untagged(5), Either::Second { y: 5 })), (2, 8));
    assert_eq!(runs(|| assert_eq!(results(2), [own::Result::Ok, own::Result::Ok])), (2, 10));
    assert_eq!(runs(|| assert_eq!(picky(3), Picky(3))), (0, 12), "to read it panics");
}

static LENGTHS: AtomicU64 = AtomicU64::new(0);

/// JSON has no NaN.
#[memento(codec = "json")]
fn unkept(path: PathBuf) -> (f64, usize) {
    (f64::NAN, resource::text(path).unwrap().len())
}

#[memento]
fn length(path: PathBuf) -> usize {
    LENGTHS.fetch_add(1, Ordering::Relaxed);
    unkept(path).1
}

/// What it was computed from is known in this process, though nothing is recorded of it.
#[test]
fn callers_of_what_is_not_kept_stay_as_long_as_what_it_has_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let length = |here: &Environment| {
        let length = here.enter(|| length(path.clone()));
        (length, LENGTHS.swap(0, Ordering::Relaxed))
    };
    let here = Environment::new(Storage::memory(), LocalRunner::new());
    fs::write(&path, "abc").unwrap();
    assert_eq!([length(&here), length(&here)], [(3, 1), (3, 0)]);
    fs::write(&path, "abcd").unwrap();
    assert_eq!([length(&here), length(&here)], [(4, 1), (4, 0)]);
}
