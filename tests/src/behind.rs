//! A program that puts much and ends: it returns, or exits, as its argument says. What its storage has put off is done
//! then.

use memento::memento;
// Nothing else of them is used: they are there because the program depends on them.
use memento_storage_fs as _;
use memento_storage_layers as _;
use memento_storage_tiers as _;

#[memento]
fn large(n: u8) -> Vec<u8> {
    vec![n; 1 << 20]
}

fn main() {
    let length: usize = (0..20).map(|n| large(n).len()).sum();
    assert_eq!(length, 20 << 20);
    if std::env::args().nth(1).as_deref() == Some("exit") {
        std::process::exit(0);
    }
}
