use memento::{Bound, memento};

/// Cannot be read back.
#[derive(Clone, serde::Serialize)]
struct Table;

/// Nothing that a reference could own.
#[derive(serde::Serialize, serde::Deserialize)]
struct Single;

#[memento]
fn compound(rate: f64, years: u32) -> f64 {
    rate * f64::from(years)
}

#[memento]
fn sum(growth: Bound<fn(u32) -> f64>) -> f64 {
    growth.call(1)
}

#[memento]
fn of_table(_: Table) -> u64 {
    0
}

#[memento]
fn of_single(_: &Single) -> u64 {
    0
}

#[memento]
fn generic<T: serde::Serialize + Send>(_: T) -> u64 {
    0
}

#[memento]
async fn asynchronous(n: u64) -> u64 {
    n
}

#[memento(ignore(_threads))]
fn ignoring(_threads: usize) -> u64 {
    0
}

#[memento]
fn borrowing(words: Vec<&str>) -> usize {
    words.len()
}

#[memento]
fn takes_what_is_borrowed(_: Bound<fn(&str) -> usize>) -> usize {
    0
}

fn main() {
    compound::bind().fix("0.5");
    compound::bind().call(0.5);
    sum(compound::bind());
    sum(compound);
    sum::bind().fix(compound::bind().fix(0.5).fix(1));
    of_table::bind();
    of_single::bind();
    generic::bind();
    asynchronous::bind();
    ignoring::bind();
    borrowing::bind();
}
