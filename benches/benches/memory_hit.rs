//! Hits in memory, beside `cached`.
//!
//! The argument of a bench is the number of keys that its calls go through in turn: with 1, all that a hit touches
//! stays in the nearest cache of the processor. A sample is one turn through all of them.

use std::cell::Cell;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use cached::macros::concurrent_cached;
use divan::{Bencher, black_box};
use memento::{Caller, Environment, LocalRunner, Storage, memento};
use memento_storage_tiers::{Tier, Tiers};

const KEYS: [u64; 2] = [1, 10_000];

fn main() {
    divan::main();
}

#[memento]
fn number(n: u64) -> u64 {
    n * 2
}

#[memento]
async fn number_awaited(n: u64) -> u64 {
    std::future::ready(n * 2).await
}

/// What a future comes to that ends in its first poll, as hits in memory do.
fn poll_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it does not end in its first poll"),
    }
}

#[concurrent_cached]
fn number_in_cached(n: u64) -> u64 {
    n * 2
}

#[concurrent_cached(max_size = 100_000)]
fn number_in_bounded_cached(n: u64) -> u64 {
    n * 2
}

#[memento]
fn mixed(text: String, n: u64, x: f64) -> u64 {
    text.into_bytes().len() as u64 + n + x.to_bits()
}

#[concurrent_cached(key = "(String, u64, u64)", convert = "{ (text.clone(), n, x.to_bits()) }")]
fn mixed_in_cached(text: String, n: u64, x: f64) -> u64 {
    text.into_bytes().len() as u64 + n + x.to_bits()
}

/// Whoever is called from here is called by a memento function.
#[memento]
fn inside() {
    CALLER.get_or_init(Caller::current);
}

static CALLER: OnceLock<Caller> = OnceLock::new();

/// Measures `call` with `keys` numbers in turn, each of which has been asked for before.
fn hits(bencher: Bencher<'_, '_>, keys: u64, call: impl Fn(u64) -> u64) {
    for key in 0..keys {
        call(key);
    }
    let next = Cell::new(0);
    bencher.bench_local(|| {
        let key = next.get();
        next.set(if key + 1 == keys { 0 } else { key + 1 });
        call(black_box(key))
    });
}

/// As [`hits`], of functions with three arguments.
fn hits_of_three(bencher: Bencher<'_, '_>, keys: u64, call: impl Fn(String, u64, f64) -> u64) {
    let arguments = |key: u64| ("a text of usual length".to_owned(), key, 0.5);
    for key in 0..keys {
        let (text, n, x) = arguments(key);
        call(text, n, x);
    }
    let mut next = 0;
    let arguments = || {
        next = (next + 1) % keys;
        arguments(next)
    };
    bencher.with_inputs(arguments).bench_local_values(|(text, n, x)| call(text, n, x));
}

/// `u64 -> u64`
mod of_number {
    use super::{
        Bencher, CALLER, Environment, KEYS, LocalRunner, Storage, Tier, Tiers, hits, poll_once,
    };

    /// Unbounded, as it is unless told otherwise.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn cached(bencher: Bencher<'_, '_>, keys: u64) {
        hits(bencher, keys, super::number_in_cached);
    }

    /// Bounded in entries, as memento is in bytes.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn cached_bounded(bencher: Bencher<'_, '_>, keys: u64) {
        hits(bencher, keys, super::number_in_bounded_cached);
    }

    /// The usual call.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento(bencher: Bencher<'_, '_>, keys: u64) {
        hits(bencher, keys, super::number);
    }

    /// The same of an async function.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento_async(bencher: Bencher<'_, '_>, keys: u64) {
        for key in 0..keys {
            futures_executor::block_on(super::number_awaited(key));
        }
        hits(bencher, keys, |key| poll_once(super::number_awaited(key)));
    }

    /// The same from inside of a memento function, in whose record the calls are noted.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento_inside(bencher: Bencher<'_, '_>, keys: u64) {
        super::inside();
        let caller = CALLER.get().expect("it has run");
        caller.enter(|| hits(bencher, keys, super::number));
    }

    /// The same in an environment other than that of the process.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento_in_environment(bencher: Bencher<'_, '_>, keys: u64) {
        let environment = Environment::new(Storage::memory(), LocalRunner::new());
        environment.enter(|| hits(bencher, keys, super::number));
    }

    /// The same behind whose memory cache there are two tiers.
    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento_in_tiers(bencher: Bencher<'_, '_>, keys: u64) {
        let tiers =
            Tiers::new(["near", "far"].map(|name| Tier::new(name, Storage::memory().stores())));
        let environment = Environment::new(Storage::from(tiers.into_stores()), LocalRunner::new());
        environment.enter(|| hits(bencher, keys, super::number));
    }
}

/// `(String, u64, f64) -> u64`
mod of_three {
    use super::{Bencher, KEYS, hits_of_three};

    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn cached(bencher: Bencher<'_, '_>, keys: u64) {
        hits_of_three(bencher, keys, super::mixed_in_cached);
    }

    #[divan::bench(args = KEYS, sample_size = 10_000)]
    fn memento(bencher: Bencher<'_, '_>, keys: u64) {
        hits_of_three(bencher, keys, super::mixed);
    }
}
