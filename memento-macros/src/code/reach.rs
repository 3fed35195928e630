//! What a function reaches in code.
//!
//! Names are followed without being resolved: a name leads to all items that have it and can be named from where it
//! stands. So it may take too much, never too little.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::OnceLock;

use super::facts::{Facts, Mention, Reader};
use super::index::{Index, Place};
use super::item::Kind;
use super::lex::Source;
use super::walk::Walk;

/// The index, and what has been read of its items.
pub(crate) struct Code {
    pub(crate) index: Index,
    facts: Vec<OnceLock<(blake3::Hash, Facts)>>,
}

/// A piece of what a version is made of.
pub(crate) struct Piece {
    /// What it is and where, for people: `fn round (app::rates)`.
    pub(crate) label: String,
    pub(crate) digest: blake3::Hash,
    /// The number of the piece through which it was reached first; `None` where that is the function itself.
    pub(crate) through: Option<usize>,
}

/// What a function reaches.
#[derive(Default)]
pub(crate) struct Reached {
    pub(crate) pieces: Vec<Piece>,
    /// The options in `cfg`s whose state the compiler knows when it compiles the function, each with the number of the
    /// piece that mentions it, `None` where that is the function itself.
    pub(crate) options: BTreeMap<String, Option<usize>>,
}

impl Code {
    pub(crate) fn new(index: Index) -> Self {
        let facts = index.nodes.iter().map(|_| OnceLock::new()).collect();
        Self { index, facts }
    }

    /// What the code in `root` reaches, and what the paths in `also` name.
    pub(crate) fn reach(
        &self,
        root: &Source,
        path: &Path,
        place: Place,
        follow: &Follow<'_>,
    ) -> Reached {
        let mut reader = Reader::new(root, path, Some(&self.index));
        reader.read(0..root.len());
        let mut walk = Walk::new(self);
        if follow.automatically {
            walk.follow(&reader.facts, place, None);
        } else {
            walk.compile_time(&reader.facts, place, None);
        }
        for names in follow.also {
            walk.named(names, place);
        }
        walk.run();
        walk.reached
    }

    /// What an item is, and mentions.
    pub(super) fn facts(&self, node: usize) -> &(blake3::Hash, Facts) {
        self.facts[node].get_or_init(|| {
            let index = &self.index;
            let item = &index.nodes[node].item;
            let (source, path) = index.file(node);
            let mut reader = Reader::new(source, path, Some(index));
            if index.place(node).krate != 0 {
                reader = reader.without_crate_names();
            }
            match &item.kind {
                Kind::Import(import) => {
                    reader.facts.normal.clone_from(&import.text);
                    let paths = (1..=import.path.len()).map(|length| &import.path[..length]);
                    reader.facts.mentions.extend(paths.filter_map(Mention::of_path));
                    reader.facts.roots.extend(import.path.first().cloned());
                }
                // Another memento function has a version of its own. Its types may be used by whoever calls it.
                _ if index.is_memento(item) => {
                    let tokens = item.tokens[0].clone();
                    let start = tokens.clone().find(|&at| source.is(at, "fn"));
                    reader.read(start.unwrap_or(tokens.start)..item.body.unwrap_or(tokens.end));
                    reader.facts.normal.clear();
                }
                _ => item.tokens.iter().cloned().for_each(|tokens| reader.read(tokens)),
            }
            let mut facts = reader.facts;
            for module in index.around(item.module) {
                for (file, attributes) in &index.modules[module].attributes {
                    let file = &index.files[*file];
                    let mut reader = Reader::new(&file.source, &file.path, None);
                    reader.read_options(attributes.clone());
                    facts.options.append(&mut reader.facts.options);
                }
            }
            let unique: HashSet<Mention> = facts.mentions.drain(..).collect();
            facts.mentions.extend(unique);
            facts.mentions.sort_unstable();
            (blake3::hash(facts.normal.as_bytes()), facts)
        })
    }
}

/// What to follow from a function.
pub(crate) struct Follow<'a> {
    /// Whether the names in it are.
    pub(crate) automatically: bool,
    /// The names of the paths that are besides.
    pub(crate) also: &'a [Vec<String>],
}
