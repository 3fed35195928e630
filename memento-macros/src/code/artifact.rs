//! What Cargo left beside a compiled crate: which files it was made of, with which features.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A compiled crate.
#[derive(Clone)]
pub(crate) struct Artifact {
    path: PathBuf,
    /// The files that it was made of, the root first; none where nothing tells.
    pub(crate) files: Vec<PathBuf>,
    /// The variables that `env!` read, with their values.
    pub(crate) variables: Vec<(String, String)>,
}

impl Artifact {
    pub(crate) fn new(path: &Path) -> Self {
        let mut artifact = Self { path: path.to_owned(), files: Vec::new(), variables: Vec::new() };
        let stem = artifact.stem();
        let name = format!("{}.d", stem.strip_prefix("lib").unwrap_or(&stem));
        for candidate in [path.with_file_name(name), path.with_extension("d")] {
            if let Ok(text) = std::fs::read_to_string(candidate) {
                artifact.read(&text);
                break;
            }
        }
        artifact
    }

    /// Reads rustc's dep-info, a makefile with comments about variables.
    fn read(&mut self, text: &str) {
        if let Some((_, files)) = text.lines().next().and_then(|rule| rule.split_once(": ")) {
            let files = files.replace("\\ ", "\0");
            self.files =
                files.split(' ').map(|file| PathBuf::from(file.replace('\0', " "))).collect();
        }
        let variables = text.lines().filter_map(|line| line.strip_prefix("# env-dep:"));
        self.variables = variables
            .map(|variable| variable.split_once('=').unwrap_or((variable, "")))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
    }

    /// The same, made of another one's files, too.
    pub(crate) fn with(mut self, mut other: Self) -> Self {
        self.files.append(&mut other.files);
        self
    }

    /// The file that the crate begins with.
    pub(crate) fn root(&self) -> Option<&Path> {
        self.files.first().map(PathBuf::as_path).filter(|root| root.is_file())
    }

    /// Whether it is a procedural macro: code that runs in the compiler.
    pub(crate) fn is_procedural_macro(&self) -> bool {
        let extension = self.path.extension().and_then(OsStr::to_str);
        matches!(extension, Some("so" | "dylib" | "dll"))
    }

    /// The name of the file, which differs for each combination of features, versions and settings.
    pub(crate) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The active features, from Cargo's own notes; `None` where there are none of the known form.
    pub(crate) fn features(&self) -> Option<Vec<String>> {
        let stem = self.stem();
        let (_, hash) = stem.rsplit_once('-')?;
        let notes = self.path.parent()?.parent()?.join(".fingerprint");
        let ending = format!("-{hash}");
        let mut folders = std::fs::read_dir(notes).ok()?.flatten();
        let folder =
            folders.find(|folder| folder.file_name().to_string_lossy().ends_with(&ending))?;
        let mut files = std::fs::read_dir(folder.path()).ok()?.flatten();
        let is_note = |path: &PathBuf| path.extension() == Some(OsStr::new("json"));
        let note = files.find_map(|file| Some(file.path()).filter(is_note))?;
        features(&std::fs::read_to_string(note).ok()?)
    }

    /// The digest of the whole file: stands for the crate where nothing tells what it was made of.
    pub(crate) fn digest(&self) -> blake3::Hash {
        std::fs::read(&self.path)
            .map_or_else(|_| blake3::hash(b"gone"), |bytes| blake3::hash(&bytes))
    }
}

/// The features in one of Cargo's notes: a list of texts in a text.
fn features(note: &str) -> Option<Vec<String>> {
    let (_, rest) = note.split_once(r#""features":"["#)?;
    let (list, _) = rest.split_once(r#"]""#)?;
    Some(list.split(r#"\""#).skip(1).step_by(2).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_and_variables_of_a_crate() {
        let mut artifact = Artifact::new(Path::new("/nowhere/libx-0123.rlib"));
        assert_eq!((artifact.files.len(), artifact.root()), (0, None));
        artifact.read("/t/libx.d: x/src/lib.rs x/a\\ b.rs\n\nx/src/lib.rs:\n# env-dep:NAME=value=1\n# env-dep:UNSET\n");
        assert_eq!(artifact.files, [PathBuf::from("x/src/lib.rs"), PathBuf::from("x/a b.rs")]);
        let expected = [("NAME", "value=1"), ("UNSET", "")];
        assert!(artifact.variables.iter().map(|(n, v)| (&**n, &**v)).eq(expected));
    }

    #[test]
    fn the_features_of_a_crate() {
        let note = r#"{"rustc":1,"features":"[\"default\", \"std\"]","declared_features":"[]"}"#;
        assert_eq!(features(note).unwrap(), ["default", "std"]);
        assert!(features(r#"{"features":"[]"}"#).unwrap().is_empty());
        assert!(features("{}").is_none());
    }
}
