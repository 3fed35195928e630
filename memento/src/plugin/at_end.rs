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

/// Has `what` done when this thread ends, once for however many calls, unless nobody has it any more by then. Where the
/// thread works for another one, as those of a batch do, it is that one's end that counts.
///
/// A program ends with its main thread: where `main` returns or calls `exit`, what the main thread asked for is done.
pub fn at_thread_end<T: AtEnd>(what: &Arc<T>) {
    // Not where the thread is ending already.
    let _ = ALL.try_with(|all| {
        let mut all = all.borrow_mut();
        if !all.0.iter().any(|other| std::ptr::addr_eq(other.as_ptr(), Arc::as_ptr(what))) {
            let weak: Weak<T> = Arc::downgrade(what);
            all.push(weak);
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
    /// Has it done when this thread ends.
    pub fn adopt(self) {
        drop(self);
    }

    /// The same, and what others have.
    pub(crate) fn add(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
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

impl All {
    fn push(&mut self, what: Weak<dyn AtEnd>) {
        self.0.retain(|other| other.strong_count() > 0);
        self.0.push(what);
    }
}

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
    let _ = ALL.try_with(|all| {
        let mut all = all.borrow_mut();
        for what in ends.drain(..) {
            if !all.0.iter().any(|other| other.ptr_eq(&what)) {
                all.push(what);
            }
        }
    });
}
