//! The headers of impls: which trait, for which types.

use std::ops::Range;

use super::super::lex::Source;

/// The text of some tokens, up to a `where`, for people.
pub(super) fn text(source: &Source, range: Range<usize>) -> String {
    let mut text = String::new();
    for at in range.take_while(|&at| !source.is(at, "where")) {
        let is_word = |at| source.ident(at).is_some();
        let ends = is_word(at.wrapping_sub(1)) || source.is(at.wrapping_sub(1), ">");
        if !text.is_empty() && is_word(at) && ends {
            text.push(' ');
        }
        text.push_str(source.text(at));
    }
    text
}

/// Whether the braces at `open` are an argument of a type, as in `Grid<{ N + 1 }>`.
pub(super) fn is_generic_argument(source: &Source, open: usize) -> bool {
    let behind = source.skip(open);
    let before = source.text(open.wrapping_sub(1));
    // `const N: usize = { 1 + 1 }`
    ["<", ",", "="].contains(&before) && (source.is(behind, ">") || source.is(behind, ","))
}

/// The trait in the header of an `impl`, and all names in it that can be types: those of the implementing type
/// first.
pub(super) fn names(source: &Source, range: Range<usize>) -> (Option<String>, Vec<String>) {
    let mut depth = 0_usize;
    let mut parts = (range.start, None, range.end);
    for at in range.clone() {
        match source.text(at) {
            "<" => depth += 1,
            ">" if !source.is(at - 1, "-") || !source.touches(at - 1) => {
                depth = depth.saturating_sub(1);
            }
            "for" if depth == 0 && !source.is(at + 1, "<") => parts.1 = parts.1.or(Some(at)),
            "where" if depth == 0 => parts.2 = parts.2.min(at),
            _ => {}
        }
    }
    if source.is(parts.0, "<") {
        parts.0 = behind_generics(source, parts.0);
    }
    let names = |range: Range<usize>| {
        range.filter_map(|at| source.ident(at)).map(str::to_owned).collect::<Vec<_>>()
    };
    match parts.1 {
        Some(at) => {
            let of = last_path_name(source, parts.0..at);
            let mut types = names(at + 1..parts.2);
            types.extend(names(parts.0..at));
            (of, types)
        }
        None => (None, names(parts.0..parts.2)),
    }
}

/// The names of the traits in the bounds of a header, whose order they have.
pub(super) fn bounds(source: &Source, range: Range<usize>) -> Vec<String> {
    let mut bounds = Vec::new();
    for at in range.clone() {
        let is_colon =
            source.is(at, ":") && !source.is_path(at) && !source.is_path(at.wrapping_sub(1));
        let is_constant = source.is(at.wrapping_sub(2), "const");
        if is_colon && !is_constant || source.is(at, "+") {
            bounds.extend(bound(source, at + 1..range.end));
        }
    }
    bounds
}

/// The last name of the path that a bound begins with: `?Sized`, `for<'a> Fn(&'a str)`, `fmt::Display`.
fn bound(source: &Source, range: Range<usize>) -> Option<String> {
    let mut at = range.start;
    while !range.is_empty() && at < range.end {
        match source.text(at) {
            "?" | "~" | "const" | "async" | ":" => at += 1,
            "for" => at = behind_generics(source, at + 1),
            "(" => return bound(source, source.inside(at)),
            _ if source.is_path(at + 1) => at += 3,
            _ => break,
        }
    }
    source.ident(at).filter(|_| at < range.end).map(str::to_owned)
}

/// The index behind the `<…>` that begins at `at`.
fn behind_generics(source: &Source, mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < source.len() {
        match source.text(at) {
            "<" => depth += 1,
            ">" if !source.is(at - 1, "-") || !source.touches(at - 1) => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        at = source.skip(at);
        if depth == 0 {
            break;
        }
    }
    at
}

/// The last name of a path outside of its generic arguments.
fn last_path_name(source: &Source, range: Range<usize>) -> Option<String> {
    let mut depth = 0_usize;
    let mut last = None;
    for at in range {
        match source.text(at) {
            "<" => depth += 1,
            ">" => depth = depth.saturating_sub(1),
            _ if depth == 0 => last = source.ident(at).or(last),
            _ => {}
        }
    }
    last.map(str::to_owned)
}
