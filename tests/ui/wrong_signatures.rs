use memento::memento;

#[memento]
fn changes_its_argument(list: &mut Vec<u64>) -> u64 {
    list.len() as u64
}

#[memento]
fn hides_its_result(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

#[memento]
fn refers(text: &str) -> &str {
    text
}

#[memento]
unsafe fn is_unsafe(n: u64) -> u64 {
    n
}

#[memento]
extern "C" fn is_extern(n: u64) -> u64 {
    n
}

#[memento]
fn returns_a_future(n: u64) -> impl Future<Output = u64> {
    async move { n }
}

#[memento]
async fn refers_later(text: &str) -> &str {
    text
}

#[memento]
const fn is_const(n: u64) -> u64 {
    n
}

#[memento]
unsafe extern "C" fn has_two_mistakes(n: &mut u64) -> &u64 {
    n
}

fn main() {}
