use memento::memento;

mod taken {}

#[memento]
fn taken(n: u64) -> u64 {
    n
}

fn main() {}
