//! What nobody else gives.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// 64 bits as digits.
pub(crate) fn short() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let unique = (SystemTime::now(), std::process::id(), count);
    // Its keys are random, and other ones in each process.
    format!("{:016x}", RandomState::new().hash_one(unique))
}

/// 128 bits as digits.
pub(crate) fn long() -> String {
    short() + &short()
}
