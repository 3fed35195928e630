//! Files of this machine, which get their names when all of them is there.

use std::fs;
use std::io;
use std::path::Path;

use memento::{Error, ErrorKind};
use tempfile::NamedTempFile;

/// What stands for standard input, or output.
pub(crate) const STANDARD: &str = "-";

/// A file that is to be at `path`. Dropped before, it leaves nothing behind. No error shows its name until then.
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => {
            io::Error::new(error.kind(), format!("there is no folder {}", folder.display()))
        }
        kind => {
            let said = error.to_string();
            io::Error::new(kind, said.split(" at path ").next().unwrap_or_default().to_owned())
        }
    })
}

/// Whether something other than a file is at `path`, as a pipe or a device, in whose place no file may come.
pub(crate) fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The error of a file.
pub(crate) fn failed(operation: &'static str, path: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, operation).with("file", path).because(error)
}
