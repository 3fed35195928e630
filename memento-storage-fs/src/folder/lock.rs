//! Files that are locked, each for a moment.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first pause between two attempts is, and how long any is: each is twice as long as the one before.
const PAUSES: (Duration, Duration) = (Duration::from_micros(50), Duration::from_millis(10));

/// A lock that others still held when nobody waited any longer: who holds it may be stopped.
#[derive(Debug)]
struct Held {
    file: PathBuf,
    after: Duration,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, after } = self;
        let file = file.display();
        write!(f, "`{file}` was still locked after {after:?}: end who holds it, or let it go on")
    }
}

impl std::error::Error for Held {}

/// Whether a lock could not be had because others held it.
pub(super) fn is_held(error: &io::Error) -> bool {
    error.get_ref().and_then(|error| error.downcast_ref::<Held>()).is_some()
}

/// Locks the file at `path`, which is made where there is none, as soon as nobody else has it locked.
///
/// # Errors
///
/// Where it cannot be locked, and where others [hold it](is_held) for longer than `patience`.
pub(super) fn file(path: &Path, patience: Duration) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let (mut pause, longest) = PAUSES;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        if begun.elapsed() >= patience {
            let held = Held { file: path.to_owned(), after: patience };
            return Err(io::Error::new(io::ErrorKind::TimedOut, held));
        }
        thread::sleep(pause);
        pause = longest.min(pause * 2);
    }
}
