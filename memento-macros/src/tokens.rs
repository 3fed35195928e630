//! The digest of tokens: the same however the code is laid out and documented.

use blake3::Hasher;
use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

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

/// Adds `tokens` to `hasher`, without spans, layout, documentation and lint levels.
pub(crate) fn hash(hasher: &mut Hasher, tokens: TokenStream) {
    hash_trees(hasher, &tokens.into_iter().collect::<Vec<_>>());
}

fn hash_trees(hasher: &mut Hasher, trees: &[TokenTree]) {
    let mut at = 0;
    while let Some(tree) = trees.get(at) {
        let skipped = silent_attribute(&trees[at..]);
        if skipped > 0 {
            at += skipped;
            continue;
        }
        match tree {
            TokenTree::Ident(ident) => hash_text(hasher, b'i', &ident.to_string()),
            TokenTree::Literal(literal) => hash_text(hasher, b'l', &literal.to_string()),
            TokenTree::Punct(punct) => {
                let joint = punct.spacing() == Spacing::Joint;
                let glued = joint && is_glued(punct.as_char(), trees.get(at + 1));
                hash_text(hasher, if glued { b'j' } else { b'p' }, &punct.as_char().to_string());
            }
            TokenTree::Group(group) => hash_group(hasher, group, Place::after(&trees[..at])),
        }
        at += 1;
    }
}

fn hash_text(hasher: &mut Hasher, tag: u8, text: &str) {
    hasher.update(&[tag]);
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn hash_group(hasher: &mut Hasher, group: &Group, place: Place) {
    let mut trees: Vec<TokenTree> = group.stream().into_iter().collect();
    let commas = trees.iter().filter(|tree| is_comma(tree)).count();
    let is_blind = match place {
        Place::Macro => false,
        Place::Arguments => true,
        // A tuple of one is no value in parentheses.
        Place::Other => group.delimiter() != Delimiter::Parenthesis || commas > 1,
    };
    if trees.last().is_some_and(is_comma) && is_blind {
        trees.pop();
    }
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => (b"(", b")"),
        Delimiter::Brace => (b"{", b"}"),
        Delimiter::Bracket => (b"[", b"]"),
        // What a macro put together is no group in the source.
        Delimiter::None => return hash_trees(hasher, &trees),
    };
    hasher.update(open);
    hash_trees(hasher, &trees);
    hasher.update(close);
}

/// What stands in a group, which tells whether a comma at its end may mean something.
#[derive(Clone, Copy)]
enum Place {
    /// What a macro gets; it may.
    Macro,
    /// Arguments or parameters; it does not.
    Arguments,
    /// Anything else.
    Other,
}

impl Place {
    /// The place of a group that stands behind `before`.
    fn after(before: &[TokenTree]) -> Self {
        match before {
            [.., TokenTree::Ident(name), TokenTree::Punct(punct)] if punct.as_char() == '!' => {
                let is_blind = COMMA_BLIND.iter().any(|blind| name == blind);
                if is_blind { Self::Arguments } else { Self::Macro }
            }
            [.., TokenTree::Ident(name)] if !is_keyword(name) => Self::Arguments,
            _ => Self::Other,
        }
    }
}

/// Whether a value can stand behind `name`, so that a group there is no list of arguments.
fn is_keyword(name: &Ident) -> bool {
    ["break", "else", "if", "in", "let", "match", "move", "mut", "ref", "return", "while", "yield"]
        .iter()
        .any(|keyword| name == keyword)
}

fn is_comma(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',')
}

fn is_glued(first: char, next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Punct(second)) => {
            let pair: String = [first, second.as_char()].iter().collect();
            GLUED.contains(&&*pair)
        }
        // A lifetime.
        Some(TokenTree::Ident(_)) => first == '\'',
        _ => false,
    }
}

/// How many trees, from the first on, are an attribute that does not change what code does.
fn silent_attribute(trees: &[TokenTree]) -> usize {
    let is = |tree: Option<&TokenTree>, expected| matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == expected);
    if !is(trees.first(), '#') {
        return 0;
    }
    let bracket = if is(trees.get(1), '!') { 2 } else { 1 };
    let Some(TokenTree::Group(group)) = trees.get(bracket) else { return 0 };
    let first = group.stream().into_iter().next();
    let is_silent = group.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if SILENT.iter().any(|silent| name == silent));
    if is_silent { bracket + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(code: &str) -> blake3::Hash {
        let mut hasher = Hasher::new();
        hash(&mut hasher, code.parse().unwrap());
        hasher.finalize()
    }

    #[test]
    fn layout_and_documentation_change_nothing() {
        let plain = digest("{ let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }");
        for same in [
            "{ /* why */ let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) } // end",
            "{ let x = f(\n a,\n b,\n); x && ! y; g::<Vec<Vec<u8> > >(& x) }",
            "{ #[allow(unused)] let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }",
            "{ #![doc = \"what\"] let x = f(a, b); x && !y; g::<Vec<Vec<u8>>>(&x) }",
        ] {
            assert_eq!(digest(same), plain, "{same}");
        }
    }

    #[test]
    fn code_changes_it() {
        let plain = digest("{ f(a, 1) }");
        for other in [
            "{ f(a, 2) }",
            "{ f(b, 1) }",
            "{ f(a, 1); }",
            "{ f[a, 1] }",
            "{ f(a, 1u8) }",
            "{ f(a - 1) }",
        ] {
            assert_ne!(digest(other), plain, "{other}");
        }
        assert_ne!(digest("(a,)"), digest("(a)"));
        assert_ne!(digest("return (a,)"), digest("return (a)"));
        assert_eq!(digest("f(a,)"), digest("f(a)"));
        assert_ne!(digest("mine!(a,)"), digest("mine!(a)"));
        assert_eq!(digest("println!(a,)"), digest("println!(a)"));
        assert_ne!(digest("a & &b"), digest("a && b"));
    }
}
