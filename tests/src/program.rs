//! A program that has worker processes, and is one.

use std::io::Write as _;
use std::path::Path;

use memento::{Environment, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::crossing;
use memento_tests::fates::{Fate, meet, process};
use memento_tests::graph::Part;
use memento_tests::tasks;

#[memento::main]
fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("say"), _) => print(),
        (Some("hang"), Some(folder)) => hang(Path::new(&folder), arguments),
        (Some("start"), Some(folder)) => start(Path::new(&folder)),
        (Some("without-itself"), _) => call_without_itself(),
        (Some("without-threads"), _) => call_without_threads(),
        (Some("take-part"), Some(part)) => part.parse::<Part>().expect("a part").take(),
        (Some("cross"), Some(storage)) => {
            crossing::compute(Path::new(&storage), arguments.next().is_some());
        }
        (Some("tasks"), Some(storage)) => compute_tasks(Path::new(&storage), arguments),
        other => panic!("there is no such thing to do: {other:?}"),
    }
}

fn print() {
    std::io::stdout().write_all(b"I am a program").expect("a reader");
}

/// A worker does not return from a call that has started a program.
fn start(folder: &Path) {
    let runner = ProcessRunner::new(Options::new().workers(1));
    let call = || meet(folder.to_owned(), 1, Fate::Start { aborts: false });
    Environment::new(Storage::memory(), runner).enter(call);
}

/// Lets a worker make a call when the file of this program is gone.
fn call_without_itself() {
    let program = std::env::current_exe().expect("the file of this program");
    std::fs::remove_file(program).expect("it is removed");
    let runner = ProcessRunner::new(Options::new().workers(1));
    let (_, worker) = Environment::new(Storage::memory(), runner).enter(|| process(1));
    assert_ne!(worker, std::process::id());
}

/// Lets workers make calls where nothing but them can have another thread.
fn call_without_threads() {
    let runner = Options::new().workers(3).launcher(["env", "-u", "RUST_MIN_STACK"]);
    let calls = || process::try_map((0..6).map(|n| (n,)));
    let values = Environment::new(Storage::memory(), ProcessRunner::new(runner)).enter(calls);
    let own = std::process::id();
    assert!(values.expect("values").into_iter().all(|(_, worker)| worker != own));
}

/// Takes part in computing tasks.
fn compute_tasks(storage: &Path, mut arguments: impl Iterator<Item = String>) {
    let place = arguments.next().expect("a folder");
    let half = arguments.next().and_then(|half| half.parse().ok()).expect("0 or 1");
    tasks::compute(storage, Path::new(&place), half);
}

/// Two workers do not return from their calls, and a third has none.
fn hang(folder: &Path, launcher: impl Iterator<Item = String>) {
    let runner = ProcessRunner::new(Options::new().workers(3).launcher(launcher));
    Environment::new(Storage::memory(), runner).enter(|| {
        let fates = [(1, Fate::Return), (2, Fate::Hang), (3, Fate::Hang)];
        meet::map(fates.map(|(n, fate)| (folder.to_owned(), n, fate)))
    });
}
