//! Calls that go on while something happens to the server.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memento::Storage;

use crate::processes::wait_until;
use crate::visit::{Call, Visit, Visitor};

/// How many threads make calls, each in an environment of its own, as processes would.
const THREADS: usize = 3;
/// How many calls each of them makes until what is waited for has happened often enough.
const ENOUGH: u64 = 16;

/// How far threads are.
#[derive(Debug, Default)]
pub struct Progress {
    is_over: AtomicBool,
    threads: [Counts; THREADS],
}

#[derive(Debug, Default)]
struct Counts {
    calls: AtomicU64,
    /// Those in which no request failed.
    acknowledged: AtomicU64,
}

/// What came of all calls; each had the right value, or there would have been a panic.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The calls that were recorded.
    pub acknowledged: Vec<Call>,
    /// How many requests failed.
    pub failures: u64,
    /// What was logged as a warning or an error.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// What was acknowledged is there, for a process that comes later with this storage.
    ///
    /// # Panics
    ///
    /// Where it is not.
    #[track_caller]
    pub fn assert_kept(&self, storage: Storage) {
        let later = Visitor::on(storage).visit(&self.acknowledged);
        assert_eq!(later, Visit::hits(self.acknowledged.len() as u64));
    }

    /// Failures were counted, and said: each message once a thread, for one of these reasons.
    ///
    /// # Panics
    ///
    /// Where it was otherwise.
    #[track_caller]
    pub fn assert_said(&self, reasons: &[&str]) {
        assert!(self.failures > 0, "failures are counted");
        assert!(!self.warnings.is_empty(), "and said");
        for warning in &self.warnings {
            assert!(reasons.iter().any(|reason| warning.contains(reason)), "{warning}");
            let same = self.warnings.iter().filter(|other| *other == warning).count();
            assert!(same <= THREADS, "{same} times: {warning}");
        }
    }
}

impl Progress {
    /// Each thread makes some more calls, whatever becomes of their records.
    ///
    /// # Panics
    ///
    /// Where they do not within a minute.
    pub fn go_on(&self) {
        self.wait("calls go on", |counts| &counts.calls);
    }

    /// Each thread makes some more calls that are recorded.
    ///
    /// # Panics
    ///
    /// Where they do not within a minute.
    pub fn keep(&self) {
        self.wait("results are kept", |counts| &counts.acknowledged);
    }

    fn wait(&self, what: &str, count: fn(&Counts) -> &AtomicU64) {
        for counts in &self.threads {
            let until = count(counts).load(Ordering::SeqCst) + ENOUGH;
            wait_until(what, || count(counts).load(Ordering::SeqCst) >= until);
        }
    }
}

/// Lets threads make calls, each on a storage that `storage` makes, while `disturb` does something to the server.
///
/// # Panics
///
/// Where a value is wrong, or what is waited for does not come.
pub fn under_load(
    storage: impl Fn() -> Storage + Sync,
    disturb: impl FnOnce(&Progress),
) -> Outcome {
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let (progress, storage) = (&progress, &storage);
        let run = |number: usize| move || run(storage(), number, progress);
        let threads: Vec<_> = (0..THREADS).map(|number| scope.spawn(run(number))).collect();
        progress.keep();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| disturb(progress)));
        progress.is_over.store(true, Ordering::SeqCst);
        let mut all = Outcome::default();
        for thread in threads {
            let outcome = thread.join().expect("right values");
            all.acknowledged.extend(outcome.acknowledged);
            all.failures += outcome.failures;
            all.warnings.extend(outcome.warnings);
        }
        ended.expect("what is waited for comes");
        all
    })
}

/// Makes calls that no other thread makes.
fn run(storage: Storage, number: usize, progress: &Progress) -> Outcome {
    let visitor = Visitor::on(storage);
    let counts = &progress.threads[number];
    let mut outcome = Outcome::default();
    for n in (number as u64) << 32.. {
        if progress.is_over.load(Ordering::SeqCst) {
            break;
        }
        for call in [Call::Small(n), Call::Large(n)] {
            let visit = visitor.visit(&[call]);
            counts.calls.fetch_add(1, Ordering::SeqCst);
            if visit.failures == 0 {
                outcome.acknowledged.push(call);
                counts.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            outcome.failures += visit.failures;
            outcome.warnings.extend(visit.warnings);
        }
    }
    outcome
}
