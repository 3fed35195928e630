use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scope::Scope;
use super::*;
use crate::codec::{Bincode, Codec, Json};
use crate::{Blob, Partition, Storage, encoding};

const TEXT: &[u8] = b"some text";

fn blob() -> Blob {
    Blob::from_reader(TEXT).unwrap()
}

fn partition() -> Partition<u8, u16> {
    let mut partition = Partition::new();
    partition.insert(7, &0x0102).unwrap();
    partition
}

fn encoded<C: Codec>(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    C::encode(value, &mut bytes).unwrap();
    bytes
}

/// Records name parts like this: to change it is to lose them.
#[test]
fn golden_bytes() {
    let digest = Digest::of(TEXT).to_string();
    let json = String::from_utf8(encoded::<Json>(&blob())).unwrap();
    assert_eq!(json, format!("{{\"digest\":\"{digest}\",\"size\":9}}"));
    let bytes = [&64_u64.to_le_bytes()[..], digest.as_bytes(), &9_u64.to_le_bytes()].concat();
    assert_eq!(encoded::<Bincode>(&blob()), bytes);
    assert_eq!(Bincode::decode::<Blob>(&bytes).unwrap(), blob());

    let value = Digest::of(&[2, 1]).to_string();
    let json = String::from_utf8(encoded::<Json>(&partition())).unwrap();
    assert_eq!(json, format!("[[7,{{\"digest\":\"{value}\",\"size\":2,\"parts\":[]}}]]"));
    let entry = [&[7][..], &64_u64.to_le_bytes(), value.as_bytes(), &2_u64.to_le_bytes()].concat();
    let bytes = [&1_u64.to_le_bytes()[..], &entry, &0_u64.to_le_bytes()].concat();
    assert_eq!(encoded::<Bincode>(&partition()), bytes);
    assert_eq!(Bincode::decode::<Partition<u8, u16>>(&bytes).unwrap(), partition());

    let mut files = Partition::<u8, Blob>::new();
    files.insert(7, &blob()).unwrap();
    let json = String::from_utf8(encoded::<Json>(&files)).unwrap();
    let file = format!("{{\"digest\":\"{digest}\",\"size\":9}}");
    assert!(json.ends_with(&format!(",\"size\":80,\"parts\":[{file}]}}]]")), "{json}");
    assert_eq!(Json::decode::<Partition<u8, Blob>>(json.as_bytes()).unwrap(), files);
}

#[test]
fn records_show_the_digest_of_an_argument() {
    let bytes = encoding::encode(&blob()).unwrap();
    let shown = encoding::Rendered(&bytes).to_string();
    assert_eq!(shown, format!("Part {{ digest: {:?}, size: 9 }}", Digest::of(TEXT).to_string()));
    assert_eq!(encoding::decode::<Blob>(&bytes).unwrap(), blob());
}

#[test]
fn what_is_no_digest_is_refused() {
    for text in ["", "ab", &"x".repeat(64)] {
        let json = format!("{{\"digest\":\"{text}\",\"size\":9}}");
        assert_eq!(Json::decode::<Blob>(json.as_bytes()).unwrap_err().kind(), ErrorKind::Damaged);
    }
}

#[test]
fn a_scope_ends_with_its_work_also_by_a_panic() {
    let storage = Storage::memory();
    let work = || Scope::encoding(&storage.contents, "f").enter(|| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    encoded::<Bincode>(&blob());
    assert!(storage.contents.missing_content(&[Digest::of(TEXT)]).is_some(), "nobody keeps it");

    let outer = Scope::encoding(&storage.contents, "f");
    let ((), found) = outer.enter(|| {
        let ((), inner) =
            Scope::arguments(Arc::default()).enter(|| drop(encoded::<Bincode>(&blob())));
        assert_eq!(inner.parts, [Digest::of(TEXT)]);
        assert!(storage.contents.missing_content(&inner.parts).is_some(), "of no result");
        encoded::<Bincode>(&partition());
    });
    assert_eq!((found.parts.len(), found.lost.is_none(), found.held), (1, true, 2));
    assert_eq!(storage.contents.missing_content(&found.parts), None);
}

/// A content that a store does not take is told of, and the value is what it was.
#[test]
fn a_part_that_cannot_be_kept_is_lost_to_the_result() {
    let storage = Storage::memory();
    let json = format!("{{\"digest\":\"{}\",\"size\":7}}", Digest::of(b"nowhere"));
    // It is read back where nothing says where it is, and nothing has it.
    let nowhere = Json::decode::<Blob>(json.as_bytes()).unwrap();
    let environment = crate::Environment::new(Storage::memory(), crate::LocalRunner::new());
    let scope = Scope::encoding(&storage.contents, "f");
    let (bytes, found) = environment.enter(|| scope.enter(|| encoded::<Json>(&nowhere)));
    assert_eq!(bytes, json.as_bytes());
    assert!(found.lost.is_some());
}
