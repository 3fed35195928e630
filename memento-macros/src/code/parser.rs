//! Finds the items in a file. What it does not know, it passes over: it never fails.

mod definitions;
mod header;
mod macros;

use std::ops::Range;

use super::import;
use super::item::{Item, Items, Kind, Module};
use super::lex::{Kind as TokenKind, Source, Token};

/// All items in `source`: those inside of functions, too.
pub(super) fn read(source: &Source) -> Items {
    let file = Module {
        parent: None,
        name: String::new(),
        attributes: inner_attributes(source),
        is_elsewhere: false,
    };
    let mut parser = Parser::new(source, 0);
    parser.found.modules.push(file);
    parser.items(0..source.len());
    parser.found
}

/// The attributes at the top of a file that are about the file.
fn inner_attributes(source: &Source) -> Range<usize> {
    let mut end = 0;
    while source.is(end, "#") && source.is(end + 1, "!") {
        end = source.skip(end + 2);
    }
    0..end
}

/// What an item in an `impl` has from it.
#[derive(Clone)]
struct Header {
    tokens: Range<usize>,
    types: Vec<String>,
}

struct Parser<'a> {
    source: &'a Source,
    found: Items,
    /// The module that is being read.
    module: usize,
    /// The header of the `impl` without a trait that is being read.
    header: Option<Header>,
    /// Whether what is read is a part of the item around it, and none for itself.
    is_part: bool,
    /// The block that it stands in.
    block: Option<Range<usize>>,
}

/// What stands before the keyword of an item.
struct Start {
    at: usize,
    attributes: Vec<String>,
    attributes_end: usize,
    is_public: bool,
}

impl<'a> Parser<'a> {
    fn new(source: &'a Source, module: usize) -> Self {
        let found = Items::default();
        Self { source, found, module, header: None, is_part: false, block: None }
    }

