//! Macros, where they are defined and where they are called among items.

use std::ops::Range;

use super::super::facts::is_standard;
use super::super::item::Kind;
use super::super::lex::{Kind as TokenKind, Source};
use super::{Parser, Start};

/// Names that stand in many a macro call, and are defined by none.
const COMMON: [&str; 64] = [
    "Arc",
    "BTreeMap",
    "BTreeSet",
    "Box",
    "Cell",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Err",
    "Hash",
    "HashMap",
    "HashSet",
    "LazyLock",
    "Mutex",
    "None",
    "Ok",
    "OnceLock",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Rc",
    "RefCell",
    "Result",
    "RwLock",
    "Self",
    "Some",
    "String",
    "Vec",
    "as",
    "bool",
    "char",
    "clone",
    "const",
    "else",
    "f32",
    "f64",
    "false",
    "fn",
    "for",
    "from",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "if",
    "impl",
    "in",
    "into",
    "isize",
    "let",
    "match",
    "mut",
    "new",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "str",
    "struct",
];

/// Whether nothing has this name that a macro call defines.
fn is_common(name: &str) -> bool {
    let is_type = matches!(name, "true" | "type" | "use" | "where" | "enum" | "trait" | "mod");
    let is_number =
        name.strip_prefix('u').is_some_and(|rest| rest == "size" || rest.parse::<u8>().is_ok());
    is_type || is_number || COMMON.contains(&name)
}

/// The names in the macro call whose tokens open at `open` that it may define.
pub(super) fn names(source: &Source, open: usize) -> Vec<String> {
    let end = source.skip(open);
    let mut names = Vec::new();
    let mut at = open + 1;
    while at < end {
        if source.is(at, "#") && source.opens(at + 1, "[") {
            at = source.skip(at + 1);
            continue;
        }
        let is_part = source.is(at - 1, ".") || source.is_path(at - 2);
        let name = source.ident(at).filter(|name| !is_part && !is_common(name));
        names.extend(name.map(str::to_owned));
        at += 1;
    }
    names
}

/// The macros that are called in `range` where items may stand, and where their groups open.
fn statements(source: &Source, range: Range<usize>) -> Vec<(String, usize)> {
    let is_call = |&at: &usize| {
        let open = at + 2;
        let is_group = source.get(open).is_some_and(|token| token.kind == TokenKind::Open);
        let is_statement = || source.opens(open, "{") || source.is(source.skip(open), ";");
        source.is(at + 1, "!") && is_group && is_statement()
    };
    let is_own = |name: &&str| !is_standard(name) && *name != "macro_rules";
    let called = |at: usize| Some((source.ident(at).filter(is_own)?.to_owned(), at + 2));
    range.filter(is_call).filter_map(called).collect()
}

impl Parser<'_> {
    pub(super) fn macro_(&mut self, start: &Start, group: usize, name: &str) -> usize {
        let source = self.source;
        let mut end = source.skip(group);
        if source.is(end, ";") || source.opens(end, "{") {
            end = source.skip(end);
        }
        let mut inner = Parser::new(source, self.module);
        inner.blocks(group..end);
        let (mut defines, mut traits, mut types) = (Vec::new(), Vec::new(), Vec::new());
        for item in inner.found.all {
            match item.kind {
                Kind::Value { name } | Kind::Type { name, .. } | Kind::Trait { name, .. } => {
                    defines.push(name);
                }
                Kind::Impl { of, types: of_types, .. } => {
                    traits.push(of);
                    types.extend(of_types);
                }
                Kind::Member { of, .. } => types.extend(of),
                Kind::Import(import) => defines.extend(import.name),
                Kind::Macro { .. } | Kind::Call { .. } => {}
            }
        }
        // What other macros define that it calls.
        for (of, open) in statements(source, group..end) {
            let names = names(source, open);
            defines.extend(names.iter().cloned());
            types.extend(names);
            traits.push(of);
        }
        let kind = Kind::Macro { name: name.to_owned(), defines, traits, types };
        self.add(start, kind, format!("macro {name}"), end, None);
        end
    }

    /// A macro that is called where items stand.
    pub(super) fn call(&mut self, start: &Start, at: usize) -> Option<usize> {
        let source = self.source;
        let mut bang = at + 1;
        while source.is_path(bang) {
            bang += 3;
        }
        let open = bang + 1;
        let is_group = source.get(open).is_some_and(|token| token.kind == TokenKind::Open);
        if !source.is(bang, "!") || !is_group {
            return None;
        }
        let of = source.ident(bang - 1)?.to_owned();
        let end = source.skip(open);
        if of == "include" {
            self.found.includes.push((self.module, bang - 1));
            return Some(end);
        }
        if self.block.is_some() {
            return None;
        }
        let names = names(source, open);
        self.add(start, Kind::Call { of: of.clone(), names }, format!("{of}! {{ … }}"), end, None);
        // Modules in other files, which `cfg_if!` and the like may choose between.
        let mut inner = Parser::new(source, self.module);
        inner.found.modules = std::mem::take(&mut self.found.modules);
        inner.items(source.inside(open));
        inner.blocks(open..end);
        self.found.modules = inner.found.modules;
        self.found.includes.extend(inner.found.includes);
        let imports = inner.found.all.into_iter();
        let imports = imports.filter(|item| matches!(item.kind, Kind::Import(_)));
        // The call may say under which condition they are there.
        self.found.all.extend(imports.map(|mut import| {
            import.tokens.insert(0, start.at..end);
            import
        }));
        Some(end)
    }
}
