//! What was put into buckets and dropped, in a file: a server that is killed finds there what it has acknowledged.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use bytes::Bytes;
use s3s::dto::Metadata;

/// A change of what is in a bucket.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    pub(super) bucket: String,
    pub(super) key: String,
    /// What is put there; `None` where it is dropped.
    pub(super) put: Option<Put>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Put {
    pub(super) tag: String,
    pub(super) metadata: Option<Metadata>,
    pub(super) content: Bytes,
}

/// A file of changes, each of which is there when the system has it: that outlives the process.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// The one in this file, and the changes in it. One that was cut when the process was killed is none, and goes.
    pub(super) fn open(path: &Path) -> (Self, Vec<Change>) {
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).append(true).create(true).open(path).expect("a file for changes");
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).expect("the changes");
        let (mut rest, mut changes) = (&bytes[..], Vec::new());
        while let Some((change, behind)) = Change::read(rest) {
            changes.push(change);
            rest = behind;
        }
        file.set_len((bytes.len() - rest.len()) as u64).expect("its end is cut");
        (Self(file), changes)
    }

    pub(super) fn add(&mut self, change: &Change) {
        self.0.write_all(&change.write()).expect("room for a change");
    }
}

impl Change {
    /// Its fields, each behind its length: bucket, key, and of what is put, tag, content, and metadata by name and
    /// value. Their number is in front.
    fn write(&self) -> Vec<u8> {
        let mut fields = vec![self.bucket.as_bytes(), self.key.as_bytes()];
        if let Some(put) = &self.put {
            fields.extend([put.tag.as_bytes(), &put.content]);
            let metadata = put.metadata.iter().flatten();
            fields.extend(metadata.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        }
        let mut bytes = fields.len().to_le_bytes().to_vec();
        for field in fields {
            bytes.extend_from_slice(&field.len().to_le_bytes());
            bytes.extend_from_slice(field);
        }
        bytes
    }

    /// The first one, and what is behind it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (count, mut rest) = bytes.split_first_chunk()?;
        let mut fields = Vec::new();
        for _ in 0..usize::from_le_bytes(*count) {
            let (length, behind) = rest.split_first_chunk()?;
            let (field, behind) = behind.split_at_checked(usize::from_le_bytes(*length))?;
            fields.push(field);
            rest = behind;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (bucket, key) = (text(fields.first()?), text(fields.get(1)?));
        let put = fields.get(2).zip(fields.get(3)).map(|(tag, content)| {
            let pairs = fields[4..].chunks_exact(2);
            let metadata: Metadata = pairs.map(|pair| (text(pair[0]), text(pair[1]))).collect();
            let metadata = Some(metadata).filter(|metadata| !metadata.is_empty());
            Put { tag: text(tag), metadata, content: Bytes::copy_from_slice(content) }
        });
        Some((Self { bucket, key, put }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_back_up_to_the_one_that_was_cut() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("changes");
        let change = |put| Change { bucket: "b".to_owned(), key: "a/é".to_owned(), put };
        let metadata = Some(Metadata::from([("name".to_owned(), "value".to_owned())]));
        let put = |metadata| Put { tag: "t-1".to_owned(), metadata, content: vec![7; 9].into() };
        let all = || [change(Some(put(None))), change(None), change(Some(put(metadata.clone())))];
        let (mut journal, _) = Journal::open(&path);
        for change in &all() {
            journal.add(change);
        }
        drop(journal);
        assert_eq!(Journal::open(&path).1, all());
        let length = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
        assert_eq!(Journal::open(&path).1, all()[..2]);
        Journal::open(&path).0.add(&all()[1]);
        assert_eq!(Journal::open(&path).1[2], all()[1], "behind what was whole");
    }
}
