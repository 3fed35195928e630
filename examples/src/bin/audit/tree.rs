//! Which files there are.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;
use walkdir::{DirEntry, WalkDir};

use crate::options::Root;

/// All crates with their files, in the order of their names, and what could not be looked at.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) crates: Vec<Crate>,
    /// Messages about folders and files that are left out.
    pub(crate) left_out: Vec<String>,
}

/// A crate as it is on the disk.
#[derive(Debug, Serialize)]
pub(crate) struct Crate {
    /// The folder's name: of a downloaded crate, name and version.
    pub(crate) name: String,
    pub(crate) files: Vec<SourceFile>,
}

/// A file as it is on the disk. Size and time stand for its content.
#[derive(Debug, Serialize)]
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// Bytes.
    pub(crate) size: u64,
    /// When it was modified: nanoseconds since the Unix epoch.
    pub(crate) modified: i128,
}

impl Tree {
    /// How many files all crates have.
    pub(crate) fn files(&self) -> usize {
        self.crates.iter().map(|of| of.files.len()).sum()
    }
}

/// The crates below `root`.
pub(crate) fn find(root: &Root) -> Result<Tree, String> {
    let folders = match root {
        Root::Registries(source) => registry_crates(source)?,
        Root::Folder(folder) => folder_crates(folder)?,
    };
    // Each system call takes its time, and a disk answers several at once.
    let found: Vec<(Crate, Vec<String>)> = folders.into_par_iter().map(|of| read(&of)).collect();
    let (mut crates, left_out): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    crates.retain(|of| !of.files.is_empty());
    let tree = Tree { crates, left_out: left_out.concat() };
    if tree.crates.is_empty() {
        let (Root::Registries(folder) | Root::Folder(folder)) = root;
        let mut lines = vec![format!("there is no .rs file in {}", folder.display())];
        lines.extend(tree.left_out);
        return Err(lines.join("\n  "));
    }
    Ok(tree)
}

fn registry_crates(source: &Path) -> Result<Vec<PathBuf>, String> {
    let help = "; let cargo download some with `cargo fetch`, or choose a folder with `--path DIR`";
    let registries = folders_in(source).map_err(|error| cannot_read(source, &error) + help)?;
    let mut crates = Vec::new();
    for registry in registries {
        crates.extend(folders_in(&registry).map_err(|error| cannot_read(&registry, &error))?);
    }
    if crates.is_empty() {
        return Err(format!("there is no crate in {}{help}", source.display()));
    }
    Ok(crates)
}

fn folder_crates(folder: &Path) -> Result<Vec<PathBuf>, String> {
    // The same files are the same arguments, however the folder is named.
    let folder = &folder.canonicalize().map_err(|error| cannot_read(folder, &error))?;
    let mut crates = folders_in(folder).map_err(|error| cannot_read(folder, &error))?;
    let is_crate = |folder: &PathBuf| folder.join("Cargo.toml").is_file();
    crates.retain(is_crate);
    if is_crate(folder) || crates.is_empty() {
        return Ok(vec![folder.clone()]);
    }
    Ok(crates)
}

fn cannot_read(folder: &Path, error: &io::Error) -> String {
    format!("cannot read the folder {}: {error}", folder.display())
}

/// The folders in `folder`, in the order of their names.
fn folders_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    folders.sort_unstable();
    Ok(folders)
}

/// The crate in `folder`, and messages about what is left out.
fn read(folder: &Path) -> (Crate, Vec<String>) {
    let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
    let (mut files, mut left_out) = (Vec::new(), Vec::new());
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || is_of_crate(entry)) {
        match entry.map_err(|error| told(&error)) {
            Ok(entry) if !is_source(&entry) => {}
            Ok(entry) => match source_file(&entry) {
                Ok(file) => files.push(file),
                Err(reason) => left_out.push(format!("{}: {reason}", entry.path().display())),
            },
            Err(message) => left_out.push(message),
        }
    }
    (Crate { name, files }, left_out)
}

fn told(error: &walkdir::Error) -> String {
    match (error.path(), error.io_error()) {
        (Some(path), Some(error)) => format!("{}: {error}", path.display()),
        _ => error.to_string(),
    }
}

/// Whether what is here was written for the crate: not hidden, and not in a folder where cargo builds.
fn is_of_crate(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let is_built = || name == "target" && entry.path().join("CACHEDIR.TAG").exists();
    !name.as_encoded_bytes().starts_with(b".") && !is_built()
}

fn is_source(entry: &DirEntry) -> bool {
    entry.file_type().is_file()
        && entry.path().extension().is_some_and(|extension| extension == "rs")
}

fn source_file(entry: &DirEntry) -> Result<SourceFile, String> {
    if entry.path().to_str().is_none() {
        return Err("its path is no UTF-8, which an argument has to be".to_owned());
    }
    let metadata = entry.metadata().map_err(|error| error.to_string())?;
    let modified = metadata.modified().map_err(|error| error.to_string())?;
    let path = entry.path().to_owned();
    Ok(SourceFile { path, size: metadata.len(), modified: nanoseconds(modified) })
}

/// Since the Unix epoch; below zero before it.
fn nanoseconds(time: SystemTime) -> i128 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_nanos().cast_signed(),
        Err(before) => -before.duration().as_nanos().cast_signed(),
    }
}
