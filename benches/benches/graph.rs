//! Verifying graphs of mementos in which nothing has changed, in processes of their own, beside reading as much from a
//! SQLite table.
//!
//! What is measured is the first call in a process: it opens the store, and reads and checks the record of each
//! memento that the result was computed from. None of the functions runs.

use std::hint::black_box;
use std::time::Duration;

use memento::memento;
use memento_benches::{cached, child, counting, folder, sqlite, time};

/// How often the call is made again in the process that has verified the graph.
const REPEATS: u32 = 1_000;
/// How many calls of a batch look their records up at once: `LOOK_UP` in `memento/src/engine/calls.rs`.
const LOOK_UP: u64 = 1_024;
/// How many callees each of the functions in the batch has.
const CALLEES: u64 = 9;

#[memento]
fn leaf(n: u64) -> u64 {
    n * 2
}

/// Calls the leaves from `from` on, and before `to`.
#[memento]
fn parent(from: u64, to: u64) -> u64 {
    (from..to).map(leaf).sum()
}

/// Calls a parent for each 99 leaves.
#[memento]
fn grandparent(leaves: u64) -> u64 {
    (0..leaves).step_by(99).map(|from| parent(from, leaves.min(from + 99))).sum()
}

#[memento]
fn link(n: u64) -> u64 {
    if n == 0 { 0 } else { link(n - 1) + 1 }
}

/// A graph in a store, and the call that needs all of it.
struct Graph {
    name: &'static str,
    what: &'static str,
    /// Stores what `call` would else need a deep stack for.
    prepare: fn(),
    call: fn() -> u64,
    /// As many calls as `call` makes, of a function that calls nothing.
    plain: fn() -> u64,
    calls: u64,
    mementos: u64,
    /// The most requests that the metadata store may get: one for the calls, one for all that they depend on.
    requests: u64,
    /// How many processes it gets.
    rounds: usize,
}

/// A graph that one call needs.
const ONE: Graph = Graph {
    name: "",
    what: "",
    prepare: || {},
    call: || 0,
    plain: || leaf(0),
    calls: 1,
    mementos: 10_000,
    requests: 2,
    rounds: 21,
};

const GRAPHS: [Graph; 5] = [
    Graph { name: "wide", what: "one with 9,999 callees", call: || parent(0, 9_999), ..ONE },
    Graph {
        name: "tree",
        what: "one with 100 callees, which have 9,899",
        call: || grandparent(9_899),
        ..ONE
    },
    Graph {
        name: "chain",
        what: "10,000, each with the next as its callee",
        prepare: || (0..10_000).for_each(|n| assert_eq!(link(n), n)),
        call: || link(9_999),
        ..ONE
    },
    Graph {
        name: "batch",
        what: "a batch of 1,000 with 9 callees each",
        call: batch,
        plain: || sum(&leaf::map((0..1_000).map(|n| (n,)))),
        calls: 1_000,
        requests: 2 * 1_000_u64.div_ceil(LOOK_UP),
        ..ONE
    },
    Graph {
        name: "wider",
        what: "one with 100,000 callees",
        call: || parent(0, 100_000),
        mementos: 100_001,
        rounds: 5,
        ..ONE
    },
];

fn batch() -> u64 {
    sum(&parent::map((0..1_000).map(|n| (CALLEES * n, CALLEES * (n + 1)))))
}

/// The sum of results that are all there.
fn sum(results: &[memento::Result<u64>]) -> u64 {
    results.iter().map(|result| result.as_ref().expect("every call has a result")).sum()
}

fn main() {
    match child::case().as_deref() {
        None => GRAPHS.iter().for_each(compare),
        Some("table") => read_table(),
        Some(name) => {
            verify(GRAPHS.iter().find(|graph| graph.name == name).expect("it is a graph"));
        }
    }
}

/// Prints how long the first call takes, how long one takes that follows, how long one of a function that calls nothing
/// takes, and how many requests the first call made.
fn verify(graph: &Graph) {
    let (environment, counters) = counting::environment(&child::folder());
    environment.enter(|| {
        let first = time::of(graph.call);
        let requests = counters.read();
        let statistics = environment.statistics();
        assert_eq!(statistics.store_hits, graph.calls, "the store answers");
        assert_eq!(statistics.computed + statistics.misses.total(), 0, "nothing runs");
        assert_eq!(statistics.store_failures, 0, "nothing fails");
        assert_eq!(requests.found, graph.mementos, "each record is read once");
        assert_eq!(requests.others, 0, "nothing is written");
        assert!(requests.look_ups <= graph.requests, "{requests:?}");
        let again = repeat(graph.call);
        assert_eq!(counters.read(), requests, "what is verified is not asked for again");
        (graph.plain)();
        let plain = repeat(graph.plain);
        let [first, again, plain] = [first, again, plain].map(|time| time.as_nanos());
        println!("{first} {again} {plain} {}", requests.look_ups);
    });
}

/// The time of a call that the memory cache answers.
fn repeat(call: fn() -> u64) -> Duration {
    let call = black_box(call);
    time::of(|| (0..REPEATS).map(|_| call()).sum::<u64>()) / REPEATS
}

/// Opens the table in the folder of this process, and reads and hashes all of its rows in one transaction.
fn read_table() {
    let folder = child::folder();
    let keys = sqlite::keys(&sqlite::open(&folder));
    let took = time::of(|| {
        let table = sqlite::open(&folder);
        let mut statement = sqlite::prepare_get(&table);
        table.execute_batch("BEGIN").expect("it begins");
        let hashes: Vec<_> = keys.iter().map(|key| sqlite::get(&mut statement, key)).collect();
        table.execute_batch("COMMIT").expect("it ends");
        hashes
    });
    println!("{}", took.as_nanos());
}

/// Stores a graph, and starts the processes that verify it, and those that read the table, in turn.
fn compare(graph: &Graph) {
    let Graph { name, what, calls, mementos, rounds, .. } = graph;
    let folder = folder();
    cached(folder.path()).enter(|| {
        (graph.prepare)();
        (graph.call)()
    });
    let bytes = sqlite::size(&sqlite::copy(folder.path()));
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut requests = 0;
    for _ in 0..*rounds {
        let printed = child::run(name, folder.path(), &[]);
        let measured: Vec<u64> = numbers(&printed).collect();
        for (times, nanoseconds) in times.iter_mut().zip(&measured[..3]) {
            times.push(Duration::from_nanos(*nanoseconds));
        }
        requests = measured[3];
        let printed = child::run("table", folder.path(), &[]);
        times[3].extend(numbers(&printed).map(Duration::from_nanos));
    }
    let [first, again, plain, table] = times.map(time::median);
    let ratio = first.as_secs_f64() / table.as_secs_f64();
    println!("{name}: {what}; medians of {rounds} processes");
    println!("  {mementos} records of {} KB, {requests} requests", bytes / 1_000);
    println!("  verified: {first:.2?}, SQLite and BLAKE3: {table:.2?}, ratio {ratio:.2}");
    println!("  again: {again:.2?}, {calls} that call nothing: {plain:.2?}");
}

/// The numbers that a process printed.
fn numbers(printed: &str) -> impl Iterator<Item = u64> {
    printed.split_whitespace().map(|number| number.parse().expect("a child prints numbers"))
}
