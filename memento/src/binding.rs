//! The way from a function to its storage and runner.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use foldhash::fast::RandomState;

use crate::cluster::Cluster;
use crate::encoding::Encoded;
use crate::flight::ForgottenAll;
use crate::function::Function;
use crate::{Digest, Invocation, Result, Version, key};

/// A function in an environment: all that is the same for each of its calls.
pub(crate) struct Binding {
    pub(crate) function: &'static Function,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) function_key: [u8; 32],
    /// What tells this binding from others in the memory cache.
    pub(crate) number: u32,
    /// Whether a result was recorded in this process.
    pub(crate) has_recorded: AtomicBool,
    /// Whether the memory cache has had results that depend on what is outside of the program.
    pub(crate) reads: AtomicBool,
    /// Seeded at random for each function: nobody can choose arguments that collide.
    hash: RandomState,
    past: OnceLock<Past>,
    /// Whether all results were forgotten in this process.
    pub(crate) forgotten_all: ForgottenAll,
    /// How long the longest run took, in nanoseconds; `UNKNOWN` before the first one.
    longest: AtomicU64,
    /// The digest of what the version is made of.
    code: OnceLock<Digest>,
    /// Whether that is in the data store.
    keeps_code: AtomicBool,
}

/// What the store knew of a function when this process asked first.
#[derive(Debug)]
pub(crate) struct Past {
    /// The versions of which there were records, those that came last first; not all of them.
    pub(crate) versions: Vec<Version>,
    /// Whether all results had been forgotten.
    pub(crate) is_forgotten: bool,
}

/// How many versions count when a reason is counted.
const VERSIONS: usize = 8;

/// The time of a function that has not run.
const UNKNOWN: u64 = u64::MAX;

/// What takes less is computed by several processes at once sooner than one of them has asked the others.
const WORTH_A_CLAIM: Duration = Duration::from_millis(1);

impl Binding {
    /// The binding of `function` to its cluster.
    pub(crate) fn new(function: &'static Function, cluster: Arc<Cluster>) -> Self {
        Self {
            function,
            number: cluster.storage.cache.take_number(),
            cluster,
            function_key: key::function_key(function.cluster(), function.path()),
            has_recorded: AtomicBool::new(false),
            reads: AtomicBool::new(false),
            hash: RandomState::default(),
            past: OnceLock::new(),
            forgotten_all: ForgottenAll::default(),
            longest: AtomicU64::new(UNKNOWN),
            code: OnceLock::new(),
            keeps_code: AtomicBool::new(false),
        }
    }

    /// What the store knew of the function when it was asked first.
    pub(crate) fn past(&self) -> &Past {
        self.past.get_or_init(|| {
            let storage = &self.cluster.storage;
            let versions = storage.metadata.versions(self.function.path(), VERSIONS);
            let all = self.all().key(&self.function.version());
            let versions = storage.trouble.note(versions).unwrap_or_default();
            let is_forgotten = !versions.is_empty() && storage.record(&all).is_some();
            Past { versions, is_forgotten }
        })
    }

    /// Notes how long the function took.
    pub(crate) fn note_run(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(UNKNOWN - 1);
        let longer = |longest| (longest == UNKNOWN || took > longest).then_some(took);
        let _ = self.longest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, longer);
    }

    /// Whether the function takes so long, as far as is known, that processes should not compute the same.
    pub(crate) fn is_worth_a_claim(&self) -> bool {
        Duration::from_nanos(self.longest.load(Ordering::Relaxed)) >= WORTH_A_CLAIM
    }

    /// What stands for all invocations of the function; no invocation has no arguments at all.
    pub(crate) fn all(&self) -> Invocation {
        Invocation::from_bytes(blake3::keyed_hash(&self.function_key, &[]).into())
    }

    /// The digest of what the function's version is made of, which is in the data store from now on, unless the store
    /// fails: then it is tried again.
    pub(crate) fn code(&self) -> Digest {
        if self.keeps_code.load(Ordering::Relaxed)
            && let Some(digest) = self.code.get()
        {
            return *digest;
        }
        let manifest = self.function.code().manifest();
        let digest = *self.code.get_or_init(|| Digest::of(manifest.as_bytes()));
        let storage = &self.cluster.storage;
        let kept = storage.trouble.note(storage.contents.put_content(&digest, manifest.as_bytes()));
        self.keeps_code.store(kept.is_some(), Ordering::Relaxed);
        digest
    }

    /// An encoding of arguments for this function, with nothing in it yet.
    #[inline(always)]
    pub(crate) fn encoding(&self) -> Encoded<'_> {
        Encoded::new(&self.function_key, self.hash.build_hasher())
    }

    /// The same, with room for the whole of long ones.
    pub(crate) fn whole_encoding(&self) -> Encoded<'_> {
        Encoded::whole(&self.function_key, self.hash.build_hasher())
    }
}

/// A memento function where it is declared, and its binding in the environment of the process, which a call finds
/// here without a look-up.
pub struct Declaration {
    function: Function,
    of_process: OnceLock<Result<Binding>>,
}

impl Declaration {
    /// Declares `function`. Called by `#[memento]`, for a `static`.
    pub const fn new(function: Function) -> Self {
        Self { function, of_process: OnceLock::new() }
    }

    /// What is declared.
    #[inline]
    pub const fn function(&'static self) -> &'static Function {
        &self.function
    }

    /// The binding in the environment of the process, if it has been made.
    #[inline]
    pub(crate) fn bound_of_process(&'static self) -> Option<&'static Binding> {
        self.of_process.get()?.as_ref().ok()
    }

    /// The binding in the environment of the process, made by `bind` at the first call.
    #[inline(always)]
    pub(crate) fn of_process(
        &'static self,
        bind: fn(&'static Function) -> Result<Binding>,
    ) -> Result<&'static Binding> {
        let bind = || bind(&self.function);
        self.of_process.get_or_init(bind).as_ref().map_err(Clone::clone)
    }
}
