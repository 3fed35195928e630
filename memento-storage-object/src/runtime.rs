//! Where requests run: in threads of their own, so that nobody else's runtime is ever blocked, or needed.

use std::future::Future;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Weak};

use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

/// How many threads drive the requests of all stores of this process.
const THREADS: usize = 2;

/// The runtime that the stores of this process share. It ends with the last of them.
#[derive(Debug)]
pub(crate) struct Runtime(Option<tokio::runtime::Runtime>);

/// What will have come of something that runs.
#[derive(Debug)]
pub(crate) struct Pending<T>(Receiver<T>);

impl Runtime {
    /// The one that is there, or else a new one.
    pub(crate) fn shared() -> Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Runtime>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock();
        if let Some(runtime) = shared.upgrade() {
            return Ok(runtime);
        }
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("memento-object")
            .enable_all()
            .build();
        let runtime = built.map_err(|error| {
            Error::new(ErrorKind::Storage, "start the threads of an object store").because(error)
        })?;
        let runtime = Arc::new(Self(Some(runtime)));
        *shared = Arc::downgrade(&runtime);
        Ok(runtime)
    }

    /// Runs something, and does not wait for it.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Pending<T> {
        let (sender, receiver) = sync_channel(1);
        if let Some(runtime) = &self.0 {
            runtime.spawn(async move {
                // Whoever was to wait for it may have gone.
                let _ = sender.send(work.await);
            });
        }
        Pending(receiver)
    }

    /// Does something that has to be done by a thread that knows the runtime, as making a client is.
    pub(crate) fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(tokio::runtime::Runtime::enter);
        work()
    }
}

impl<T> Pending<T> {
    /// Waits for it, whatever thread this is. `None` where the process ends.
    pub(crate) fn wait(&self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A task of somebody else's runtime may be what drops it, and must not wait for its threads.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
