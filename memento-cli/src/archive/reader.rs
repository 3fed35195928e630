//! Reads an archive, and believes nothing that it says.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use memento::{Error, ErrorKind, Result};

use super::{FORMAT, Head, LENGTHS, LONGEST_HEAD, MAGIC};

const READ: &str = "read an archive";

/// What is done with a member: its head, the length of its body, and the body, which fails at its end where it is
/// damaged.
type Each<'e> = &'e mut dyn FnMut(Head, u64, &mut dyn Read) -> Result<()>;

/// Does `each` with every member of the archive at `path`, and checks all of it on the way.
///
/// # Errors
///
/// [`ErrorKind::Damaged`] and [`ErrorKind::NewerFormat`], with the place, and what `each` reports.
pub(crate) fn read(path: &Path, each: Each<'_>) -> Result<()> {
    let failed =
        |error| Error::new(ErrorKind::Storage, READ).with("archive", path.display()).because(error);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let hasher = blake3::Hasher::new();
    let file = BufReader::with_capacity(1 << 18, file);
    let mut archive = Archive { path, file, length, position: 0, hasher, member: None };
    archive.begin()?;
    let (mut rank, mut members) = (0, 0);
    loop {
        let at = archive.position;
        let (head, size) = archive.head()?;
        if head.rank() < rank {
            return Err(archive.damaged_at(at, "it stands behind what has to come after it"));
        }
        rank = head.rank();
        if let Head::End(count) = head {
            archive.check_digest()?;
            if (count, size) != (members, 0) {
                return Err(archive.damaged_at(at, "members are missing"));
            }
            let is_all = archive.position == archive.length;
            return is_all
                .then_some(())
                .ok_or_else(|| archive.damaged("something follows the end"));
        }
        members += 1;
        let mut body = Body { archive: &mut archive, left: size, failure: None, is_checked: false };
        let done = each(head, size, &mut body);
        if done.is_ok() {
            // What nobody wanted is checked all the same.
            let _ = io::copy(&mut body, &mut io::sink());
        }
        // The archive's own failure is the reason for what follows from it.
        body.failure.take().map_or(done, Err)?;
    }
}

struct Archive<'p> {
    path: &'p Path,
    file: BufReader<File>,
    /// How long the file is.
    length: u64,
    position: u64,
    /// Of all that was read.
    hasher: blake3::Hasher,
    /// What is read now.
    member: Option<String>,
}

impl Archive<'_> {
    fn begin(&mut self) -> Result<()> {
        let mut magic = [0; MAGIC.len()];
        let is_archive = self.fill(&mut magic).is_ok() && magic == *MAGIC;
        if !is_archive {
            let error = Error::new(ErrorKind::Damaged, READ).with("archive", self.path.display());
            return Err(error.because("it is no archive of `memento export`"));
        }
        let mut format = [0; 4];
        self.fill(&mut format)?;
        match u32::from_le_bytes(format) {
            FORMAT => Ok(()),
            newer if newer > FORMAT => Err(Error::new(ErrorKind::NewerFormat, READ)
                .with("archive", self.path.display())
                .because(format!("its format is {newer}, this release knows {FORMAT}"))
                .help("update this program")),
            _ => Err(self.damaged("it is of no known format")),
        }
    }

    /// The head of the next member, and the length of its body.
    fn head(&mut self) -> Result<(Head, u64)> {
        self.member = None;
        let at = self.position;
        let mut lengths = [0; LENGTHS];
        self.fill(&mut lengths)?;
        let [a, b, c, d, size @ ..] = lengths;
        let (head, size) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(size));
        let left = self.length.saturating_sub(self.position);
        if head > LONGEST_HEAD || u64::from(head).saturating_add(size) > left {
            let declared = u128::from(head) + u128::from(size);
            let reason =
                format!("a member of {declared} bytes is declared, and {left} bytes follow");
            return Err(self.damaged_at(at, reason));
        }
        let mut bytes = vec![0; head as usize];
        self.fill(&mut bytes)?;
        let head: Head = postcard::from_bytes(&bytes).map_err(|error| {
            self.damaged_at(at, format!("what a member is cannot be read: {error}"))
        })?;
        self.member = Some(head.to_string());
        Ok((head, size))
    }

    /// Compares all that was read with the digest that follows.
    fn check_digest(&mut self) -> Result<()> {
        let expected = self.hasher.finalize();
        let mut digest = [0; blake3::OUT_LEN];
        self.fill(&mut digest)?;
        let is_whole = expected == digest;
        is_whole
            .then_some(())
            .ok_or_else(|| self.damaged("its bytes are not those that were written"))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        match self.file.read_exact(bytes) {
            Ok(()) => {
                self.passed(bytes);
                Ok(())
            }
            Err(error) => Err(self.unreadable(error)),
        }
    }

    fn passed(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.position += bytes.len() as u64;
    }

    fn unreadable(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it ends too early"),
            _ => Error::new(ErrorKind::Storage, READ)
                .with("archive", self.path.display())
                .with("at byte", self.position)
                .because(error),
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> Error {
        self.damaged_at(self.position, reason)
    }

    fn damaged_at(&self, position: u64, reason: impl Into<String>) -> Error {
        let mut error = Error::new(ErrorKind::Damaged, READ)
            .with("archive", self.path.display())
            .with("at byte", position);
        if let Some(member) = &self.member {
            error = error.with("member", member);
        }
        error.because(reason.into())
    }
}

/// The body of a member.
struct Body<'a, 'p> {
    archive: &'a mut Archive<'p>,
    left: u64,
    /// Why it cannot be read.
    failure: Option<Error>,
    is_checked: bool,
}

impl Body<'_, '_> {
    fn fail(&mut self, error: Error) -> io::Error {
        let failed = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        self.failure.get_or_insert(error);
        failed
    }
}

impl Read for Body<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failure {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error.to_string()));
        }
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted > 0 {
            let read = match self.archive.file.read(&mut buffer[..wanted]) {
                Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
                read => read,
            };
            let read = read.map_err(|error| self.fail(self.archive.unreadable(error)))?;
            self.archive.passed(&buffer[..read]);
            self.left -= read as u64;
            return Ok(read);
        }
        if self.left == 0 && !self.is_checked {
            self.is_checked = true;
            self.archive.check_digest().map_err(|error| self.fail(error))?;
        }
        Ok(0)
    }
}
