//! What a piece of code mentions.

mod compile_time;
mod conditions;
mod surroundings;
mod texts;

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::files::File;
use super::import::{self, Import};
use super::index::Index;
use super::lex::{Kind, Source};
use super::mention::{Mention, Stands};
use super::{item, normal};
use surroundings::Surroundings;

/// What a piece of code is, and what it mentions.
#[derive(Default)]
pub(crate) struct Facts {
    /// Its normal form.
    pub(crate) normal: String,
    pub(crate) mentions: Vec<Mention>,
    /// The first names of its paths: crates, perhaps.
    pub(crate) roots: Vec<String>,
    /// The options in its `cfg`s, as `unix` or `feature = "x"`.
    pub(crate) options: Vec<String>,
    /// The variables that it reads while it is compiled.
    pub(crate) variables: Vec<String>,
    /// The files that it includes, and whether each is code.
    pub(crate) files: Vec<(PathBuf, bool)>,
    /// Whether it includes a file, or reads a variable, that only the compiler can name.
    pub(crate) is_unknown: bool,
    /// The texts in it, each with the file that it stands in.
    pub(crate) texts: Vec<(PathBuf, String)>,
}

/// Macros of the standard library: a name in their calls is what it would be outside.
const TRANSPARENT: [&str; 39] = [
    "addr_of",
    "addr_of_mut",
    "assert",
    "assert_eq",
    "assert_matches",
    "assert_ne",
    "cfg",
    "column",
    "compile_error",
    "concat",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_matches",
    "debug_assert_ne",
    "env",
    "eprint",
    "eprintln",
    "file",
    "format",
    "format_args",
    "line",
    "matches",
    "module_path",
    "offset_of",
    "option_env",
    "panic",
    "pin",
    "print",
    "println",
    "ready",
    "stringify",
    "thread_local",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

const KEYWORDS: [&str; 40] = [
    "Self", "_", "abstract", "as", "async", "await", "become", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "fn", "for", "if", "impl", "in",
    "let", "loop", "macro", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
    "static", "super", "trait", "true", "use", "where", "while",
];

/// Whether a macro of the standard library is called this, which defines nothing.
pub(super) fn is_standard(name: &str) -> bool {
    TRANSPARENT.contains(&name)
}

/// What an item is, and what it mentions.
pub(super) fn of_item(index: &Index, node: usize) -> Facts {
    read_item(index, node, index.is_memento(&index.nodes[node].item))
}

/// The same for a memento function whose body counts like that of any other function.
pub(super) fn of_plain(index: &Index, node: usize) -> Facts {
    read_item(index, node, false)
}

/// The same of code in a file that is included; `None` where it is none.
pub(super) fn of_file(index: &Index, path: &Path, krate: usize) -> Option<Facts> {
    let read = |source: &Source| {
        let mut reader = Reader::new(source, path, Some(index)).of_crate(krate);
        reader.read(0..source.len());
        reader.facts
    };
    match index.files.iter().find(|file| file.path == *path) {
        Some(file) => Some(read(&file.source)),
        None => Source::new(std::fs::read_to_string(path).ok()?).as_ref().map(read),
    }
}

fn read_item(index: &Index, node: usize, is_memento: bool) -> Facts {
    let item = &index.nodes[node].item;
    let (source, path) = index.file(node);
    let mut reader = Reader::new(source, path, Some(index)).of_crate(index.place(node).krate);
    match &item.kind {
        item::Kind::Import(import) => {
            reader.facts.normal.clone_from(&import.text);
            for condition in item.conditions(source) {
                normal::write(source, condition.clone(), &mut reader.facts.normal);
                reader.facts.options.append(&mut options(source, path, condition));
            }
            reader.import(import);
        }
        // Another memento function has a version of its own. Its types may be used by whoever calls it.
        _ if is_memento => {
            let (header, function) = item.tokens.split_at(item.tokens.len() - 1);
            header.iter().cloned().for_each(|tokens| reader.read(tokens));
            for tokens in function {
                let start = tokens.clone().find(|&at| source.is(at, "fn"));
                reader.read(start.unwrap_or(tokens.start)..item.body.unwrap_or(tokens.end));
            }
            reader.facts.normal.clear();
        }
        _ => item.tokens.iter().cloned().for_each(|tokens| reader.read(tokens)),
    }
    let mut facts = reader.facts;
    for module in index.around(item.module) {
        for (file, attributes) in &index.modules[module].attributes {
            read_attributes(index, &index.files[*file], attributes.clone(), is_memento, &mut facts);
        }
    }
    let unique: HashSet<Mention> = facts.mentions.drain(..).collect();
    facts.mentions.extend(unique);
    facts.mentions.sort_unstable();
    facts
}

/// Reads the attributes of a module for something in it.
fn read_attributes(
    index: &Index,
    file: &File,
    attributes: Range<usize>,
    is_memento: bool,
    facts: &mut Facts,
) {
    let File { source, path, krate, .. } = file;
    facts.options.append(&mut options(source, path, attributes.clone()));
    // Of two modules of one name, it says which is there.
    for condition in conditions::of_module(source, attributes.clone()) {
        if !is_memento {
            normal::write(source, condition, &mut facts.normal);
        }
    }
    // A macro may make anything of what is in the module.
    for attribute in conditions::macros_of_module(source, attributes) {
        let mut reader = Reader::new(source, path, Some(index)).of_crate(*krate);
        reader.read(attribute);
        if !is_memento {
            facts.normal.push_str(&reader.facts.normal);
        }
        facts.mentions.append(&mut reader.facts.mentions);
        facts.roots.append(&mut reader.facts.roots);
    }
}

/// The options in the conditions in `range`.
fn options(source: &Source, path: &Path, range: Range<usize>) -> Vec<String> {
    let mut reader = Reader::new(source, path, None);
    reader.tokens(range, Surroundings::default());
    reader.facts.options
}

/// Reads some tokens of a file. Without an index, names are of no interest.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a Source,
    pub(crate) path: &'a Path,
    pub(crate) index: Option<&'a Index>,
    /// The number of the crate that the tokens belong to.
    krate: usize,
    pub(crate) facts: Facts,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Source, path: &'a Path, index: Option<&'a Index>) -> Self {
        Self { source, path, index, krate: 0, facts: Facts::default() }
    }

    /// For code of the crate of this number.
    pub(crate) fn of_crate(mut self, krate: usize) -> Self {
        self.krate = krate;
        self
    }

    /// Reads what makes up an item.
    pub(crate) fn read(&mut self, range: Range<usize>) {
        normal::write(self.source, range.clone(), &mut self.facts.normal);
        self.tokens(range, Surroundings::default());
    }

    fn tokens(&mut self, range: Range<usize>, surroundings: Surroundings) {
        let source = self.source;
        let mut at = range.start;
        while at < range.end {
            let Some(token) = source.get(at) else { return };
            if let Some(behind) = normal::silent_attribute(source, at) {
                at = behind;
                continue;
            }
            if let Some(behind) = self.imports(at..range.end, surroundings) {
                at = behind;
                continue;
            }
            match token.kind {
                Kind::Ident => self.ident(at, surroundings),
                Kind::Str => self.text(at, surroundings),
                Kind::Open => {
                    self.tokens(source.inside(at), self.inside(at, surroundings));
                    at = source.skip(at);
                    continue;
                }
                Kind::Close | Kind::Punct | Kind::Lifetime | Kind::Literal => {}
            }
            at += 1;
        }
    }

    /// Reads the `use` that begins `range`, if one does: its names are those of paths. The index behind it; `None` for
    /// what a macro gets, which may make anything else of it.
    fn imports(&mut self, range: Range<usize>, surroundings: Surroundings) -> Option<usize> {
        let source = self.source;
        let at = range.start;
        // `impl Trait + use<'a>`
        if self.index.is_none() || !source.is(at, "use") || source.is(at + 1, "<") {
            return None;
        }
        let mut end = at;
        while end < range.end && !source.is(end, ";") {
            end = source.skip(end);
        }
        for import in import::imports(source, at..end + 1) {
            self.import(&import);
        }
        (!surroundings.in_macro()).then_some(end)
    }

    /// Notes what the path of an import names.
    fn import(&mut self, import: &Import) {
        let paths = (1..=import.path.len()).map(|length| &import.path[..length]);
        self.facts.mentions.extend(paths.filter_map(Mention::of_path));
        self.facts.roots.extend(import.path.first().cloned());
    }

    fn ident(&mut self, at: usize, surroundings: Surroundings) {
        let source = self.source;
        self.condition(at, surroundings);
        if source.is(at + 1, "!") {
            self.compile_time_macro(at, surroundings);
        }
        let Some(name) = source.ident(at) else { return };
        let Some(index) = self.index else { return };
        let before = at.wrapping_sub(1);
        // What is defined is not mentioned. A macro may get words in this order that define nothing.
        let words = ["enum", "fn", "mod", "struct", "trait", "type", "union"];
        if !surroundings.in_macro() && words.contains(&source.text(before)) {
            return;
        }
        let is_raw = source.text(at).starts_with("r#");
        if source.is(before, "$") || !is_raw && KEYWORDS.contains(&name) {
            return;
        }
        let follows_path = at >= 2 && source.is_path(at - 2);
        let leads_path = source.is_path(at + 1);
        if leads_path && self.is_root(at) {
            self.facts.roots.push(name.to_owned());
        }
        let is_field = source.is(before, ".")
            && !(at >= 2 && source.is(at - 2, ".") && source.touches(at - 2));
        let is_label = source.is(at + 1, ":") && !leads_path && !surroundings.in_macro();
        if is_label && !follows_path {
            return;
        }
        let stands = match () {
            () if follows_path && at >= 3 && self.may_lead_to_item(at - 3, index) => {
                let is_root = self.is_root(at - 3);
                let is_known = |name: &&str| match *name {
                    // In a module within a body, they are others than outside.
                    "self" | "super" if surroundings.in_module => false,
                    "super" => is_root,
                    _ => true,
                };
                let before = source.ident(at - 3).filter(is_known);
                Stands::InPath(before.map(str::to_owned))
            }
            () if follows_path || is_field => Stands::BehindType,
            () if surroundings.in_attribute || surroundings.in_macro() => Stands::Anywhere,
            () => Stands::Alone,
        };
        self.mention(name, stands);
    }

    /// Whether a path can begin with the name at `at`. `::name` begins one unless it goes on behind another name;
    /// behind `>`, it may go on with a type, or stand behind an arrow.
    fn is_root(&self, at: usize) -> bool {
        let source = self.source;
        let follows_path = at >= 2 && source.is_path(at - 2);
        let goes_on = |before: usize| {
            let is_raw = source.text(before).starts_with("r#");
            source.ident(before).is_some_and(|name| {
                let is_path = matches!(name, "Self" | "crate" | "self" | "super");
                is_raw || is_path || !KEYWORDS.contains(&name)
            })
        };
        !(follows_path && at >= 3 && goes_on(at - 3))
    }

    /// Whether what stands before `::` can be a module.
    fn may_lead_to_item(&self, qualifier: usize, index: &Index) -> bool {
        match self.source.ident(qualifier) {
            // `::name` is a crate; `<T as Trait>::name` and `Vec::<u8>::name` are of a type.
            None => !self.source.is(qualifier, ">"),
            Some(name) => {
                // It is not known what other crates than the one being compiled call those that they need.
                let may_be_crate = self.krate != 0
                    && self.is_root(qualifier)
                    && !name.starts_with(char::is_uppercase);
                index.may_be_module(name) || may_be_crate
            }
        }
    }

    fn mention(&mut self, name: &str, stands: Stands) {
        // Names that nothing has lead nowhere.
        if self.index.is_some_and(|index| index.named(name).is_some()) {
            self.facts.mentions.push(Mention { name: name.to_owned(), stands });
        }
    }
}
