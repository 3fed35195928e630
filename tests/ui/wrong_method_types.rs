use memento::memento;

struct Opaque;

#[memento]
impl Opaque {
    #[memento]
    fn of_opaque(&self, n: u64) -> u64 {
        n
    }

    #[memento]
    fn new(_: u64) -> Self {
        Self
    }
}

struct Misplaced;

impl Misplaced {
    #[memento]
    fn without_block_and_self(n: u64) -> u64 {
        n
    }
}

fn main() {}
