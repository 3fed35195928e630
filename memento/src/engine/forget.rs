//! Results that are dropped. What runs meanwhile began before, and does not bring them back.

use crate::Result;
use crate::binding::Binding;
use crate::encoding::Encoded;
use crate::validity;

/// Drops the result of a call; whether there was one.
pub(crate) fn forget(binding: &Binding, encoded: &Encoded<'_>) -> Result<bool> {
    let cluster = &binding.cluster;
    let key = encoded.invocation().key(&binding.function.version());
    let drop_it = || cluster.storage.forget(&key, encoded.identity(binding.number));
    let word = cluster.flights.word(&key).or_else(|| cluster.task_flights.word(&key));
    let (forgotten, removed) = match word {
        Some(word) => word.say(drop_it),
        None => drop_it(),
    };
    validity::count_replaced_result();
    drop(removed);
    forgotten
}

/// Drops all results of a function; how many there were.
pub(crate) fn forget_all(binding: &Binding) -> Result<u64> {
    binding.forgotten_all.say();
    let storage = &binding.cluster.storage;
    let forgotten = storage.forget_all(binding.function, binding.number, &binding.all());
    validity::count_replaced_result();
    forgotten
}