    /// Reads what stands in `range`. What is no item is passed over.
    fn items(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            let (start, keyword) = self.start(at);
            match self.item(&start, keyword) {
                Some(behind) => at = behind,
                None => {
                    at = self.next_statement(at, range.end);
                }
            }
        }
    }

    /// The next index behind `at` at which an item can stand. Reads the blocks on the way: they may have items in
    /// them, wherever they stand.
    fn next_statement(&mut self, mut at: usize, end: usize) -> usize {
        let start = at;
        while at < end {
            let before = at.saturating_sub(1);
            let is_boundary = self.source.is(before, ";") || self.source.is(before, "}");
            if at > start && is_boundary {
                break;
            }
            if self.source.get(at).is_some_and(|token| token.kind == TokenKind::Open) {
                self.items(self.source.inside(at));
            } else if self.source.is(at, "include") && self.source.is(at + 1, "!") {
                self.found.includes.push((self.module, at));
            }
            at = self.source.skip(at);
        }
        at
    }

    /// What stands before a keyword, and where that is.
    fn start(&self, at: usize) -> (Start, usize) {
        let source = self.source;
        let mut keyword = at;
        let mut attributes = Vec::new();
        while source.is(keyword, "#") {
            let bracket = if source.is(keyword + 1, "!") { keyword + 2 } else { keyword + 1 };
            if !source.opens(bracket, "[") {
                break;
            }
            attributes.extend(last_name(source, source.inside(bracket)));
            keyword = source.skip(bracket);
        }
        let attributes_end = keyword;
        let is_public = source.is(keyword, "pub");
        if is_public {
            keyword += 1;
            if source.opens(keyword, "(") {
                keyword = source.skip(keyword);
            }
        }
        (Start { at, attributes, attributes_end, is_public }, keyword)
    }

    /// Reads the item whose keywords begin at `at`. The index behind it; `None` where there is none.
    fn item(&mut self, start: &Start, at: usize) -> Option<usize> {
        let source = self.source;
        let mut at = at;
        // `const` is a modifier before `fn`, and a keyword before anything else.
        while matches!(
            source.ident(at)?,
            "async" | "unsafe" | "default" | "safe" | "auto" | "const" | "extern"
        ) && self.is_modifier(at)
        {
            at += 1;
            if source.get(at)?.kind == TokenKind::Str {
                at += 1;
            }
        }
        let name = source.ident(at + 1);
        match (source.ident(at)?, name) {
            ("fn", Some(name)) => Some(self.function(start, at, name)),
            ("struct" | "union" | "enum" | "type", Some(name)) => Some(self.type_(start, at, name)),
            ("trait", Some(name)) => Some(self.trait_(start, at, name)),
            ("impl", _) => self.impl_(start, at),
            ("mod", Some(name)) => self.module(start, at, name),
            ("use", _) | ("extern", Some("crate")) => Some(self.import(start, at)),
            ("extern", _) => self.foreign(at),
            ("const" | "static", Some("mut" | "ref")) => {
                let name = source.ident(at + 2)?;
                Some(self.value(start, at, name))
            }
            ("const" | "static", Some(name)) => Some(self.value(start, at, name)),
            ("macro_rules", _) if source.is(at + 1, "!") => {
                let name = source.ident(at + 2)?;
                Some(self.macro_(start, at + 3, name))
            }
            ("macro", Some(name)) => Some(self.macro_(start, at + 2, name)),
            _ => self.call(start, at),
        }
    }

    fn is_modifier(&self, at: usize) -> bool {
        let source = self.source;
        let next = if source.get(at + 1).is_some_and(|token| token.kind == TokenKind::Str) {
            at + 2
        } else {
            at + 1
        };
        matches!(
            source.ident(next),
            Some(
                "fn" | "impl"
                    | "trait"
                    | "async"
                    | "unsafe"
                    | "extern"
                    | "static"
                    | "mod"
                    | "const"
                    | "type"
            )
        ) && !(source.is(at, "extern") && next == at + 1 && !source.is(next, "fn"))
            && !(source.is(at, "const")
                && matches!(source.ident(next), Some("type" | "static" | "const")))
    }

    fn add(&mut self, start: &Start, kind: Kind, label: String, end: usize, body: Option<usize>) {
        if self.is_part {
            return;
        }
        let own = start.at..end;
        let mut tokens = vec![own];
        let is_member = matches!(kind, Kind::Member { .. } | Kind::Call { .. });
        if let Some(header) = self.header.as_ref().filter(|_| is_member) {
            tokens.insert(0, header.tokens.clone());
        }
        self.found.all.push(Item {
            kind,
            label,
            tokens,
            body,
            attributes: start.attributes.clone(),
            is_public: start.is_public,
            module: self.module,
            scope: self.block.clone(),
        });
    }

    /// An item that is reached by its name, perhaps in an `impl`.
    fn named(&mut self, start: &Start, word: &str, name: &str, end: usize, body: Option<usize>) {
        let (kind, label) = match &self.header {
            Some(Header { types, .. }) => {
                let of = types.first().map_or("", String::as_str);
                let label = format!("{word} {of}::{name}");
                (Kind::Member { name: name.to_owned(), of: types.clone() }, label)
            }
            None => (Kind::Value { name: name.to_owned() }, format!("{word} {name}")),
        };
        self.add(start, kind, label, end, body);
    }

    fn module(&mut self, start: &Start, at: usize, name: &str) -> Option<usize> {
        let is_elsewhere = self.source.is(at + 2, ";");
        if !is_elsewhere && !self.source.opens(at + 2, "{") {
            return None;
        }
        self.found.modules.push(Module {
            parent: Some(self.module),
            name: name.to_owned(),
            attributes: start.at..start.attributes_end,
            is_elsewhere,
        });
        if !is_elsewhere {
            let around = (self.module, self.header.take());
            self.module = self.found.modules.len() - 1;
            self.items(self.source.inside(at + 2));
            (self.module, self.header) = around;
        }
        Some(self.source.skip(at + 2))
    }

    fn import(&mut self, start: &Start, at: usize) -> usize {
        let end = self.semicolon(at);
        for import in import::imports(self.source, at..end) {
            let label = format!("use {}", import.text);
            self.add(start, Kind::Import(import), label, end, None);
        }
        end
    }

    /// `extern "C" { … }`.
    fn foreign(&mut self, at: usize) -> Option<usize> {
        let source = self.source;
        let open = if source.opens(at + 1, "{") { at + 1 } else { at + 2 };
        source.opens(open, "{").then(|| {
            self.items(source.inside(open));
            source.skip(open)
        })
    }

    /// Reads the items in the body of a function.
    fn within(&mut self, open: usize) {
        let inside = self.source.inside(open);
        let around = (self.header.take(), self.is_part, self.block.replace(inside.clone()));
        self.is_part = false;
        self.items(inside);
        (self.header, self.is_part, self.block) = around;
    }

    /// Reads what is a part of the item around it, for the items inside of its functions.
    fn parts(&mut self, range: Range<usize>) {
        let around = (self.header.take(), self.is_part);
        self.is_part = true;
        self.items(range);
        (self.header, self.is_part) = around;
    }

    /// Reads the items in all groups of `range`.
    fn blocks(&mut self, range: Range<usize>) {
        let mut at = range.start;
        while at < range.end {
            if self.source.get(at).is_some_and(|token| token.kind == TokenKind::Open) {
                self.within(at);
            }
            at = self.source.skip(at);
        }
    }

    /// The index behind an item that ends with `;`.
    fn semicolon(&self, mut at: usize) -> usize {
        while at < self.source.len() && !self.source.is(at, ";") {
            if self.source.get(at).is_some_and(|token| token.kind == TokenKind::Close) {
                return at;
            }
            at = self.source.skip(at);
        }
        (at + 1).min(self.source.len())
    }

    /// The index behind an item that ends with `;` or `{ … }`.
    fn end(&self, mut at: usize) -> usize {
        while at < self.source.len() && !self.source.is(at, ";") {
            if self.source.get(at).is_some_and(|token| token.kind == TokenKind::Close) {
                return at;
            }
            if self.source.opens(at, "{") && !header::is_generic_argument(self.source, at) {
                return self.source.skip(at);
            }
            at = self.source.skip(at);
        }
        (at + 1).min(self.source.len())
    }

    /// The index of the delimiter that the one at `close` belongs to.
    fn open_of(&self, close: usize) -> usize {
        self.source.get(close).map_or(close, Token::partner)
    }
}

/// The last name of the path that begins `range`.
fn last_name(source: &Source, range: Range<usize>) -> Option<String> {
    let mut at = range.start;
    // `unsafe(no_mangle)`
    if source.opens(at + 1, "(") && source.is(at, "unsafe") {
        at += 2;
    }
    while source.is_path(at + 1) {
        at += 3;
    }
    source.ident(at).map(str::to_owned)
}
