//! What was forgotten, refreshed or written to while it was being computed.

use std::fs;
use std::path::PathBuf;
use std::thread;

use memento::{Environment, LocalRunner, memento, resource};
use memento_storage_fs::Options;
use memento_tests::memory;
use memento_tests::processes::wait_until;

use super::{World, take_a_while};

static QUICK: World = World::new();

#[memento]
fn quick(n: u64) -> u64 {
    n + QUICK.look()
}

#[test]
fn what_is_forgotten_in_the_middle_of_its_batch_stays_forgotten() {
    memory().enter(|| {
        let before = QUICK.runs();
        quick::for_each((0..100).map(|n| (n,)), |index, result| {
            assert!(result.is_ok());
            if index == 5 {
                assert!(quick::memento(5).unwrap().is_some(), "who asks for its record finds it");
                assert!(quick::forget(5).unwrap(), "it is there");
            }
        });
        assert_eq!(QUICK.runs() - before, 100);
        quick(5);
        assert_eq!(QUICK.runs() - before, 101);
    });
}

static SLOW: World = World::new();

/// 1 ends when somebody opens.
#[memento]
fn slow(n: u64) -> u64 {
    let seen = SLOW.look();
    if n == 1 {
        SLOW.wait_until_open();
    }
    seen
}

#[test]
fn what_is_refreshed_while_the_rest_of_its_batch_runs_is_not_replaced_by_it() {
    let place = tempfile::tempdir().unwrap();
    let storage = || memento_storage_fs::storage(&Options::new(place.path()));
    let environment = Environment::new(storage(), LocalRunner::with_threads(2).unwrap());
    thread::scope(|scope| {
        let batch = scope.spawn(|| environment.enter(|| slow::try_map([(0,), (1,)]).unwrap()));
        environment.enter(|| {
            assert_eq!(slow(0), 1, "this call, or the batch, has computed it");
            SLOW.change();
            assert_eq!(slow::with().refresh().call(0), 2);
        });
        SLOW.open();
        batch.join().unwrap();
    });
    Environment::new(storage(), LocalRunner::new()).enter(|| assert_eq!(slow(0), 2));
}

static OVERLAPPING: World = World::new();
static SECOND: World = World::new();

/// The first and the second run end when somebody opens.
#[memento]
fn overlapping(n: u64) -> u64 {
    let (run, seen) = OVERLAPPING.begin();
    match run {
        1 => OVERLAPPING.wait_until_open(),
        2 => SECOND.wait_until_open(),
        _ => {}
    }
    n + seen
}

/// A thread of a pool does not wait for one outside of it, so that runs of one key overlap: here three.
#[test]
fn what_is_refreshed_is_not_replaced_by_runs_that_began_before() {
    let place = tempfile::tempdir().unwrap();
    let storage = || memento_storage_fs::storage(&Options::new(place.path()));
    let environment = Environment::new(storage(), LocalRunner::new());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let refresh = || environment.enter(|| overlapping::with().refresh().call(0));
    let now = || {
        let elsewhere = Environment::new(storage(), LocalRunner::new());
        [environment.enter(|| overlapping(0)), elsewhere.enter(|| overlapping(0))]
    };
    thread::scope(|scope| {
        let outside = scope.spawn(|| environment.enter(|| overlapping(0)));
        wait_until("it runs", || OVERLAPPING.runs() == 1);
        let inside = scope.spawn(|| pool.install(|| environment.enter(|| overlapping(0))));
        wait_until("it runs in the pool, too", || OVERLAPPING.runs() == 2);
        OVERLAPPING.change();
        assert_eq!(pool.install(refresh), 2, "in the other thread of the pool");
        OVERLAPPING.open();
        assert_eq!(outside.join().unwrap(), 1);
        assert_eq!(now(), [2, 2]);
        OVERLAPPING.change();
        assert_eq!(refresh(), 3);
        SECOND.open();
        assert_eq!(inside.join().unwrap(), 1);
        assert_eq!(now(), [3, 3]);
    });
    assert_eq!(OVERLAPPING.runs(), 4);
}

static FAILING: World = World::new();

/// The first run ends when somebody opens; the others fail at once.
#[memento]
fn failing(n: u64) -> Result<u64, String> {
    let (run, seen) = FAILING.begin();
    if run > 1 {
        return Err("on purpose".to_owned());
    }
    FAILING.wait_until_open();
    Ok(n + seen)
}

