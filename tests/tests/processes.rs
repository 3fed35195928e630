//! Several processes that use one folder.

use memento_tests::folder::Folder;
use memento_tests::processes::{Running, Worker};
use memento_tests::visit::Call::{Large, Small};
use memento_tests::visit::{Call, Visit, Visitor};

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// Starts eight, lets all of them begin, and waits for all.
fn eight(folder: &Folder, work: impl Fn(Worker) -> Worker) -> Vec<Visit> {
    let start = |_| work(Worker::new(WORKER, folder).waiting()).start();
    let mut workers: Vec<_> = (0..8).map(start).collect();
    workers.iter_mut().for_each(Running::begin);
    workers.into_iter().map(Running::finish).collect()
}

/// Nothing went wrong for anyone, and all is there for the next one.
fn check(visits: &[Visit], folder: &Folder, calls: &[Call]) {
    for visit in visits {
        assert_eq!((visit.failures, &visit.warnings), (0, &Vec::new()), "{visits:#?}");
    }
    folder.assert_whole();
    assert!(folder.temporary().is_empty());
    assert!(folder.damaged().is_empty());
    let next = Worker::new(WORKER, folder).calls(calls).visit();
    assert_eq!(next, Visit::hits(calls.len() as u64));
}

#[test]
fn eight_at_once_on_a_new_folder() {
    let calls: Vec<_> = (0..180).map(Small).chain((0..20).map(Large)).collect();
    let folder = Folder::new();
    let visits = eight(&folder, |worker| worker.calls(&calls));
    check(&visits, &folder, &calls);
    let computed: u64 = visits.iter().map(|visit| visit.computed).sum();
    assert!(computed >= 200, "each was computed by someone");
}

#[test]
fn eight_at_once_with_batches() {
    let calls: Vec<_> = (0..200).map(Small).collect();
    let folder = Folder::new();
    let visits = eight(&folder, |worker| worker.batch(200));
    check(&visits, &folder, &calls);
}

#[test]
fn eight_at_once_on_a_folder_with_results() {
    let calls = Call::both(30);
    let folder = Folder::with(&calls);
    let visits = eight(&folder, |worker| worker.calls(&calls));
    assert!(visits.iter().all(|visit| *visit == Visit::hits(60)), "{visits:#?}");
    check(&visits, &folder, &calls);
}

/// What one process has recorded, another one that is running finds at once.
#[test]
fn two_that_take_turns() {
    let folder = Folder::new();
    let here = Visitor::new(&folder.options());
    for n in 0..10 {
        let calls = [Small(n), Large(n)];
        assert_eq!(Worker::new(WORKER, &folder).calls(&calls).visit(), Visit::computed(2));
        assert_eq!(here.visit(&calls), Visit::hits(2));
        let calls = [Small(100 + n), Large(100 + n)];
        assert_eq!(here.visit(&calls), Visit::computed(2));
        assert_eq!(Worker::new(WORKER, &folder).calls(&calls).visit(), Visit::hits(2));
    }
}
