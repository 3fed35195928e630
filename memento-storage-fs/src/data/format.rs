//! What is in the file of an object: its content, and nothing else, unless there is user metadata.
//!
//! Metadata stands behind the content, so that both are written and replaced as one:
//!
//! | part            | bytes                                                             |
//! | --------------- | ----------------------------------------------------------------- |
//! | content         |                                                                   |
//! | metadata        | a JSON object of strings                                          |
//! | padding         | zeros, up to a length of the file that can be divided by 512      |
//! | content length  | little-endian `u64`                                               |
//! | metadata length | little-endian `u64`                                               |
//! | check           | the first 8 bytes of the BLAKE3 digest of both lengths            |
//! | format          | `memento object 1`                                                |
//!
//! A content that looks like that by itself is written with empty metadata behind it. The length of most files tells
//! that they need not be looked into.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek as _, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use memento::Digest;
use memento::storage::{Properties, UserMetadata};

const FORMAT: &[u8; 16] = b"memento object 1";

/// Lengths of files with metadata can be divided by it.
const BLOCK: u64 = 512;

/// What ends a file with metadata: two lengths, their check and the format.
const END: u64 = 8 + 8 + 8 + 16;

/// The longest metadata that is read: 16 MiB.
const LONGEST: u64 = 16 << 20;

/// A file that was found, read to some place in its content.
#[derive(Debug)]
pub(super) struct Found {
    file: File,
    status: Metadata,
    /// How long the content is.
    size: u64,
    metadata_length: u64,
    /// How much of the content is left to read.
    left: u64,
}

/// What is there, or `None` where there is no file of this name.
pub(super) fn none_if_absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file at `path`, if it is one.
pub(super) fn open(path: &Path) -> io::Result<Option<Found>> {
    let Some(mut file) = none_if_absent(File::open(path))? else { return Ok(None) };
    let status = file.metadata()?;
    if !status.is_file() {
        return Ok(None);
    }
    let (mut size, mut metadata_length) = (status.len(), 0);
    if may_have_metadata(size) {
        let mut end = [0; 8 + 8 + 8 + FORMAT.len()];
        file.seek(SeekFrom::Start(size - END))?;
        file.read_exact(&mut end)?;
        file.rewind()?;
        if let Some(lengths) = lengths(&end, size)? {
            (size, metadata_length) = lengths;
        }
    }
    Ok(Some(Found { file, status, size, metadata_length, left: size }))
}

impl Found {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What is left of the content.
    pub(super) fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let length = usize::try_from(self.left).map_err(io::Error::other)?;
        content.try_reserve_exact(length).map_err(io::Error::other)?;
        (&mut self.file).take(self.left).read_to_end(&mut content)?;
        Ok(content)
    }

    pub(super) fn read_range(&mut self, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let start = range.start.min(self.size);
        self.left = range.end.min(self.size).saturating_sub(start);
        self.file.seek(SeekFrom::Start(start))?;
        self.read_to_end()
    }

    /// What the user said about it.
    pub(super) fn metadata(&mut self) -> io::Result<UserMetadata> {
        if self.metadata_length == 0 {
            return Ok(UserMetadata::new());
        }
        let position = self.file.stream_position()?;
        self.file.seek(SeekFrom::Start(self.size))?;
        let metadata = (&mut self.file).take(self.metadata_length);
        let metadata = serde_json::from_reader(io::BufReader::new(metadata));
        self.file.seek(SeekFrom::Start(position))?;
        metadata.map_err(|error| damaged(error.to_string()))
    }

    pub(super) fn properties(&mut self) -> io::Result<Properties> {
        let modified = self.status.modified().ok();
        Ok(Properties { size: self.size, modified, metadata: self.metadata()? })
    }
}

impl Read for Found {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.file.read(&mut buffer[..most])?;
        self.left -= length as u64;
        Ok(length)
    }
}

/// Whether a file of this length has to be looked into.
pub(super) fn may_have_metadata(length: u64) -> bool {
    length > 0 && length.is_multiple_of(BLOCK)
}

/// The lengths of content and metadata of a file of `length` bytes, where this is the end of one that has both.
fn lengths(end: &[u8], length: u64) -> io::Result<Option<(u64, u64)>> {
    let (checked, format) = end.split_at(end.len() - FORMAT.len());
    if format != FORMAT {
        return Ok(None);
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let (size, metadata) = (number(&checked[..8]), number(&checked[8..16]));
    let needed = size.checked_add(metadata).and_then(|sum| sum.checked_add(END));
    let is_whole = checked[16..] == check(&checked[..16])
        && metadata <= LONGEST
        && needed.is_some_and(|needed| needed <= length);
    if is_whole {
        return Ok(Some((size, metadata)));
    }
    Err(damaged("the lengths at the end of the file are not its own"))
}

fn check(lengths: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = *Digest::of(lengths).as_bytes();
    [a, b, c, d, e, f, g, h]
}

fn damaged(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message.into())
}

/// Writes what has to stand behind a content of `size` bytes that ends with `end`.
pub(super) fn write_end(
    file: &mut File,
    size: u64,
    end: &[u8],
    metadata: &UserMetadata,
) -> io::Result<()> {
    if metadata.is_empty() && !looks_like_metadata(size, end) {
        return Ok(());
    }
    let mut bytes = serde_json::to_vec(metadata).map_err(io::Error::other)?;
    let length = bytes.len() as u64;
    if length > LONGEST {
        return Err(io::Error::other("user metadata is longer than 16 MiB"));
    }
    let unpadded = size + length + END;
    let padding = unpadded.next_multiple_of(BLOCK) - unpadded;
    bytes.extend((0..padding).map(|_| 0));
    let lengths = [size.to_le_bytes(), length.to_le_bytes()].concat();
    bytes.extend(&lengths);
    bytes.extend(check(&lengths));
    bytes.extend(FORMAT);
    file.write_all(&bytes)
}

fn looks_like_metadata(size: u64, end: &[u8]) -> bool {
    may_have_metadata(size) && end.ends_with(FORMAT)
}

/// Whether the file at `path` has this content and no metadata: one that was damaged is written again.
pub(super) fn is_there(path: &Path, content: &[u8]) -> bool {
    let size = content.len() as u64;
    let has_length = |found: Metadata| found.is_file() && found.len() == size;
    !looks_like_metadata(size, content)
        && fs::metadata(path).is_ok_and(has_length)
        && fs::read(path).is_ok_and(|found| found == content)
}
