//! A process that uses a storage: it makes calls, and prints what came of them.

use std::io::Write as _;
use std::path::Path;

use memento_storage_fs::{Durability, Options};
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{self, expected_small, small};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut options = Options::new(arguments.next().expect("a folder"));
    let mut calls = Vec::new();
    let mut visit = None;
    for argument in arguments {
        match argument.split_once('=') {
            None if argument == "durable" => options = options.durability(Durability::Full),
            None if argument == "readonly" => options = options.readonly(),
            None if argument == "wait" => {
                std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("an end");
            }
            Some(("batch", count)) => {
                visit = Some(batch(&options, count.parse().expect("a number")));
            }
            Some(("logged", log)) => visit = Some(logged(&options, Path::new(log))),
            Some(("forever", first)) => forever(&options, first.parse().expect("a number")),
            _ => calls.push(argument.parse::<Call>().expect("a call")),
        }
    }
    let visit = visit.unwrap_or_else(|| Visitor::new(&options).visit(&calls));
    print(&visit.to_string());
}

fn batch(options: &Options, count: u64) -> Visit {
    let visitor = Visitor::new(options);
    visitor.measure(count, || {
        for (n, value) in (0..count).zip(small::map((0..count).map(|n| (n,)))) {
            assert_eq!(value.expect("a value"), expected_small(n), "small({n})");
        }
    })
}

/// A batch of a hundred that tells in a file what it computes.
fn logged(options: &Options, log: &Path) -> Visit {
    let visitor = Visitor::new(options);
    visitor.measure(100, || {
        for (n, value) in (0..).zip(work::logged::map((0..100).map(|n| (n, log.to_owned())))) {
            assert_eq!(value.expect("a value"), n * 3, "logged({n})");
        }
    })
}

/// Makes calls until the process is killed, and tells of each when it is done.
fn forever(options: &Options, first: u64) -> ! {
    let visitor = Visitor::new(options);
    for n in first.. {
        visitor.visit(&[Call::Small(n), Call::Large(n)]);
        print(&format!("{n}\n"));
    }
    unreachable!("there are more numbers than can be counted")
}

fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).expect("a reader");
}
