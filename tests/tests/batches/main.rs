//! Many calls at once: in order, as they end, up to the first failure, up to a cancellation.

mod cancelled;
mod corners;
mod lazy;
mod nested;
mod order;
mod progress;
mod reading;

use std::panic::{AssertUnwindSafe, catch_unwind};

use memento::{Environment, LocalRunner, Storage};
use parking_lot::{Condvar, Mutex};

/// An environment in memory whose runner has so many threads.
fn threads(count: usize) -> Environment {
    let runner = LocalRunner::with_threads(count).expect("threads can be started");
    Environment::new(Storage::memory(), runner)
}

/// What `work` panics with.
fn panic_of(work: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("it panics");
    let text = payload.downcast_ref::<&str>().map(|text| String::from(*text));
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("with a text")
}

/// A count that threads wait for.
#[derive(Default)]
struct Gate {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Gate {
    const fn new() -> Self {
        Self { count: Mutex::new(0), changed: Condvar::new() }
    }

    fn set(&self, count: u64) {
        *self.count.lock() = count;
        self.changed.notify_all();
    }

    fn add(&self) {
        *self.count.lock() += 1;
        self.changed.notify_all();
    }

    fn get(&self) -> u64 {
        *self.count.lock()
    }

    fn wait_for(&self, count: u64) {
        let mut current = self.count.lock();
        self.changed.wait_while(&mut current, |current| *current < count);
    }
}
