//! Functions, types, traits and impls.

use super::super::item::Kind;
use super::super::lex::Kind as TokenKind;
use super::{Header, Parser, Start, header, macros};

impl Parser<'_> {
    pub(super) fn function(&mut self, start: &Start, at: usize, name: &str) -> usize {
        let end = self.end(at);
        let body = (end > at && self.source.is(end - 1, "}")).then(|| self.open_of(end - 1));
        self.named(start, "fn", name, end, body);
        if let Some(body) = body {
            self.within(body);
        }
        end
    }

    pub(super) fn value(&mut self, start: &Start, at: usize, name: &str) -> usize {
        let end = self.semicolon(at);
        if name == "_" {
            // It is there for what stands in it.
            self.items(at + 1..end);
        } else {
            self.named(start, self.source.text(at), name, end, None);
            self.blocks(at..end);
        }
        end
    }

    pub(super) fn type_(&mut self, start: &Start, at: usize, name: &str) -> usize {
        let (word, end) = (self.source.text(at), self.end(at));
        if self.header.is_some() {
            self.named(start, word, name, end, None);
            return end;
        }
        let variants = match word {
            "enum" if self.source.is(end - 1, "}") => self.variants(self.open_of(end - 1)),
            _ => Vec::new(),
        };
        let kind = Kind::Type { name: name.to_owned(), variants };
        self.add(start, kind, format!("{word} {name}"), end, None);
        end
    }

    fn variants(&self, open: usize) -> Vec<String> {
        let source = self.source;
        let range = source.inside(open);
        let mut at = range.start;
        let mut variants = Vec::new();
        while at < range.end {
            while source.is(at, "#") {
                at = source.skip(at + 1);
            }
            variants.extend(source.ident(at).map(str::to_owned));
            while at < range.end && !source.is(at, ",") {
                at = source.skip(at);
            }
            at += 1;
        }
        variants
    }

    pub(super) fn trait_(&mut self, start: &Start, at: usize, name: &str) -> usize {
        let end = self.end(at);
        let source = self.source;
        let mut members = Vec::new();
        if source.is(end - 1, "}") {
            let body = source.inside(self.open_of(end - 1));
            let names = body.clone().filter(|&at| self.names_member(at));
            members.extend(names.filter_map(|at| source.ident(at + 1)).map(str::to_owned));
            let mut at = body.start;
            while at < body.end {
                if source.is(at, "!") && source.ident(at - 1).is_some() {
                    members.extend(macros::names(source, at + 1));
                }
                at = source.skip(at);
            }
            self.parts(body);
        }
        let kind = Kind::Trait { name: name.to_owned(), members };
        self.add(start, kind, format!("trait {name}"), end, None);
        end
    }

    /// Whether a word in the body of a trait stands before the name of something that types without a bound lead to.
    /// Types are none of them: `u64::Unit` does not compile, and `<u64 as Scale>::Unit` names the trait.
    fn names_member(&self, at: usize) -> bool {
        let source = self.source;
        let is_modifier =
            || matches!(source.ident(at + 1), Some("fn" | "unsafe" | "async" | "extern"));
        // `*const T`, and `<const N: usize>`
        let is_in_type = || ["*", "<", ","].contains(&source.text(at.wrapping_sub(1)));
        source.is(at, "fn") || source.is(at, "const") && !is_modifier() && !is_in_type()
    }

    pub(super) fn impl_(&mut self, start: &Start, at: usize) -> Option<usize> {
        let source = self.source;
        let mut open = at + 1;
        while !source.opens(open, "{") || header::is_generic_argument(source, open) {
            if source.get(open)?.kind == TokenKind::Close || source.is(open, ";") {
                return None;
            }
            open = source.skip(open);
        }
        let header = start.at..open;
        let (of, types) = header::names(source, at + 1..open);
        let end = source.skip(open);
        match of {
            Some(name) => {
                let label = header::text(source, at..open);
                let bounds = header::bounds(source, at..open);
                let kind = Kind::Impl { of: name, types, bounds };
                self.add(start, kind, label, end, None);
                self.parts(source.inside(open));
            }
            None => {
                let outer = self.header.replace(Header { tokens: header, types });
                self.items(source.inside(open));
                self.header = outer;
            }
        }
        Some(end)
    }
}
