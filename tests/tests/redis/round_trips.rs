//! How often the server is asked.

use memento_storage_redis::storage;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{expected_small, small};

use super::on;

/// The commands that the server has done since its counters were reset, and how often each.
fn commands(server: &RedisServer) -> Vec<(String, u64)> {
    let info = server.ask(&["INFO", "commandstats"]);
    let command = |line: &str| {
        let (name, calls) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), calls.split(',').next()?.parse().ok()?))
    };
    let ours = |(name, _): &(String, u64)| !name.starts_with("config");
    info.lines().filter_map(command).filter(ours).collect()
}

/// How often it has read from a connection.
fn reads(server: &RedisServer) -> u64 {
    let info = server.ask(&["INFO", "stats"]);
    let line = info.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
    line.unwrap().trim().parse().unwrap()
}

fn reset(server: &RedisServer) {
    assert_eq!(server.ask(&["CONFIG", "RESETSTAT"]), "+OK\r\n");
}

/// Its record is read, and nothing else is asked; of a large one, its object, too.
#[test]
fn a_hit_is_one_command() {
    let server = RedisServer::start();
    Visitor::on(storage(&on(&server))).visit(&Call::both(3));
    let visitor = Visitor::on(storage(&on(&server)));
    assert_eq!(visitor.visit(&Call::both(1)), Visit::hits(2), "there are connections now");
    for (call, count) in [(Call::Small(1), 1), (Call::Large(1), 2)] {
        reset(&server);
        assert_eq!(visitor.visit(&[call]), Visit::hits(1));
        assert_eq!(commands(&server), [("getrange".to_owned(), count)], "{call:?}");
    }
}

/// Its commands come many at a time: they do not wait for one another's replies.
#[test]
fn a_batch_of_hits_is_a_pipeline() {
    const CALLS: u64 = 1000;
    let server = RedisServer::start();
    let batch = |visitor: &Visitor| {
        visitor.measure(CALLS, || {
            for (n, result) in (0..).zip(small::map((0..CALLS).map(|n| (n,)))) {
                assert_eq!(result.unwrap(), expected_small(n));
            }
        })
    };
    let visitor = || Visitor::on(storage(&on(&server)).memory_cache(0));
    assert_eq!(batch(&visitor()), Visit::computed(CALLS));
    let visitor = visitor();
    assert_eq!(visitor.visit(&[Call::Small(1)]), Visit::hits(1), "there is a connection now");
    reset(&server);
    assert_eq!(batch(&visitor), Visit::hits(CALLS));
    assert_eq!(commands(&server), [("getrange".to_owned(), CALLS)]);
    assert!(reads(&server) < CALLS / 10, "{}", reads(&server));
}
