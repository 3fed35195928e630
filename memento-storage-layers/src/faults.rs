//! Fails on purpose.

use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use crate::{Operation, Policy};

/// Fails a share of all operations on purpose, to see what a program makes of it. Half of those that fail are done
/// nevertheless, as where a connection breaks before the answer comes.
#[derive(Debug)]
pub struct Faults {
    rate: f64,
    random: Mutex<fastrand::Rng>,
}

impl Faults {
    /// Fails this share of all operations, from 0 to 1. The same `seed` fails the same ones.
    pub fn new(rate: f64, seed: u64) -> Self {
        Self { rate, random: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }
}

impl Policy for Faults {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (fails, is_done) = {
            let mut random = self.random.lock();
            (random.f64() < self.rate, random.bool())
        };
        if !fails {
            return attempt();
        }
        if is_done {
            attempt()?;
        }
        Err(Error::new(ErrorKind::Storage, operation.does).because("it fails on purpose"))
    }
}
