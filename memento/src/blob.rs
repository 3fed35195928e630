//! Results that are files.

mod reader;
mod writer;

use std::any::Any;
use std::fmt;
use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use reader::BlobReader;
pub use writer::BlobWriter;

use crate::Digest;
use crate::part::Part;

/// How many bytes wait in memory rather than in a temporary file.
const IN_MEMORY: usize = 1 << 20;

/// A file as a result, or as part of one: bytes that go into the data store and out of it in pieces, and are never in
/// memory as a whole.
///
/// ```
/// use std::io::{self, BufRead, BufReader, Write};
/// use memento::{Blob, memento};
///
/// #[memento]
/// fn squares(count: u64) -> io::Result<Blob> {
///     let mut file = Blob::create();
///     for n in 0..count {
///         writeln!(file, "{}", n * n)?;
///     }
///     file.finish()
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| -> io::Result<()> {
/// let lines = BufReader::new(squares(1000)?.open()?).lines();
/// assert_eq!(lines.last().unwrap()?, "998001");
/// # Ok(()) }).unwrap();
/// ```
///
/// What is written waits in a temporary file, or in memory as long as it is short. When it is finished in a memento
/// function, it goes into the data store; elsewhere, and where the data store does not keep what is put, it stays where
/// it is as long as there are clones of the value. A long one takes a file descriptor there, of which a process may have
/// only a thousand.
///
/// Two of them are equal where their bytes are, which their digests tell. As an argument it stands in the key as digest
/// and size.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob(Part);

impl Blob {
    /// Begins a new one, to be written.
    pub fn create() -> BlobWriter {
        BlobWriter::new()
    }

    /// One with all bytes of `reader`.
    ///
    /// # Errors
    ///
    /// Those of reading and writing.
    pub fn from_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut writer = Self::create();
        io::copy(&mut reader, &mut writer)?;
        writer.finish()
    }

    /// One with the bytes of the file at `path`, which is not needed any more afterwards.
    ///
    /// The file counts as made by the function. One that the function depends on is read with
    /// [`resource::file`](crate::resource::file()).
    ///
    /// # Errors
    ///
    /// Those of reading and writing.
    pub fn from_path(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_reader(fs::File::open(path)?)
    }

    /// Opens it for reading. The bytes are checked on the way: see [`BlobReader`].
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) where they are gone, and what the store reports.
    pub fn open(&self) -> io::Result<BlobReader> {
        BlobReader::open(&self.0)
    }

    /// All bytes, checked.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open); [`InvalidData`](io::ErrorKind::InvalidData) where the bytes are not those that
    /// were written.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        Ok(self.0.read()?)
    }

    /// Writes all bytes to the file at `path`, in place of one that is there. It gets this name when it is whole and
    /// checked.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and those of writing.
    pub fn copy_to(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file =
            builder.tempfile_in(folder.map_or_else(|| PathBuf::from("."), Path::to_owned))?;
        io::copy(&mut self.open()?, &mut file)?;
        file.persist(path)?;
        Ok(())
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.0.size
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.size == 0
    }

    /// The BLAKE3 digest of the bytes.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// The part of a value that is a blob.
    pub(crate) fn part_of(value: &dyn Any) -> Option<&Part> {
        value.downcast_ref::<Self>().map(|blob| &blob.0)
    }
}

impl Hash for Blob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.digest.hash(state);
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({:#}, {} bytes)", self.0.digest, self.0.size)
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Part::deserialize(deserializer).map(Self)
    }
}
