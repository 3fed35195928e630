//! What is logged.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

thread_local! {
    static WARNINGS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Does `work`; with its value come the warnings and errors that were logged in this thread meanwhile. Nobody listens
/// to anything else: who does has the engine look further for the reason of each miss.
///
/// # Panics
///
/// Where the program collects events in another way.
pub fn collect<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    static START: Once = Once::new();
    START.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Collector).with(LevelFilter::WARN);
        tracing::subscriber::set_global_default(subscriber).expect("nobody else collects events");
    });
    WARNINGS.take();
    let value = work();
    (value, WARNINGS.take())
}

struct Collector;

impl<S: Subscriber> Layer<S> for Collector {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        WARNINGS.with_borrow_mut(|warnings| warnings.push(text.0));
    }
}

/// All fields of an event.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a String takes all");
    }
}
