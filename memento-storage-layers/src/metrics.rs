//! Counts what is asked of a store.

use std::fmt;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::time::Instant;

use memento::Result;
use metrics::{
    Counter, Histogram, Label, SharedString, Unit, counter, describe_counter, describe_histogram,
    histogram,
};

use crate::{Operation, Policy, Tally};

/// Tells the recorder of the [`metrics`](https://docs.rs/metrics) crate how often each operation was asked for, what
/// came of it, and how long it took.
///
/// | metric                                    | kind      | what                                                     |
/// | ----------------------------------------- | --------- | -------------------------------------------------------- |
/// | `memento_store_operations_total`          | counter   | operations, those on many objects once                   |
/// | `memento_store_hits_total`                | counter   | objects or records that were looked for and there        |
/// | `memento_store_misses_total`              | counter   | those that were not there                                |
/// | `memento_store_errors_total`              | counter   | those that failed, and are among neither                 |
/// | `memento_store_read_bytes_total`          | counter   | bytes of contents that came out                          |
/// | `memento_store_written_bytes_total`       | counter   | bytes of contents that went in                           |
/// | `memento_store_operation_duration_seconds`| histogram | how long operations took; of a stream, until it was open |
///
/// The labels are `store`, which says which one; `kind`, `data` or `metadata`; and `operation`, the method of the
/// store's trait. Each is registered when an operation is asked for the first time: a recorder that is installed later
/// is not told.
pub struct Metrics {
    labels: [Label; 2],
    operations: [OnceLock<Handles>; Operation::COUNT],
}

const OPERATIONS: &str = "memento_store_operations_total";
const HITS: &str = "memento_store_hits_total";
const MISSES: &str = "memento_store_misses_total";
const ERRORS: &str = "memento_store_errors_total";
const BYTES_READ: &str = "memento_store_read_bytes_total";
const BYTES_WRITTEN: &str = "memento_store_written_bytes_total";
const DURATION: &str = "memento_store_operation_duration_seconds";

/// Tells the recorder what each metric is.
fn describe() {
    describe_counter!(OPERATIONS, Unit::Count, "operations, those on many objects once");
    describe_counter!(HITS, Unit::Count, "objects or records that were looked for and there");
    describe_counter!(MISSES, Unit::Count, "those that were not there");
    describe_counter!(ERRORS, Unit::Count, "those that failed");
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
        let begun = Instant::now();
        let ended = attempt();
        handles.duration.record(begun.elapsed());
        ended
    }

    fn note(&self, operation: Operation, tally: Tally) {
        let handles = self.handles(operation);
        for (counter, count) in [
            (&handles.hits, tally.hits),
            (&handles.misses, tally.misses),
            (&handles.errors, tally.errors),
            (&handles.bytes_read, tally.bytes_read),
            (&handles.bytes_written, tally.bytes_written),
        ] {
            if count > 0 {
                counter.increment(count);
            }
        }
    }

    fn stream(&self, operation: Operation, stream: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let bytes_read = self.handles(operation).bytes_read.clone();
        Box::new(Metered { stream, bytes_read })
    }
}

/// A content whose bytes are counted as they come out.
struct Metered {
    stream: Box<dyn Read + Send>,
    bytes_read: Counter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.stream.read(buffer)?;
        self.bytes_read.increment(bytes as u64);
        Ok(bytes)
    }
}
