//! Which results are being computed, and by which process.

use memento::Key;
use memento::storage::Claim;

use crate::folder::Folder;

/// The claims of this process among those that share a folder.
///
/// A claim is a lock on one byte of a file with nothing in it: the operating system knows who holds it, and takes it
/// back when that process ends. The place of the byte is a part of the key.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    file: locks::Lockable,
}

impl Claims {
    /// Claims a key; `None` where another process has it. Where the file cannot be locked, every claim is granted: a
    /// folder in trouble says so when something is to be kept in it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn try_claim(&self, folder: &Folder, key: &Key) -> Option<Claim> {
        self.file.try_lock(folder, key).unwrap_or_else(|error| {
            let file = folder.path(locks::FILE);
            tracing::debug!(file = %file.display(), %error, "cannot claim a result among processes");
            Some(Box::new(()))
        })
    }

    /// Grants every claim: other systems have no lock that belongs to an open file and covers a part of it.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn try_claim(&self, _folder: &Folder, _key: &Key) -> Option<Claim> {
        Some(Box::new(()))
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod locks {
    use std::fs::{File, OpenOptions};
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use memento::Key;
    use memento::storage::{Claim, HeldClaim};
    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;
    use parking_lot::Mutex;

    use crate::folder::{self, FileIdentity, Folder};

    pub(super) const FILE: &str = "claims";

    /// The file whose bytes are locked, opened when it is first needed, and what it is.
    #[derive(Debug, Default)]
    pub(super) struct Lockable(Mutex<Option<(FileIdentity, Arc<File>)>>);

    /// A lock on one byte.
    #[derive(Debug)]
    struct Locked {
        file: Arc<File>,
        place: i64,
        /// The byte may be locked by another claim of this process then.
        has_ended: AtomicBool,
    }

    impl Lockable {
        pub(super) fn try_lock(&self, folder: &Folder, key: &Key) -> io::Result<Option<Claim>> {
            let file = self.file(folder)?;
            let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
            let place = i64::from_be_bytes([a, b, c, d, e, f, g, h]) & (i64::MAX >> 1);
            match set(&file, libc::F_WRLCK, place) {
                Ok(()) => {
                    Ok(Some(Box::new(Locked { file, place, has_ended: AtomicBool::new(false) })))
                }
                Err(Errno::EAGAIN | Errno::EACCES) => Ok(None),
                Err(error) => Err(error.into()),
            }
        }

        /// The file that is there now, which is the one that other processes lock.
        fn file(&self, folder: &Folder) -> io::Result<Arc<File>> {
            let mut opened = self.0.lock();
            let identity = folder.identity(FILE);
            if let Some((of, file)) = &*opened
                && Some(*of) == identity
            {
                return Ok(Arc::clone(file));
            }
            if identity.is_none() {
                // Someone may have removed the folder with it.
                folder.forget();
            }
            folder.make().map_err(io::Error::other)?;
            let mut options = OpenOptions::new();
            let options = options.create(true).truncate(false).write(true);
            let file = Arc::new(options.open(folder.path(FILE))?);
            *opened = Some((folder::identity(&file.metadata()?), Arc::clone(&file)));
            Ok(file)
        }
    }

    impl HeldClaim for Locked {
        fn end(&self) {
            if !self.has_ended.swap(true, Ordering::Relaxed) {
                // It ends with the process at the latest.
                let _ = set(&self.file, libc::F_UNLCK, self.place);
            }
        }
    }

    impl Drop for Locked {
        fn drop(&mut self) {
            self.end();
        }
    }

    /// Locks or unlocks a byte for all who use this open file.
    fn set(file: &File, kind: libc::c_int, place: i64) -> Result<(), Errno> {
        let range = libc::flock {
            l_type: libc::c_short::try_from(kind).unwrap_or_default(),
            l_whence: libc::c_short::try_from(libc::SEEK_SET).unwrap_or_default(),
            l_start: place,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(file, FcntlArg::F_OFD_SETLK(&range)).map(drop)
    }
}
