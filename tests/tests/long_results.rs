//! Results of several segments, which are decoded while they are read.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use memento::memento;
use memento_tests::folder::Folder;
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::expected_small;
use serde::de::{SeqAccess, Visitor as ValueVisitor};
use serde::{Deserialize, Deserializer, Serialize};

const SEGMENT: usize = 1 << 20;
/// How many numbers a result has: as many as fill three segments, and half of a fourth.
const COUNT: usize = 7 * SEGMENT / 16;
/// How long its encoding is, in bytes.
const LENGTH: usize = 8 + 8 * COUNT;

const WRONG_BYTES: &str = "its bytes are not those that were written";

/// How many numbers anybody has decoded that nobody has encoded.
static WRONG: AtomicU64 = AtomicU64::new(0);

/// Numbers that notice when they are decoded from other bytes.
#[derive(Clone, PartialEq, Serialize)]
struct Numbers(Vec<u64>);

impl Numbers {
    fn number(index: u64) -> u64 {
        expected_small(index)
    }

    fn all() -> Self {
        Self((0..COUNT as u64).map(Self::number).collect())
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Watching;
        impl<'de> ValueVisitor<'de> for Watching {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = values.next_element()? {
                    let is_wrong = number != Numbers::number(numbers.len() as u64);
                    WRONG.fetch_add(is_wrong.into(), Ordering::Relaxed);
                    numbers.push(number);
                }
                Ok(Numbers(numbers))
            }
        }
        deserializer.deserialize_newtype_struct("Numbers", Inside(Watching))
    }
}

/// Visits what a struct of one field has inside.
struct Inside<V>(V);

impl<'de, V: ValueVisitor<'de>> ValueVisitor<'de> for Inside<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inside: D) -> Result<V::Value, D::Error> {
        inside.deserialize_seq(self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(values)
    }
}

#[memento]
fn by_bincode() -> Numbers {
    Numbers::all()
}

#[memento(codec = "postcard")]
fn by_postcard() -> Numbers {
    Numbers::all()
}

/// Each codec's function once, without a memory cache.
fn visit(folder: &Folder) -> Visit {
    let visitor = Visitor::on(memento_storage_fs::storage(&folder.options()).memory_cache(0));
    visitor.measure(2, || {
        for function in [by_bincode, by_postcard] {
            assert!(function() == Numbers::all());
        }
    })
}

/// A folder with both results, and their files: that of bincode first.
fn stored() -> (Folder, [PathBuf; 2]) {
    let folder = Folder::new();
    assert_eq!(visit(&folder), Visit::computed(2));
    let length = |file: &PathBuf| fs::metadata(file).unwrap().len();
    let mut files = folder.data();
    files.retain(|file| length(file) > SEGMENT as u64);
    files.sort_by_key(|file| length(file) != LENGTH as u64);
    let files = files.try_into().unwrap();
    (folder, files)
}

/// Both results are damaged: they are computed again, said so, moved aside, and there again; and no number was decoded
/// that had not been encoded.
fn check(damage: impl Fn(&mut Vec<u8>)) {
    let (folder, files) = stored();
    let damaged = files.each_ref().map(|file| damage_file(file, &damage));
    let visited = visit(&folder);
    assert_eq!((visited.computed, visited.failures), (2, 2), "{visited:?}");
    for (file, warning) in files.iter().zip(&visited.warnings) {
        let digest: String = [file.parent().unwrap(), file]
            .map(|path| path.file_name().unwrap().to_str().unwrap())
            .concat();
        for part in ["kind=Damaged", WRONG_BYTES, &digest, folder.name()] {
            assert!(warning.contains(part), "{warning}");
        }
    }
    let aside: Vec<_> = folder.damaged().iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(aside.len() == 2 && damaged.iter().all(|content| aside.contains(content)));
    assert_eq!(visit(&folder), Visit::hits(2));
    folder.assert_whole();
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
}

fn damage_file(file: &Path, damage: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut content = fs::read(file).unwrap();
    damage(&mut content);
    fs::write(file, &content).unwrap();
    content
}

#[test]
fn are_read_as_they_were_written() {
    let (folder, _) = stored();
    assert_eq!(visit(&folder), Visit::hits(2));
    assert_eq!(WRONG.load(Ordering::Relaxed), 0);
}

#[test]
fn with_one_bit_flipped_in_any_segment() {
    for segment in 0..4 {
        check(|content| content[segment * SEGMENT + 9] ^= 0x10);
    }
}

#[test]
fn with_one_bit_flipped_at_the_end() {
    check(|content| *content.last_mut().unwrap() ^= 1);
}

#[test]
fn cut_short() {
    for length in [0, 1, SEGMENT - 1, SEGMENT, 2 * SEGMENT + 1, 3 * SEGMENT] {
        check(|content| content.truncate(length));
    }
    check(|content| content.truncate(LENGTH - 1));
}

#[test]
fn with_bytes_after_their_end() {
    check(|content| content.push(0));
    check(|content| content.resize(5 * SEGMENT, 0));
}

#[test]
fn with_segments_exchanged() {
    check(|content| content[..2 * SEGMENT].rotate_left(SEGMENT));
}

#[test]
fn gone() {
    let (folder, files) = stored();
    fs::remove_file(&files[0]).unwrap();
    let visited = visit(&folder);
    assert_eq!((visited.computed, visited.hits, visited.failures), (1, 1, 0));
    assert_eq!(visit(&folder), Visit::hits(2));
}

/// Others ask whether it could be read, too.
#[test]
fn are_explained() {
    let (folder, [file, _]) = stored();
    let explain = || {
        let visitor = Visitor::on(memento_storage_fs::storage(&folder.options()).memory_cache(0));
        visitor.enter(|| by_bincode::explain().unwrap().to_string())
    };
    assert_eq!(explain(), "hit");
    damage_file(&file, |content| content[2 * SEGMENT] ^= 1);
    assert_ne!(explain(), "hit");
    assert_eq!(visit(&folder).computed, 1);
    assert_eq!(explain(), "hit");
}
