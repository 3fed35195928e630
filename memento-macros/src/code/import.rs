//! `use` and `extern crate`: other names for things.

use std::ops::Range;

use super::lex::Source;

/// One name that a `use` brings in.
pub(crate) struct Import {
    /// The names of the path, from the first on.
    pub(crate) path: Vec<String>,
    /// What it is called here; `None` for all that is in it.
    pub(crate) name: Option<String>,
    /// The whole, as text.
    pub(crate) text: String,
}

impl Import {
    fn new(path: Vec<String>, name: Option<String>) -> Self {
        let mut text = path.join("::");
        match &name {
            None => text.push_str("::*"),
            Some(name) if path.last() != Some(name) => {
                text.push_str(" as ");
                text.push_str(name);
            }
            Some(_) => {}
        }
        Self { path, name, text }
    }

    /// Whether what it brings in is used by its name only, as traits and all that is in a module are not.
    pub(crate) fn is_always_named(&self) -> bool {
        self.name.as_ref().is_some_and(|name| name.starts_with(char::is_lowercase) && name != "_")
    }
}

/// What the `use` or `extern crate` in `range` brings in: one for each leaf of its tree.
pub(crate) fn imports(source: &Source, range: Range<usize>) -> Vec<Import> {
    let mut imports = Vec::new();
    let end = range.end.saturating_sub(1);
    if source.is(range.start, "extern") {
        let original = source.ident(range.start + 2).unwrap_or_default().to_owned();
        let name = source.is(range.start + 3, "as").then(|| source.ident(range.start + 4));
        let name = name.flatten().unwrap_or(&original).to_owned();
        imports.push(Import::new(vec![original], Some(name)));
    } else {
        tree(source, range.start + 1..end, &[], &mut imports);
    }
    imports
}

fn tree(source: &Source, range: Range<usize>, prefix: &[String], imports: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut at = range.start;
    while at < range.end {
        if source.is_path(at) {
            at += 2;
        } else if source.is(at, "*") {
            // In the call of a macro, `use` may be anything.
            if !path.is_empty() {
                imports.push(Import::new(path, None));
            }
            return;
        } else if source.opens(at, "{") {
            let inside = source.inside(at);
            let mut start = inside.start;
            while start < inside.end {
                let mut end = start;
                while end < inside.end && !source.is(end, ",") {
                    end = source.skip(end);
                }
                tree(source, start..end, &path, imports);
                start = end + 1;
            }
            return;
        } else if source.is(at, "as") {
            if path.is_empty() {
                return;
            }
            let name = source.ident(at + 1).map(str::to_owned);
            imports.push(Import::new(path, name));
            return;
        } else {
            match source.ident(at) {
                // `use a::{self}` names `a`.
                Some("self") if !path.is_empty() => {}
                Some(name) => path.push(name.to_owned()),
                None => return,
            }
            at += 1;
        }
    }
    let name = path.last().cloned();
    if name.is_some() {
        imports.push(Import::new(path, name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_of_a_tree() {
        let text = "use a::{self, b::{C, d as e}, f::*, g as _,};";
        let source = Source::new(text.to_owned()).unwrap();
        let texts: Vec<String> =
            imports(&source, 0..source.len()).into_iter().map(|import| import.text).collect();
        assert_eq!(texts, ["a", "a::b::C", "a::b::d as e", "a::f::*", "a::g as _"]);
        let source = Source::new("extern crate alloc as heap;".to_owned()).unwrap();
        assert_eq!(imports(&source, 0..source.len())[0].text, "alloc as heap");
    }
}
