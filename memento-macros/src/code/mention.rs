//! Names in code, and where they stand.

/// A name in code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Mention {
    pub(crate) name: String,
    pub(crate) stands: Stands,
}

impl Mention {
    /// The last name of a path.
    pub(crate) fn of_path(path: &[String]) -> Option<Self> {
        let (name, before) = path.split_last()?;
        // What `super` is behind another one is not the module around this one.
        let before = before.last().filter(|last| *last != "super" || before.len() == 1);
        Some(Self { name: name.clone(), stands: Stands::InPath(before.cloned()) })
    }
}

/// Where a name stands, which tells what it can be.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stands {
    /// By itself: it is what is in scope.
    Alone,
    /// Behind what may be a module: its name, where there is one.
    InPath(Option<String>),
    /// Behind a dot or a type: it is in an `impl` or a trait.
    BehindType,
    /// In an attribute or a macro call, which may make anything of it.
    Anywhere,
}
