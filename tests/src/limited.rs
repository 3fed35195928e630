//! A storage on a server that may not answer, with what bounds how long that is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memento::plugin::Stores;
use memento::{Error, Result, Storage};
use memento_storage_layers::{Breaker, Guarded, Operation, Policy, TimeLimit};

use crate::processes::wait_until;
use crate::visit::{Call, Visit, Visitor};

/// After how many failures the breaker of a store opens.
const FAILURES: u32 = 2;
/// How often it lets one operation through then.
const PERIOD: Duration = Duration::from_secs(2);

/// Counts the operations that reach the time limit.
#[derive(Clone, Debug, Default)]
struct Overdue(Arc<AtomicU64>);

impl Policy for Overdue {
    fn run(&self, _: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let ended = attempt();
        let is_overdue = |error: &Error| error.to_string().contains("took longer than");
        self.0.fetch_add(u64::from(ended.as_ref().is_err_and(is_overdue)), Ordering::SeqCst);
        ended
    }
}

/// What `[storage.time_limit]` and `[storage.breaker]` make of stores.
fn limited(stores: Stores, limit: Duration, overdue: &Overdue) -> Storage {
    let Stores { data, metadata } = stores;
    let data = Guarded::new(overdue.clone(), Arc::new(TimeLimit::new(limit, data)));
    let metadata = Guarded::new(overdue.clone(), Arc::new(TimeLimit::new(limit, metadata)));
    let breaker = || Breaker::new(FAILURES, PERIOD);
    Storage::new(
        Guarded::new(breaker(), Arc::new(data)),
        Guarded::new(breaker(), Arc::new(metadata)),
    )
}

/// While a server is not itself, from `begin` to `end`, values are right, and of each of the two stores that `storage`
/// makes, some operations reach the time limit at first, and one in each period then. When the server is well again,
/// results are kept and found.
///
/// # Panics
///
/// Where that is not so.
pub fn assert_bounded(
    storage: impl Fn() -> Storage,
    limit: Duration,
    begin: impl FnOnce(),
    end: impl FnOnce(),
) {
    let overdue = Overdue::default();
    let visitor = Visitor::on(limited(storage().stores(), limit, &overdue));
    let calls = Call::both(20);
    assert_eq!(Visitor::on(storage()).visit(&calls), Visit::computed(40));
    begin();
    let began = Instant::now();
    let visit = visitor.visit(&calls);
    let periods = began.elapsed().as_secs() / PERIOD.as_secs();
    let reached = overdue.0.load(Ordering::SeqCst);
    end();
    assert_eq!((visit.computed, visit.hits), (40, 0));
    assert!(visit.failures >= 40, "{visit:?}");
    assert!((2..=2 * (u64::from(FAILURES) + periods)).contains(&reached), "{reached}, {periods}");
    let mut others = 100..;
    wait_until("results are kept again", || {
        let n = others.next().expect("a number");
        visitor.visit(&[Call::Small(n), Call::Large(n)]) == Visit::computed(2)
    });
    let last = [Call::Small(others.start - 1), Call::Large(others.start - 1)];
    assert_eq!(Visitor::on(storage()).visit(&last), Visit::hits(2));
}
