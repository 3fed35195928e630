//! What a thread has to do before it ends.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// Something to do before a thread ends, and with the main thread the program: for stores that keep something back.
///
/// It is called while the thread's own variables are dropped. What needs such variables is done in another thread.
pub trait AtEnd: Send + Sync + 'static {
    /// Does it.
    fn at_end(&self);
}

/// Has `what` done when this thread ends, once for however many calls, unless nobody has it any more by then.
///
/// A program ends with its main thread: where `main` returns or calls `exit`, what the main thread asked for is done.
pub fn at_thread_end<T: AtEnd>(what: &Arc<T>) {
    // Not where the thread is ending already.
    let _ = ALL.try_with(|all| {
        let mut all = all.borrow_mut();
        if !all.0.iter().any(|other| std::ptr::addr_eq(other.as_ptr(), Arc::as_ptr(what))) {
            all.0.retain(|other| other.strong_count() > 0);
            let weak: Weak<T> = Arc::downgrade(what);
            all.0.push(weak);
        }
    });
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
