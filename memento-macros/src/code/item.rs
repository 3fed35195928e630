//! Items: the pieces of code that a function can reach.

use std::ops::Range;

use super::import::Import;
use super::lex::Source;

/// A piece of code, as it stands in a file.
pub(crate) struct Item {
    pub(crate) kind: Kind,
    /// What kind it is and what it is called, for people: `fn round`.
    pub(crate) label: String,
    /// The tokens that it is made of: of what stands in an `impl`, the header comes first; of an import in a macro call
    /// among items, the call.
    pub(crate) tokens: Vec<Range<usize>>,
    /// Of a function: where its body begins.
    pub(crate) body: Option<usize>,
    /// The last names of the paths of its attributes.
    pub(crate) attributes: Vec<String>,
    /// Whether it is visible beyond its module and those inside.
    pub(crate) is_public: bool,
    /// The number of its module among those of its file.
    pub(crate) module: usize,
    /// The tokens that can name it, where it stands in a block.
    pub(crate) scope: Option<Range<usize>>,
}

impl Item {
    /// Whether it is an import inside of a macro call.
    pub(crate) fn is_in_call(&self) -> bool {
        matches!(self.kind, Kind::Import(_)) && self.tokens.len() > 1
    }

    /// Whether its name is taken in the whole of its module: it is in no block, no macro wrote it, and no condition may
    /// leave the name to something else.
    pub(crate) fn has_name_for_sure(&self) -> bool {
        let has_name = match self.kind {
            Kind::Value { .. } | Kind::Type { .. } | Kind::Trait { .. } => true,
            Kind::Import(_) => !self.is_in_call(),
            _ => false,
        };
        has_name && self.scope.is_none() && !self.attributes.iter().any(|name| name == "cfg")
    }

    /// Whether it is a macro call in an `impl` without a trait, which may write functions into it.
    pub(crate) fn is_call_in_impl(&self) -> bool {
        matches!(self.kind, Kind::Call { .. }) && self.tokens.len() > 1
    }

    /// The attributes of an import, and the macro call that it stands in: what they say is not in the import itself.
    pub(crate) fn conditions(&self, source: &Source) -> Vec<Range<usize>> {
        let Some((own, around)) = self.tokens.split_last() else { return Vec::new() };
        let mut end = own.start;
        while source.is(end, "#") {
            end = source.skip(end + 1);
        }
        let attributes = (end > own.start).then_some(own.start..end);
        around.iter().cloned().chain(attributes).collect()
    }

    /// Whether it is there under a condition, other than that a test is compiled.
    pub(crate) fn is_conditional(&self, source: &Source) -> bool {
        let is_of_tests = |&at: &usize| {
            source.is(at, "cfg")
                && source.opens(at + 1, "(")
                && source.is(at + 2, "test")
                && source.inside(at + 1).len() == 1
        };
        self.conditions(source).into_iter().any(|range| {
            let named = |name| range.clone().filter(move |&at| source.is(at, name));
            let named_otherwise = ["cfg_attr", "cfg_select"].into_iter().flat_map(named);
            named("cfg").chain(named_otherwise).any(|at| !is_of_tests(&at))
        })
    }

    /// The names of the traits that it derives. `Serialize` is none of them unless attributes say how: derived as it
    /// is, it tells fields and their values, and equal ones are equal.
    pub(crate) fn derived(&self, source: &Source) -> Vec<String> {
        let mut names = Vec::new();
        let mut tokens = self.tokens.iter().cloned().flatten();
        let is_plain = !tokens.any(|at| source.is(at, "serde") && source.opens(at + 1, "("));
        for at in self.tokens.iter().cloned().flatten() {
            match source.text(at) {
                "struct" | "enum" | "union" | "type" => break,
                "derive" if source.opens(at + 1, "(") => {
                    let inside = source.inside(at + 1).filter(|&at| !source.is_path(at + 1));
                    let found = inside.filter_map(|at| source.ident(at));
                    let found = found.filter(|name| !is_plain || *name != "Serialize");
                    names.extend(found.map(str::to_owned));
                }
                _ => {}
            }
        }
        names
    }
}

/// How an item is reached.
pub(crate) enum Kind {
    /// By its name: a function, a constant, a static.
    Value { name: String },
    /// By its name, and it brings its impls along.
    Type { name: String, variants: Vec<String> },
    /// By its name, or that of one of its functions and constants; it brings all of its impls along.
    Trait { name: String, members: Vec<String> },
    /// By its name, from anywhere, and like the items and impls that it writes; it brings the places along where it is
    /// called among items.
    Macro { name: String, defines: Vec<String>, traits: Vec<String>, types: Vec<String> },
    /// A macro that is called among items: by any of the names in it that it may define, and with the types in it.
    Call { of: String, names: Vec<String> },
    /// In an `impl` without a trait: by its name, if one of these types is reached.
    Member { name: String, of: Vec<String> },
    /// With any of the types in its header, and with the trait. `bounds` are the traits that its header asks for.
    Impl { of: String, types: Vec<String>, bounds: Vec<String> },
    /// Another name for something, or something from another crate.
    Import(Import),
}

/// A module as it stands in a file.
pub(crate) struct Module {
    /// The number of the module around it among those of the file.
    pub(crate) parent: Option<usize>,
    pub(crate) name: String,
    /// The attributes before it.
    pub(crate) attributes: Range<usize>,
    /// Whether its content is in a file of its own.
    pub(crate) is_elsewhere: bool,
}

/// What stands in one file.
#[derive(Default)]
pub(crate) struct Items {
    pub(crate) all: Vec<Item>,
    /// The first is the file itself.
    pub(crate) modules: Vec<Module>,
    /// Where `include!` is called.
    pub(crate) includes: Vec<(usize, usize)>,
}
