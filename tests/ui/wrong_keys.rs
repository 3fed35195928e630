use memento::memento;

#[memento(ignore(verbos), key(numbr = n + 1))]
fn unknown(n: u64, verbose: bool, (a, b): (u8, u8)) -> u64 {
    n + u64::from(a + b) + u64::from(verbose)
}

#[memento(ignore(progress))]
fn has_none() -> u64 {
    0
}

#[memento(ignore(U), key(T = 1))]
fn parameters<T: serde::Serialize + Send, const N: usize>(value: T) -> usize {
    N + size_of_val(&value)
}

#[memento(ignore(n, n))]
fn ignored_twice(n: u64) -> u64 {
    n
}

#[memento(key(n = 1, n = 2))]
fn two_values(n: u64) -> u64 {
    n
}

#[memento(ignore(n), key(n = 1))]
fn ignored_with_a_value(n: u64) -> u64 {
    n
}

#[memento(ignore = n)]
fn ignore_assigned(n: u64) -> u64 {
    n
}

#[memento(key = n)]
fn key_assigned(n: u64) -> u64 {
    n
}

#[memento(ignore)]
fn ignore_alone(n: u64) -> u64 {
    n
}

#[memento(key(n))]
fn without_value(n: u64) -> u64 {
    n
}

#[memento(ignore("n"))]
fn in_quotes(n: u64) -> u64 {
    n
}

#[memento(salt = pub x)]
fn visible_salt(n: u64) -> u64 {
    n
}

fn main() {}
