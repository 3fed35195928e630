//! Worker processes do what this process would do.

mod starting;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use memento::{Correlation, Environment, Memento, NullRunner, Outcome, Provenance, Query, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{
    Numbered, Plain, borrowing, calls_elsewhere, calls_leaf, double, elsewhere, fail_plainly,
    fail_to_open, fail_with_number, fail_with_text, graph, has_failed, input, leaf, noted, print,
    process, recursive, rendezvous, shared, start_another,
};
use memento_tests::folder::Folder;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

fn options() -> Options {
    Options::new().workers(2).program(PROGRAM)
}

fn environment() -> Environment {
    Environment::new(Storage::memory(), ProcessRunner::new(options()))
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn calls_run_in_other_processes_and_are_found_again() {
    let environment = environment();
    environment.enter(|| {
        let (n, ran_in) = process(7);
        assert_eq!(n, 7);
        assert_ne!(ran_in, std::process::id());
        assert_eq!(process(7), (7, ran_in));
        let provenance = process::memento(7).unwrap().unwrap().provenance;
        assert_eq!(provenance.process, ran_in);
        assert_eq!(provenance.runner, "process");
        assert_eq!(provenance.arguments.unwrap().to_string(), "(7)");
        // One after another, they need one worker.
        assert_eq!(process(8), (8, ran_in));
        let (_, here) = process::with().local().call(9);
        assert_eq!(here, std::process::id());
    });
    let statistics = environment.statistics();
    assert_eq!((statistics.computed, statistics.memory_hits), (3, 1));
    assert_eq!(statistics.misses.total(), 3);
}

/// However that is said.
#[test]
fn no_number_of_workers_means_as_many_as_there_are_processors() {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let mut options = options();
        options.workers = 0;
        Environment::new(Storage::memory(), ProcessRunner::new(options)).enter(|| {
            assert_ne!(process(1).1, std::process::id());
            assert!(process::map((2..10).map(|n| (n,))).into_iter().all(|result| result.is_ok()));
        });
        sender.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_mins(2)).expect("there are workers");
}

#[test]
fn batches_come_in_order_and_use_all_workers() {
    environment().enter(|| {
        let results = process::map((0..5_000).chain(0..100).map(|n| (n,)));
        let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        assert!(results.iter().map(|(n, _)| *n).eq((0..5_000).chain(0..100)));
        assert_eq!(results[..100], results[5_000..]);
        let mut processes: Vec<_> = results.iter().map(|(_, process)| *process).collect();
        processes.sort_unstable();
        processes.dedup();
        assert!(processes.len() <= 2 && !processes.contains(&std::process::id()));
    });
}

#[test]
fn a_pool_of_two_makes_two_calls_at_once() {
    let folder = folder();
    environment().enter(|| {
        let path = || folder.path().to_owned();
        let results = rendezvous::map([(path(), 1, 2), (path(), 2, 1)]);
        assert_eq!(results.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1, 2]);
        // Both needed it.
        assert!(shared::memento(path()).unwrap().is_some());
        assert_eq!(noted(folder.path(), "shared").len(), 1);
    });
}

#[test]
fn threads_that_ask_for_the_same_wait_for_one_call() {
    let folder = folder();
    let environment = environment();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| environment.enter(|| assert_eq!(shared(folder.path().into()), 7)));
        }
    });
    assert_eq!(noted(folder.path(), "shared").len(), 1);
    assert_eq!(environment.statistics().computed, 1);
}

/// What is the same of a record, wherever the function ran.
fn plain(memento: Memento, correlation: Correlation) -> (Outcome, Provenance) {
    let Memento { outcome, mut provenance, .. } = memento;
    assert!(provenance.total_time >= provenance.own_time);
    (provenance.total_time, provenance.own_time) = Default::default();
    (provenance.process, provenance.correlation) = (0, correlation);
    provenance.runner.clear();
    // Calls of a batch end in any order.
    provenance.dependencies.sort_by_key(|dependency| format!("{dependency:?}"));
    (outcome, provenance)
}

