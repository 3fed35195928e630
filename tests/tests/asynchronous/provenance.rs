//! Who called whom.

use std::sync::Arc;

use futures_executor::block_on;
use futures_util::future::join;
use memento::{Dependency, memento};
use memento_tests::Runs;

static RUNS: Runs = Runs::new();

#[memento]
async fn leaf(n: u64) -> u64 {
    RUNS.add();
    // Goes back to the executor, so that others of its task are polled meanwhile.
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
    n
}

#[memento]
fn sync_leaf(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento]
async fn joins(n: u64) -> u64 {
    let (a, b) = join(branches(n), branches(n + 10)).await;
    a + b + sync_leaf(n)
}

#[memento]
async fn branches(n: u64) -> u64 {
    let (a, b) = join(leaf(n), leaf(n + 1)).await;
    a + b
}

#[memento]
fn blocks(n: u64) -> u64 {
    block_on(leaf(n))
}

#[memento]
async fn spawns(n: u64, is_carried: bool) -> u64 {
    let task = if is_carried {
        tokio::spawn(memento::carry_future(leaf(n)))
    } else {
        tokio::spawn(async { 0 })
    };
    task.await.unwrap()
}

#[memento]
async fn reads(path: std::path::PathBuf) -> usize {
    RUNS.add();
    leaf(1).await;
    memento::resource::text(path).map_or(0, |text| text.len())
}

/// What a function called, as names and arguments.
fn callees(memento: Option<memento::Memento>) -> Vec<String> {
    let provenance = memento.expect("it has run").provenance;
    let callee = |dependency: &Dependency| match dependency {
        Dependency::Callee(callee) => callee.function.rsplit("::").next().map(str::to_owned),
        _ => None,
    };
    let mut callees: Vec<_> = provenance.dependencies.iter().filter_map(callee).collect();
    callees.sort();
    callees
}

#[test]
fn callees_are_recorded_through_awaits_and_joins() {
    RUNS.alone(|| {
        assert_eq!(block_on(joins(1)), 27);
        assert_eq!(callees(joins::memento(1).unwrap()), ["branches", "branches", "sync_leaf"]);
        assert_eq!(callees(branches::memento(1).unwrap()), ["leaf", "leaf"]);
        assert_eq!(callees(branches::memento(11).unwrap()), ["leaf", "leaf"]);
        assert_eq!(callees(leaf::memento(1).unwrap()), [""; 0]);
        assert_eq!(RUNS.take(), 5);
        let outer = joins::memento(1).unwrap().unwrap().provenance;
        let inner = leaf::memento(12).unwrap().unwrap().provenance;
        assert_eq!(outer.correlation, inner.correlation);
        assert!(outer.own_time <= outer.total_time);
    });
}

#[test]
fn callees_found_in_memory_are_recorded() {
    RUNS.alone(|| {
        block_on(async { leaf(1).await + leaf(2).await });
        block_on(branches(1));
        assert_eq!(callees(branches::memento(1).unwrap()), ["leaf", "leaf"]);
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn a_sync_function_may_wait_for_an_async_one() {
    RUNS.alone(|| {
        assert_eq!(blocks(4), 4);
        assert_eq!(callees(blocks::memento(4).unwrap()), ["leaf"]);
    });
}

#[test]
fn what_is_spawned_is_carried() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    RUNS.alone(|| {
        assert_eq!(runtime.block_on(spawns(5, true)), 5);
        assert_eq!(callees(spawns::memento(5, true).unwrap()), ["leaf"]);
        assert_eq!(runtime.block_on(spawns(5, false)), 0);
        assert_eq!(callees(spawns::memento(5, false).unwrap()), [""; 0]);
    });
}

#[test]
fn who_awaits_is_not_the_caller_of_others_in_its_thread() {
    RUNS.alone(|| {
        // Both run in turns, in one task.
        block_on(join(branches(1), async {
            leaf(7).await;
            sync_leaf(8);
        }));
        assert_eq!(callees(branches::memento(1).unwrap()), ["leaf", "leaf"]);
    });
}

#[test]
fn what_is_read_behind_an_await_counts() {
    let file = Arc::new(tempfile::NamedTempFile::new().unwrap());
    let path = || file.path().to_owned();
    RUNS.alone(|| {
        std::fs::write(path(), "one").unwrap();
        assert_eq!((block_on(reads(path())), block_on(reads(path()))), (3, 3));
        assert_eq!(RUNS.take(), 2);
        std::fs::write(path(), "three").unwrap();
        assert_eq!((block_on(reads(path())), RUNS.take()), (5, 1));
    });
}
