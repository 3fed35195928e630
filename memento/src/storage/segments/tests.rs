use std::io::{self, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Broken, Segments, read};
use crate::Digest;
use crate::digest::segments::{Outline, SEGMENT};

const COUNT: usize = 6;
/// The last segment has 7 bytes.
const LENGTH: usize = (COUNT - 1) * SEGMENT + 7;

fn content() -> Vec<u8> {
    (0..=250).cycle().flat_map(|n| [n; 1000]).take(LENGTH).collect()
}

/// Does `decode` with the segments of what `read` has, which is to be [`content()`].
fn decoded<T>(
    from: impl Read + Send + 'static,
    decode: impl FnOnce(&mut Segments) -> T,
) -> Result<T, Broken> {
    let content = content();
    let (digest, outline) = Digest::with_outline(&content);
    let outline = Outline::read(&outline, &digest, content.len() as u64).unwrap();
    read(Box::new(from), outline, decode)
}

/// All segments that come, one after the other.
fn all(segments: &mut Segments) -> Vec<u8> {
    let mut all = Vec::new();
    let mut segment = Vec::new();
    while let Some(next) = segments.advance(segment) {
        all.extend_from_slice(&next);
        assert_eq!(segments.left(), (LENGTH - all.len()) as u64);
        segment = next;
    }
    all
}

/// Reads a few bytes at a time, and is interrupted.
struct Slow<R>(R, usize);

impl<R: Read> Read for Slow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let most = buffer.len().min(100_003);
        self.0.read(&mut buffer[..most])
    }
}

/// Fails.
struct Failing(io::ErrorKind);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

struct Panicking;

impl Read for Panicking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("the store panics")
    }
}

#[test]
fn segments_come_in_order() {
    assert!(decoded(Cursor::new(content()), all).unwrap() == content());
    assert!(decoded(Slow(Cursor::new(content()), 0), all).unwrap() == content());
}

#[test]
fn segments_are_read_as_a_stream() {
    let read = decoded(Cursor::new(content()), |segments| {
        let mut read = Vec::new();
        segments.read_to_end(&mut read).map(|_| read)
    });
    assert!(read.unwrap().unwrap() == content());
}

/// Segments before are handed out; the one that is not what was written is not, and none behind it.
#[test]
fn other_bytes_are_damage() {
    for index in 0..COUNT {
        let mut damaged = content();
        damaged[index * SEGMENT] ^= 1;
        let end = damaged.len().min((index + 1) * SEGMENT) as u64;
        let mut seen = Vec::new();
        let broken = decoded(Cursor::new(damaged), |segments| seen = all(segments)).unwrap_err();
        assert!(matches!(broken, Broken::Damaged(length) if length == end), "{broken:?}");
        assert!(seen == content()[..index * SEGMENT]);
    }
    let mut stream = io::Result::Ok(0);
    let damaged = vec![1; LENGTH];
    decoded(Cursor::new(damaged), |s| stream = s.read_to_end(&mut Vec::new())).unwrap_err();
    assert!(stream.is_err());
}

#[test]
fn more_and_fewer_bytes_are_damage() {
    let content = content();
    for length in [0, 1, SEGMENT, 3 * SEGMENT - 1, content.len() - 1] {
        let broken = decoded(Cursor::new(content[..length].to_vec()), all).unwrap_err();
        assert!(matches!(broken, Broken::Damaged(read) if read == length as u64), "{broken:?}");
    }
    let longer = Cursor::new(content).chain(io::repeat(0));
    assert!(matches!(decoded(longer, all), Err(Broken::Damaged(_))), "it has no end");
}

#[test]
fn a_store_that_fails_is_no_damage_unless_it_says_so() {
    for kind in [io::ErrorKind::TimedOut, io::ErrorKind::InvalidData] {
        for length in [0, SEGMENT, 2 * SEGMENT + 3] {
            let begun = Cursor::new(content()[..length].to_vec());
            let broken = decoded(begun.chain(Failing(kind)), all).unwrap_err();
            match broken {
                Broken::Failed(error) => assert_eq!(error.kind(), io::ErrorKind::TimedOut),
                Broken::Damaged(_) => assert_eq!(kind, io::ErrorKind::InvalidData),
            }
        }
    }
}

#[test]
fn who_wants_no_more_need_not_read_on() {
    assert_eq!(decoded(Cursor::new(content()), |_| 7).unwrap(), 7);
    let first = decoded(Cursor::new(content()), |segments| segments.advance(Vec::new()));
    assert!(first.unwrap().unwrap() == content()[..SEGMENT]);
}

#[test]
fn panics_go_on() {
    let panicked = |work: &mut dyn FnMut()| {
        let panic = catch_unwind(AssertUnwindSafe(work)).unwrap_err();
        panic.downcast_ref::<&str>().copied().unwrap_or_default()
    };
    let mut decode = || decoded(Cursor::new(content()), |_| panic!("the type panics")).unwrap();
    assert_eq!(panicked(&mut decode), "the type panics");
    let mut read = || drop(decoded(Panicking, all));
    assert_eq!(panicked(&mut read), "the store panics");
}

/// Counts what is read of it.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read as u64, Ordering::SeqCst);
        Ok(read)
    }
}

/// One is decoded, one waits, one is read: no more, however slow the decoder is.
#[test]
fn three_segments_are_in_memory_at_most() {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Counted(Cursor::new(content()), Arc::clone(&count));
    decoded(counted, |segments| {
        let mut taken = 0;
        let mut segment = Vec::new();
        while let Some(next) = segments.advance(segment) {
            // Whatever is read meanwhile, it is not more.
            assert!(count.load(Ordering::SeqCst) <= (taken + 3) * SEGMENT as u64);
            taken += 1;
            segment = next;
        }
    })
    .unwrap();
}
