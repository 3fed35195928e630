//! Files of this machine, which get their names when all of them is there.

use std::fs;
use std::io;
use std::path::Path;

use memento::{Error, ErrorKind};
use tempfile::NamedTempFile;

/// What stands for standard input, or output.
pub(crate) const STANDARD: &str = "-";

/// A file that is to be at `path`. Dropped before, it leaves nothing behind.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder.unwrap_or(Path::new(".")))
}

/// Whether something other than a file is at `path`, as a pipe or a device, in whose place no file may come.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The error of a file.
pub(crate) fn failed(operation: &'static str, path: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, operation).with("file", path).source(error)
}
