//! How deep a source is nested, found without going into it: nothing here calls itself.

use std::mem::{replace, take};

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Punct, Spacing, TokenStream, TokenTree};

/// How many steps a parser may go into `tokens` at most.
///
/// Each delimiter on the way in is a step. So is each token before or after it, back to where the parser cannot
/// but have returned: `!!!!x`, `a.b().c`, `if … else if …` and `A<B<C>>` are nested without any delimiter.
pub(crate) fn steps(tokens: &TokenStream) -> usize {
    let mut outer = Vec::new();
    let mut level = Level::new(tokens.clone());
    loop {
        match level.tokens.next() {
            Some(TokenTree::Group(group)) => {
                level.enter();
                let inner = Level::new(group.stream());
                outer.push((replace(&mut level, inner), group.delimiter()));
            }
            Some(token) => level.pass(&token),
            None => {
                level.end_run();
                let Some((around, delimiter)) = outer.pop() else { return level.deepest };
                let inner = replace(&mut level, around);
                level.leave(inner.deepest, delimiter);
            }
        }
    }
}

/// The tokens between two delimiters, as far as they have been passed.
struct Level {
    tokens: IntoIter,
    after: After,
    /// Steps in the run of tokens that has not ended yet.
    run: usize,
    /// Steps in the deepest group of that run.
    inside: usize,
    /// `<` of that run without their `>`.
    open: usize,
    /// Steps in the deepest run that has ended.
    deepest: usize,
}

/// What the token before was, as far as it matters to the next one.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum After {
    #[default]
    Other,
    /// A brace that closes.
    Brace,
    /// The first half of `->` or `=>`.
    HalfArrow,
    /// What an attribute begins with: `#` or `#!`.
    Hash,
}

impl Level {
    fn new(tokens: TokenStream) -> Self {
        let tokens = tokens.into_iter();
        Self { tokens, after: After::Other, run: 0, inside: 0, open: 0, deepest: 0 }
    }

    fn enter(&mut self) {
        // Attributes stand beside each other.
        self.run += usize::from(self.after != After::Hash);
    }

    fn leave(&mut self, inside: usize, delimiter: Delimiter) {
        self.inside = self.inside.max(inside);
        self.after = if delimiter == Delimiter::Brace { After::Brace } else { After::Other };
    }

    fn pass(&mut self, token: &TokenTree) {
        let after = take(&mut self.after);
        match token {
            TokenTree::Punct(punct) => self.pass_punct(punct, after),
            TokenTree::Ident(name) => {
                // An item or a statement has ended with its braces.
                if after == After::Brace && self.open == 0 && name != "else" {
                    self.end_run();
                }
                self.run += 1;
            }
            TokenTree::Literal(_) | TokenTree::Group(_) => {}
        }
    }

    fn pass_punct(&mut self, punct: &Punct, after: After) {
        match punct.as_char() {
            ';' => return self.end_run(),
            ',' if self.open == 0 => return self.end_run(),
            '#' => {
                if after == After::Brace && self.open == 0 {
                    self.end_run();
                }
                self.after = After::Hash;
                return;
            }
            '!' if after == After::Hash => {
                self.after = After::Hash;
                return;
            }
            '<' => self.open += 1,
            '>' if after != After::HalfArrow && self.open > 0 => return self.open -= 1,
            '-' | '=' if punct.spacing() == Spacing::Joint => self.after = After::HalfArrow,
            _ => {}
        }
        self.run += 1;
    }

    fn end_run(&mut self) {
        self.deepest = self.deepest.max(self.run + self.inside);
        (self.run, self.inside, self.open) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::steps;

    fn of(source: &str) -> usize {
        steps(&source.parse().expect("it is made of tokens"))
    }

    #[test]
    fn what_is_nested_counts_as_often_as_it_is_repeated() {
        let nested = [
            "!",
            "& ",
            "a = ",
            "|| ",
            "B<",
            "B<u8, ",
            "fn() -> ",
            "else if a {} ",
            ".a",
            "+ A {} ",
        ];
        for part in nested {
            assert!(of(&part.repeat(1000)) >= 1000, "{part}");
        }
        for (open, close) in [("(", ")"), ("[", "]"), ("a {", "}"), ("B<(u8, ", ")>")] {
            assert!(of(&(open.repeat(1000) + &close.repeat(1000))) >= 1000, "{open}");
        }
    }

    #[test]
    fn what_stands_side_by_side_does_not_add_up() {
        for part in
            ["a;", "a: B<u8>,", "fn a() -> u8 {}", "#[a] fn a() {}", "#![a]", "//! a\n", "A => {}"]
        {
            assert_eq!(of(&part.repeat(1000)), of(&part.repeat(2)), "{part}");
        }
    }
}
