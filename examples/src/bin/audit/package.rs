//! The second memento function: one crate.

use std::path::PathBuf;

use memento::memento;
use serde::{Deserialize, Serialize};

use crate::file::{self, Failure, FileCounts};
use crate::tree::Crate;

/// What is in the files of a crate.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CrateCounts {
    pub(crate) name: String,
    /// How many files were counted.
    pub(crate) files: u64,
    /// The sums of all files, and the longest of their functions.
    pub(crate) sum: FileCounts,
    /// The file with the longest function.
    pub(crate) longest_in: PathBuf,
    /// The files that were not counted.
    pub(crate) failures: Vec<(PathBuf, Failure)>,
}

impl CrateCounts {
    /// Blocks and functions.
    pub(crate) fn unsafe_code(&self) -> u64 {
        self.sum.unsafe_blocks + self.sum.unsafe_functions
    }

    /// The lines of the longest function.
    pub(crate) fn longest_lines(&self) -> usize {
        self.sum.longest.as_ref().map_or(0, |longest| longest.lines)
    }
}

/// Counts what is in the files of `of`.
#[memento]
pub(crate) fn crate_counts(of: &Crate) -> CrateCounts {
    let mut counts = CrateCounts { name: of.name.clone(), ..CrateCounts::default() };
    let files = file::file_counts::map(of.files.iter().map(|file| (file,)));
    for (file, found) in of.files.iter().zip(files) {
        match found.unwrap_or_else(|error| Err(Failure::Unread(error.to_string()))) {
            Ok(found) => counts.add(&file.path, found),
            Err(failure) => counts.failures.push((file.path.clone(), failure)),
        }
    }
    counts
}

impl CrateCounts {
    fn add(&mut self, path: &PathBuf, file: FileCounts) {
        self.files += 1;
        self.sum.lines += file.lines;
        self.sum.functions += file.functions;
        self.sum.unsafe_functions += file.unsafe_functions;
        self.sum.unsafe_blocks += file.unsafe_blocks;
        if let Some(longest) = file.longest
            && longest.lines > self.longest_lines()
        {
            self.sum.longest = Some(longest);
            self.longest_in.clone_from(path);
        }
    }
}
