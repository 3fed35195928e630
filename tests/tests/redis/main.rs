//! Storage on a Redis server, which each test starts for itself, or which they share.

mod claims;
mod configuration;
mod conformance;
mod cut;
mod damaged;
mod down;
mod expiry;
mod secure;
mod set_aside;
mod streamed;
mod too_long;
mod topology;
mod wrapped;

use memento_storage_redis::Options;
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
