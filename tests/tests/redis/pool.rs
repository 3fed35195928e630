//! Connections, of which there are not more than were asked for.

use std::thread;
use std::time::Duration;

use memento::Name;
use memento::storage::DataStore as _;
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;

use super::on;

/// How many connections there are by which objects are read.
fn readers(server: &RedisServer) -> usize {
    server.ask(&["CLIENT", "LIST"]).matches(" cmd=getrange ").count()
}

#[test]
fn threads_share_connections_and_who_gets_none_is_told() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (name, content) = (Name::new("a/b").unwrap(), vec![7; 40_000]);
    RedisDataStore::new(&on(&server)).put(&name, &content).unwrap();
    let options = Options::new(&proxy.url()).unwrap().connection_pool_size(2);
    let options = options.connect_timeout(Duration::from_secs(1));
    let store = RedisDataStore::new(&options.response_timeout(Duration::from_secs(2)));
    let read = || assert!(store.get(&name).unwrap().unwrap() == content);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..5).for_each(|_| read()));
        }
    });
    assert!((1..=2).contains(&readers(&server)), "{}", readers(&server));
    server.ask(&["CONFIG", "RESETSTAT"]);
    proxy.slow_replies(100, Duration::from_millis(100));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(read);
        }
        wait_until("both are in use", || {
            server.ask(&["INFO", "commandstats"]).contains("cmdstat_getrange:calls=2,")
        });
        let third = store.get(&name);
        proxy.hurry();
        let error = third.unwrap_err().to_string();
        let server = format!("server: {}", store.location());
        for part in ["all are in use", "connections: 2", "set `connection_pool_size`", &server] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    });
    read();
    assert_eq!(readers(&server), 2, "they stay for the next ones");
}
