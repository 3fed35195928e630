//! What is known of a memento function before it runs.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use crate::environment::Binding;
use crate::{Error, ErrorKind, Result, Version};

/// A memento function of this program, as `#[memento]` describes it.
///
/// Its address is its identity, and it holds the way from the function to its storage in the default environment:
/// a call finds both without a look-up.
pub struct Function {
    description: Description,
    binding: OnceLock<Result<Binding>>,
}

/// What `#[memento]` knows of a function.
#[derive(Debug)]
pub struct Description {
    /// Package, crate, modules and name, with `::` between them.
    pub path: &'static str,
    /// The digest of its code.
    pub version: Version,
    /// The cluster that it belongs to; `""` is the default one.
    pub cluster: &'static str,
    /// How long a result is valid; `None` means as long as its code is.
    pub ttl: Option<Duration>,
    /// The version of its package.
    pub package_version: &'static str,
    /// The file that it is defined in, as rustc names it.
    pub file: &'static str,
    /// The line that it is defined at, from 1.
    pub line: u32,
}

impl Function {
    /// The function that `description` tells of. Called by `#[memento]`.
    pub const fn new(description: Description) -> Self {
        Self { description, binding: OnceLock::new() }
    }

    /// Package, crate, modules and name, with `::` between them.
    pub fn path(&self) -> &'static str {
        self.description.path
    }

    /// The version in force.
    pub fn version(&self) -> Version {
        self.description.version
    }

    /// What `#[memento]` knows of it.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Its binding in the default environment, made by `make` at the first call.
    #[inline]
    pub(crate) fn default_binding(
        &'static self,
        make: impl FnOnce() -> Result<Binding>,
    ) -> Result<&'static Binding> {
        self.binding.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// Fails where another function of this program has the same path.
    pub(crate) fn check_unique(&self) -> Result<()> {
        let others = REGISTERED.get(self.path()).map_or(&[][..], |same| same);
        if others.len() < 2 {
            return Ok(());
        }
        let places: Vec<String> = others.iter().map(|other| other.place()).collect();
        Err(Error::new(ErrorKind::Ambiguous, "tell two memento functions apart")
            .with("path", self.path())
            .with("defined at", places.join(" and at "))
            .help("rename one of them, or move it into a module of its own"))
    }

    fn place(&self) -> String {
        format!("{}:{}", self.description.file, self.description.line)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(f)
    }
}

inventory::collect!(&'static Function);

/// All memento functions that are linked into this program, by path.
static REGISTERED: LazyLock<BTreeMap<&'static str, Vec<&'static Function>>> = LazyLock::new(|| {
    let mut registered = BTreeMap::<_, Vec<_>>::new();
    for function in inventory::iter::<&'static Function> {
        registered.entry(function.path()).or_default().push(*function);
    }
    registered
});

/// All memento functions that are linked into this program, ordered by path.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    REGISTERED.values().flatten().copied()
}
