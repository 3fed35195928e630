use std::rc::Rc;

use memento::memento;

struct Opaque;

#[memento(key(n = Opaque))]
fn opaque_value(n: u64) -> u64 {
    n
}

#[memento(key(name = nmae.len()))]
fn misspelt_value(name: &str) -> usize {
    name.len()
}

#[memento(ignore(counter))]
fn ignored_in_its_thread(n: u64, counter: Rc<u64>) -> u64 {
    n + *counter
}

#[memento]
fn unbounded<T: Clone + Send>(value: T) -> usize {
    size_of_val(&value)
}

#[memento]
fn returns_unbounded<T: serde::Serialize + Send + Clone>(value: T) -> T {
    value
}

fn main() {}
