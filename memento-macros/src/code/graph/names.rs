//! Where names lead.

use super::super::index::Place;
use super::super::item::Kind;
use super::super::mention::{Mention, Stands};
use super::{Graph, Joint};

impl Graph<'_> {
    /// Makes `from` lead to the items that names at `place` can be, and notes which methods they can be.
    pub(super) fn lead_to_names(&mut self, from: usize, mentions: &[Mention], place: Place) {
        let index = self.index;
        for Mention { name, stands } in mentions {
            let Some(found) = index.named(name) else { continue };
            let can_be: Vec<usize> = (found.items.iter().copied())
                .filter(|&item| index.can_name(place, stands, item))
                .collect();
            let is_value = |item: usize| matches!(index.nodes[item].item.kind, Kind::Value { .. });
            let is_local = |item: usize| index.nodes[item].item.scope.is_some();
            // A function in a block hides one outside.
            let hides = *stands == Stands::Alone
                && can_be.iter().any(|&item| is_value(item) && is_local(item));
            let is_hidden = |item: usize| hides && is_value(item) && !is_local(item);
            let named = can_be.into_iter().filter(|&item| !is_hidden(item));
            let named: Vec<usize> = named.chain(found.enums.iter().copied()).collect();
            for &item in &named {
                self.lead_to_item(from, item);
            }
            if let Stands::InPath(Some(before)) = stands
                && !found.items.is_empty()
            {
                self.lead_to_globs(from, before, place);
            }
            if named.len() > 1 {
                self.lead_to_choice(from, stands, place);
            }
            if *stands != Stands::Alone {
                self.lead_to_items(from, Joint::Members(found.number), &found.traits);
                self.lead_to_traits_in_scope(from, found, place);
                if !found.members.is_empty() {
                    self.vertices[from].calls.push(found);
                }
            }
        }
    }

    /// Makes `from` lead to what comes along with the types of a name.
    pub(super) fn lead_to_type(&mut self, from: usize, name: &str) {
        let Some(found) = self.index.named(name) else { return };
        self.lead_to(from, Joint::Type(found.number), |graph, joint| {
            graph.vertices[joint].receiver = found.receiver;
            for &item in &found.with_type {
                graph.lead_to_item(joint, item);
            }
        });
    }

    /// Makes `from` lead to what comes along with the traits and macros of a name.
    pub(super) fn lead_to_trait(&mut self, from: usize, name: &str) {
        if let Some(found) = self.index.named(name) {
            self.lead_to_items(from, Joint::Trait(found.number), &found.with_trait);
        }
    }

    fn lead_to_items(&mut self, from: usize, joint: Joint, items: &[usize]) {
        if items.is_empty() {
            return;
        }
        self.lead_to(from, joint, |graph, joint| {
            for &item in items {
                graph.lead_to_item(joint, item);
            }
        });
    }

    /// Makes `from` lead to what a path names: the items of that name, or all in the modules of that name. Of a memento
    /// function that it names, the body counts, too: it may be called where no record tells.
    pub(in super::super) fn lead_to_path(&mut self, from: usize, names: &[String], place: Place) {
        let index = self.index;
        let (Some(mention), Some(name)) = (Mention::of_path(names), names.last()) else { return };
        self.lead_to_names(from, &[mention], place);
        let found = index.named(name);
        let found = found.iter().flat_map(|found| found.items.iter().chain(&found.members));
        for &node in found.filter(|&&node| index.is_memento(&index.nodes[node].item)) {
            self.lead_to_body(from, node);
        }
        let ending = format!("::{name}");
        let is_named: Vec<bool> = (0..index.modules.len())
            .map(|module| {
                index.around(module).any(|module| index.modules[module].path.ends_with(&ending))
            })
            .collect();
        for node in 0..index.nodes.len() {
            if is_named[index.nodes[node].item.module] {
                self.lead_to_item(from, node);
            }
        }
    }
}
