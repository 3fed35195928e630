//! Storage on a Redis server, which each test starts for itself, or which they share.

mod claims;
mod conformance;

use memento_storage_redis::Options;
use memento_tests::redis::RedisServer;

/// A storage on `server`.
fn on(server: &RedisServer) -> Options {
    Options::new(&server.url()).unwrap()
}
