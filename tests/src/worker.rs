//! A process that uses a storage: it makes calls, and prints what came of them.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use memento_storage_fs::{Durability, Options};
use memento_tests::s3;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{self, expected_small, small};

/// After which time the claims of this process on a server are free when it is killed.
const LEASE: Duration = Duration::from_secs(1);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let place = arguments.next().expect("a folder, or the URL of a server");
    let mut options = Options::new(&place);
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
            Some(("logged", log)) => visit = Some(logged(&visitor(&options), Path::new(log))),
            Some(("forever", first)) => {
                forever(&visitor(&options), first.parse().expect("a number"));
            }
            _ => calls.push(argument.parse::<Call>().expect("a call")),
        }
    }
    let visit = visit.unwrap_or_else(|| visitor(&options).visit(&calls));
    print(&visit.to_string());
}

/// On the folder that `options` names, or on the Redis or S3 server, where it names one.
fn visitor(options: &Options) -> Visitor {
    let place = options.path.to_string_lossy();
    if !place.contains("://") {
        return Visitor::new(options);
    }
    if let Some(port) = place.strip_prefix("s3://127.0.0.1:") {
        let options = s3::options(port.parse().expect("a port"), s3::BUCKET);
        return Visitor::on(memento_storage_object::storage(&options.lease(LEASE)));
    }
    let options = memento_storage_redis::Options::new(&place).expect("a URL");
    Visitor::on(memento_storage_redis::storage(&options.lease(LEASE)))
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
fn logged(visitor: &Visitor, log: &Path) -> Visit {
    visitor.measure(100, || {
        for (n, value) in (0..).zip(work::logged::map((0..100).map(|n| (n, log.to_owned())))) {
            assert_eq!(value.expect("a value"), n * 3, "logged({n})");
        }
    })
}

/// Makes calls until the process is killed, and tells of each when it is done.
fn forever(visitor: &Visitor, first: u64) -> ! {
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
