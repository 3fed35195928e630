//! What is put while everything is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use memento::plugin::Stores;
use memento::storage::MetadataStore as _;
use memento::{Result, memento};
use memento_storage_layers::{Eviction, Guarded, Operation, Policy};

use crate::limits::path_of;
use crate::{LONG, Lab, NOTHING, ask, long, over, right, room_for};

/// Puts the result of `long(0)` anew in the stores behind it when a list was read.
#[derive(Clone, Debug)]
struct Refreshing {
    stores: Stores,
    /// How many lists are still read before that one.
    left: Arc<AtomicUsize>,
}

impl Refreshing {
    /// The stores of a lab, in which it is put anew behind the list before which there are so many.
    fn behind(lists: usize, lab: &Lab) -> (Self, Stores) {
        let policy = Self { stores: lab.stores(), left: Arc::new(AtomicUsize::new(lists)) };
        let Stores { data, metadata } = lab.stores();
        let data = Arc::new(Guarded::new(policy.clone(), data));
        let metadata = Arc::new(Guarded::new(policy.clone(), metadata));
        (policy, Stores { data, metadata })
    }

    /// Whether it was put anew.
    fn is_done(&self) -> bool {
        self.left.load(Ordering::Relaxed) == usize::MAX
    }
}

impl Policy for Refreshing {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        attempt()?;
        if operation.method != "list" || self.is_done() {
            return Ok(());
        }
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
            let other = over(self.stores.clone(), 0);
            let refresh = || other.enter(|| assert_eq!(long::with().refresh().call(0), right(0)));
            thread::scope(|scope| scope.spawn(refresh).join().unwrap());
        }
        Ok(())
    }
}

#[memento]
fn small(n: u64) -> u64 {
    n
}

/// The lists are those of accounts, of the latest mementos, of contents, of two pages of mementos, and of what was put
/// since.
#[test]
fn what_pinned_functions_compute_while_everything_is_counted_stays() {
    for lists in 0..6 {
        let lab = Lab::new();
        let plain = || over(lab.stores(), 0);
        assert_eq!(ask(&plain(), [0]), [0]);
        let small = |numbers: std::ops::Range<u64>| numbers.for_each(|n| assert_eq!(small(n), n));
        over(lab.stores(), 1 << 20).enter(|| small(0..1200));
        let before = lab.records();
        let limits = Eviction::new().max_size(before / 2).pin(path_of("::long"));
        let (refreshing, stores) = Refreshing::behind(lists, &lab);
        let environment = over(limits.around(stores), 1 << 20);
        environment.enter(|| small(0..1));
        environment.flush().unwrap();
        assert!(refreshing.is_done(), "behind {lists} lists and one");
        assert!(lab.records() <= before / 2, "behind {lists} lists and one");
        assert_eq!(ask(&plain(), [0]), NOTHING, "behind {lists} lists and one");
        let page = lab.metadata.list(&<_>::default(), None, 2000).unwrap();
        let kept = page.entries.iter().filter(|entry| entry.function.ends_with("::long"));
        assert_eq!(kept.count(), 1);
    }
}

/// What is as old as that, and was not put anew, goes.
#[test]
fn what_is_put_anew_while_everything_is_counted_stays() {
    for lists in 0..5 {
        let lab = Lab::new();
        let plain = || over(lab.stores(), 0);
        for n in 0..40 {
            ask(&plain(), [n]);
        }
        let (refreshing, stores) = Refreshing::behind(lists, &lab);
        let environment = over(room_for(20).around(stores), 0);
        ask(&environment, [39]);
        environment.flush().unwrap();
        assert!(refreshing.is_done(), "behind {lists} lists and one");
        // What was put anew may be more than was counted.
        assert!(lab.size() <= 20 * (LONG + 500) + LONG, "{} bytes", lab.size());
        let ran = ask(&plain(), 0..40);
        let stays = lists < 4;
        assert_eq!(!ran.contains(&0), stays, "behind {lists} lists and one: {ran:?}");
        assert!(ran.contains(&1) && !ran.contains(&39), "behind {lists} lists and one: {ran:?}");
    }
}
