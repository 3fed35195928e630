use memento::memento;

fn helper(n: u64) -> u64 {
    n + 1
}

#[memento(dependencies(helper, helpers::other, std::collections::HashMap))]
fn not_there(n: u64) -> u64 {
    helper(n)
}

#[memento(dependencies = helper)]
fn assigned(n: u64) -> u64 {
    n
}

#[memento(dependencies)]
fn alone(n: u64) -> u64 {
    n
}

#[memento(dependencies("helper"))]
fn in_quotes(n: u64) -> u64 {
    n
}

#[memento(auto_dependencies = "no", code_hash = 7)]
fn of_other_types(n: u64) -> u64 {
    n
}

#[memento(version = "1", code_hash = "2")]
fn both(n: u64) -> u64 {
    n
}

#[memento(version = "1", dependencies(helper))]
fn of_nothing(n: u64) -> u64 {
    n
}

#[memento(dependencies(helper), dependencies(helper))]
fn twice(n: u64) -> u64 {
    n
}

fn main() {}
