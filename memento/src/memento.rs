//! The record of one finished invocation.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::encoding::Rendered;
use crate::function::Function;
use crate::resource::Observation;
use crate::{Digest, Invocation, Key, Version};

/// What ran, on what, calling what, with which result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memento {
    /// The name of the invocation.
    pub key: Key,
    /// When it ended.
    pub finished: SystemTime,
    /// How it ended.
    pub outcome: Outcome,
    /// What it came from.
    pub provenance: Provenance,
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// The digest of the encoded result; of the error's message, where the error was not kept.
    pub digest: Digest,
    /// The message of the error that the function returned, if it returned one.
    pub error: Option<String>,
    /// The returned value, unless it is an error that is not replayed.
    pub value: Option<StoredValue>,
}

/// An encoded value in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredValue {
    /// The codec that encoded it.
    pub codec: String,
    /// The length of the encoding in bytes.
    pub size: u64,
    /// Whether it is inside the record; else it is in the data store, under the outcome's digest.
    pub inline: bool,
}

/// What an invocation came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Provenance {
    /// The function's path: package, crate, modules and name.
    pub function: String,
    /// The version of the function that ran.
    pub version: Version,
    /// The digest of what the version was made of, which [`Storage::code`](crate::Storage::code) finds.
    pub code: Digest,
    /// The version of the function's package.
    pub package_version: String,
    /// The arguments; `None` where they were too long to keep.
    pub arguments: Option<Arguments>,
    /// The type of the result, as rustc names it.
    pub result_type: String,
    /// What it called and read, in order, each outcome once.
    pub dependencies: Vec<Dependency>,
    /// How long it took, its callees included.
    pub total_time: Duration,
    /// How long it took, without waiting for its callees.
    pub own_time: Duration,
    /// The name of the runner.
    pub runner: String,
    /// The name of the host that it ran on.
    pub host: String,
    /// The process that it ran in.
    pub process: u32,
    /// What it ran for.
    pub correlation: Correlation,
}

/// What the result of an invocation depends on beyond the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Dependency {
    /// A memento function that it called.
    Callee(Callee),
    /// Something outside of the program that it read.
    Resource(Observation),
}

/// A memento function that an invocation called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Callee {
    /// The path of the function called.
    pub function: String,
    /// The name of the invocation.
    pub invocation: Invocation,
    /// The version of the function that was called.
    pub version: Version,
    /// The digest of its outcome; `None` where the outcome could not be encoded.
    pub digest: Option<Digest>,
}

/// The arguments and context arguments of an invocation, in [canonical encoding](crate::encoding).
///
/// They show themselves as text: a tuple, then a map of the context arguments where there were any.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arguments(Vec<u8>);

/// 128 bits that all invocations made for one call from outside of memento functions share, and no others.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Correlation(u128);

impl Dependency {
    /// Whether it is a memento function.
    pub(crate) fn is_callee(&self) -> bool {
        matches!(self, Self::Callee(_))
    }
}

impl Memento {
    /// When it began.
    pub fn started(&self) -> SystemTime {
        self.finished.checked_sub(self.provenance.total_time).unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

impl Provenance {
    /// Whether what it depends on can be seen to be the same: of a callee whose outcome is not kept, nobody knows.
    pub(crate) fn can_be_verified(&self) -> bool {
        self.dependencies.iter().all(|dependency| match dependency {
            Dependency::Callee(callee) => callee.digest.is_some(),
            Dependency::Resource(_) => true,
        })
    }

    /// That of something that did not run.
    pub(crate) fn of_nothing(function: &Function) -> Self {
        Self {
            function: function.path().to_owned(),
            version: function.version(),
            code: Digest::of(&[]),
            package_version: function.package_version().to_owned(),
            arguments: None,
            result_type: String::new(),
            dependencies: Vec::new(),
            total_time: Duration::ZERO,
            own_time: Duration::ZERO,
            runner: String::new(),
            host: String::new(),
            process: std::process::id(),
            correlation: Correlation::new(),
        }
    }

    /// The memento functions that it called, in order, each outcome once.
    pub fn callees(&self) -> impl Iterator<Item = &Callee> {
        self.dependencies.iter().filter_map(|dependency| match dependency {
            Dependency::Callee(callee) => Some(callee),
            Dependency::Resource(_) => None,
        })
    }

    /// What it read outside of the program, in order.
    pub fn resources(&self) -> impl Iterator<Item = &Observation> {
        self.dependencies.iter().filter_map(|dependency| match dependency {
            Dependency::Callee(_) => None,
            Dependency::Resource(resource) => Some(resource),
        })
    }
}

impl Callee {
    /// The key of the callee's memento, when it was called.
    pub fn key(&self) -> Key {
        self.invocation.key(&self.version)
    }
}

impl Arguments {
    /// The arguments with this canonical encoding.
    pub(crate) fn new(encoding: Vec<u8>) -> Self {
        Self(encoding)
    }

    /// The canonical encoding.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Correlation {
    /// A correlation that no other call has: unlike bits of this process, then a count.
    pub(crate) fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        use std::sync::LazyLock;
        use std::sync::atomic::{AtomicU64, Ordering};

        static PROCESS: LazyLock<u64> =
            LazyLock::new(|| RandomState::new().hash_one((std::process::id(), SystemTime::now())));
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(u128::from(*PROCESS) << 64 | u128::from(count))
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Rendered(&self.0).fmt(f)
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments{self}")
    }
}

impl fmt::Display for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Correlation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Correlation({self})")
    }
}
