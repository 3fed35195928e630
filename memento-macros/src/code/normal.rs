//! The normal form of code: the same text however the code is laid out and documented.

use std::ops::Range;

use super::lex::{Kind, Source};

/// Pairs of punctuation that mean something else together than apart. `<<` and `>>` do not: apart, they only stand
/// where types do, and there they mean the same together.
const GLUED: [&str; 19] = [
    "&&", "||", "==", "!=", "<=", ">=", "->", "=>", "::", "..", ".=", "+=", "-=", "*=", "/=", "%=",
    "^=", "&=", "|=",
];

/// Attributes that do not change what code does.
const SILENT: [&str; 6] = ["doc", "allow", "expect", "warn", "deny", "forbid"];

/// Macros of the standard library, to which a comma after the last argument means nothing.
const COMMA_BLIND: [&str; 19] = [
    "assert",
    "assert_eq",
    "assert_ne",
    "dbg",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "eprint",
    "eprintln",
    "format",
    "panic",
    "print",
    "println",
    "todo",
    "unimplemented",
    "unreachable",
    "vec",
    "write",
    "writeln",
];

/// Keywords behind which a value can stand, so that a group there is no list of arguments.
const BEFORE_VALUES: [&str; 14] = [
    "break", "else", "for", "if", "in", "let", "match", "move", "mut", "ref", "return", "where",
    "while", "yield",
];

/// Appends the normal form of some tokens of `source`: without layout, comments, documentation and lint levels.
pub(crate) fn write(source: &Source, range: Range<usize>, normal: &mut String) {
    let mut at = range.start;
    while at < range.end {
        if let Some(behind) = silent_attribute(source, at) {
            at = behind;
            continue;
        }
        let comma = is_dropped_comma(source, at);
        if !comma {
            normal.push_str(source.text(at));
            if !is_glued(source, at) {
                normal.push(' ');
            }
        }
        at += 1;
    }
}

fn is_glued(source: &Source, at: usize) -> bool {
    let is_punct = |at| matches!(source.get(at), Some(token) if token.kind == Kind::Punct);
    is_punct(at) && is_punct(at + 1) && source.touches(at) && {
        let (first, second) = (source.text(at), source.text(at + 1));
        GLUED.iter().any(|pair| pair.starts_with(first) && pair.ends_with(second))
    }
}

/// The index behind an attribute at `at` that does not change what code does.
pub(crate) fn silent_attribute(source: &Source, at: usize) -> Option<usize> {
    if !source.is(at, "#") {
        return None;
    }
    let bracket = if source.is(at + 1, "!") { at + 2 } else { at + 1 };
    let is_silent =
        source.opens(bracket, "[") && SILENT.contains(&source.ident(bracket + 1).unwrap_or(""));
    is_silent.then(|| source.skip(bracket))
}

/// Whether a comma stands at `at` behind which nothing follows, and which means nothing.
fn is_dropped_comma(source: &Source, at: usize) -> bool {
    if !source.is(at, ",") {
        return false;
    }
    let Some(close) = source.get(at + 1).filter(|token| token.kind == Kind::Close) else {
        return false;
    };
    let open = close.partner();
    match what_precedes(source, open) {
        Preceding::Macro => false,
        Preceding::Call => true,
        // A tuple of one is no value in parentheses.
        Preceding::Other => !source.opens(open, "(") || commas(source, open) > 1,
    }
}

/// What stands before a group, which tells whether a comma at its end may mean something.
enum Preceding {
    /// A macro gets the group.
    Macro,
    /// The group is a list of arguments or parameters.
    Call,
    Other,
}

fn what_precedes(source: &Source, open: usize) -> Preceding {
    let Some(before) = open.checked_sub(1) else { return Preceding::Other };
    if source.is(before, "!") && before.checked_sub(1).is_some_and(|at| source.ident(at).is_some())
    {
        let is_blind = COMMA_BLIND.contains(&source.text(before - 1));
        return if is_blind { Preceding::Call } else { Preceding::Macro };
    }
    match source.ident(before) {
        Some(name) if !BEFORE_VALUES.contains(&name) => Preceding::Call,
        _ => Preceding::Other,
    }
}

/// How many commas stand in the group that opens at `open`, outside of groups in it.
fn commas(source: &Source, open: usize) -> usize {
    let inside = source.inside(open);
    let mut at = inside.start;
    let mut commas = 0;
    while at < inside.end {
        commas += usize::from(source.is(at, ","));
        at = source.skip(at);
    }
    commas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(code: &str) -> String {
        let source = Source::new(code.to_owned()).unwrap();
        let mut normal = String::new();
        write(&source, 0..source.len(), &mut normal);
        normal
    }

    #[test]
    fn layout_and_documentation_change_nothing() {
        let plain = normal("{ let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }");
        for same in [
            "{ /* why */ let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) } // end",
            "{ let x = f(\n a,\n b,\n); x && ! y; g::<Vec<Vec<u8> > >(& x) }",
            "{ #[allow(unused)] let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }",
            "{ #![doc = \"what\"] let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }",
            "/// what\n{ let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }",
        ] {
            assert_eq!(normal(same), plain, "{same}");
        }
    }

    #[test]
    fn code_changes_it() {
        let plain = normal("{ f(a, 1) }");
        for other in [
            "{ f(a, 2) }",
            "{ f(b, 1) }",
            "{ f(a, 1); }",
            "{ f[a, 1] }",
            "{ f(a, 1u8) }",
            "{ f(a - 1) }",
        ] {
            assert_ne!(normal(other), plain, "{other}");
        }
        assert_ne!(normal("(a,)"), normal("(a)"));
        assert_ne!(normal("return (a,)"), normal("return (a)"));
        assert_ne!(normal("for (a,) in v"), normal("for (a) in v"));
        assert_eq!(normal("f(a,)"), normal("f(a)"));
        assert_ne!(normal("mine!(a,)"), normal("mine!(a)"));
        assert_eq!(normal("println!(a,)"), normal("println!(a)"));
        assert_ne!(normal("a & &b"), normal("a && b"));
        assert_ne!(normal("\"a b\""), normal("\"a  b\""));
    }
}
