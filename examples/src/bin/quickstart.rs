//! The essentials. The comments tell what the first run does; in a second run each call is a hit: results persist.

use memento::memento;

/// How many primes are below `limit`.
#[memento]
fn primes_below(limit: u64) -> usize {
    let is_prime = |n: &u64| (2..=n.isqrt()).all(|d| !n.is_multiple_of(d));
    (2..limit).filter(is_prime).count()
}

/// How many primes are between `from` and `to`.
#[memento]
fn primes_between(from: u64, to: u64) -> usize {
    primes_below(to) - primes_below(from)
}

#[memento::main]
fn main() -> memento::Result<()> {
    let began = std::time::Instant::now();
    println!("primes below a million: {}", primes_below(1_000_000)); // miss: computed
    println!("the same once more:     {}", primes_below(1_000_000)); // hit
    // miss: computed. It calls `primes_below` with two million, a miss, and with one million, a hit.
    println!("in the second million:  {}", primes_between(1_000_000, 2_000_000));
    for count in primes_below::map([(1_000_000,), (2_000_000,), (3_000_000,)]) {
        println!("one of a batch:         {}", count?); // hit, hit, and a miss: computed
    }

    if let Some(memento) = primes_between::memento(1_000_000, 2_000_000)? {
        println!("\n{} took {:?}", memento.provenance.function, memento.provenance.total_time);
        println!("  arguments {}", memento.provenance.arguments.as_ref().expect("they are short"));
        for callee in memento.provenance.callees() {
            println!("  called    {} {}", callee.function, callee.key());
        }
    }
    let statistics = memento::Environment::current()?.statistics();
    println!("\n{}", memento_examples::summary(&statistics, began.elapsed()));
    Ok(())
}
