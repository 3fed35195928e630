use memento::memento;

#[memento(clutser = "prices")]
fn unknown(n: u64) -> u64 {
    n
}

#[memento(cluster = prices, errors = "ignore", ttl = "soon", codec = "xml", salt = 1, salt = "x")]
fn all_at_once(n: u64) -> u64 {
    n
}

#[memento(version)]
fn without_value(n: u64) -> u64 {
    n
}

#[memento(handle = "Name")]
fn in_quotes(n: u64) -> u64 {
    n
}

#[memento(errors = "replay")]
fn no_result_to_replay(n: u64) -> u64 {
    n
}

#[memento]
#[memento(salt = "x")]
fn twice(n: u64) -> u64 {
    n
}

#[memento]
struct NoFunction;


#[memento::main]
fn not_main() {}

fn main() {
    // The plain functions stay: no more messages than mistakes.
    unknown(1);
    all_at_once(1);
    without_value(1);
    in_quotes(1);
}
