use std::io::{BufWriter, Read, Write as _};

use super::*;

/// A reader that gives a few bytes at a time, and is interrupted in between.
struct Crumbs<'a> {
    bytes: &'a [u8],
    is_interrupted: bool,
}

impl Read for Crumbs<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.is_interrupted = !self.is_interrupted;
        if self.is_interrupted {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let length = buffer.len().min(1009);
        self.bytes.read(&mut buffer[..length])
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|place| u8::try_from(place % 251).unwrap()).collect()
}

#[test]
fn what_is_read_has_the_digest_of_the_whole() {
    for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 17] {
        let content = content(length);
        for most in [1000, PIECE, 5 * PIECE] {
            let mut reader = HashedReader::new(Crumbs { bytes: &content, is_interrupted: false });
            let (mut read, mut buffer) = (Vec::new(), vec![0; most]);
            loop {
                let length = reader.read(&mut buffer).unwrap();
                if length == 0 {
                    break;
                }
                read.extend_from_slice(&buffer[..length]);
            }
            assert!(read == content, "{length} bytes by {most}");
            assert_eq!((reader.count(), reader.digest()), (length as u64, Digest::of(&content)));
        }
    }
}

#[test]
fn a_piece_is_hashed_before_it_is_taken() {
    let content = content(2 * PIECE);
    let mut reader = HashedReader::new(&content[..]);
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 10);
    assert_eq!((reader.count(), reader.buffer().len()), (PIECE as u64, PIECE - 10));
    assert_eq!(reader.digest(), Digest::of(&content[..PIECE]));
}

#[test]
fn what_fails_gives_nothing_of_its_piece() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let content = content(PIECE + 10);
    let mut reader = HashedReader::new(content.chain(Failing));
    assert_eq!(reader.read(&mut vec![0; 2 * PIECE]).unwrap(), PIECE);
    for _ in 0..2 {
        assert_eq!(reader.read(&mut [0; 10]).unwrap_err().to_string(), "gone");
    }
    assert_eq!(reader.count(), PIECE as u64);
}

#[test]
fn what_is_written_has_the_digest_of_the_whole() {
    let content = content(3 * PIECE + 17);
    for most in [1, 1000, PIECE, 5 * PIECE] {
        let mut writer = BufWriter::with_capacity(PIECE, HashedWriter::new(Vec::new()));
        for part in content.chunks(most) {
            writer.write_all(part).unwrap();
        }
        let written = writer.into_inner().unwrap();
        assert_eq!(
            (written.count(), written.digest()),
            (content.len() as u64, Digest::of(&content))
        );
        assert!(written.writer == content);
    }
}
