//! Storage on a Redis server, which each test starts for itself, or which they share.

mod claims;
mod configuration;
mod conformance;
mod cut;
mod damaged;
mod down;
mod expiry;
mod foreign;
mod memory;
mod pool;
mod round_trips;
mod secure;
mod set_aside;
mod streamed;
mod too_long;
mod topology;
mod wrapped;

use memento::storage::{DataStore as _, ListOptions, Prefix, object_pages};
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::redis::RedisServer;

/// A storage on `server`.
fn on(server: &RedisServer) -> Options {
    Options::new(&server.url()).unwrap()
}

/// A key of a server.
#[derive(Debug)]
struct ServerKey {
    name: String,
    /// For how many milliseconds it is there; -1 where it stays.
    lasts: i64,
}

/// The keys whose names begin with `memento:1:` and this.
fn keys(server: &RedisServer, beginning: &str) -> Vec<ServerKey> {
    let list = "local list = {} \
        for _, key in ipairs(redis.call('KEYS', 'memento:1:' .. ARGV[1] .. '*')) do \
            table.insert(list, key .. ' ' .. redis.call('PTTL', key)) \
        end \
        return table.concat(list, '\\n')";
    let reply = server.ask(&["EVAL", list, "0", beginning]);
    // What comes first is the length.
    let lines = reply.lines().skip(1).filter_map(|line| line.rsplit_once(' '));
    let key = |(name, lasts): (&str, &str)| ServerKey {
        name: name.to_owned(),
        lasts: lasts.parse().unwrap(),
    };
    lines.map(key).collect()
}

fn chunks(server: &RedisServer) -> Vec<ServerKey> {
    keys(server, "chunk:")
}

/// What the server says a number is.
fn number(server: &RedisServer, words: &[&str]) -> u64 {
    let reply = server.ask(words);
    reply.strip_prefix(':').and_then(|number| number.trim().parse().ok()).expect(&reply)
}

/// Counters and indices are what all objects and records add up to.
#[track_caller]
fn assert_counted(server: &RedisServer) {
    let store = RedisDataStore::new(&on(server));
    let (mut objects, mut bytes) = (0, 0);
    for page in object_pages(&store, &Prefix::root(), ListOptions::default()) {
        let page = page.unwrap();
        objects += page.objects.len() as u64;
        bytes += page.objects.iter().map(|object| object.size).sum::<u64>();
    }
    let info = store.info().unwrap();
    assert_eq!((info.objects, info.bytes), (objects, bytes));
    let count = |pattern: &str| {
        let script = "return #redis.call('KEYS', ARGV[1])";
        number(server, &["EVAL", script, "0", &format!("memento:1:{pattern}")])
    };
    assert_eq!(count("object:*"), objects);
    let classes = ["succeeded", "failed", "hidden-succeeded", "hidden-failed"];
    let indexed =
        classes.map(|class| number(server, &["ZCARD", &format!("memento:1:mementos:{class}")]));
    assert_eq!(indexed.iter().sum::<u64>(), count("memento:*"));
}
