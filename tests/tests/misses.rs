//! Why functions run: what is counted, and what is explained.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{
    ErrorKind, Explanation, LocalRunner, Miss, Misses, Query, Statistics, Storage, memento,
};
use memento_tests::folder::Folder;
use memento_tests::reasons::{assert_counted, assert_explained, counts, in_process, statistics};
use memento_tests::visit::Call::{Large, Small};
use memento_tests::work::{large, small};
use memento_tests::{Runs, memory};

static RUNS: Runs = Runs::new();

/// What [`measured()`] finds in the world.
static WORLD: AtomicU64 = AtomicU64::new(0);

#[memento]
fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
fn area(width: u64, height: u64) -> u64 {
    RUNS.add();
    width * height
}

#[memento]
fn parse(text: &str) -> Result<u64, String> {
    RUNS.add();
    text.parse().map_err(|error| format!("{error}"))
}

#[memento(ttl = "1ns")]
fn brief(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento]
fn measured(n: u64) -> u64 {
    RUNS.add();
    n + WORLD.load(Ordering::Relaxed)
}

#[memento]
fn twice_measured(n: u64) -> u64 {
    RUNS.add();
    2 * measured(n)
}

#[memento]
fn panics(n: u64) -> u64 {
    RUNS.add();
    panic!("{n}")
}

#[memento(cluster = "other")]
fn elsewhere(n: u64) -> u64 {
    RUNS.add();
    n
}

#[test]
fn what_never_ran() {
    RUNS.alone(|| {
        assert_explained(double::explain(1), Miss::NeverRun, "it has never run");
        assert_eq!(statistics(), Statistics::default(), "to explain is to count nothing");
        double(1);
        area(1, 2);
        assert_counted(|misses| misses.never_run = 2);
        assert_eq!(double::explain(1).unwrap(), Explanation::Hit);
        assert_eq!(double::explain(1).unwrap().to_string(), "hit");
        double(1);
        assert_counted(|misses| misses.never_run = 2);
    });
}

#[test]
fn what_failed() {
    RUNS.alone(|| {
        assert!(parse("x").is_err());
        let message = "invalid digit found in string";
        let shown = format!("it failed, and errors are retried: {message}");
        assert_explained(parse::explain("x"), Miss::Failed(message.to_owned()), &shown);
        assert!(parse("x").is_err());
        assert!(parse("x").is_err());
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.failed = 2;
        });
        assert!(parse::forget("x").unwrap(), "a recorded error can be forgotten");
        assert_explained(parse::explain("x"), Miss::Forgotten, "the result was forgotten");
        assert!(parse("x").is_err());
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.failed = 2;
            misses.forgotten = 1;
        });
    });
}

#[test]
fn what_has_expired() {
    RUNS.alone(|| {
        brief(1);
        assert_explained(brief::explain(1), Miss::Expired, "the result has expired");
        brief(1);
        brief(1);
        brief(2);
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.expired = 2;
            misses.arguments_differ = 1;
        });
    });
}

#[test]
fn what_was_forgotten() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            double(1);
            double(2);
            assert!(double::forget(1).unwrap());
            assert_explained(double::explain(1), Miss::Forgotten, "the result was forgotten");
            assert_eq!(double::explain(2).unwrap(), Explanation::Hit);
            assert_eq!(double::memento(1).unwrap(), None);
            assert_eq!(double::list(&Query::new()).unwrap().mementos.len(), 1);
            double(1);
            double(1);
            assert_counted(|misses| {
                misses.never_run = 1;
                misses.arguments_differ = 1;
                misses.forgotten = 1;
            });
            assert!(double::forget(2).unwrap());
        });
        in_process(&folder, || {
            assert_explained(double::explain(2), Miss::Forgotten, "the result was forgotten");
            double(1);
            double(2);
            assert_counted(|misses| misses.forgotten = 1);
        });
    });
}

#[test]
fn what_was_forgotten_with_all_others_by_another_process() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            double(1);
            area(1, 1);
            assert_eq!(double::forget_all().unwrap(), 1);
            assert_explained(double::explain(1), Miss::Forgotten, "the result was forgotten");
            assert_eq!(area::explain(1, 1).unwrap(), Explanation::Hit, "others are not meant");
        });
        in_process(&folder, || {
            assert_explained(double::explain(1), Miss::Forgotten, "the result was forgotten");
            double(1);
            area(1, 1);
            assert_counted(|misses| misses.forgotten = 1);
        });
        assert_eq!(RUNS.take(), 3);
    });
}

/// As it is explained: see [`what_was_forgotten_with_all_others_by_another_process`].
#[test]
fn what_was_forgotten_with_all_others_by_this_process() {
    RUNS.alone(|| {
        double(1);
        assert_eq!(double::forget_all().unwrap(), 1);
        assert_explained(double::explain(1), Miss::Forgotten, "the result was forgotten");
        double(1);
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.forgotten = 1;
        });
    });
}

#[test]
fn what_was_asked_for() {
    RUNS.alone(|| {
        double::with().refresh().call(1);
        double::with().refresh().call(1);
        double(1);
        assert!(double::with().refresh().map([(1,), (2,)]).iter().all(Result::is_ok));
        assert_counted(|misses| misses.refreshed = 4);
        assert_eq!(statistics().memory_hits, 1);
        assert_eq!(double::explain(2).unwrap(), Explanation::Hit, "a later call may find it");
        assert_eq!(Miss::Refreshed.to_string(), "the call asked for it");
    });
}

