//! Times, for the programs that measure without divan.

use std::time::{Duration, Instant};

/// How long `work` takes.
pub fn of<T>(work: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    let value = work();
    let took = began.elapsed();
    std::hint::black_box(value);
    took
}

/// The median of some times.
///
/// # Panics
///
/// Where there is none.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
