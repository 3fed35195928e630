//! What has been read of the items in the index.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::facts::{Facts, Reader};
use super::index::Index;
use super::item::Kind;
use super::mention::Mention;

/// The index, and what has been read of its items.
pub(crate) struct Code {
    pub(crate) index: Index,
    facts: Vec<OnceLock<(blake3::Hash, Facts)>>,
}

impl Code {
    pub(crate) fn new(index: Index) -> Self {
        let facts = index.nodes.iter().map(|_| OnceLock::new()).collect();
        Self { index, facts }
    }

    /// What an item is, and mentions.
    pub(crate) fn facts(&self, node: usize) -> &(blake3::Hash, Facts) {
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
