//! Counts what is asked of a store.

use std::fmt;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::Instant;

use memento::{Error, ErrorKind, Result};
use metrics::{
    Counter, Histogram, Label, SharedString, Unit, counter, describe_counter, describe_histogram,
    histogram,
};

use crate::{Operation, Policy, Tally, trouble};

/// Tells the recorder of the [`metrics`](https://docs.rs/metrics) crate how often each operation was asked for, what
/// came of it, and how long it took.
///
/// | metric                                    | kind      | what                                                     |
/// | ----------------------------------------- | --------- | -------------------------------------------------------- |
/// | `memento_store_operations_total`          | counter   | operations, those on many objects once                   |
/// | `memento_store_hits_total`                | counter   | objects or records that were looked for and there        |
/// | `memento_store_misses_total`              | counter   | those that were not there                                |
/// | `memento_store_errors_total`              | counter   | those that failed, and are among neither                 |
/// | `memento_store_damaged_total`             | counter   | those that were found damaged, see below                 |
/// | `memento_store_retries_total`             | counter   | attempts after the first one, by [`Retry`](crate::Retry) |
/// | `memento_store_breaker_opened_total`      | counter   | how often a [`Breaker`](crate::Breaker) opened, also again after a probe |
/// | `memento_store_read_bytes_total`          | counter   | bytes of contents that came out                          |
/// | `memento_store_written_bytes_total`       | counter   | bytes of contents that went in                           |
/// | `memento_store_operation_duration_seconds`| histogram | how long operations took; of a stream, until it was open |
///
/// The labels are `store`, which says which one; `kind`, `data` or `metadata`; and `operation`, the method of the
/// store's trait. Each is registered when an operation is asked for the first time: a recorder that is installed later
/// is not told.
///
/// What memento finds damaged was there, and is a hit; then it is moved out of the way, and counts as damaged with the
/// operation `set_aside`. What the store itself finds damaged, or a transform on the way from it, counts as damaged with
/// the operation that found it, and is an error; a content is then moved out of the way, too. What other layers do is
/// counted where they do it in the thread that asks: those inside of this one, with nothing like a
/// [`TimeLimit`](crate::TimeLimit) in between.
pub struct Metrics {
    labels: [Label; 2],
    operations: [OnceLock<Handles>; Operation::COUNT],
}

const OPERATIONS: &str = "memento_store_operations_total";
const HITS: &str = "memento_store_hits_total";
const MISSES: &str = "memento_store_misses_total";
const ERRORS: &str = "memento_store_errors_total";
const DAMAGED: &str = "memento_store_damaged_total";
const RETRIES: &str = "memento_store_retries_total";
const OPENED: &str = "memento_store_breaker_opened_total";
const BYTES_READ: &str = "memento_store_read_bytes_total";
const BYTES_WRITTEN: &str = "memento_store_written_bytes_total";
const DURATION: &str = "memento_store_operation_duration_seconds";

/// Tells the recorder what each metric is.
fn describe() {
    describe_counter!(OPERATIONS, Unit::Count, "operations, those on many objects once");
    describe_counter!(HITS, Unit::Count, "objects or records that were looked for and there");
    describe_counter!(MISSES, Unit::Count, "those that were not there");
    describe_counter!(ERRORS, Unit::Count, "those that failed");
    describe_counter!(DAMAGED, Unit::Count, "those that were found damaged");
    describe_counter!(RETRIES, Unit::Count, "attempts after the first one");
    describe_counter!(OPENED, Unit::Count, "how often a breaker opened");
    describe_counter!(BYTES_READ, Unit::Bytes, "bytes of contents that came out");
    describe_counter!(BYTES_WRITTEN, Unit::Bytes, "bytes of contents that went in");
    describe_histogram!(DURATION, Unit::Seconds, "how long operations took");
}

/// What an operation is counted with.
struct Handles {
    operations: Counter,
    hits: Counter,
    misses: Counter,
    errors: Counter,
    damaged: Counter,
    retries: Counter,
    opened: Counter,
    bytes_read: Counter,
    bytes_written: Counter,
    duration: Histogram,
}

impl Metrics {
    /// Counts what is asked of the data store of the storage that is called `store`.
    pub fn data(store: impl Into<SharedString>) -> Self {
        Self::new(store.into(), "data")
    }

    /// Counts what is asked of its metadata store.
    pub fn metadata(store: impl Into<SharedString>) -> Self {
        Self::new(store.into(), "metadata")
    }

    fn new(store: SharedString, kind: &'static str) -> Self {
        let labels = [Label::new("store", store), Label::new("kind", kind)];
        Self { labels, operations: std::array::from_fn(|_| OnceLock::new()) }
    }

    fn handles(&self, operation: Operation) -> &Handles {
        self.operations[operation.number].get_or_init(|| {
            describe();
            let [store, kind] = self.labels.clone();
            let labels = vec![store, kind, Label::new("operation", operation.method)];
            let counter = |name: &'static str| counter!(name, labels.clone());
            Handles {
                operations: counter(OPERATIONS),
                hits: counter(HITS),
                misses: counter(MISSES),
                errors: counter(ERRORS),
                damaged: counter(DAMAGED),
                retries: counter(RETRIES),
                opened: counter(OPENED),
                bytes_read: counter(BYTES_READ),
                bytes_written: counter(BYTES_WRITTEN),
                duration: histogram!(DURATION, labels.clone()),
            }
        })
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("labels", &self.labels).finish_non_exhaustive()
    }
}

impl Policy for Metrics {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let handles = self.handles(operation);
        handles.operations.increment(1);
        let (begun, before) = (Instant::now(), trouble::noted());
        let ended = attempt();
        handles.duration.record(begun.elapsed());
        let trouble = trouble::noted().since(before);
        increment(&[(&handles.retries, trouble.retries), (&handles.opened, trouble.opened)]);
        ended
    }

    fn note(&self, operation: Operation, tally: Tally) {
        let handles = self.handles(operation);
        increment(&[
            (&handles.hits, tally.hits),
            (&handles.misses, tally.misses),
            (&handles.errors, tally.errors),
            (&handles.damaged, tally.damaged),
            (&handles.bytes_read, tally.bytes_read),
            (&handles.bytes_written, tally.bytes_written),
        ]);
    }

    fn stream(&self, operation: Operation, stream: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let Handles { bytes_read, damaged, .. } = self.handles(operation);
        Box::new(Metered { stream, bytes_read: bytes_read.clone(), damaged: damaged.clone() })
    }
}

fn increment(counts: &[(&Counter, u64)]) {
    for (counter, count) in counts {
        if *count > 0 {
            counter.increment(*count);
        }
    }
}

/// A content whose bytes are counted as they come out, and that it is damaged where one of them turns out to be.
struct Metered {
    stream: Box<dyn Read + Send>,
    bytes_read: Counter,
    damaged: Counter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.stream.read(buffer).inspect_err(|error| {
            let of_store = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
            if of_store.is_some_and(|error| error.kind() == ErrorKind::Damaged) {
                self.damaged.increment(1);
            }
        })?;
        self.bytes_read.increment(bytes as u64);
        Ok(bytes)
    }
}
