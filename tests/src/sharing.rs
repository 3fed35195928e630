//! Processes that share a server, and compute each key once.

use std::fs;
use std::path::PathBuf;
use std::thread;

use memento::Storage;
use memento::storage::Filter;
use tempfile::TempDir;

use crate::processes::{Running, Worker, wait_until, wait_until_some};
use crate::visit::Visitor;
use crate::work::{lines, logged};

/// A server, and a place where functions tell that they run.
pub struct Sharing {
    place: TempDir,
    /// What a worker knows the server by.
    url: String,
    worker: &'static str,
    storage: Box<dyn Fn() -> Storage + Send + Sync>,
}

impl Sharing {
    /// Processes of the program `worker` on the server at `url`, where this process makes storages by `storage`.
    ///
    /// # Panics
    ///
    /// Where there is no place for temporary folders.
    pub fn new(
        worker: &'static str,
        url: String,
        storage: impl Fn() -> Storage + Send + Sync + 'static,
    ) -> Self {
        let place = TempDir::new().expect("a temporary folder");
        Self { place, url, worker, storage: Box::new(storage) }
    }

    fn log(&self) -> PathBuf {
        self.place.path().join("log")
    }

    /// While it is there, nothing that is computed comes to an end.
    fn stuck(&self) -> PathBuf {
        self.log().with_extension("stuck")
    }

    fn go_on(&self) {
        fs::remove_file(self.stuck()).expect("it is stuck");
    }

    fn worker(&self) -> Worker {
        Worker::on_server(self.worker, &self.url).logged(&self.log())
    }

    /// A process that computes something, and does not come to an end with it; the number of what it computes.
    fn stuck_holder(&self) -> (Running, u64) {
        fs::write(self.stuck(), "").expect("a file");
        let holder = self.worker().start();
        let first = wait_until_some("it computes", || lines(&self.log()).first()?.parse().ok());
        (holder, first)
    }

    /// How often the computation of `n` has begun.
    fn begun(&self, n: u64) -> usize {
        lines(&self.log()).iter().filter(|line| **line == n.to_string()).count()
    }

    /// Another process that asks for `n`, as far as the server can see.
    fn ask(&self, n: u64) -> u64 {
        Visitor::on((self.storage)()).enter(|| logged(n, self.log()))
    }

    /// Whose result is there of what was computed twice.
    fn process_of_result(&self, n: u64) -> u32 {
        let memento =
            Visitor::on((self.storage)()).enter(|| logged::memento(n, self.log()).unwrap());
        let key = memento.expect("it is there").key;
        let (mementos, _) = (self.storage)().list(&Filter::default(), None, 1000).unwrap();
        let memento = mementos.iter().find(|memento| memento.key == key).expect("it is listed");
        memento.provenance.process
    }

    /// Two processes that are asked for the same hundred at once compute a hundred.
    ///
    /// # Panics
    ///
    /// Where they do otherwise.
    pub fn compute_a_hundred_once(&self) {
        let mut workers: Vec<_> = (0..2).map(|_| self.worker().waiting().start()).collect();
        workers.iter_mut().for_each(Running::begin);
        let visits: Vec<_> = workers.into_iter().map(Running::finish).collect();
        assert_eq!(visits.iter().map(|visit| visit.computed).sum::<u64>(), 100, "{visits:?}");
        assert!(visits.iter().all(|visit| visit.failures == 0), "{visits:?}");
        let mut computed = lines(&self.log());
        computed.sort_unstable();
        computed.dedup();
        assert_eq!((computed.len(), lines(&self.log()).len()), (100, 100));
    }

    /// Who waits goes on when the process that computes is killed. `is_waiting` says that somebody waits, and `killed`
    /// looks at the server after it.
    ///
    /// # Panics
    ///
    /// Where that is not so.
    pub fn kill_who_computes(&self, is_waiting: impl Fn() -> bool, killed: impl FnOnce()) {
        let (holder, n) = self.stuck_holder();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| self.ask(n));
            wait_until("somebody waits", &is_waiting);
            assert_eq!(self.begun(n), 1, "nobody else computes it");
            holder.kill();
            self.go_on();
            killed();
            assert_eq!(waiter.join().expect("a value"), n * 3);
        });
        assert_eq!(self.begun(n), 2, "what was killed is computed again");
    }

    /// Who was stopped for longer than its lease does not replace what the next one did.
    ///
    /// # Panics
    ///
    /// Where that is not so.
    pub fn stop_who_computes(&self, is_waiting: impl Fn() -> bool) {
        let (holder, n) = self.stuck_holder();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| self.ask(n));
            wait_until("somebody waits", &is_waiting);
            holder.pause();
            wait_until("the next one computes it", || self.begun(n) == 2);
            self.go_on();
            assert_eq!(waiter.join().expect("a value"), n * 3);
        });
        assert_eq!(self.process_of_result(n), std::process::id());
        holder.resume();
        let visit = holder.finish();
        assert_eq!((visit.computed, visit.failures), (100, 0), "it goes on to its end: {visit:?}");
        assert_eq!(self.process_of_result(n), std::process::id(), "and replaces nothing");
    }
}
