//! Many calls of an async function at once, as they end.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_executor::block_on;
use futures_util::future::{Either, select};
use futures_util::{FutureExt as _, Stream, StreamExt as _};
use memento::{CancellationToken, Dependency, Environment, ErrorKind, memento, resource};
use memento_tests::Runs;
use serde::Serialize;

use super::Gate;

static RUNS: Runs = Runs::new();

#[memento]
async fn double(n: u64) -> u64 {
    RUNS.add();
    std::future::ready(()).await;
    assert!(n != 13, "13 is bad luck");
    n * 2
}

static GATES: [Gate; 4] = [const { Gate::new() }; 4];

/// Ends when somebody opens its gate.
#[memento]
async fn gated(n: usize) -> usize {
    GATES[n].wait().await;
    n
}

/// Lets the last call end first.
#[memento]
async fn calls_backwards(calls: usize) -> Vec<usize> {
    let mut ended = Vec::new();
    GATES[calls - 1].open();
    let batch = gated::for_each((0..calls).map(|n| (n,)), |index, result| {
        ended.extend(result);
        if index > 0 {
            GATES[index - 1].open();
        }
    });
    batch.await;
    ended
}

#[memento]
async fn measures<T: Serialize + Send + Sync + 'static>(value: &T) -> usize {
    RUNS.add();
    std::future::ready(size_of_val(value)).await
}

#[derive(Clone, Serialize)]
struct View<'a>(&'a str);

#[memento]
impl<'a> View<'a> {
    #[memento]
    async fn length(&self, more: &'a str) -> usize {
        RUNS.add();
        self.0.len() + more.len()
    }
}

static NEVER: Gate = Gate::new();
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The first call ends; no other one does.
#[memento]
async fn hangs(n: u64) -> u64 {
    BEGUN.fetch_add(1, Ordering::Relaxed);
    if n > 0 {
        NEVER.wait().await;
    }
    n
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn all_values_or_the_first_failure() {
    RUNS.alone(|| {
        block_on(async {
            let values = is_send(double::try_map((0..10).map(|n| (n,)))).await.unwrap();
            assert_eq!(values, (0..10).map(|n| n * 2).collect::<Vec<_>>());
            assert_eq!(RUNS.take(), 10);
            // There is no end to these: what comes behind the failure does not begin.
            let batch = double::with().in_flight(4);
            let error = batch.try_map((0..).map(|n| (n,))).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Panicked);
            assert!((4..=8).contains(&RUNS.take()));
            assert!(double::try_map([]).await.unwrap().is_empty());
        });
    });
}

#[test]
fn results_come_as_calls_end() {
    RUNS.alone(|| {
        block_on(async {
            let mut seen = Vec::new();
            is_send(double::for_each((10..15).map(|n| (n,)), |index, result| {
                seen.push((index, result.ok()));
            }))
            .await;
            seen.sort_unstable();
            assert_eq!(
                seen,
                [(0, Some(20)), (1, Some(22)), (2, Some(24)), (3, None), (4, Some(28))]
            );
            let found = double::try_for_each((0..).map(|n| (n,)), |index, result| match result {
                Ok(value) if value >= 40 => ControlFlow::Break((index, value)),
                _ => ControlFlow::Continue(()),
            });
            let ControlFlow::Break((index, value)) = is_send(found).await else {
                panic!("there is no end");
            };
            assert!(index >= 20 && value == 2 * index as u64);
        });
    });
}

#[test]
fn callees_are_recorded_in_the_order_of_the_arguments() {
    RUNS.alone(|| {
        assert_eq!(block_on(calls_backwards(4)), [3, 2, 1, 0]);
        let memento = calls_backwards::memento(4).unwrap().unwrap();
        let digest = |dependency: &Dependency| match dependency {
            Dependency::Callee(callee) => callee.digest,
            _ => None,
        };
        let recorded: Vec<_> = memento.provenance.dependencies.iter().map(digest).collect();
        let computed = (0..4).map(|n| gated::memento(n).unwrap().map(|it| it.outcome.digest));
        assert_eq!(recorded, computed.collect::<Vec<_>>());
    });
}

#[test]
fn a_stream_has_each_result_when_it_is_there() {
    RUNS.alone(|| {
        block_on(async {
            let arguments = [(0,), (1,), (2,)];
            let mut stream = is_send(hangs::as_completed(arguments));
            let (index, result) = stream.next().await.unwrap();
            assert_eq!((index, result.unwrap()), (0, 0));
            assert!(stream.next().now_or_never().is_none());
            // Whoever drops it drops the calls that run: they begin again.
            let begun = BEGUN.load(Ordering::Relaxed);
            drop(stream);
            let mut stream = pin!(hangs::with().in_flight(1).as_completed(arguments));
            assert_eq!(stream.next().await.unwrap().1.unwrap(), 0);
            assert!(stream.next().now_or_never().is_none());
            assert!(BEGUN.load(Ordering::Relaxed) <= begun + 1);
        });
    });
}

#[test]
fn a_stream_takes_arguments_as_there_is_room() {
    RUNS.alone(|| {
        let taken = AtomicU64::new(0);
        let arguments = (20..).inspect(|_| {
            taken.fetch_add(1, Ordering::Relaxed);
        });
        block_on(async {
            let batch = double::with().in_flight(4);
            let stream = batch.as_completed(arguments.map(|n| (n,)));
            assert_eq!(taken.load(Ordering::Relaxed), 0);
            let results: Vec<_> =
                stream.take(10).map(|(_, result)| result.unwrap()).collect().await;
            assert_eq!(results.len(), 10);
        });
        // Those that ended, those that run, and those that wait for room.
        assert!((10..=18).contains(&taken.load(Ordering::Relaxed)), "{taken:?}");
    });
}

