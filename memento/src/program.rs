//! The program that this is: whose results these are, where nobody says where they live.

use std::path::PathBuf;
use std::sync::OnceLock;

static PACKAGE: OnceLock<&'static str> = OnceLock::new();

/// Notes the package of this program. The first one stands.
pub(crate) fn set_package(package: &'static str) {
    PACKAGE.get_or_init(|| package);
}

/// The folder where results live unless a configuration says otherwise: `memento/<package>` in the user's folder for
/// caches, or in that for temporary files where there is none.
///
/// The package is the one of `#[memento::main]`; of a program without it, the name of the executable.
pub fn default_folder() -> PathBuf {
    let caches = dirs::cache_dir().unwrap_or_else(std::env::temp_dir);
    let package = PACKAGE.get().map(|package| (*package).to_owned());
    caches.join("memento").join(package.unwrap_or_else(executable))
}

/// The name of the executable, without the hash that cargo puts on those of tests.
fn executable() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match name.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ if name.is_empty() => "unknown".to_owned(),
        _ => name,
    }
}
