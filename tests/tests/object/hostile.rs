//! Results in a bucket that are not what they were, and prove themselves all the same: whoever can write there can write
//! digests, too.

use memento::memento;
use memento_storage_object::storage;
use memento_tests::records;
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::{Visit, Visitor};
use serde::{Deserialize, Serialize};

use super::keys;

/// How long the result is: more than goes into a record, and less than is read in several segments.
const LENGTH: usize = 900_000;
/// How long the head of a memento is, in front of the path of its function.
const HEAD: usize = 87;

/// A value that may be nested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Bytes(Vec<u8>),
    Numbers(Vec<[u64; 4]>),
    Shapes(Vec<Shape>),
}

#[memento]
fn shape(n: u8) -> Shape {
    Shape::Bytes(vec![n; LENGTH])
}

/// What a process that comes now sees; its value is right.
fn visit(server: &S3Server) -> Visit {
    let visitor = Visitor::on(storage(&server.options()));
    visitor.measure(1, || assert!(shape(7) == Shape::Bytes(vec![7; LENGTH])))
}

/// Puts a content of the same length in the place of the result, and has the memento say that it was that.
fn exchange(server: &S3Server, content: Vec<u8>) {
    let buckets = server.buckets();
    let get = |key: &str| buckets.get(BUCKET, key).unwrap().content.to_vec();
    let is_result = |key: &String| get(key).len() == content.len();
    let result = keys(server, "data/results/").into_iter().find(is_result).unwrap();
    let digests = [get(&result), content.clone()].map(|content| blake3::hash(&content));
    let memento = keys(server, "mementos/").remove(0);
    let mut object = get(&memento);
    let path = u32::from_be_bytes(object[HEAD - 4..HEAD].try_into().unwrap());
    let record = &mut object[HEAD + usize::try_from(path).unwrap()..];
    let is_digest = |bytes: &[u8]| bytes == digests[0].as_bytes();
    let place = record.windows(32).position(is_digest).unwrap();
    record[place..place + 32].copy_from_slice(digests[1].as_bytes());
    let key = Visitor::on(storage(&server.options())).enter(|| shape::memento(7));
    records::seal(&key.unwrap().unwrap().key, record);
    buckets.put(BUCKET, &memento, object);
    let name = result.replace(&result[result.len() - 62..], &digests[1].to_hex()[2..]);
    let name = name.replace(
        &format!("/{}/", &digests[0].to_hex()[..2]),
        &format!("/{}/", &digests[1].to_hex()[..2]),
    );
    buckets.put(BUCKET, &name, content);
}

/// The value is right, the bytes are said to be none, and what is computed is found from then on.
fn heals(content: &[u8], said: &str) {
    let server = S3Server::start();
    assert_eq!(visit(&server), Visit::computed(1));
    let whole = [content, &vec![0; LENGTH + 12 - content.len()]].concat();
    exchange(&server, whole);
    visit(&server).assert_warned(1, &["kind=Damaged", said]);
    assert_eq!(visit(&server), Visit::hits(1));
}

#[test]
fn a_result_that_is_nested_without_an_end_is_damaged() {
    let level = [2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    heals(&level.repeat(LENGTH / level.len()), "nested so deep");
}

#[test]
fn a_result_that_asks_for_endless_memory_is_damaged() {
    for variant in [0_u32, 1, 2] {
        for length in [1_u64 << 40, u64::MAX] {
            let content = [variant.to_le_bytes().as_slice(), &length.to_le_bytes()].concat();
            heals(&content, "");
        }
    }
}