#[test]
fn a_token_ends_a_batch_with_one_error() {
    RUNS.alone(|| {
        block_on(async {
            let token = CancellationToken::new();
            let mut results = Vec::new();
            let batch = double::with().cancel(&token).in_flight(2);
            batch
                .for_each((20..).map(|n| (n,)), |_, result| {
                    token.cancel();
                    results.push(result.map_err(|error| error.kind()));
                })
                .await;
            // Two began at the same time: the first to end cancels, the other one may be on its way.
            assert!(matches!(results[0], Ok(40 | 42)), "{results:?}");
            assert!(results.contains(&Err(ErrorKind::Cancelled)), "{results:?}");
            let begun = RUNS.take();
            assert!((1..=2).contains(&begun), "{begun}");
        });
    });
}

#[test]
fn what_keeps_all_calls_from_being_made_is_said_once() {
    #[memento(cluster = "nowhere")]
    async fn homeless(n: u64) -> u64 {
        n
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[clusters.somewhere]\nstorage = { type = \"memory\" }\n").unwrap();
    Environment::load(file.path()).unwrap().enter(|| {
        block_on(async {
            let mut told = Vec::new();
            // Who goes on whatever happens comes to an end, too.
            let flow = homeless::try_for_each((0..).map(|n| (n,)), |index, result| {
                told.push((index, result.unwrap_err().kind()));
                if told.len() == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(flow.await, ControlFlow::Continue(()));
            assert_eq!(told, [(0, ErrorKind::Configuration)]);
            assert_eq!(homeless::as_completed((0..10).map(|n| (n,))).count().await, 1);
            let results = homeless::map([(1,), (2,)]).await;
            assert_eq!(results.iter().filter(|result| result.is_err()).count(), 2, "one for each");
        });
    });
}

#[memento]
async fn letter(path: PathBuf, n: usize) -> Option<char> {
    RUNS.add();
    resource::text(path).ok()?.chars().nth(n)
}

#[test]
fn what_is_in_memory_is_found_there_though_files_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters");
    std::fs::write(&path, "some letters").unwrap();
    let numbers = || (0..300).map(|n| (path.clone(), n));
    RUNS.alone(|| {
        block_on(async {
            for runs in [300, 0, 0] {
                let letters = letter::try_map(numbers()).await.unwrap();
                assert_eq!(letters[..3], ['s', 'o', 'm'].map(Some));
                assert_eq!(RUNS.take(), runs);
            }
            letter(path.clone(), 3).await;
        });
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.memory_hits, statistics.store_hits), (601, 0));
    });
}

#[test]
fn a_batch_of_what_is_in_memory_lets_others_have_their_turn() {
    RUNS.alone(|| {
        block_on(async {
            double(1).await;
            let mut count = 0;
            let endless = double::for_each((0..).map(|_| (1,)), |_, _| {
                count += 1;
                assert!(count < 10_000, "nobody else has had a turn");
            });
            let other = std::future::ready(());
            assert!(matches!(select(pin!(endless), other).await, Either::Right(_)));
            // However few are on their way at the same time.
            for in_flight in [1, 256] {
                let batch = double::with().in_flight(in_flight);
                let few = batch.map((0..100).map(|_| (1,)));
                assert_eq!(few.now_or_never().unwrap().len(), 100);
            }
            assert_eq!(RUNS.take(), 1);
        });
    });
}

#[test]
fn what_runs_goes_on_while_the_others_are_in_memory() {
    RUNS.alone(|| {
        block_on(async {
            double(1).await;
            let began = Instant::now();
            let numbers = (0..).map(|n| (if n == 0 { 2 } else { 1 },));
            let flow = double::try_for_each(numbers, |index, result| {
                if index == 0 {
                    return ControlFlow::Break(result.unwrap());
                }
                assert!(began.elapsed() < Duration::from_mins(2), "the first one never ends");
                ControlFlow::Continue(())
            });
            assert_eq!(flow.await, ControlFlow::Break(4));
        });
    });
}

#[test]
fn all_shapes_have_batches() {
    RUNS.alone(|| {
        block_on(async {
            assert_eq!(measures::try_map([(&1u8,), (&2,)]).await.unwrap(), [1, 1]);
            let stream = measures::as_completed([(&1u16,)]);
            assert_eq!(stream.map(|(_, size)| size.unwrap()).collect::<Vec<_>>().await, [2]);
            let text = String::from("ab");
            let view = View(&text);
            assert_eq!(ViewLength::try_map([(&view, "c"), (&view, "")]).await.unwrap(), [3, 2]);
            let lengths = ViewLength::as_completed([(&view, ""), (&view, "cd")]);
            assert_eq!(
                lengths.map(|(_, length)| length.unwrap()).collect::<Vec<_>>().await,
                [2, 4]
            );
            assert_eq!(RUNS.take(), 6);
        });
    });
}

/// What spawns asks for.
fn is_spawned<S: Stream<Item = (usize, memento::Result<u64>)> + Send + 'static>(stream: S) -> S {
    stream
}

#[test]
fn a_stream_goes_to_other_threads() {
    RUNS.alone(|| {
        let environment = memento::Environment::current().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        let count = environment.enter(|| {
            let stream = is_spawned(double::as_completed((0..300).map(|n| (n + 20,))));
            runtime.block_on(memento::carry_future(async {
                tokio::spawn(memento::carry_future(stream.count())).await.unwrap()
            }))
        });
        assert_eq!((count, RUNS.take()), (300, 300));
    });
}
