//! A process that uses a storage: it makes calls, and prints what came of them.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use memento::storage::{DataStore as _, PutOptions, Source};
use memento::{Environment, LocalRunner, Name};
use memento_storage_fs::{Durability, Options};
use memento_storage_object::ObjectDataStore;
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
            None if argument == "tell" => return print(&tell(&bucket(&options)).to_string()),
            Some(("batch", count)) => {
                visit = Some(batch(&options, count.parse().expect("a number")));
            }
            Some(("stream", length)) => {
                return print(&stream(&options, length.parse().expect("a number")).to_string());
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

/// Makes two calls, and has all that is logged meanwhile, by whomever, written to the standard error.
fn tell(options: &memento_storage_object::Options) -> Visit {
    let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    all.with_writer(std::io::stderr).init();
    let storage = memento_storage_object::storage(options);
    let environment = Environment::new(storage, LocalRunner::new());
    environment.enter(|| {
        assert_eq!(small(1), expected_small(1));
        assert!(work::large(1) == work::expected_large(1));
    });
    let statistics = environment.statistics();
    let (computed, hits) = (statistics.computed, statistics.hits());
    Visit { computed, hits, failures: statistics.store_failures, warnings: Vec::new() }
}

/// On the folder that `options` names, or on the Redis or S3 server, where it names one.
fn visitor(options: &Options) -> Visitor {
    let place = options.path.to_string_lossy();
    if !place.contains("://") {
        return Visitor::new(options);
    }
    if place.starts_with("s3://") {
        return Visitor::on(memento_storage_object::storage(&bucket(options)));
    }
    let options = memento_storage_redis::Options::new(&place).expect("a URL");
    Visitor::on(memento_storage_redis::storage(&options.lease(LEASE)))
}

/// The bucket of the S3 server that `options` names, where it does, with the secret in front of it.
fn bucket(options: &Options) -> memento_storage_object::Options {
    let place = options.path.to_string_lossy();
    let port = place.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let options = s3::options(port, s3::BUCKET).lease(LEASE);
    match place.trim_start_matches("s3://").split_once('@') {
        Some((secret, _)) => options.key(s3::KEY.0, secret).session_token(secret),
        None => options,
    }
}

/// Puts an object of so many bytes as a stream, reads it as one, and says how many bytes of memory this process took at
/// most.
fn stream(options: &Options, length: u64) -> u64 {
    let store = ObjectDataStore::new(&bucket(options));
    let name = Name::new("a/b").expect("a name");
    let mut content = std::io::repeat(7).take(length);
    let mut source = Source::new(&mut content);
    assert!(store.put_from(&name, &mut source, &PutOptions::default()).expect("it is put"));
    let mut found = store.read(&name).expect("it is read").expect("it is there");
    let mut buffer = vec![0; 64 << 10];
    let mut read = 0;
    loop {
        match found.read(&mut buffer).expect("it is read") {
            0 => break,
            part => {
                assert!(buffer[..part].iter().all(|byte| *byte == 7), "what was put");
                read += part as u64;
            }
        }
    }
    assert_eq!(read, length);
    peak_memory()
}

/// How many bytes of memory this process took at most.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("what Linux says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the peak");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
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
