//! What was forgotten, refreshed or written to last is what counts, whatever is under way.

mod replaced;
mod under_way;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memento_tests::processes::wait_until;

/// What is outside of the program, and changes.
struct World {
    now: AtomicU64,
    runs: AtomicU64,
    is_open: AtomicBool,
}

impl World {
    const fn new() -> Self {
        Self { now: AtomicU64::new(1), runs: AtomicU64::new(0), is_open: AtomicBool::new(false) }
    }

    /// What a function sees that runs now.
    fn look(&self) -> u64 {
        self.begin().1
    }

    /// The number of a run that begins now, and what it sees. Who finds it counted may change the world.
    fn begin(&self) -> (u64, u64) {
        let seen = self.now.load(Ordering::SeqCst);
        (self.runs.fetch_add(1, Ordering::SeqCst) + 1, seen)
    }

    fn change(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    fn wait_until_open(&self) {
        wait_until("somebody opens", || self.is_open.load(Ordering::SeqCst));
    }
}

/// As long as another thread takes to begin to wait, most of the time; nothing is wrong where it does not.
fn take_a_while() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(20) {
        thread::yield_now();
    }
}
