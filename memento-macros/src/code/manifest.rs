//! `Cargo.toml`: what it says about its package, as far as lines tell.

use std::path::{Path, PathBuf};

/// The manifest of a package.
pub(crate) struct Manifest {
    folder: PathBuf,
    text: String,
}

impl Manifest {
    /// The nearest one above a file.
    pub(crate) fn above(file: &Path) -> Option<Self> {
        file.ancestors().skip(1).find_map(|folder| {
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some(Self { folder: folder.to_owned(), text })
        })
    }

    /// The name of the package, if its library is called `krate` in code.
    pub(crate) fn package_of(&self, krate: &str) -> Option<&str> {
        let (mut section, mut package, mut library) = ("", None, None);
        for line in self.text.lines().map(str::trim) {
            if let Some(header) = line.strip_prefix('[') {
                section = header.split(']').next().unwrap_or_default().trim();
            } else if let Some((key, value)) = line.split_once('=')
                && key.trim() == "name"
            {
                let name = value.split(['"', '\'']).nth(1);
                match section {
                    "package" => package = name,
                    "lib" => library = name,
                    _ => {}
                }
            }
        }
        let library = library.or(package)?.replace('-', "_");
        package.filter(|_| library == krate)
    }

    /// Whether the package has a build script.
    pub(crate) fn has_build_script(&self) -> bool {
        let mut keys = self.text.lines().filter_map(|line| line.split_once('='));
        self.folder.join("build.rs").is_file()
            || keys.any(|(key, value)| key.trim() == "build" && value.trim() != "false")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_a_library() {
        let package_of = |text: &str, krate: &str| {
            let manifest = Manifest { folder: PathBuf::new(), text: text.to_owned() };
            manifest.package_of(krate).map(str::to_owned)
        };
        let plain =
            "[package]\nname = \"far-off\" # far\nversion = \"0.1.0\"\n[[bin]]\nname = \"go\"\n";
        let renamed = format!("{plain}\n[lib] # named\npath = \"all.rs\"\nname='distant'\n");
        assert_eq!(package_of(plain, "far_off").as_deref(), Some("far-off"));
        assert_eq!(package_of(&renamed, "distant").as_deref(), Some("far-off"));
        assert!(package_of(plain, "go").is_none() && package_of(&renamed, "far_off").is_none());
        assert!(package_of("[workspace]\nname = \"far\"\n", "far").is_none());
    }
}
