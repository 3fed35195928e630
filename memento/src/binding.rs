//! The way from a function to its storage and runner.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use foldhash::fast::RandomState;

use crate::cluster::Cluster;
use crate::encoding::Encoded;
use crate::function::Function;
use crate::{Result, key};

/// A function in an environment: all that is the same for each of its calls.
pub(crate) struct Binding {
    pub(crate) function: &'static Function,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) function_key: [u8; 32],
    /// What tells this binding from others in the memory cache.
    pub(crate) number: u64,
    /// Seeded at random for each function: nobody can choose arguments that collide.
    hash: RandomState,
}

impl Binding {
    /// The binding of `function` to its cluster.
    pub(crate) fn new(function: &'static Function, cluster: Arc<Cluster>) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let (name, path) = (function.cluster(), function.path());
        Self {
            function,
            cluster,
            function_key: key::function_key(name, path, &function.version()),
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            hash: RandomState::default(),
        }
    }

    /// An encoding of arguments for this function, with nothing in it yet.
    #[inline(always)]
    pub(crate) fn encoding(&self) -> Encoded<'_> {
        Encoded::new(&self.function_key, self.hash.build_hasher())
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
