//! What Cargo left beside a compiled crate: which files it was made of, with which features, and what build scripts have
//! set for it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;

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

    /// Whether it is a procedural macro: code that runs in the compiler. The file of a dynamic library, which Cargo calls
    /// as others expect it, has no hash in its name.
    pub(crate) fn is_procedural_macro(&self) -> bool {
        let extension = self.path.extension().and_then(OsStr::to_str);
        matches!(extension, Some("so" | "dylib" | "dll")) && self.stem().contains('-')
    }

    fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What the crate is called itself.
    pub(crate) fn crate_name(&self) -> String {
        let stem = self.stem();
        plain(stem.strip_prefix("lib").unwrap_or(&stem))
    }

    /// Whether it is in one of some folders.
    pub(crate) fn is_in(&self, folders: &BTreeSet<PathBuf>) -> bool {
        self.path.parent().is_some_and(|folder| folders.contains(folder))
    }

    /// What differs for each combination of features, versions and settings: the name of the file, where Cargo does not
    /// reserve it for one combination.
    pub(crate) fn identity(&self) -> String {
        let stem = self.stem();
        if stem.contains('-') { stem } else { self.digest().to_hex().to_string() }
    }

    /// The folder with Cargo's own notes on it.
    fn notes(&self) -> Option<PathBuf> {
        let stem = self.stem();
        let (_, hash) = stem.rsplit_once('-')?;
        let notes = self.path.parent()?.parent()?.join(".fingerprint");
        let ending = format!("-{hash}");
        let mut folders = std::fs::read_dir(notes).ok()?.flatten().map(|folder| folder.path());
        folders.find(|folder| folder.to_string_lossy().ends_with(&ending))
    }

    /// The active features, from Cargo's notes; `None` where there are none of the known form.
    pub(crate) fn features(&self) -> Option<Vec<String>> {
        let mut files = std::fs::read_dir(self.notes()?).ok()?.flatten();
        let is_note = |path: &PathBuf| path.extension() == Some(OsStr::new("json"));
        let note = files.find_map(|file| Some(file.path()).filter(is_note))?;
        features(&std::fs::read_to_string(note).ok()?)
    }

    /// The manifest of its package, as far as its place tells which one that is.
    fn manifest(&self) -> Option<Manifest> {
        self.root().and_then(Manifest::above)
    }

    /// The name of its package, if the manifest says that this is the library of it.
    pub(crate) fn package(&self) -> Option<String> {
        Some(self.manifest()?.package_of(&self.crate_name())?.to_owned())
    }

    /// What the build script of its package says about an option.
    ///
    /// Cargo keeps what a build script prints for each combination of features and settings. While dependents compile,
    /// it has not noted yet which one a crate was compiled with: it is known where all say the same.
    pub(crate) fn build_script(&self, option: &str) -> BuildScript {
        let outputs = self.outputs();
        match outputs.split_first() {
            None if !self.manifest().is_some_and(|of| of.has_build_script()) => {
                BuildScript::Nothing
            }
            Some((first, others)) => {
                let is_set = sets(first, option);
                let is_known = others.iter().all(|output| sets(output, option) == is_set);
                if is_known { BuildScript::Sets(is_set) } else { BuildScript::Unknown }
            }
            None => BuildScript::Unknown,
        }
    }

    /// What the build script of its package has printed, each time that it was run for another combination.
    fn outputs(&self) -> Vec<String> {
        let noted = self.notes();
        // Without notes, the package is called like the crate.
        let name = noted.as_deref().and_then(Path::file_name).map(OsStr::to_string_lossy);
        let name = name.map_or_else(|| self.crate_name(), |name| plain(&name));
        let folder = self.path.parent().and_then(Path::parent).map(|folder| folder.join("build"));
        let folders = folder.and_then(|folder| std::fs::read_dir(folder).ok());
        let folders = folders.into_iter().flatten().flatten();
        let of_package =
            folders.filter(|folder| plain(&folder.file_name().to_string_lossy()) == name);
        let outputs = of_package.map(|folder| folder.path().join("output"));
        outputs.filter_map(|output| std::fs::read_to_string(output).ok()).collect()
    }

    /// The digest of the whole file: stands for the crate where nothing tells what it was made of.
    pub(crate) fn digest(&self) -> blake3::Hash {
        std::fs::read(&self.path)
            .map_or_else(|_| blake3::hash(b"gone"), |bytes| blake3::hash(&bytes))
    }

    /// The digest of all files that it was made of.
    pub(crate) fn content(&self) -> blake3::Hash {
        if self.root().is_none() {
            return self.digest();
        }
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            let bytes = std::fs::read(file).unwrap_or_default();
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(&bytes);
        }
        hasher.finalize()
    }
}

/// What is known of a build script and an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BuildScript {
    /// There is none.
    Nothing,
    /// Whether it sets the option.
    Sets(bool),
    /// It may set the option.
    Unknown,
}

/// The name of a package or a crate in that of a file, which a hash may follow.
pub(crate) fn plain(name: &str) -> String {
    name.rsplit_once('-').map_or(name, |(name, _)| name).replace('-', "_")
}

/// Whether a build script that has printed this sets an option.
fn sets(output: &str, option: &str) -> bool {
    let without_spaces = |text: &str| text.split_whitespace().collect::<String>();
    let option = without_spaces(option);
    output.lines().any(|line| {
        let set = line.strip_prefix("cargo:").map(|line| line.strip_prefix(':').unwrap_or(line));
        let set = set.and_then(|line| line.strip_prefix("rustc-cfg="));
        set.is_some_and(|set| without_spaces(set) == option)
    })
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
    fn the_options_that_a_build_script_sets() {
        let output =
            "cargo::rustc-check-cfg=cfg(c)\ncargo::rustc-cfg=a\ncargo:rustc-cfg=b = \"x\"\na\n";
        for (option, is_set) in
            [("a", true), ("b = \"x\"", true), ("b", false), ("b = \"y\"", false), ("c", false)]
        {
            assert_eq!(sets(output, option), is_set, "{option}");
        }
    }

    #[test]
    fn the_features_of_a_crate() {
        let note = r#"{"rustc":1,"features":"[\"default\", \"std\"]","declared_features":"[]"}"#;
        assert_eq!(features(note).unwrap(), ["default", "std"]);
        assert!(features(r#"{"features":"[]"}"#).unwrap().is_empty());
        assert!(features("{}").is_none());
    }
}
