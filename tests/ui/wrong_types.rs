use std::marker::PhantomData;

use memento::memento;

struct Opaque;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Threadbound(PhantomData<*const u8>);

#[memento]
fn takes_opaque(_: Opaque) -> u64 {
    0
}

#[memento]
fn takes_reference_to_opaque(_: &Opaque) -> u64 {
    0
}

#[memento]
fn returns_opaque() -> Opaque {
    Opaque
}

#[memento]
fn returns_result_of_opaque() -> Result<Opaque, String> {
    Ok(Opaque)
}

#[memento]
fn returns_what_stays_in_its_thread() -> Threadbound {
    Threadbound(PhantomData)
}

#[memento(errors = "replay")]
fn replays_what_cannot_be_kept(n: u64) -> std::io::Result<u64> {
    Ok(n)
}

#[memento]
fn returns_an_error_that_stays_in_its_thread() -> Result<u64, Box<dyn std::error::Error>> {
    Ok(0)
}

fn main() {}
