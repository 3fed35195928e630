//! What the layers do when a store fails, hangs, or must not be changed.

mod breaker;
mod methods;
mod metrics;
mod named;
mod policies;
mod retry;
mod scripted;
mod size_limit;
mod time_limit;

use memento::{ErrorKind, Name};

use scripted::Next;

fn name(text: &str) -> Name {
    Name::new(&format!("test/{text}")).unwrap()
}

fn fails(times: usize) -> impl Iterator<Item = Next> {
    (0..times).map(|_| Next::Fail(ErrorKind::Storage))
}