#[test]
fn what_panics_runs_for_a_reason_too() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!(panics::try_call(1).unwrap_err().kind(), ErrorKind::Panicked);
        }
        // Nothing is recorded of a panic.
        assert_counted(|misses| misses.never_run = 2);
        assert_eq!(panics::explain(1).unwrap(), Explanation::Miss(Miss::NeverRun));
    });
}

#[test]
fn what_a_callee_made_of_it() {
    RUNS.alone(|| {
        WORLD.store(0, Ordering::Relaxed);
        assert_eq!(twice_measured(1), 2);
        WORLD.store(5, Ordering::Relaxed);
        assert_eq!(twice_measured(1), 2, "nobody looks at the world again");
        assert_eq!(measured::with().refresh().call(1), 6);
        let explained = twice_measured::explain(1).unwrap();
        assert!(matches!(explained, Explanation::Miss(Miss::CalleeChanged(_))), "{explained:?}");
        let shown = "the result of its callee memento-tests::misses::measured changed";
        assert_eq!(explained.to_string(), shown);
        assert_eq!(twice_measured(1), 12);
        assert_eq!(twice_measured(1), 12);
        assert_counted(|misses| {
            misses.never_run = 2;
            misses.refreshed = 1;
            misses.callee_changed = 1;
        });
    });
}

const UNREADABLE: &str = "its record, or what that names, is gone or damaged";

#[test]
fn what_has_a_damaged_record() {
    let folder = Folder::with(&[Small(1), Small(2)]);
    let cut = || {
        let cut = "UPDATE mementos SET record = substr(record, 1, 20)";
        assert_eq!(folder.open_database().execute(cut, []).unwrap(), 2);
    };
    cut();
    in_process(&folder, || {
        small(1);
        small(2);
        assert_counted(|misses| misses.unreadable = 2);
    });
    cut();
    in_process(&folder, || {
        assert_explained(small::explain(1), Miss::Unreadable, UNREADABLE);
        assert_eq!(statistics().misses, Misses::default());
        assert_eq!(statistics().store_failures, 1);
    });
}

#[test]
fn what_has_a_damaged_result() {
    let folder = Folder::with(&[Large(1), Large(2)]);
    let [damaged, gone] = &folder.results()[..] else { panic!("two results") };
    fs::write(damaged, "damaged").unwrap();
    fs::remove_file(gone).unwrap();
    in_process(&folder, || {
        large(1);
        large(2);
        assert_counted(|misses| misses.unreadable = 2);
    });
    fs::remove_file(&folder.results()[0]).unwrap();
    in_process(&folder, || {
        let explained = [1, 2].map(|n| large::explain(n).unwrap());
        assert!(explained.contains(&Explanation::Hit));
        assert!(explained.contains(&Explanation::Miss(Miss::Unreadable)));
    });
}

#[test]
fn what_a_newer_release_recorded() {
    let folder = Folder::with(&[Small(1)]);
    folder.make_newer();
    in_process(&folder, || {
        assert_explained(small::explain(1), Miss::Newer, "the record is of a newer release");
        small(1);
        assert_counted(|misses| misses.newer = 1);
    });
}

#[test]
fn reasons_add_up_over_clusters() {
    RUNS.alone(|| {
        let environment = memory().with_cluster("other", Storage::memory(), LocalRunner::new());
        environment.enter(|| {
            double(1);
            elsewhere(1);
            elsewhere(2);
            assert_counted(|misses| {
                misses.never_run = 2;
                misses.arguments_differ = 1;
            });
        });
        assert_eq!(statistics().misses, Misses::default(), "another environment");
    });
}

#[test]
fn all_reasons_are_in_the_total() {
    let all = counts(|misses| {
        misses.never_run = 1;
        misses.code_changed = 2;
        misses.arguments_differ = 4;
        misses.callee_changed = 8;
        misses.resource_changed = 16;
        misses.failed = 32;
        misses.expired = 64;
        misses.forgotten = 128;
        misses.other_codec = 256;
        misses.newer = 512;
        misses.unreadable = 1024;
        misses.refreshed = 2048;
    });
    assert_eq!(all.total(), 4095);
    let mut twice = all;
    twice += all;
    assert_eq!((twice.total(), twice.newer), (2 * 4095, 1024));
}

/// The same reasons are counted where somebody listens, which are then told in full.
#[test]
fn who_listens_is_told_why() {
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl MakeWriter<'_> for Log {
        type Writer = Self;
        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    RUNS.alone(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(log.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            area(1, 2);
            area(1, 3);
            area(1, 2);
            assert!(area::forget(1, 2).unwrap());
            area(1, 2);
            area::with().refresh().call(1, 2);
        });
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.arguments_differ = 1;
            misses.forgotten = 1;
            misses.refreshed = 1;
        });
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let told: Vec<_> = log.lines().filter(|line| line.contains("misses::area")).collect();
        let reasons = [
            "reason=it has never run",
            "reason=it has not run with these arguments: height is 3, was 2",
            "reason=the result was forgotten",
            "reason=the call asked for it",
        ];
        assert_eq!(told.len(), reasons.len(), "{log}");
        for (line, reason) in told.iter().zip(reasons) {
            assert!(line.contains("miss") && line.contains(reason), "{line}");
        }
    });
}