#[test]
fn provenance_and_context_are_those_of_the_local_runner() {
    let folder = folder();
    let file = folder.path().join("text");
    fs::write(&file, "12345").unwrap();
    let file = file.to_str().unwrap().to_owned();
    let observe = |environment: Environment| {
        environment.enter(|| {
            let leaves = folder.path().join("leaves");
            fs::write(&leaves, "").unwrap();
            let with = || {
                graph::with().context("folder", folder.path().to_owned()).context("more", 100_u64)
            };
            assert_eq!(with().call(file.clone(), 20), 190 + 20 * 100 + 2 * 120 + 5);
            let mut ran = noted(folder.path(), "leaves");
            ran.sort_unstable();
            assert_eq!(ran, (0..=20).collect::<Vec<_>>());
            let graphs = graph::list(&Query::new()).unwrap().mementos;
            let mut mementos = leaf::list(&Query::new()).unwrap().mementos;
            assert_eq!((graphs.len(), mementos.len()), (1, 21));
            mementos.sort_by_key(|leaf| leaf.key);
            mementos.extend(graphs);
            let mut correlations = mementos.iter().map(|memento| memento.provenance.correlation);
            let first = correlations.next().unwrap();
            assert!(correlations.all(|correlation| correlation == first));
            // Nothing runs for another call, in this process or a worker.
            assert_eq!(with().call(file.clone(), 20), 190 + 20 * 100 + 2 * 120 + 5);
            assert_eq!(noted(folder.path(), "leaves").len(), 21);
            mementos
        })
    };
    let there = observe(environment());
    let here = observe(memento_tests::memory());
    assert_eq!(there.last().unwrap().provenance.dependencies.len(), 22);
    let correlation = here[0].provenance.correlation;
    let plain = |memento| plain(memento, correlation);
    assert!(there.into_iter().map(plain).eq(here.into_iter().map(plain)));
}

#[test]
fn a_change_of_a_resource_is_seen() {
    let folder = folder();
    let file = folder.path().join("text");
    let name = file.to_str().unwrap().to_owned();
    environment().enter(|| {
        fs::write(&file, "12345").unwrap();
        assert_eq!(graph(name.clone(), 1), 7);
        fs::write(&file, "1234567").unwrap();
        assert_eq!(graph(name.clone(), 1), 9);
    });
}

#[test]
fn what_is_forgotten_here_is_forgotten_there() {
    let folder = folder();
    environment().enter(|| {
        let call = |n| calls_leaf::with().context("folder", folder.path().to_owned()).call(n);
        assert_eq!(call(1), Ok(1));
        assert_eq!(call(1), Ok(1));
        assert_eq!(noted(folder.path(), "leaves"), [1]);
        leaf::forget_all().unwrap();
        assert_eq!(call(1), Ok(1));
        assert_eq!(noted(folder.path(), "leaves"), [1, 1]);
    });
}

#[test]
fn a_storage_on_disk_is_used_by_workers_and_by_later_processes() {
    let (folder, notes) = (Folder::new(), folder());
    let environment = || {
        let storage = memento_storage_fs::storage(&folder.options());
        Environment::new(storage, ProcessRunner::new(options()))
    };
    let call = || {
        let with = calls_leaf::with().context("folder", notes.path().to_owned());
        with.map((0..10).map(|n| (n,))).into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    let expected: Vec<_> = (0..10).map(Ok).collect();
    environment().enter(|| assert_eq!(call(), expected));
    let later = environment();
    later.enter(|| assert_eq!(call(), expected));
    assert_eq!(later.statistics().store_hits, 10);
    assert_eq!(noted(notes.path(), "leaves").len(), 10);
}

#[test]
fn long_arguments_and_results_go_and_come() {
    environment().enter(|| {
        for length in [5_000, 100_000, 3_000_000] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let doubled: Vec<u8> = bytes.iter().map(|byte| byte.wrapping_mul(2)).collect();
            assert_eq!(double(bytes.clone()), doubled);
            assert_eq!(double(bytes), doubled);
        }
        let batch = double::map((0..40_u8).map(|n| (vec![n; 100_000],)));
        for (n, doubled) in (0..40_u8).zip(batch) {
            assert_eq!(doubled.unwrap(), vec![n * 2; 100_000]);
        }
    });
}

