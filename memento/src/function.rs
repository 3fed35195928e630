//! What is known of a memento function before it runs.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use crate::code::FunctionCode;
use crate::{Code, Error, ErrorKind, Result, Version};

/// A memento function of this program: what `#[memento]` knows of it.
#[derive(Debug)]
pub struct Function {
    #[doc(hidden)]
    pub path: &'static str,
    #[doc(hidden)]
    pub version: Version,
    #[doc(hidden)]
    pub code: FunctionCode,
    #[doc(hidden)]
    pub is_async: bool,
    #[doc(hidden)]
    pub arguments: &'static [&'static str],
    #[doc(hidden)]
    pub cluster: &'static str,
    #[doc(hidden)]
    pub ttl: Option<Duration>,
    #[doc(hidden)]
    pub package_version: &'static str,
    #[doc(hidden)]
    pub file: &'static str,
    #[doc(hidden)]
    pub line: u32,
}

impl Function {
    /// Package, crate, modules and name, with `::` between them.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The version in force: the digest of its code.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the version was made of.
    pub fn code(&self) -> Code {
        self.code.read()
    }

    /// What stands in its keys and records, in order: the names of its type and const parameters, then those of its
    /// arguments, but for what it ignores.
    pub fn arguments(&self) -> &'static [&'static str] {
        self.arguments
    }

    /// The cluster that it belongs to; `""` is the default one.
    pub fn cluster(&self) -> &'static str {
        self.cluster
    }

    /// How long a result is valid; `None` means as long as its code is.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    /// The version of its package.
    pub fn package_version(&self) -> &'static str {
        self.package_version
    }

    /// The file that it is defined in, as rustc names it, and the line, from 1.
    pub fn place(&self) -> (&'static str, u32) {
        (self.file, self.line)
    }

    /// Fails where another function of this program has the same path.
    pub(crate) fn check_unique(&self) -> Result<()> {
        let others = REGISTERED.get(self.path()).map_or(&[][..], |same| same);
        if others.len() < 2 {
            return Ok(());
        }
        let places: Vec<String> =
            others.iter().map(|other| format!("{}:{}", other.file, other.line)).collect();
        Err(Error::new(ErrorKind::Ambiguous, "tell two memento functions apart")
            .with("path", self.path())
            .with("defined at", places.join(" and at "))
            .help("rename one of them, or move it into a module of its own"))
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

/// The memento function of this program with this path, if there is exactly one.
pub(crate) fn find(path: &str) -> Option<&'static Function> {
    match REGISTERED.get(path)?[..] {
        [function] => Some(function),
        _ => None,
    }
}

/// All memento functions that are linked into this program, ordered by path.
pub fn functions() -> impl Iterator<Item = &'static Function> {
    REGISTERED.values().flatten().copied()
}
