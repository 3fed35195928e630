use memento::memento;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Number(u64);

impl Number {
    #[memento]
    fn without_block(&self) -> u64 {
        self.0
    }

    #[memento]
    fn made_without_block(n: u64) -> Self {
        Self(n)
    }
}

trait Doubled {
    #[memento]
    fn doubled(&self) -> u64 {
        0
    }
}

#[memento]
trait Provided {}

#[memento]
impl Number {
    fn forgotten(&self) -> u64 {
        self.0
    }
}

#[memento(version = "1", ignore(n), cluster = "numbers", clutser = "x")]
impl Number {
    #[memento]
    fn shared(&self, n: u64) -> u64 {
        self.0 + n
    }
}

#[memento]
impl Number {
    #[memento]
    fn changes(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[memento]
    fn changes_by_type(self: &mut Self) -> u64 {
        self.0
    }

    #[memento(ignore(slef))]
    fn ignores(&self, n: u64) -> u64 {
        n
    }

    #[memento]
    async fn waits(&mut self) -> u64 {
        self.0
    }

}

#[memento]
impl Number {
    #[memento]
    #[memento]
    fn twice(&self) -> u64 {
        self.0
    }

    #[memento = "x"]
    fn assigned(&self) -> u64 {
        self.0
    }
}

trait Length {
    fn length(&self) -> usize;
}

#[memento]
impl Length for (u8, u8) {
    #[memento]
    fn length(&self) -> usize {
        2
    }
}

fn main() {
    // The plain functions stay: no more messages than mistakes.
    Number(1).shared(2);
    Number(1).changes();
}
