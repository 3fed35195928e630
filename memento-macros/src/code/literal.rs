//! Texts that the compiler puts together: the arguments of `include!` and its kin.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::lex::Source;

/// The value of a variable while some crate is compiled.
pub(crate) type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The path that the tokens in `range` name, seen from the file at `from`; `None` where only the compiler can tell.
pub(crate) fn path(
    source: &Source,
    range: Range<usize>,
    from: &Path,
    variable: Variable<'_>,
) -> Option<PathBuf> {
    let text = text(source, range, variable)?;
    Some(from.parent().unwrap_or(from).join(text))
}

/// The text of the first argument of a macro; `None` where only the compiler can tell.
pub(crate) fn first(
    source: &Source,
    range: Range<usize>,
    variable: Variable<'_>,
) -> Option<String> {
    let mut end = range.start;
    while end < range.end && !source.is(end, ",") {
        end = source.skip(end);
    }
    text(source, range.start..end, variable)
}

/// The text that literals, `concat!` and `env!` make.
fn text(source: &Source, range: Range<usize>, variable: Variable<'_>) -> Option<String> {
    let start = range.start;
    let end = if source.is(range.end.wrapping_sub(1), ",") { range.end - 1 } else { range.end };
    if end == start + 1 {
        return source.string(start);
    }
    let is_call = source.is(start + 1, "!") && source.skip(start + 2) == end;
    let inside = source.inside(start + 2);
    match source.ident(start)? {
        "concat" if is_call => {
            let mut texts = String::new();
            let mut at = inside.start;
            while at < inside.end {
                let part = at;
                while at < inside.end && !source.is(at, ",") {
                    at = source.skip(at);
                }
                texts.push_str(&text(source, part..at, variable)?);
                at += 1;
            }
            Some(texts)
        }
        "env" if is_call => variable(&source.string(inside.start)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_without_the_compiler() {
        let path = |code: &str| {
            let source = Source::new(code.to_owned()).unwrap();
            super::path(&source, 0..source.len(), Path::new("/src/lib.rs"), &|name| {
                (name == "CARGO_MANIFEST_DIR").then(|| "/near".to_owned())
            })
        };
        assert_eq!(path("\"a.txt\"").unwrap(), Path::new("/src/a.txt"));
        assert_eq!(path("concat!(\"../\", \"a\", \".txt\",)").unwrap(), Path::new("/src/../a.txt"));
        let manifest = path("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/x\")").unwrap();
        assert_eq!(manifest, Path::new("/near/x"));
        assert_eq!(path("$file"), None);
        assert_eq!(path("concat!(stringify!(a), \"b\")"), None);
    }
}
