//! Why functions ran, as it is counted and explained.

use memento::{Environment, Explanation, LocalRunner, Miss, Misses, Statistics};

use crate::folder::Folder;

/// What the environment of this thread has counted.
///
/// # Panics
///
/// Where there is no environment.
pub fn statistics() -> Statistics {
    Environment::current().expect("an environment").statistics()
}

/// The counts that `set` makes of none.
pub fn counts(set: impl FnOnce(&mut Misses)) -> Misses {
    let mut misses = Misses::default();
    set(&mut misses);
    misses
}

/// Checks that the functions that ran in this environment ran for these reasons, and each for one.
///
/// # Panics
///
/// Where they did not.
#[track_caller]
pub fn assert_counted(set: impl FnOnce(&mut Misses)) {
    let statistics = statistics();
    assert_eq!(statistics.misses, counts(set));
    assert_eq!(statistics.misses.total(), statistics.computed + statistics.panics);
}

/// Checks that a call would miss for this reason, which shows itself as this.
///
/// # Panics
///
/// Where it would not.
#[track_caller]
pub fn assert_explained(explanation: memento::Result<Explanation>, miss: Miss, shown: &str) {
    let explanation = explanation.expect("an explanation");
    assert_eq!(explanation, Explanation::Miss(miss));
    assert_eq!(explanation.to_string(), shown);
}

/// Does `work` in an environment on the folder, which is to it what a process is.
pub fn in_process<R>(folder: &Folder, work: impl FnOnce() -> R) -> R {
    let storage = memento_storage_fs::storage(&folder.options());
    Environment::new(storage, LocalRunner::new()).enter(work)
}
