//! Async functions that two processes compute at the same time, each of which waits for the other one's.

use std::fmt::Debug;
use std::fs::{self, OpenOptions};
use std::future::poll_fn;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use futures_util::future::{join, join_all};
use memento::{Environment, LocalRunner, memento};
use parking_lot::Mutex;
use tracing::field::Field;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

/// How many threads the pool for blocking work has at most.
const THREADS: u64 = 500;
/// How many calls each process makes itself: more than that.
pub const MANY: u64 = THREADS + 20;

/// What makes functions take long enough to be claimed, when one of them has run.
const WARM: u64 = u64::MAX / 2;

/// The file with a byte for each call that has begun.
pub const BEGUN: &str = "begun";
/// What the files are called that have a byte for each call that waits for the other process.
const WAITING: &str = "waiting";

/// A moment that tasks wait for.
#[derive(Default)]
struct Moment(Mutex<(bool, Vec<Waker>)>);

static ALL_HAVE_BEGUN: LazyLock<Moment> = LazyLock::new(Moment::default);
static AS_MANY_AS_THREADS_WAIT: LazyLock<Moment> = LazyLock::new(Moment::default);

impl Moment {
    fn come(&self) {
        let woken = {
            let mut state = self.0.lock();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        woken.into_iter().for_each(Waker::wake);
    }

    async fn wait(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if state.0 {
                return Poll::Ready(());
            }
            state.1.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// Adds a byte to a file.
fn note(file: &Path) {
    let file = OpenOptions::new().append(true).create(true).open(file);
    file.and_then(|mut file| file.write_all(b".")).expect("a byte is added");
}

fn wait_for_length(file: &Path, length: u64) {
    while fs::metadata(file).map_or(0, |file| file.len()) < length {
        std::thread::yield_now();
    }
}

/// Notes in a file each call that waits for another process.
struct Waits(PathBuf);

impl<S: Subscriber> Layer<S> for Waits {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut |field: &Field, value: &dyn Debug| {
            if field.name() == "message" && format!("{value:?}") == "waits for another process" {
                note(&self.0);
            }
        });
    }
}

/// Ends when in each process so many calls wait for the other one that no thread would be left to record this one.
#[memento]
pub async fn awaited(place: PathBuf, n: u64) -> u64 {
    if n >= WARM {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
        return n;
    }
    note(&place.join(BEGUN));
    AS_MANY_AS_THREADS_WAIT.wait().await;
    n * 2
}

/// Computes half of the calls, 0 or 1, and waits for the other half, which the other process computes.
///
/// # Panics
///
/// Where a value is wrong.
pub fn compute(storage: &Path, place: &Path, half: u64) {
    let storage = memento_storage_fs::storage(&memento_storage_fs::Options::new(storage));
    let waiting = [0, 1].map(|half| place.join(format!("{WAITING}-{half}")));
    let waits = Waits(place.join(format!("{WAITING}-{half}")));
    let subscriber = tracing_subscriber::registry().with(waits);
    tracing::subscriber::set_global_default(subscriber).expect("there is no other one");
    let begun = place.join(BEGUN);
    std::thread::spawn(move || {
        wait_for_length(&begun, 2 * MANY);
        ALL_HAVE_BEGUN.come();
        for file in waiting {
            wait_for_length(&file, THREADS);
        }
        AS_MANY_AS_THREADS_WAIT.come();
    });
    let call = |n| awaited(place.to_owned(), n);
    let own = (0..MANY).map(|n| 2 * n + half);
    let of_others = (0..MANY).map(|n| 2 * n + 1 - half);
    let ask = async |n| {
        ALL_HAVE_BEGUN.wait().await;
        call(n).await
    };
    Environment::new(storage, LocalRunner::new()).enter(|| {
        block_on(call(WARM + half));
        let (computed, waited) =
            block_on(join(join_all(own.clone().map(call)), join_all(of_others.clone().map(ask))));
        assert!(computed.into_iter().eq(own.map(|n| n * 2)));
        assert!(waited.into_iter().eq(of_others.map(|n| n * 2)));
    });
}
