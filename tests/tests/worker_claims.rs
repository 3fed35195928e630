//! One computation of a key at a time among worker processes, for what their calls call.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use memento::{Environment, ErrorKind, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{
    branch, climb, common, kills_once, needs_branch, needs_common, needs_killer, needs_twig, noted,
    outlives, twig,
};
use memento_tests::guests::slow;

fn options(workers: usize) -> Options {
    Options::new().workers(workers).program(env!("CARGO_BIN_EXE_program"))
}

fn environment_of(options: Options) -> Environment {
    Environment::new(Storage::memory(), ProcessRunner::new(options))
}

fn environment(workers: usize) -> Environment {
    environment_of(options(workers))
}

#[test]
fn what_all_calls_of_a_batch_need_is_computed_once() {
    for workers in [2, 4] {
        let folder = tempfile::tempdir().unwrap();
        let path = || folder.path().to_owned();
        environment(workers).enter(|| {
            let calls = (0..40).map(|n| (path(), n, workers as u64));
            let values = needs_common::try_map(calls).unwrap();
            assert!(values.into_iter().eq(100..140));
            assert!(common::memento(path(), workers as u64).unwrap().is_some());
        });
        assert_eq!(noted(folder.path(), "common").len(), 1, "with {workers} workers");
    }
}

/// Who computes here is waited for by workers, and the other way round.
#[test]
fn workers_and_this_process_compute_the_same_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().to_owned();
    let environment = environment(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let value = environment.enter(|| common::with().local().call(path(), 2));
            assert_eq!(value, 100);
        });
        let calls = [(path(), 0, 2), (path(), 1, 2)];
        let values = environment.enter(|| needs_common::try_map(calls)).unwrap();
        assert_eq!(values, [100, 101]);
    });
    assert_eq!(noted(folder.path(), "common").len(), 1);
}

/// Each of two threads has looked up all of them before the other one computes the first.
#[test]
fn what_is_no_longer_valid_is_computed_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().to_owned();
    let storage = Storage::memory().memory_cache(0);
    let environment = Environment::new(storage, ProcessRunner::new(options(2)));
    let all = |reversed: bool| {
        let call = |n| (path(), if reversed { 19 - n } else { n });
        environment.enter(|| slow::try_map((0..20).map(call)).unwrap());
    };
    all(false);
    environment.enter(|| (0..20).for_each(|n| assert!(slow::forget(path(), n).unwrap())));
    std::thread::scope(|scope| {
        scope.spawn(|| all(false));
        scope.spawn(|| all(true));
    });
    assert_eq!(noted(folder.path(), "slow").len(), 40);
}

#[test]
fn what_a_killed_worker_was_computing_the_next_one_computes() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().to_owned();
    environment(2).enter(|| {
        let results = needs_killer::map([(path(), 0), (path(), 1)]);
        let (values, errors): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!((values.len(), errors.len()), (1, 1));
        let error = errors.into_iter().find_map(Result::err).unwrap();
        assert_eq!(error.kind(), ErrorKind::Worker);
    });
    assert_eq!(noted(folder.path(), "common").len(), 2);
}

/// What a lost worker was computing is free at once, not when the call ends that needed it.
#[test]
fn what_a_killed_worker_was_computing_others_compute() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().to_owned();
    let environment = environment_of(options(1).retries(1));
    std::thread::scope(|scope| {
        let outlives = scope.spawn(|| environment.enter(|| outlives::try_call(path())));
        while !folder.path().join("killed").exists() {
            std::thread::yield_now();
        }
        assert_eq!(environment.enter(|| kills_once::with().local().call(path())), 100);
        assert_eq!(outlives.join().unwrap().unwrap(), 1);
    });
    assert_eq!(noted(folder.path(), "computed"), [u64::from(std::process::id())]);
}

/// Does `work` in an environment with one worker, often. A new one each time, which does not know yet that what is
/// called takes too little to be claimed.
fn often_with_one_worker(work: fn(&Environment, &Path)) {
    often(move |folder| work(&environment(1), folder));
}

/// Does `work` often, in folders of its own; fails where it does not come to an end.
fn often(work: impl Fn(&Path) + Send + 'static) {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        for _ in 0..20 {
            work(tempfile::tempdir().unwrap().path());
        }
        sender.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_mins(2)).expect("nobody waits for ever");
}

/// Who has no worker yet holds nothing that another worker's call may need.
#[test]
fn who_waits_for_a_worker_is_waited_for_by_none() {
    often_with_one_worker(|environment, folder| {
        std::thread::scope(|scope| {
            let needs = scope.spawn(|| environment.enter(|| needs_twig(folder.to_owned())));
            while noted(folder, "begun").is_empty() {
                std::thread::yield_now();
            }
            let own = scope.spawn(|| environment.enter(|| twig(folder.to_owned(), 1)));
            std::fs::write(folder.join("go"), "").unwrap();
            assert_eq!((needs.join().unwrap(), own.join().unwrap()), (2, 1));
        });
        assert_eq!(noted(folder, "twigs"), [1]);
    });
}

/// What a function that runs here needs is not kept waiting by workers that need the function.
#[test]
fn what_runs_here_gets_a_worker() {
    often_with_one_worker(|environment, folder| {
        std::thread::scope(|scope| {
            let here = scope
                .spawn(|| environment.enter(|| branch::with().local().call(folder.to_owned())));
            let needs = environment.enter(|| needs_branch(folder.to_owned()));
            assert_eq!((here.join().unwrap(), needs), (2, 3));
        });
        assert_eq!(noted(folder, "twigs"), [2]);
    });
}

/// It runs here as well where there is room for no other worker.
#[test]
fn what_runs_here_does_not_wait_for_a_worker_that_waits_for_it() {
    often(|folder| {
        let room = "mkdir \"$0/room\" 2> /dev/null || exit 3; exec \"$@\"";
        let launcher = ["sh", "-c", room, folder.to_str().unwrap()];
        let environment = environment_of(options(1).launcher(launcher));
        std::thread::scope(|scope| {
            let here = scope
                .spawn(|| environment.enter(|| branch::with().local().call(folder.to_owned())));
            let needs = environment.enter(|| needs_branch(folder.to_owned()));
            assert_eq!((here.join().unwrap(), needs), (2, 3));
        });
        assert_eq!(noted(folder, "twigs"), [2]);
    });
}

/// What a call needs may wait behind it, in its own worker, or run in another one that needs it.
#[test]
fn calls_that_need_others_of_their_batch_come_to_an_end() {
    fn expected(n: u64, last: u64) -> u64 {
        let mut values = vec![last, last + 1];
        for _ in n..last {
            let next = values[0] + values[1] % 7;
            values = vec![next, values[0]];
        }
        values[0]
    }
    for workers in [1, 2, 4] {
        for is_reversed in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let number = |n: u64| if is_reversed { 59 - n } else { n };
            environment(workers).enter(|| {
                let calls = (0..60).map(|n| (folder.path().to_owned(), number(n), 60));
                let values = climb::try_map(calls).unwrap();
                assert!(values.into_iter().eq((0..60).map(|n| expected(number(n), 60))));
            });
        }
    }
}
