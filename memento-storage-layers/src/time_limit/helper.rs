//! Threads that wait for a store in the place of those that give it up.

use std::cell::Cell;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use memento::{Error, ErrorKind, Result};

/// How long one of the two threads looks for what the other one does before it goes to sleep: to wake it from there
/// takes longer than most operations do.
const BRIEFLY: Duration = Duration::from_micros(25);

/// How often it looks before it lets others have the processor in between: some two microseconds, which is what an
/// operation takes that finds all in memory.
const AT_ONCE: u32 = 500;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one thing after the other for another thread, and ends when nobody has it any more.
pub(super) struct Helper {
    jobs: Sender<Job>,
}

thread_local! {
    /// The helper of this thread, unless it is at work.
    static OWN: Cell<Option<Helper>> = const { Cell::new(None) };
}

impl Helper {
    /// The helper of this thread; another one where that is still at work.
    ///
    /// # Errors
    ///
    /// Where the system gives no thread.
    pub(super) fn take() -> Result<Self> {
        // A thread that is ending has none any more.
        let own = OWN.try_with(Cell::take).ok().flatten();
        own.map_or_else(Self::start, Ok)
    }

    fn start() -> Result<Self> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let thread = thread::Builder::new().name("memento-time-limit".to_owned());
        let started = thread.spawn(move || {
            while let Ok(job) = receive(&todo, None) {
                job();
            }
        });
        match started {
            Ok(_) => Ok(Self { jobs }),
            Err(error) => {
                Err(Error::new(ErrorKind::Storage, "start a thread for a time limit")
                    .because(error))
            }
        }
    }

    /// Gives it `job` to do. One that panics is its last one.
    pub(super) fn begin(&self, job: impl FnOnce() + Send + 'static) {
        // It ends after a panic alone, and then nobody keeps it.
        let _ = self.jobs.send(Box::new(job));
    }

    /// Leaves it to this thread for what comes next: it has done all that it was to do.
    pub(super) fn keep(self) {
        // Where the thread is ending, so does the helper.
        let _ = OWN.try_with(|own| own.set(Some(self)));
    }
}

/// What another thread sends, unless that takes longer than `limit`.
pub(super) fn receive<T>(
    receiver: &Receiver<T>,
    limit: Option<Duration>,
) -> Result<T, RecvTimeoutError> {
    let began = Instant::now();
    let briefly = limit.map_or(BRIEFLY, |limit| limit.min(BRIEFLY));
    for tries in 0.. {
        match receiver.try_recv() {
            Ok(received) => return Ok(received),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) if tries < AT_ONCE => {}
            Err(TryRecvError::Empty) if began.elapsed() < briefly => thread::yield_now(),
            Err(TryRecvError::Empty) => break,
        }
    }
    match limit {
        Some(limit) => receiver.recv_timeout(limit.saturating_sub(began.elapsed())),
        None => receiver.recv().map_err(RecvTimeoutError::from),
    }
}
