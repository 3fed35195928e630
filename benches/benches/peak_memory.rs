//! The peak memory of a process that stores or reads a result of 32 MB, less that of one that does so with a number.
//!
//! Divan counts what is allocated; how much of it is in use at once, and touched at all, only the kernel tells.

use memento::memento;
use memento_benches::{child, folder};

const NUMBERS: usize = 4_000_000;
const BYTES: u64 = 8 * NUMBERS as u64;

#[memento]
fn small(n: u64) -> u64 {
    n * 2
}

#[memento]
fn large(first: u64) -> Vec<f64> {
    (0..NUMBERS as u64).map(|n| f64::from_bits(first + n)).collect()
}

fn main() {
    match child::case().as_deref() {
        None => compare(),
        Some("small") => print_peak(small(1)),
        Some(_) => print_peak(large(1)),
    }
}

/// Prints the peak of this process in KiB, while `value` is still there.
fn print_peak<T>(value: T) {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.expect("the kernel tells").trim().trim_end_matches(" kB"));
    drop(std::hint::black_box(value));
}

fn compare() {
    println!("peak memory with a value of {} MB", BYTES / 1_000_000);
    for (name, variables) in [
        ("with the memory cache", &[][..]),
        ("without it", &[("MEMENTO_STORAGE__MEMORY_CACHE", "0 B")]),
    ] {
        let folder = folder();
        let run = |case| -> u64 {
            child::run(case, folder.path(), variables).parse().expect("a child prints its peak")
        };
        // The first of two runs stores, the second one hits.
        let baselines = [run("small"), run("small")];
        let peaks = [run("large"), run("large")];
        for (what, peak, baseline) in
            [("store", peaks[0], baselines[0]), ("hit", peaks[1], baselines[1])]
        {
            let bytes = (peak - baseline) * 1024;
            #[expect(clippy::cast_precision_loss, reason = "two digits of it are shown")]
            let ratio = bytes as f64 / BYTES as f64;
            println!(
                "  {what}, {name}: {} MB over {} MB, {ratio:.2} x the value",
                bytes / 1_000_000,
                baseline * 1024 / 1_000_000
            );
        }
    }
}
