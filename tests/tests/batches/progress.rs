//! What observers of batches are told.

use std::fmt::{Debug, Write as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use memento::{CancellationToken, Progress, ProgressEvents, ProgressObserver, memento};
use memento_tests::{Runs, memory};
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::threads;

static RUNS: Runs = Runs::new();

/// Panics for 5, and returns an error for 7.
#[memento]
fn even(n: u64) -> Result<u64, String> {
    RUNS.add();
    assert!(n != 5, "it is five");
    if n == 7 { Err("it is seven".to_owned()) } else { Ok(n) }
}

#[memento]
fn branch(n: u64) -> usize {
    even::with().progress().map((10 * n + 10..10 * n + 20).map(|n| (n,))).len()
}

/// Remembers all that it is told.
#[derive(Default)]
struct Log {
    started: Mutex<Vec<Progress>>,
    advanced: Mutex<Vec<Progress>>,
    finished: Mutex<Vec<Progress>>,
}

impl ProgressObserver for Log {
    fn started(&self, progress: &Progress) {
        self.started.lock().push(*progress);
    }
    fn advanced(&self, progress: &Progress) {
        self.advanced.lock().push(*progress);
    }
    fn finished(&self, progress: &Progress) {
        self.finished.lock().push(*progress);
    }
}

impl Log {
    /// Hits, computed, failed and total at the end of the only batch.
    fn end(&self) -> (u64, u64, u64, Option<u64>) {
        let (started, finished) = (self.started.lock(), self.finished.lock());
        let ([start], [end]) = (&started[..], &finished[..]) else {
            panic!("{} starts, {} ends", started.len(), finished.len());
        };
        assert_eq!((start.ended(), start.function), (0, "memento-tests::batches::progress::even"));
        let advanced = self.advanced.lock();
        assert!(advanced.len() as u64 <= end.ended());
        assert!(advanced.is_sorted_by_key(|progress| progress.elapsed));
        assert!(advanced.is_sorted_by_key(Progress::ended), "it is told in order");
        assert_eq!(advanced.last().map(Progress::ended).unwrap_or_default(), end.ended());
        (end.hits, end.computed, end.failed, end.total)
    }
}

/// A kind of batch, over the numbers below 300.
type Kind<'a> = (&'a str, &'a dyn Fn(&Arc<Log>));

#[test]
fn every_end_is_counted_in_every_kind_of_batch() {
    let numbers = || (0..300_u64).map(|n| (n,));
    let kinds: [Kind<'_>; 3] = [
        ("map", &|log| drop(even::with().observe(Arc::clone(log)).map(numbers()))),
        ("for_each", &|log| even::with().observe(Arc::clone(log)).for_each(numbers(), |_, _| ())),
        ("as_completed", &|log| {
            assert_eq!(even::with().observe(Arc::clone(log)).as_completed(numbers()).count(), 300);
        }),
    ];
    RUNS.alone(|| {
        for (kind, call) in kinds {
            for count in [1, 2] {
                threads(count).enter(|| {
                    for n in 20..30 {
                        even(n).unwrap();
                    }
                    for expected in [(10, 288, 2, Some(300)), (298, 0, 2, Some(300))] {
                        let log = Arc::new(Log::default());
                        call(&log);
                        assert_eq!(log.end(), expected, "{kind} with {count} threads");
                    }
                });
            }
        }
    });
}

#[test]
fn the_time_left_comes_from_calls_that_run() {
    RUNS.alone(|| {
        threads(1).enter(|| {
            let log = Arc::new(Log::default());
            for n in 100..200 {
                even(n).unwrap();
            }
            even::with().observe(Arc::clone(&log)).map((100..220).map(|n| (n,)));
            assert_eq!(log.end(), (100, 20, 0, Some(120)));
            for progress in &*log.advanced.lock() {
                assert_eq!(progress.time_left().is_some(), progress.computed > 0, "{progress:?}");
            }
            assert!(log.finished.lock()[0].time_left().unwrap().is_zero());
        });
    });
}

#[test]
fn batches_that_are_given_up_say_how_far_they_came() {
    RUNS.alone(|| {
        let log = Arc::new(Log::default());
        let mut given = 0;
        let _ = even::with().observe(Arc::clone(&log)).in_flight(2).try_for_each(
            (10..).map(|n| (n,)),
            |_, _| {
                given += 1;
                if given == 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        let (hits, computed, failed, total) = log.end();
        assert_eq!((hits, failed, total), (0, 0, None));
        assert!((30..=32).contains(&computed), "{computed}");
        let token = CancellationToken::new();
        token.cancel();
        let log = Arc::new(Log::default());
        even::with().observe(Arc::clone(&log)).cancel(&token).map((10..20).map(|n| (n,)));
        assert_eq!(log.end(), (0, 0, 10, Some(10)));
        let log = Arc::new(Log::default());
        assert!(even::with().observe(Arc::clone(&log)).try_map([(5,)]).is_err());
        assert_eq!(log.end(), (0, 0, 1, Some(1)));
        let log = Arc::new(Log::default());
        even::with().observe(Arc::clone(&log)).map([]);
        assert_eq!(log.end(), (0, 0, 0, Some(0)));
    });
}

struct Panics;

impl ProgressObserver for Panics {
    fn advanced(&self, _: &Progress) {
        RUNS.add();
        panic!("in the observer");
    }
}

#[test]
fn an_observer_that_panics_hurts_nobody() {
    RUNS.alone(|| {
        let log = Arc::new(Log::default());
        let with = even::with().observe(Panics).observe(Arc::clone(&log)).progress();
        let results = with.map((10..110).map(|n| (n,)));
        assert!((10..).zip(results).all(|(n, result)| result.unwrap() == Ok(n)));
        assert_eq!(log.end(), (0, 100, 0, Some(100)));
        assert_eq!(RUNS.take(), 101, "it is told once");
    });
}

#[test]
fn batches_in_a_batch_that_is_shown_change_nothing() {
    RUNS.alone(|| {
        threads(2).enter(|| {
            let results = branch::with().progress().try_map((0..10).map(|n| (n,)));
            assert_eq!(results.unwrap(), [10; 10]);
            assert_eq!(RUNS.take(), 100);
        });
    });
}

/// The messages of events in this thread, with what they count.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if ["message", "hits", "computed", "failed", "total"].contains(&field.name()) {
            write!(self.0, "{value:?} ").expect("a String takes all");
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == tracing::Level::INFO {
            let mut text = Text(String::new());
            event.record(&mut text);
            self.0.lock().push(text.0.trim().to_owned());
        }
    }
}

#[test]
fn events_tell_of_each_tenth_and_of_each_doubling() {
    RUNS.alone(|| {
        memory().enter(|| {
            assert!(even::try_map((100..150).map(|n| (n,))).is_ok());
            let events = Events::default();
            let subscriber = tracing_subscriber::registry().with(events.clone());
            let observed = || even::with().observe(ProgressEvents::default());
            tracing::subscriber::with_default(subscriber, || {
                observed().map((100..150).map(|n| (n,)));
                let unknown = (100..150).filter(|n| *n < 110);
                observed().in_flight(2).for_each(unknown.map(|n| (n,)), |_, _| ());
            });
            let mut expected = vec!["batch started 0 0 0 50".to_owned()];
            expected.extend((1..10).map(|tenth| format!("batch advanced {} 0 0 50", 5 * tenth)));
            expected.push("batch finished 50 0 0 50".to_owned());
            expected.push("batch started 0 0 0".to_owned());
            expected.extend([1, 2, 4, 8].map(|count| format!("batch advanced {count} 0 0")));
            expected.push("batch finished 10 0 0 10".to_owned());
            let seen: Vec<String> = events.0.lock().clone();
            assert_eq!(seen, expected);
        });
    });
}
