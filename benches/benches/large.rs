//! 32 MB of numbers, as a result and as an argument, beside the same steps done by hand.

use std::fs;
use std::sync::Mutex;

use divan::Bencher;
use divan::counter::BytesCount;
use memento::memento;
use memento_benches::{cached, folder, uncached};

const NUMBERS: usize = 4_000_000;
const BYTES: usize = 8 * NUMBERS;
const BINCODE: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
> = bincode::config::standard().with_fixed_int_encoding();

/// What [`large`] returns next: making it is no part of what is measured.
static NEXT: Mutex<Vec<f64>> = Mutex::new(Vec::new());

fn main() {
    divan::main();
}

#[memento]
fn large(seed: u64) -> Vec<f64> {
    let next = std::mem::take(&mut *NEXT.lock().expect("nobody panicked"));
    assert!(next[0].to_bits() == seed << 32, "the value is that of the seed");
    next
}

#[memento]
fn length(values: &[f64]) -> usize {
    values.len()
}

/// Numbers that are the same for the same seed only.
fn numbers(seed: u64) -> Vec<f64> {
    (0..NUMBERS as u64).map(|n| f64::from_bits(n ^ (seed << 32))).collect()
}

/// What is written for a value.
fn encode(value: &Vec<f64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bincode::serde::encode_into_std_write(value, &mut bytes, BINCODE).expect("it has an encoding");
    bytes
}

/// A large result that is stored, each in a folder of its own: what the kernel has still to write of one goes with it,
/// before the next one is measured.
mod store {
    use super::{Bencher, BytesCount, NEXT, cached, encode, folder, fs, numbers};

    /// bincode, BLAKE3, a file.
    #[divan::bench(sample_count = 41, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let value = numbers(1);
        bencher.counter(BytesCount::new(super::BYTES)).with_inputs(folder).bench_local_refs(
            |folder| {
                let bytes = encode(&value);
                fs::write(folder.path().join("value"), &bytes).expect("it is written");
                blake3::hash(&bytes)
            },
        );
    }

    #[divan::bench(sample_count = 41, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let next = || {
            *NEXT.lock().expect("nobody panicked") = numbers(1);
            let folder = folder();
            let environment = cached(folder.path());
            environment.enter(|| super::length(&[]));
            (folder, environment)
        };
        bencher
            .counter(BytesCount::new(super::BYTES))
            .with_inputs(next)
            .bench_local_refs(|(_, environment)| environment.enter(|| super::large(1)));
    }
}

/// A large result that is read from disk.
mod hit {
    use super::{BINCODE, Bencher, BytesCount, NEXT, encode, folder, fs, numbers, uncached};

    /// A file, BLAKE3, bincode.
    #[divan::bench(sample_count = 41, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let folder = folder();
        let path = folder.path().join("value");
        fs::write(&path, encode(&numbers(1))).expect("it is written");
        bencher.counter(BytesCount::new(super::BYTES)).bench_local(|| {
            let bytes = fs::read(&path).expect("it is read");
            let hash = blake3::hash(&bytes);
            let (value, _) = bincode::serde::decode_from_slice::<Vec<f64>, _>(&bytes, BINCODE)
                .expect("it is a value");
            (hash, value)
        });
    }

    /// Without a memory cache.
    #[divan::bench(sample_count = 41, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let folder = folder();
        *NEXT.lock().expect("nobody panicked") = numbers(1);
        uncached(folder.path()).enter(|| {
            super::large(1);
            bencher.counter(BytesCount::new(super::BYTES)).bench_local(|| super::large(1));
        });
    }

    /// The first one in an environment, which puts a clone into the memory cache.
    #[divan::bench(sample_count = 41, sample_size = 1)]
    fn memento_first(bencher: Bencher<'_, '_>) {
        let folder = folder();
        *NEXT.lock().expect("nobody panicked") = numbers(1);
        uncached(folder.path()).enter(|| super::large(1));
        bencher
            .counter(BytesCount::new(super::BYTES))
            .with_inputs(|| super::cached(folder.path()))
            .bench_local_refs(|environment| environment.enter(|| super::large(1)));
    }
}

/// A large argument: a hit in memory, which encodes and hashes it.
mod argument {
    use super::{Bencher, BytesCount, encode, numbers};

    /// BLAKE3 of the same numbers as bytes.
    #[divan::bench(sample_count = 51, sample_size = 1)]
    fn blake3(bencher: Bencher<'_, '_>) {
        let bytes = encode(&numbers(1));
        bencher.counter(BytesCount::new(super::BYTES)).bench_local(|| blake3::hash(&bytes));
    }

    #[divan::bench(sample_count = 51, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let values = numbers(1);
        super::length(&values);
        bencher.counter(BytesCount::new(super::BYTES)).bench_local(|| super::length(&values));
    }
}
