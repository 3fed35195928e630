//! Batches: hits in memory, beside the same hits in `cached` and in a `HashMap`, and work on all processors, beside
//! rayon.
//!
//! The rounds of all take turns, so that noise on the machine meets them alike.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use cached::macros::concurrent_cached;
use memento::{Environment, LocalRunner, Storage, memento};
use memento_benches::time;
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _,
};

/// Hits in a round.
const HITS: u32 = 1_000_000;
const HIT_ROUNDS: usize = 11;
/// Functions of one millisecond in a round.
const RUNS: u32 = 500;
const RUN_ROUNDS: usize = 7;

fn main() {
    hits();
    runs();
}

#[memento]
fn number(n: u64) -> u64 {
    n * 2
}

#[concurrent_cached]
fn number_in_cached(n: u64) -> u64 {
    n * 2
}

/// An environment whose memory cache holds all that is measured here.
fn memory(runner: LocalRunner) -> Environment {
    Environment::new(Storage::memory().memory_cache(1 << 30), runner)
}

/// Arguments.
fn numbers(count: u32) -> impl Iterator<Item = u64> {
    (0..u64::from(count)).map(black_box)
}

/// Results, each of which is right.
fn values(results: impl Iterator<Item = u64>) -> Vec<u64> {
    let values: Vec<u64> = results.collect();
    assert!((0..).zip(&values).all(|(n, value)| *value == n * 2), "every value is right");
    values
}

fn hits() {
    let map = Mutex::new(numbers(HITS).map(|n| (n, n * 2)).collect::<HashMap<_, _>>());
    values(numbers(HITS).map(number_in_cached));
    let environment = memory(LocalRunner::new());
    environment.enter(|| values(number::map(numbers(HITS).map(|n| (n,))).into_iter().flatten()));
    let cases: [(&str, &dyn Fn() -> Duration); 6] = [
        ("f::map", &|| time::of(|| number::map(numbers(HITS).map(|n| (n,))))),
        ("f::try_map", &|| time::of(|| number::try_map(numbers(HITS).map(|n| (n,))))),
        ("f::for_each", &|| {
            let mut sum = 0;
            let add = |_, result: memento::Result<u64>| sum += result.unwrap_or(0);
            time::of(|| number::for_each(numbers(HITS).map(|n| (n,)), add))
        }),
        ("a loop over f", &|| time::of(|| numbers(HITS).map(number).collect::<Vec<_>>())),
        ("a loop over `cached`", &|| {
            time::of(|| numbers(HITS).map(number_in_cached).collect::<Vec<_>>())
        }),
        ("a loop over a `Mutex<HashMap>`", &|| {
            let get = |n| map.lock().map(|map| map.get(&n).copied());
            time::of(|| numbers(HITS).map(|n| get(n).ok().flatten()).collect::<Vec<_>>())
        }),
    ];
    println!("{HITS} hits in memory, each; medians of {HIT_ROUNDS} rounds");
    environment.enter(|| take_turns(HIT_ROUNDS, &cases, HITS));
}

/// Work of one millisecond, near enough.
fn work(n: u64) -> u64 {
    (0..1_000_000).fold(n, |n, _| black_box(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n >> 29)))
}

#[memento]
fn worked(n: u64) -> u64 {
    work(n)
}

fn runs() {
    let map = |threads| {
        let runner = LocalRunner::with_threads(threads).expect("threads can be started");
        let environment = memory(runner);
        time::of(|| environment.enter(|| worked::map(numbers(RUNS).map(|n| (n,)))))
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.expect("threads can be started");
    let all: Vec<u64> = numbers(RUNS).collect();
    let plain = || all.par_iter().with_max_len(1).map(|n| work(*n)).collect::<Vec<_>>();
    let cases: [(&str, &dyn Fn() -> Duration); 4] = [
        ("f::map, 2 threads", &|| map(2)),
        ("f::map, 1 thread", &|| map(1)),
        ("rayon, 2 threads", &|| time::of(|| pool.install(plain))),
        ("a loop", &|| time::of(|| numbers(RUNS).map(work).collect::<Vec<_>>())),
    ];
    println!("{RUNS} runs of about a millisecond, each; medians of {RUN_ROUNDS} rounds");
    take_turns(RUN_ROUNDS, &cases, RUNS);
}

/// Prints the median time of each case, which does `count` calls, and how it compares to the last one.
fn take_turns(rounds: usize, cases: &[(&str, &dyn Fn() -> Duration)], count: u32) {
    let mut times = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for ((_, case), times) in cases.iter().zip(&mut times) {
            times.push(case());
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(time::median).collect();
    for ((name, _), median) in cases.iter().zip(&medians) {
        let ratio = medians[medians.len() - 1].as_secs_f64() / median.as_secs_f64();
        let rate = f64::from(count) / median.as_secs_f64();
        println!("  {name}: {:.2?}, {rate:.0} a second, {ratio:.2} × the last", *median / count);
    }
}