#[test]
fn what_functions_print_and_read_does_not_meet_the_protocol() {
    environment().enter(|| {
        let results = print::map((0..20).map(|n| (n,)));
        assert!(results.into_iter().map(Result::unwrap).eq(0..20));
        assert_eq!(input(1), "");
    });
}

#[test]
fn a_program_that_a_function_starts_is_no_worker() {
    environment().enter(|| assert_eq!(start_another(PROGRAM.into()), "I am a program"));
}

#[test]
fn errors_come_as_they_are() {
    let folder = folder();
    let path = || folder.path().to_owned();
    environment().enter(|| {
        let error = fail_to_open(path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        let message = fail_with_text(path()).unwrap_err();
        assert_ne!(message, format!("in process {}", std::process::id()));
        let recorded = fail_with_text::memento(path()).unwrap().unwrap();
        assert_eq!(recorded.outcome.error, Some(message));
        assert_eq!(noted(folder.path(), "runs").len(), 2);
        // Nobody can make this error but the function itself: it runs again, here.
        assert_eq!(fail_plainly(path()), Err(Plain(std::process::id())));
        assert_eq!(noted(folder.path(), "runs").len(), 4);
    });
}

#[test]
fn transient_errors_come_from_workers_and_are_not_kept() {
    let folder = folder();
    let fail = |n| fail_with_number(folder.path().to_owned(), n).unwrap_err();
    environment().enter(|| {
        let (Numbered(_, there), again) = (fail(1), fail(1));
        assert_ne!(there, std::process::id());
        assert_eq!((fail(2), again.0), (fail(2), 1));
        assert_eq!(noted(folder.path(), "runs"), [1, 1, 2]);
        // What was computed from one there is tried again here.
        for _ in 0..2 {
            assert!(has_failed(folder.path().to_owned(), 3));
            assert!(has_failed(folder.path().to_owned(), 4));
        }
        assert_eq!(noted(folder.path(), "runs")[3..], [103, 3, 104, 4, 3]);
    });
}

#[test]
fn what_cannot_be_read_back_runs_here() {
    let environment = environment();
    environment.enter(|| {
        assert_eq!(borrowing(vec!["a", "b"]), (2, std::process::id()));
        let results = borrowing::map([(vec!["a"],), (vec!["a", "b", "c"],)]);
        let lengths = results.into_iter().map(|result| result.unwrap().0);
        assert!(lengths.eq([1, 3]));
    });
    assert_eq!(environment.statistics().computed, 3);
}

#[test]
fn what_workers_call_lives_in_its_own_cluster() {
    let runner = ProcessRunner::new(options());
    let environment = environment().with_cluster("elsewhere", Storage::memory(), runner);
    environment.enter(|| {
        assert_eq!(calls_elsewhere(1), Ok(1));
        assert!(elsewhere::memento(1).unwrap().is_some());
        assert_eq!(elsewhere(1), 1);
    });
    // It was found: what the worker recorded is here.
    assert_eq!(environment.statistics().computed, 1);
    assert_eq!(environment.statistics().store_hits, 1);
    let refusing = self::environment().with_cluster("elsewhere", Storage::memory(), NullRunner);
    refusing.enter(|| {
        let error = calls_elsewhere(1).unwrap_err();
        assert!(error.contains("the runner is `null`, which executes nothing"), "{error}");
    });
}

#[test]
fn modifiers_come_along() {
    environment().enter(|| {
        let error = calls_leaf::with().no_further_calls().call(1).unwrap_err();
        assert!(error.contains("the caller runs under `no_further_calls`"), "{error}");
        let error = recursive(1).unwrap_err();
        assert!(error.contains("cannot compute a result that needs itself"), "{error}");
        let (_, first) = process(1);
        assert_eq!(process::with().refresh().call(1), (1, first));
        process::with().ignore_result(2).unwrap();
        assert!(process::memento(2).unwrap().is_some());
    });
}

/// The configuration in `text`.
fn configured(folder: &Path, text: &str) -> Environment {
    let file = folder.join("memento.toml");
    fs::write(&file, text).unwrap();
    Environment::load(file).unwrap()
}

/// Workers of this program of tests begin here.
#[test]
fn memento_worker() {
    memento::worker::enter();
}
