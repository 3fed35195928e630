//! Connections, of which there are not more than were asked for.

use std::thread;
use std::time::Duration;

use memento::{DataStore as _, Name};
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;

use super::on;

/// What clients of the server have asked for last, but for those who ask this.
fn clients(server: &RedisServer) -> Vec<String> {
    let list = server.ask(&["CLIENT", "LIST"]);
    let last = |line: &str| Some(line.split_once("cmd=")?.1.split(' ').next()?.to_owned());
    list.lines().filter_map(last).filter(|last| last != "client|list").collect()
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
            scope.spawn(|| (0..20).for_each(|_| read()));
        }
    });
    assert_eq!(clients(&server), ["getrange"; 2], "they stay for the next ones");
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
        for part in ["all are in use", "connections: 2", "set `connection_pool_size`"] {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    });
    read();
    assert_eq!(clients(&server), ["getrange"; 2]);
}
