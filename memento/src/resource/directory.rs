//! Directories: observed by which files match a pattern.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::pattern::Pattern;
use super::{Resource, State, name, register};
use crate::resource::observe::read_observed;
use crate::{Digest, Error, ErrorKind, Result};

/// The context of digests of lists: BLAKE3 derives another hash function from it, so that no file has the digest of
/// one.
const LIST: &str = "memento 2026-10-01 resource: list of a directory";

/// What stands between pattern and path in a name. There is no space in the pattern of a name.
const IN: &str = " in ";

/// The files under a path that match a pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directory {
    path: PathBuf,
    pattern: Pattern,
}

register!(Directory);

/// The files under `path` whose path relative to it matches `pattern`, each as `path` joined with the relative one,
/// ordered by the bytes of the relative paths with `/` between names. Observes which files these are, not what
/// they hold: [`file()`](super::file()) does that where they are read.
///
/// | pattern   | matches                                                                       |
/// | --------- | ----------------------------------------------------------------------------- |
/// | `?`       | one character                                                                 |
/// | `*`       | any characters of a name, none included, also where the name begins with a dot |
/// | `**`      | as a whole name: any names, none included                                     |
/// | `[a-c_]`  | one of these characters; `[!…]` any other; `[*]` the character itself         |
/// | any other | itself; case counts on all systems                                            |
///
/// So `*.csv` matches in the directory itself, `**/*.csv` also further down, and `2024/*.csv` in one folder, in which
/// case no other folder is looked into. What is not UTF-8 in a name matches as U+FFFD does.
///
/// Symlinks to files are files, and so is `path` what it points to; symlinks to directories further down are not
/// followed, so that the tree has an end. What vanishes while the directory is read is not in the list.
///
/// # Errors
///
/// [`InvalidInput`](io::ErrorKind::InvalidInput) for a malformed pattern, and for one that can match nothing. Where a
/// directory that is looked into cannot be read, the error of that; it is observed, too.
pub fn directory(path: impl AsRef<Path>, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let directory = Directory::new(path.as_ref(), pattern)?;
    let files = read_observed(&directory, Directory::files, |files| state_of(files.as_deref()))?;
    Ok(files.into_iter().map(|file| file.path).collect())
}

/// A file that matches.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// The names of the relative path, with `/` between them.
    relative: Vec<u8>,
    pub(super) path: PathBuf,
}

impl Directory {
    /// The files under `path` that match what is written as `pattern`.
    pub(super) fn new(path: &Path, pattern: &str) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), pattern: Pattern::new(pattern)? })
    }

    /// The files that match, in order.
    pub(super) fn files(&self) -> io::Result<Vec<Found>> {
        let is_directory = fs::metadata(&self.path).map(|metadata| metadata.is_dir());
        match is_directory {
            Ok(true) => {}
            Ok(false) => return Err(failed(&self.path, &io::ErrorKind::NotADirectory.into())),
            Err(error) => return Err(failed(&self.path, &error)),
        }
        let admits = |entry: &walkdir::DirEntry| {
            self.pattern.admits(entry.depth(), &entry.file_name().to_string_lossy())
        };
        let walk = WalkDir::new(&self.path).min_depth(1).max_depth(self.pattern.depth());
        let mut files = Vec::new();
        for entry in walk.into_iter().filter_entry(admits) {
            match entry {
                Ok(entry) => files.extend(self.found(&entry)),
                Err(error) if error.depth() > 0 && kind_of(&error) == io::ErrorKind::NotFound => {}
                Err(error) => {
                    let place = error.path().unwrap_or(&self.path).to_owned();
                    return Err(failed(&place, &error.into()));
                }
            }
        }
        files.sort_unstable();
        Ok(files)
    }

    /// The entry, if it is a file that matches.
    fn found(&self, entry: &walkdir::DirEntry) -> Option<Found> {
        // The path that was walked may be spelled in any way; the names below it are the last ones.
        let names: Vec<&[u8]> = entry.path().iter().map(OsStr::as_encoded_bytes).collect();
        let relative = names[names.len().saturating_sub(entry.depth())..].join(&b'/');
        let kind = entry.file_type();
        let is_file = || {
            kind.is_file()
                || kind.is_symlink() && fs::metadata(entry.path()).is_ok_and(|to| to.is_file())
        };
        let matches = self.pattern.matches(&String::from_utf8_lossy(&relative)) && is_file();
        matches.then(|| Found { relative, path: entry.path().to_owned() })
    }
}

/// The state of a directory in which these files match.
fn state_of(files: std::result::Result<&[Found], &io::Error>) -> State {
    let files = match files {
        Ok(files) => files,
        Err(error) => return State::failed(error),
    };
    let mut hasher = blake3::Hasher::new_derive_key(LIST);
    for file in files {
        hasher.update(&(file.relative.len() as u64).to_le_bytes());
        hasher.update(&file.relative);
    }
    State::of_digest(Digest::from_bytes(hasher.finalize().into()))
}

impl Resource for Directory {
    const KIND: &'static str = "directory";

    fn name(&self) -> String {
        let pattern = name::escape_also(self.pattern.text().as_ref(), &[' ']);
        format!("{pattern}{IN}{}", name::escape(self.path.as_os_str()))
    }

    fn from_name(name: &str) -> Result<Self> {
        let failed = || {
            Error::new(ErrorKind::Damaged, "read the name of a directory")
                .with("name", name.escape_debug())
        };
        let (pattern, path) = name
            .split_once(IN)
            .ok_or_else(|| failed().because("it is not a pattern, ` in `, and a path"))?;
        let pattern = name::unescape(pattern)?;
        let pattern = Pattern::new(&pattern.to_string_lossy());
        let pattern = pattern.map_err(|error| failed().because(error))?;
        Ok(Self { path: name::unescape(path)?.into(), pattern })
    }

    fn state(&self) -> State {
        state_of(self.files().as_deref())
    }
}

fn kind_of(error: &walkdir::Error) -> io::ErrorKind {
    error.io_error().map_or(io::ErrorKind::Other, io::Error::kind)
}

fn failed(path: &Path, error: &io::Error) -> io::Error {
    let help = match error.kind() {
        io::ErrorKind::NotADirectory => "; read it with `resource::file`".to_owned(),
        io::ErrorKind::NotFound if path.is_relative() => match std::env::current_dir() {
            Ok(folder) => format!("; the path starts in `{}`", folder.display()),
            Err(_) => String::new(),
        },
        _ => String::new(),
    };
    let message = format!("cannot list the directory `{}`: {error}{help}", path.display());
    io::Error::new(error.kind(), message)
}
