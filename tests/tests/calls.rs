//! What a call does.
#![allow(missing_docs)]

use std::sync::atomic::{AtomicU64, Ordering};

use memento::memento;
use memento_tests::memory;

static RUNS: AtomicU64 = AtomicU64::new(0);

#[memento]
fn double(n: u64) -> u64 {
    RUNS.fetch_add(1, Ordering::Relaxed);
    n * 2
}

#[memento]
fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[memento]
fn fails(text: &str) -> Result<usize, std::io::Error> {
    if text.is_empty() { Err(std::io::Error::other("nothing")) } else { Ok(text.len()) }
}

#[test]
fn smoke() {
    memory().enter(|| {
        assert_eq!(double(3), 6);
        assert_eq!(double(3), 6);
        assert_eq!(RUNS.load(Ordering::Relaxed), 1);
        let m = double::memento(3).unwrap().unwrap();

        assert_eq!(fibonacci(50), 12586269025);

        assert_eq!(fails("abc").unwrap(), 3);
        assert!(fails("").is_err());
    });
    let d = std::env::temp_dir().join(format!("smoke-{}", std::process::id()));
    for _ in 0..2 {
        memento::Environment::new(
            memento_storage_fs::storage(&memento_storage_fs::Options::new(&d)),
            memento::LocalRunner::new(),
        )
        .enter(|| {
            assert_eq!(double(3), 6);
        });
    }
}
