//! A storage in memory that says what it was asked, and fails or has puts wait when a test wants that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::plugin::Stores;
use memento::storage::{MemoryDataStore, MemoryMetadataStore};
use memento::{Error, ErrorKind, Result};
use memento_storage_layers::{Guarded, Operation, Policy};
use parking_lot::{Mutex, RwLock};

/// Its clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    data: Arc<MemoryDataStore>,
    metadata: Arc<MemoryMetadataStore>,
    /// How often each method was called.
    calls: Mutex<BTreeMap<&'static str, u64>>,
    is_away: AtomicBool,
    is_damaged: AtomicBool,
    /// Held for writing by a test that has puts wait.
    gate: RwLock<()>,
}

impl Asked {
    pub(crate) fn stores(&self) -> Stores {
        let Inner { data, metadata, .. } = &*self.0;
        let data = Arc::new(Guarded::new(self.clone(), Arc::clone(data)));
        Stores { data, metadata: Arc::new(Guarded::new(self.clone(), Arc::clone(metadata))) }
    }

    /// How often methods were called whose names begin with this, since somebody [started anew](Self::forget).
    pub(crate) fn count(&self, beginning: &str) -> u64 {
        let calls = self.0.calls.lock();
        calls.iter().filter(|(name, _)| name.starts_with(beginning)).map(|(_, count)| count).sum()
    }

    /// As if nothing had been asked yet.
    pub(crate) fn forget(&self) {
        self.0.calls.lock().clear();
    }

    /// Whether each operation fails from now on.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Whether each operation says from now on that what it is about is damaged.
    pub(crate) fn set_damaged(&self, is_damaged: bool) {
        self.0.is_damaged.store(is_damaged, Ordering::SeqCst);
    }

    /// Makes all puts wait until `work` is done.
    pub(crate) fn closed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _gate = self.0.gate.write();
        work()
    }
}

impl Policy for Asked {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        *self.0.calls.lock().entry(operation.method).or_default() += 1;
        let _gate = operation.method.starts_with("put").then(|| self.0.gate.read());
        let fails = |kind| Err(Error::new(kind, operation.does).because("the test wants that"));
        if self.0.is_away.load(Ordering::SeqCst) {
            return fails(ErrorKind::Storage);
        }
        if self.0.is_damaged.load(Ordering::SeqCst) {
            return fails(ErrorKind::Damaged);
        }
        attempt()
    }
}
