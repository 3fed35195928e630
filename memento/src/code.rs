//! What the version of a function was made of.

mod table;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

pub use table::{CodeTable, FunctionCode};

/// The code that a memento function reaches, as it was when `#[memento]` computed the function's version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    pieces: Vec<Piece>,
}

/// A piece of code, or something else that counts like code: a file that is compiled in, the version of a crate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// What it is, and where: `fn round (app::rates)`, `crate rand 0.9.1`, `file data/table.csv`.
    pub name: String,
    /// The beginning of its digest in hexadecimal; `active` or `inactive` for the option of a `cfg`.
    pub digest: String,
    /// The index of the piece through which it was reached first; `None` where that is the function itself.
    pub through: Option<usize>,
}

/// How a piece of code differs between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeChange {
    /// It is new.
    Added(String),
    /// It is gone, or no longer reached.
    Removed(String),
    /// It is another one.
    Changed(String),
}

impl Code {
    /// The pieces in a manifest: a line for each, with its digest, the number of the line through which it was reached,
    /// from 1, and its name. Lines of another form are passed over: they come from a store.
    pub(crate) fn read(manifest: &str) -> Self {
        let piece = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let (digest, through) =
                (parts.next()?.to_owned(), parts.next()?.parse::<usize>().ok()?);
            Some(Piece { name: parts.next()?.to_owned(), digest, through: through.checked_sub(1) })
        };
        Self { pieces: manifest.lines().filter_map(piece).collect() }
    }

    /// The pieces as a manifest.
    pub(crate) fn manifest(&self) -> String {
        let mut manifest = String::new();
        for Piece { name, digest, through } in &self.pieces {
            let through = through.map_or(0, |index| index + 1);
            // Writing to a text does not fail.
            let _ = writeln!(manifest, "{digest} {through} {name}");
        }
        manifest
    }

    /// The pieces, the function's own first.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The pieces through which `piece` was reached, from the function on.
    pub fn way_to(&self, piece: &Piece) -> Vec<&Piece> {
        let before = |piece: &&Piece| self.pieces.get(piece.through?);
        let mut way: Vec<&Piece> =
            std::iter::successors(before(&piece), before).take(self.pieces.len()).collect();
        way.reverse();
        way
    }

    /// The digests of all pieces of each name: variants of an item have one name.
    fn by_name(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut by_name = BTreeMap::<_, Vec<_>>::new();
        for piece in &self.pieces {
            by_name.entry(&*piece.name).or_default().push(&*piece.digest);
        }
        for digests in by_name.values_mut() {
            digests.sort_unstable();
        }
        by_name
    }

    /// What became of `before`.
    pub fn changes_since(&self, before: &Self) -> Vec<CodeChange> {
        let (now, before) = (self.by_name(), before.by_name());
        let mut changes = Vec::new();
        for (&name, digests) in &now {
            match before.get(name) {
                None => changes.push(CodeChange::Added(name.to_owned())),
                Some(others) if others != digests => {
                    changes.push(CodeChange::Changed(name.to_owned()));
                }
                Some(_) => {}
            }
        }
        let gone = before.keys().filter(|name| !now.contains_key(*name));
        changes.extend(gone.map(|&name| CodeChange::Removed(name.to_owned())));
        // What is another one says more than what came and went with it.
        changes.sort_by_key(|change| !matches!(change, CodeChange::Changed(_)));
        changes
    }
}

impl fmt::Display for CodeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(name) => write!(f, "+ {name}"),
            Self::Removed(name) => write!(f, "- {name}"),
            Self::Changed(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "0a 0 its own code\n0b 1 fn round (app)\n0c 2 const SCALE (app)\ninactive 0 cfg unix\n";

    #[test]
    fn pieces_and_the_way_to_them() {
        let code = Code::read(MANIFEST);
        assert_eq!(code.manifest(), MANIFEST);
        let names: Vec<&str> = code.pieces().iter().map(|piece| &*piece.name).collect();
        assert_eq!(names, ["its own code", "fn round (app)", "const SCALE (app)", "cfg unix"]);
        let way = code.way_to(&code.pieces()[2]);
        assert_eq!(way, [&code.pieces()[0], &code.pieces()[1]]);
        assert!(code.way_to(&code.pieces()[3]).is_empty());
    }

    #[test]
    fn manifests_from_a_store_may_be_anything() {
        for text in ["", "x", "a b c", "0a 7 beyond\n0b 2 itself", "\u{0}\n\n 1 "] {
            let code = Code::read(text);
            code.pieces().iter().for_each(|piece| assert!(code.way_to(piece).len() <= 2));
        }
    }

    #[test]
    fn changes_are_named() {
        let before = Code::read(MANIFEST);
        assert!(before.changes_since(&before).is_empty());
        let after = MANIFEST.replace("0b", "0d").replace("inactive", "active");
        let after = Code::read(&after.replace("const SCALE", "const OFFSET"));
        let changes: Vec<String> =
            after.changes_since(&before).iter().map(ToString::to_string).collect();
        assert_eq!(
            changes,
            ["cfg unix", "fn round (app)", "+ const OFFSET (app)", "- const SCALE (app)"]
        );
    }
}
