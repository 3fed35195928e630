//! What has been read of the items in the index: once for all functions.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

use super::facts::{Facts, Reader};
use super::index::{Index, Place};
use super::item::Kind;
use super::mention::{Mention, Stands};

/// The index, and what has been read of its items.
pub(crate) struct Code {
    pub(crate) index: Index,
    known: Vec<OnceLock<Known>>,
}

/// What is known of an item.
pub(crate) struct Known {
    /// What it is and where, for people.
    pub(crate) label: Arc<str>,
    pub(crate) digest: blake3::Hash,
    pub(crate) facts: Facts,
    pub(crate) leads: Leads,
}

/// The items that the names in some code lead to.
#[derive(Default)]
pub(crate) struct Leads {
    /// Those that are reached.
    pub(crate) items: BTreeSet<usize>,
    /// Those in an `impl`, which are reached if a type of that is.
    pub(crate) members: BTreeSet<usize>,
}

impl Code {
    pub(crate) fn new(index: Index) -> Self {
        let known = index.nodes.iter().map(|_| OnceLock::new()).collect();
        Self { index, known }
    }

    /// What is known of an item.
    pub(crate) fn known(&self, node: usize) -> &Known {
        self.known[node].get_or_init(|| {
            let item = &self.index.nodes[node].item;
            let module = &self.index.modules[item.module].path;
            let facts = self.read(node);
            Known {
                label: format!("{} ({module})", item.label).into(),
                digest: blake3::hash(facts.normal.as_bytes()),
                leads: self.leads(&facts, self.index.place(node)),
                facts,
            }
        })
    }

    /// Where the names in some code lead.
    pub(crate) fn leads(&self, facts: &Facts, place: Place) -> Leads {
        let index = &self.index;
        let mut leads = Leads::default();
        for Mention { name, stands } in &facts.mentions {
            let Some((_, found)) = index.named(name) else { continue };
            let can_be: Vec<usize> = (found.items.iter().copied())
                .filter(|&item| index.can_name(place, stands, item))
                .collect();
            let is_value =
                |item: &usize| matches!(index.nodes[*item].item.kind, Kind::Value { .. });
            let is_local = |item: &usize| index.nodes[*item].item.scope.is_some();
            // A function in a block hides one outside.
            let hides = *stands == Stands::Alone
                && can_be.iter().any(|item| is_value(item) && is_local(item));
            let is_hidden = |item: &usize| hides && is_value(item) && !is_local(item);
            leads.items.extend(can_be.iter().filter(|item| !is_hidden(item)));
            leads.items.extend(&found.enums);
            if *stands != Stands::Alone {
                leads.items.extend(&found.traits);
                leads.members.extend(&found.members);
            }
        }
        leads
    }

    /// What an item mentions.
    fn read(&self, node: usize) -> Facts {
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
        facts
    }
}
