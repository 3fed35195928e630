//! What is called in the benches of servers, and how it is measured in the environment that has been entered.

use std::io;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use memento::{Blob, memento};

use crate::check;

/// How large a large result is.
pub const BYTES: usize = 64_000_000;

/// A small result.
#[memento]
pub fn small(n: u64) -> u64 {
    n * 2
}

fn numbers(seed: u64) -> Vec<f64> {
    (0..BYTES as u64 / 8).map(|n| f64::from_bits(n ^ (seed << 32))).collect()
}

/// A large result.
#[memento]
pub fn large(seed: u64) -> Vec<f64> {
    numbers(seed)
}

/// The same, as it is kept, and computed anew.
///
/// # Panics
///
/// It does not: numbers can be encoded.
pub fn encoded(seed: u64) -> Vec<u8> {
    let config = bincode::config::standard().with_fixed_int_encoding();
    bincode::serde::encode_to_vec(numbers(seed), config).expect("it is encoded")
}

/// A large result that is a file.
#[memento]
pub fn file(seed: u8) -> Blob {
    Blob::from_reader(&*vec![seed; BYTES]).expect("it fits on the disk")
}

/// Computes and stores `count` small results.
pub fn store_small(count: u64) {
    check(&small::map((0..count).map(|n| (n,))));
}

/// Hits of `count` small results at once.
pub fn hits(bencher: Bencher<'_, '_>, count: u64) {
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        let results = small::map((0..count).map(|n| (n,)));
        check(&results);
        results
    });
}

/// Hits of a large result.
pub fn large_hits(bencher: Bencher<'_, '_>) {
    large(1);
    bencher.counter(BytesCount::new(BYTES)).bench_local(|| large(1));
}

/// Hits of a large result that is a file, and is read as one, of which a megabyte or two are in memory.
///
/// # Panics
///
/// Where it cannot be read.
pub fn file_hits(bencher: Bencher<'_, '_>) {
    file(1);
    bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
        let mut reader = file(1).open().expect("it is there");
        io::copy(&mut reader, &mut io::sink()).expect("all of it")
    });
}

/// Something that takes a large result to where there was none, each time with another argument.
///
/// # Panics
///
/// After 255 times.
pub fn misses<T: From<u8>, R>(bencher: Bencher<'_, '_>, call: impl FnMut(T) -> R) {
    let mut seeds = 1..;
    bencher
        .with_inputs(|| T::from(seeds.next().expect("there are few")))
        .input_counter(|_| BytesCount::new(BYTES))
        .bench_local_values(call);
}
