//! Damaged objects that are moved aside while another process puts whole ones.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;

use memento::storage::DataStore as _;
use memento::{Digest, Name};
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::redis::RedisServer;

use super::damaged::change;
use super::{chunks, on};

const MIB: usize = 1 << 20;

/// A way to `server`, for one connection, on which `work` is done before the first request with `words` in it passes.
fn interrupted(
    server: &RedisServer,
    words: &'static str,
    work: impl FnOnce() + Send + 'static,
) -> Options {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("redis://{}/0", listener.local_addr().unwrap());
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let (mut replies, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || io::copy(&mut replies, &mut back));
        let (mut asked, mut part, mut work) = (Vec::new(), [0; 4096], Some(work));
        while let Ok(length @ 1..) = client.read(&mut part) {
            asked.extend_from_slice(&part[..length]);
            let is_asked = asked.windows(words.len()).any(|asked| asked == words.as_bytes());
            work.take_if(|_| is_asked).into_iter().for_each(|work| work());
            server.write_all(&part[..length]).unwrap();
        }
    });
    Options::new(&url).unwrap()
}

/// The process that puts it is faster than the one that has found it damaged.
#[test]
fn what_is_put_while_a_damaged_object_is_moved_aside_stays() {
    let content = vec![5; 2 * MIB + 7];
    let name = Name::of_result(&Digest::of(&content));
    let key = format!("memento:1:object:{name}");
    for damage in ["a chunk is gone", "no head", "a list", "another content"] {
        let server = RedisServer::start();
        let direct = RedisDataStore::new(&on(&server));
        direct.put(&name, &content).unwrap();
        match damage {
            "a chunk is gone" => drop(server.ask(&["DEL", &chunks(&server)[0].name])),
            "no head" => change(&server, &key, "'x' .. v"),
            "another content" => direct.put(&name, b"another one").unwrap(),
            _ => {
                server.ask(&["DEL", &key]);
                server.ask(&["RPUSH", &key, "x"]);
            }
        }
        let (done, is_done) = channel();
        let (put_name, put_content) = (name.clone(), content.clone());
        let put = move || done.send(direct.put(&put_name, &put_content)).unwrap();
        let late = RedisDataStore::new(&interrupted(&server, "damaged/", put));
        late.set_aside(&name).unwrap();
        is_done.recv().unwrap().unwrap();
        let found = RedisDataStore::new(&on(&server)).get(&name).unwrap();
        assert!(found.is_some_and(|found| found == content), "{damage}");
    }
}