/// It is no answer, whoever began last.
#[test]
fn a_failure_keeps_no_result_of_an_earlier_run_out() {
    let place = tempfile::tempdir().unwrap();
    let storage = || memento_storage_fs::storage(&Options::new(place.path()));
    let environment = Environment::new(storage(), LocalRunner::new());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    thread::scope(|scope| {
        let outside = scope.spawn(|| environment.enter(|| failing(0)));
        wait_until("it runs", || FAILING.runs() == 1);
        pool.install(|| environment.enter(|| failing(0).unwrap_err()));
        FAILING.open();
        assert_eq!(outside.join().unwrap(), Ok(1));
    });
    let elsewhere = Environment::new(storage(), LocalRunner::new());
    for environment in [environment, elsewhere] {
        environment.enter(|| assert_eq!((failing(0), FAILING.runs()), (Ok(1), 2)));
    }
}

static UNDER_WAY: [World; 2] = [World::new(), World::new()];

/// What runs in the world as it was first ends when somebody opens.
#[memento]
fn under_way(n: usize) -> u64 {
    let seen = UNDER_WAY[n].look();
    if seen == 1 {
        UNDER_WAY[n].wait_until_open();
    }
    seen
}

#[test]
fn what_is_forgotten_while_it_is_computed_stays_forgotten() {
    let environment = memory();
    let ask = |n| environment.enter(|| under_way(n));
    let forget: [fn(); 2] = [
        || assert!(!under_way::forget(0).unwrap(), "there is none yet"),
        || assert_eq!(under_way::forget_all().unwrap(), 1, "that of before"),
    ];
    for (n, (world, forget)) in UNDER_WAY.iter().zip(forget).enumerate() {
        thread::scope(|scope| {
            let first = scope.spawn(|| ask(n));
            wait_until("it runs", || world.runs() == 1);
            world.change();
            environment.enter(forget);
            let next = scope.spawn(|| ask(n));
            take_a_while();
            world.open();
            assert_eq!((first.join().unwrap(), next.join().unwrap()), (1, 2));
        });
        assert_eq!((ask(n), world.runs()), (2, 2));
    }
}

static AWAITED: World = World::new();

#[memento]
fn awaited(n: u64) -> u64 {
    let seen = AWAITED.look();
    if seen == 1 {
        AWAITED.wait_until_open();
        take_a_while();
    }
    n + seen
}

/// What began before the world changed is not what a refreshing call asks for.
#[test]
fn a_refreshing_call_does_not_take_what_began_before_it() {
    let environment = memory();
    thread::scope(|scope| {
        let first = scope.spawn(|| environment.enter(|| awaited(0)));
        wait_until("it runs", || AWAITED.runs() == 1);
        AWAITED.change();
        AWAITED.open();
        assert_eq!(environment.enter(|| awaited::with().refresh().call(0)), 2);
        assert_eq!(first.join().unwrap(), 1);
        assert_eq!(environment.enter(|| awaited(0)), 2, "the later one stays");
    });
}

static READING: World = World::new();

#[memento]
fn reading(path: PathBuf) -> String {
    let text = resource::text(path).unwrap();
    if READING.look() == 1 {
        READING.wait_until_open();
        take_a_while();
    }
    text
}

/// Who has written to a file gets what it holds now, also from a call that others began before.
#[test]
fn who_waits_for_another_call_gets_no_result_of_what_was_there_before() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    fs::write(&path, "before").unwrap();
    let environment = memory();
    thread::scope(|scope| {
        let first = scope.spawn(|| environment.enter(|| reading(path.clone())));
        wait_until("it has read", || READING.runs() == 1);
        fs::write(&path, "since then").unwrap();
        READING.change();
        READING.open();
        assert_eq!(environment.enter(|| reading(path.clone())), "since then");
        assert_eq!(first.join().unwrap(), "before");
    });
}

static FORGETTING: World = World::new();

/// When the world has changed once, its own result is forgotten while it runs.
#[memento]
fn forgetting(path: PathBuf) -> String {
    let text = resource::text(&path).unwrap();
    if FORGETTING.look() == 2 {
        forgetting::forget(path).unwrap();
    }
    text
}

#[test]
fn what_is_forgotten_while_the_next_one_is_computed_does_not_come_back() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    let call = |text: &str| {
        fs::write(&path, text).unwrap();
        assert_eq!(forgetting(path.clone()), text);
        FORGETTING.runs()
    };
    memory().enter(|| {
        assert_eq!(call("one"), 1);
        FORGETTING.change();
        assert_eq!(call("other"), 2);
        assert_eq!(call("one"), 3, "that result was forgotten");
        FORGETTING.change();
        assert_eq!([call("other"), call("one")], [4, 5], "and so were these");
        assert_eq!([call("other"), call("one")], [5, 5], "and now none is");
    });
}
