//! The first memento function: one file.

use std::{fmt, fs};

use memento::memento;
use serde::{Deserialize, Serialize};

use crate::syntax;
use crate::tree::SourceFile;

/// What is in a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct FileCounts {
    pub(crate) lines: u64,
    /// Functions and methods that have a body, whether at the top or inside of something.
    pub(crate) functions: u64,
    /// Functions among [`functions`](Self::functions) that are `unsafe`.
    pub(crate) unsafe_functions: u64,
    pub(crate) unsafe_blocks: u64,
    pub(crate) longest: Option<LongestFunction>,
}

/// The longest function of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LongestFunction {
    pub(crate) name: String,
    /// The line on which it begins.
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
}

/// Why there are no counts of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    /// It does not parse, at this line, with this message.
    Syntax(usize, String),
    /// It is nested too deep to be parsed.
    Nested,
    /// It was not read, which may be otherwise next time.
    Unread(String),
}

impl Failure {
    /// Whether it may be otherwise next time, though the file is the same.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unread(_))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(line, message) => write!(f, "line {line}: {message}"),
            Self::Nested => f.write_str("it is nested too deep to be parsed"),
            Self::Unread(message) => f.write_str(message),
        }
    }
}

/// Counts what is in `file`.
// A file that does not parse will not parse next time either, as long as it is the same file: its error is a result
// like any other. With `errors = "retry"`, the default, each run would parse such files again.
#[memento(errors = "replay")]
pub(crate) fn file_counts(file: &SourceFile) -> Result<FileCounts, Failure> {
    let bytes = fs::read(&file.path).map_err(|error| Failure::Unread(error.to_string()))?;
    syntax::count(&bytes)
}
