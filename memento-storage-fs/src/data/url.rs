//! URLs of files.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

/// The `file:` URL of a path: <https://www.rfc-editor.org/rfc/rfc8089>.
pub(super) fn of(path: &Path) -> io::Result<String> {
    let path = std::path::absolute(path)?;
    let mut url = "file://".to_owned();
    // A drive has no slash in front.
    if cfg!(windows) {
        url.push('/');
    }
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                url.push(char::from(byte));
            }
            b'\\' | b':' if cfg!(windows) => url.push(if byte == b':' { ':' } else { '/' }),
            _ => {
                // A string takes all.
                let _ = write!(url, "%{byte:02X}");
            }
        }
    }
    Ok(url)
}
