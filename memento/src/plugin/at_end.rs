//! What a thread has to do before it ends.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Weak};

/// Something to do before a thread ends, and with the main thread the program: for stores that keep something back.
///
/// It is called while the thread's own variables are dropped. What needs such variables is done in another thread.
pub trait AtEnd: Send + Sync + 'static {
    /// Does it.
    fn at_end(&self);
}

/// Sees to it that `what` is done when this thread ends: once, however often this is called, and not where nobody holds
/// it any more by then. Where the thread works for another one, as those of a batch do, it is that one's end that
/// counts.
///
/// A program ends with its main thread: where `main` returns or calls `exit`, what the main thread asked for is done.
pub fn at_thread_end<T: AtEnd>(what: &Arc<T>) {
    // Not where the thread is ending already.
    let _ = ALL.try_with(|all| {
        let mut all = all.borrow_mut();
        if !all.0.iter().any(|other| std::ptr::addr_eq(other.as_ptr(), Arc::as_ptr(what))) {
            let weak: Weak<T> = Arc::downgrade(what);
            all.0.retain(|other| other.strong_count() > 0);
            all.0.push(weak);
        }
    });
}

/// Does `work` for another thread, which is told what there is to do at its end: threads that work for others need not
/// come to an end before the program does.
///
/// ```
/// use memento::plugin::for_another;
///
/// let working = std::thread::spawn(|| for_another(|| 6 * 7));
/// let (value, ends) = working.join().unwrap();
/// ends.adopt();
/// assert_eq!(value, 42);
/// ```
pub fn for_another<T>(work: impl FnOnce() -> T) -> (T, Ends) {
    /// What this thread has to do at its own end.
    struct Own(Vec<Weak<dyn AtEnd>>);

    impl Drop for Own {
        fn drop(&mut self) {
            add_all(&mut self.0);
        }
    }

    let _own = Own(take_all());
    let value = work();
    (value, Ends(take_all()))
}

/// What is to be done at the end of whichever thread has this last.
#[must_use]
#[derive(Default)]
pub struct Ends(Vec<Weak<dyn AtEnd>>);

impl Ends {
    /// Leaves it to this thread: it is done when this thread ends.
    pub fn adopt(self) {
        drop(self);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same, and what others have, each once.
    pub(crate) fn add(&mut self, mut others: Self) {
        merge(&mut self.0, &mut others.0);
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        add_all(&mut self.0);
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ends").field(&self.0.len()).finish()
    }
}

thread_local! {
    static ALL: RefCell<All> = const { RefCell::new(All(Vec::new())) };
}

struct All(Vec<Weak<dyn AtEnd>>);

impl Drop for All {
    fn drop(&mut self) {
        for what in self.0.drain(..).filter_map(|what| what.upgrade()) {
            what.at_end();
        }
    }
}

fn take_all() -> Vec<Weak<dyn AtEnd>> {
    ALL.try_with(|all| std::mem::take(&mut all.borrow_mut().0)).unwrap_or_default()
}

fn add_all(ends: &mut Vec<Weak<dyn AtEnd>>) {
    if ends.is_empty() {
        return;
    }
    let _ = ALL.try_with(|all| merge(&mut all.borrow_mut().0, ends));
}

/// Moves what `ends` have to `all`, unless it is there.
fn merge(all: &mut Vec<Weak<dyn AtEnd>>, ends: &mut Vec<Weak<dyn AtEnd>>) {
    for what in ends.drain(..) {
        if !all.iter().any(|other| other.ptr_eq(&what)) {
            all.retain(|other| other.strong_count() > 0);
            all.push(what);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    /// Counts the threads at whose ends it is called.
    #[derive(Default)]
    struct Count(AtomicU64);

    impl AtEnd for Count {
        fn at_end(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Count {
        fn get(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
    }

    /// Does `work` in a thread, and waits until that is gone.
    fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        thread::spawn(work).join().unwrap()
    }

    #[test]
    fn who_works_for_another_thread_leaves_the_end_to_it() {
        let (own, asked) = (Arc::<Count>::default(), Arc::<Count>::default());
        let ends = in_thread({
            let (own, asked) = (Arc::clone(&own), Arc::clone(&asked));
            move || {
                at_thread_end(&own);
                for_another(|| (0..3).for_each(|_| at_thread_end(&asked))).1
            }
        });
        assert_eq!((own.get(), asked.get()), (1, 0));
        in_thread(|| ends.adopt());
        assert_eq!((own.get(), asked.get()), (1, 1));
    }

    /// Also where it is dropped on its way, and where the work panics.
    #[test]
    fn nothing_that_was_asked_for_is_lost() {
        let (own, asked) = (Arc::<Count>::default(), Arc::<Count>::default());
        in_thread({
            let asked = Arc::clone(&asked);
            move || drop(for_another(|| at_thread_end(&asked)))
        });
        assert_eq!(asked.get(), 1);
        in_thread({
            let (own, asked) = (Arc::clone(&own), Arc::clone(&asked));
            move || {
                at_thread_end(&own);
                let work = || {
                    at_thread_end(&asked);
                    panic!("on purpose")
                };
                catch_unwind(AssertUnwindSafe(|| drop(for_another::<()>(work)))).unwrap_err();
            }
        });
        assert_eq!((own.get(), asked.get()), (1, 2));
    }

    #[test]
    fn what_many_ask_for_is_done_and_kept_once() {
        let asked = Arc::<Count>::default();
        let mut all = Ends::default();
        for _ in 0..100 {
            all.add(for_another(|| at_thread_end(&asked)).1);
        }
        assert_eq!(all.0.len(), 1);
        in_thread(|| all.adopt());
        assert_eq!(asked.get(), 1);
    }
}
