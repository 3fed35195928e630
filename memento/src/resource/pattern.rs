//! Glob patterns: which files of a directory are meant.

use std::fmt::Display;
use std::io;
use std::path::is_separator;

use glob::MatchOptions;

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// A pattern for paths that are relative to some directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    glob: glob::Pattern,
    /// The folders in which all files that match are, the outermost first.
    folders: Vec<String>,
    /// How many names the paths that match have at most.
    depth: usize,
}

impl Pattern {
    /// The pattern that is written as `text`.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] where it is malformed, or no path can match it.
    pub(super) fn new(text: &str) -> io::Result<Self> {
        if let Some(reason) = fault(text) {
            return Err(malformed(text, reason));
        }
        let glob = glob::Pattern::new(text).map_err(|error| {
            let at = text.char_indices().nth(error.pos).map_or("", |(at, _)| &text[at..]);
            malformed(text, format_args!("{}, at `{at}`", error.msg))
        })?;
        let names: Vec<&str> = text.split(is_separator).collect();
        let is_literal = |name: &&&str| !name.contains(['*', '?', '[']);
        let folders = names[..names.len() - 1].iter().take_while(is_literal);
        let folders = folders.map(|&name| name.to_owned()).collect();
        let depth = if names.contains(&"**") { usize::MAX } else { names.len() };
        Ok(Self { glob, folders, depth })
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        self.glob.as_str()
    }

    /// How many names the paths that match have at most.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Whether a path matches whose name at `depth`, counted from 1, is `name`, as far as that name tells.
    pub(super) fn admits(&self, depth: usize, name: &str) -> bool {
        let folder = depth.checked_sub(1).and_then(|index| self.folders.get(index));
        folder.is_none_or(|folder| folder == name)
    }

    /// Whether it matches a path, whose names have `/` between them.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.glob.matches_with(path, OPTIONS)
    }
}

/// Why no path can match the pattern, or not what it seems to say.
fn fault(text: &str) -> Option<&'static str> {
    let mut names = text.split(is_separator);
    if text.is_empty() {
        return Some(
            "it is empty; `*` matches all files of the directory, `**/*` those further down, too",
        );
    }
    if text.starts_with(is_separator) {
        return Some("it begins with a separator; write it relative to the directory");
    }
    if names.clone().any(|name| name == "." || name == "..") {
        return Some("it has a name `.` or `..`; put that into the path of the directory");
    }
    if names.any(str::is_empty) {
        return Some(
            "it has an empty name: only files match, and one separator stands between names",
        );
    }
    let braces = "it has a brace; there are no alternatives, so list the directory once for each; \
                  `[{]` stands for the character";
    text.match_indices('{').any(|(at, _)| !is_in_brackets(&text[..at])).then_some(braces)
}

/// Whether what comes behind `before` is inside of a set of characters.
fn is_in_brackets(before: &str) -> bool {
    let mut rest = before;
    while let Some((_, set)) = rest.split_once('[') {
        let first = set.strip_prefix('!').unwrap_or(set).chars().next();
        // The first character of a set does not end it.
        let Some(first) = first else { return true };
        let behind_first = set.find(first).map_or(0, |at| at + first.len_utf8());
        let Some(end) = set[behind_first..].find(']') else { return true };
        rest = &set[behind_first + end + 1..];
    }
    false
}

fn malformed(text: &str, reason: impl Display) -> io::Error {
    let message = format!("cannot read the pattern `{}`: {reason}", text.escape_debug());
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
