//! Objects that somebody has made to do harm.

use memento::storage::DataStore;
use memento::{ErrorKind, Result};

use crate::{CHUNK, compression, name, over, text};

/// An object of one chunk, as it is compressed.
fn made(way: u8, digest: [u8; 8], kept: &[u8], plain: u64, count: u64) -> Vec<u8> {
    let length = u32::try_from(1 + 8 + kept.len()).unwrap() | 1 << 31;
    let chunk = [&length.to_le_bytes(), &[way][..], &digest, kept].concat();
    let table = 5_u64.to_le_bytes().repeat(usize::try_from(count.min(10)).unwrap());
    [b"mZST\x01", &*chunk, &table, &plain.to_le_bytes(), &count.to_le_bytes()].concat()
}

/// The digest that a chunk has to have: all but the chunk is right.
fn digest(chunk: &[u8]) -> [u8; 8] {
    let hash = blake3::hash(&[&[0, 0, 0, 0, 0, 0, 0, 0, 1], chunk].concat());
    *hash.as_bytes().first_chunk().unwrap()
}

#[track_caller]
fn refused(content: &[u8], kind: ErrorKind, why: &str) {
    let (store, compressed) = over(compression());
    store.put(&name("a"), content).unwrap();
    let check = |result: Result<()>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    check(compressed.get(&name("a")).map(drop));
    let read = compressed.read(&name("a"));
    let read = read.and_then(|stream| {
        let copied = std::io::copy(&mut stream.unwrap(), &mut std::io::sink());
        copied.map(drop).map_err(|error| error.downcast().unwrap())
    });
    check(read);
}

#[test]
fn what_is_made_by_hand_is_read() {
    let (store, compressed) = over(compression());
    store.put(&name("a"), &made(0, digest(b"kept"), b"kept", 4, 1)).unwrap();
    assert_eq!(compressed.get(&name("a")).unwrap().unwrap(), b"kept");
    assert_eq!(compressed.get_range(&name("a"), 1..3).unwrap().unwrap(), b"ep");
    assert_eq!(compressed.properties(&name("a")).unwrap().unwrap().size, 4);
}

#[test]
fn what_a_later_release_wrote_is_told_from_damage() {
    let mut later = made(0, digest(b"kept"), b"kept", 4, 1);
    later[4] = 2;
    refused(&later, ErrorKind::NewerFormat, "its format is 2, this release knows 1; update");
    later[4] = 0;
    refused(&later, ErrorKind::Damaged, "no known format");
}

#[test]
fn sizes_that_cannot_be_are_not_believed() {
    for (plain, count) in [(u64::MAX, 1), (4, u64::MAX), (u64::MAX, u64::MAX), (5, 1), (4, 2)] {
        let made = made(0, digest(b"kept"), b"kept", plain, count);
        refused(&made, ErrorKind::Damaged, "behind its end");
        let (store, compressed) = over(compression());
        store.put(&name("a"), &made).unwrap();
        let part = compressed.get_range(&name("a"), 0..u64::MAX);
        assert_eq!(part.unwrap_err().kind(), ErrorKind::Damaged, "{plain} {count}");
    }
    let mut long = made(0, digest(b"kept"), b"kept", 4, 1);
    long[5..9].copy_from_slice(&(u32::MAX >> 1).to_le_bytes());
    refused(&long, ErrorKind::Damaged, "longer than any is");
    // It would have to be there.
    long[5..9].copy_from_slice(&200_000_u32.to_le_bytes());
    refused(&long, ErrorKind::Damaged, "it ends too early");
    refused(&made(7, digest(b"kept"), b"kept", 4, 1), ErrorKind::Damaged, "no known way");
}

/// What would become far longer is stopped where it is as long as a chunk, or 256 times as long as it is stored.
#[test]
fn what_is_compressed_does_not_burst() {
    for length in [CHUNK + 1, 1 << 30] {
        let bomb = zstd::bulk::compress(&vec![0; length], 19).unwrap();
        refused(&made(1, [0; 8], &bomb, length as u64, 1), ErrorKind::Damaged, "cannot decompress");
    }
    let zeros = vec![0; CHUNK];
    let bomb = zstd::bulk::compress(&zeros, 19).unwrap();
    assert!(bomb.len() < 100);
    let made = made(1, digest(&zeros), &bomb, CHUNK as u64, 1);
    refused(&made, ErrorKind::Damaged, "cannot decompress");
    // Those that are put are read, and take a kilobyte a chunk.
    let (store, compressed) = over(compression());
    compressed.put(&name("a"), &vec![0; 10 * CHUNK]).unwrap();
    assert_eq!(compressed.get(&name("a")).unwrap().unwrap(), vec![0; 10 * CHUNK]);
    let kept = store.properties(&name("a")).unwrap().unwrap().size;
    assert!((10 << 10..11 << 10).contains(&kept), "{kept}");
    compressed.put(&name("a"), &text(CHUNK)).unwrap();
    assert_eq!(compressed.get(&name("a")).unwrap().unwrap(), text(CHUNK));
}
