//! What stands around a name, which may make something else of it.

use super::{Reader, TRANSPARENT, compile_time};

impl Reader<'_> {
    /// What stands around what is in the group that opens at `open`.
    pub(super) fn inside(&self, open: usize, mut surroundings: Surroundings) -> Surroundings {
        let source = self.source;
        let (before, earlier) = (open.wrapping_sub(1), open.wrapping_sub(2));
        let is_attribute =
            source.is(before, "#") || source.is(before, "!") && source.is(earlier, "#");
        surroundings.in_attribute |= source.opens(open, "[") && is_attribute;
        // `name! { … }`, `macro_rules! name { … }`
        let called = match () {
            () if source.is(before, "!") => source.ident(earlier),
            () if source.is(earlier, "!") && source.ident(before).is_some() => Some("macro_rules"),
            () => None,
        };
        if let Some(called) = called {
            let is_transparent = TRANSPARENT.contains(&called)
                && self.index.is_some_and(|index| !index.defines(called));
            if !is_transparent {
                surroundings.tokens = surroundings.tokens.max(Tokens::Call);
            }
            surroundings.in_include |= compile_time::is_include(called);
            if called == "macro_rules" {
                surroundings.tokens = Tokens::Definition;
            }
        }
        surroundings.in_module |= source.is(earlier, "mod") && source.ident(before).is_some();
        surroundings
    }
}

/// What tokens stand in.
#[derive(Clone, Copy, Default)]
pub(super) struct Surroundings {
    pub(super) in_attribute: bool,
    pub(super) tokens: Tokens,
    pub(super) in_include: bool,
    /// In a module within what is read.
    pub(super) in_module: bool,
}

impl Surroundings {
    /// Whether a macro may make anything of what stands there.
    pub(super) fn in_macro(self) -> bool {
        self.tokens != Tokens::Plain
    }
}

/// What tokens are for.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tokens {
    #[default]
    Plain,
    /// A macro gets them.
    Call,
    /// A macro writes them.
    Definition,
}
