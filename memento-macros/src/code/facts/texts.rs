//! What texts name: those in attributes, and those with placeholders.

use super::{Reader, Surroundings};
use crate::code::lex::Source;
use crate::code::mention::Stands;

/// What `with = "module"` calls in an attribute of serde.
const WITH: [&str; 2] = ["deserialize", "serialize"];

impl Reader<'_> {
    /// Notes what the text at `at` names.
    pub(super) fn text(&mut self, at: usize, surroundings: Surroundings) {
        let text = self.source.text(at);
        self.facts.texts.extend(self.source.string(at).map(|text| (self.path.to_owned(), text)));
        if surroundings.in_attribute {
            self.text_in_attribute(at);
            return;
        }
        // `format!("{LIMIT} {:WIDTH$}")`
        for placeholder in text.split('{').skip(1) {
            let placeholder = placeholder.split('}').next().unwrap_or_default();
            let first = placeholder.split(|c| !is_word(c)).next();
            self.mention(first.unwrap_or_default(), Stands::Alone);
            for part in placeholder.split('$').rev().skip(1) {
                let word = part.rsplit(|c| !is_word(c)).next().unwrap_or_default();
                // `{:0WIDTH$}`: names do not begin with digits, and the `0` is a flag.
                let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
                self.mention(word, Stands::Alone);
            }
        }
    }

    /// Notes what a text names that may be a path or have paths in it: `#[serde(default = "path::to")]`.
    fn text_in_attribute(&mut self, at: usize) {
        let text = self.source.text(at);
        for word in text.split(|c| !is_word(c)) {
            self.mention(word, Stands::Anywhere);
        }
        let Some(text) = self.source.string(at).and_then(Source::new) else { return };
        let Some(index) = self.index else { return };
        let mut inner = Reader::new(&text, self.path, Some(index)).of_crate(self.krate);
        let leads_path = |at: &usize| text.is_path(at + 1) && inner.is_root(*at);
        let names = (0..text.len()).filter(leads_path).filter_map(|at| text.ident(at));
        let mut roots: Vec<String> = names.map(str::to_owned).collect();
        // `#[serde(with = "path::to::module")]` calls what is in the module, or of the type.
        let is_module = self.source.is(at.wrapping_sub(2), "with") && self.source.is(at - 1, "=");
        if is_module && let Some(last) = text.len().checked_sub(1) {
            roots.extend(text.ident(0).filter(|_| last == 0).map(str::to_owned));
            let stands = if inner.may_lead_to_item(last, index) {
                Stands::InPath(text.ident(last).map(str::to_owned))
            } else {
                Stands::BehindType
            };
            for name in WITH {
                inner.mention(name, stands.clone());
            }
        }
        self.facts.roots.append(&mut roots);
        self.facts.mentions.append(&mut inner.facts.mentions);
    }
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}
