//! What functions print in worker processes is logged here.

use std::fmt::{Debug, Write as _};
use std::time::{Duration, Instant};

use memento::{Environment, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{print, process};
use parking_lot::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

static EVENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("memento_runner_process") {
            assert_eq!(*event.metadata().level(), Level::INFO);
            let mut text = Text(String::new());
            event.record(&mut text);
            EVENTS.lock().push(text.0);
        }
    }
}

/// All fields of an event.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

#[test]
fn what_functions_print_is_logged_with_worker_and_function() {
    let subscriber = tracing_subscriber::registry().with(Collector);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let options = Options::new().workers(1).program(env!("CARGO_BIN_EXE_program"));
    let environment = Environment::new(Storage::memory(), ProcessRunner::new(options));
    let worker = environment.enter(|| {
        let worker = process(1).1;
        assert_eq!(print(7), 7);
        worker
    });
    // A line without an end ends with the worker.
    drop(environment);
    let lines = ["7 by println", "7 by eprintln", "7 without an end", "7 by another program"];
    let began = Instant::now();
    // Another thread reads it.
    while !lines.iter().all(|line| EVENTS.lock().iter().any(|event| event.contains(line))) {
        assert!(began.elapsed() < Duration::from_mins(1), "{:?}", EVENTS.lock());
        std::thread::yield_now();
    }
    let first = EVENTS.lock()[0].clone();
    assert!(first.contains(&format!("worker={worker} ")), "{first}");
    assert!(first.contains("function=\"memento-tests::memento_tests::fates::print\""), "{first}");
}
