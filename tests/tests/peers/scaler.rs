//! An object storage on Redis.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::ErrorKind;
use memento::storage::{DataStore, Namespace, PutOptions};
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::processes::Worker;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit};
use memento_tests::warnings;
use tempfile::TempDir;

use crate::{environment, name, runs};

fn options(prefix: &str) -> Options {
    Options::new(&RedisServer::shared().url()).unwrap().key_prefix(prefix)
}

#[test]
fn the_url_and_its_options_are_the_same_with_the_same_defaults() {
    let options = Options::new("rediss://user:secret@host:6390/3").unwrap();
    assert_eq!((options.connection_pool_size, options.max_object_size), (10, 100_000_000));
    assert!(!format!("{options:?}").contains("secret"));
    let text = format!(
        "url = '{}'\nconnection_pool_size = 3\nkey_prefix = 'scaler'\nmax_object_size = '1 MB'\n",
        RedisServer::shared().url()
    );
    let (_folder, environment) = environment(&text).unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 0));
}

/// A server is asked nothing before it is used. Who wants to know at the start whether it answers asks it to, and is
/// told what the first use would say: here, that the password is wrong.
#[test]
fn a_ping_tells_at_the_start_what_the_first_use_would() {
    let server = RedisServer::with(&["--requirepass", "swordfish", "--save", ""]);
    let at = |password: &str| {
        environment(&format!("url = 'redis://:{password}@127.0.0.1:{}'", server.port())).unwrap()
    };
    let connections = || {
        let [_, info] = ask_twice(server.port(), &["AUTH", "swordfish"], &["INFO", "stats"]);
        let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = connections();
    let (right, wrong) = (at("swordfish"), at("haddock"));
    let [right_data, wrong_data] =
        [&right, &wrong].map(|(_, environment)| environment.storage("").unwrap().stores().data);
    assert_eq!(connections(), before + 1, "none but that of who asks how many there were");
    right_data.ping().unwrap();
    assert!(connections() > before + 2);

    let error = wrong_data.ping().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let (ran, warnings) = warnings::collect(|| runs(&wrong.1));
    assert_eq!(ran, 6);
    for said in warnings.iter().chain([&error.to_string()]) {
        assert!(said.contains("check the user and the password in `url`"), "{said}");
        assert!(!said.contains("haddock"), "{said}");
    }
    assert!(!warnings.is_empty());
}

/// Does two commands on one connection; what the server replies.
fn ask_twice(port: u16, first: &[&str], second: &[&str]) -> [String; 2] {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    [first, second].map(|words| {
        stream.write_all(format!("{}\r\n", words.join(" ")).as_bytes()).unwrap();
        let mut reply = vec![0; 64 << 10];
        let length = stream.read(&mut reply).unwrap();
        String::from_utf8_lossy(&reply[..length]).into_owned()
    })
}

#[test]
fn an_object_that_is_too_long_is_refused_and_not_said_to_be_kept() {
    let store = RedisDataStore::new(&options("scaler-long").max_object_size(1000));
    let error = store.put(&name("a/b"), &[0; 1001]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let shown = error.to_string();
    assert!(shown.contains("1001") && shown.contains("1000"), "{shown}");
    assert_eq!(store.get(&name("a/b")).unwrap(), None);
}

#[test]
fn objects_are_put_got_counted_and_cleared_together_with_their_counts() {
    // Nothing in a prefix stands for anything else.
    let (store, other) = ("scaler*?[a]", "scalerxyz");
    let (store, other) =
        (RedisDataStore::new(&options(store)), RedisDataStore::new(&options(other)));
    other.put(&name("a/other"), b"stays").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..50 {
                    let (object, options) = (name(&format!("a/{n}")), PutOptions::default());
                    let options = options.metadata("by", thread.to_string());
                    store.put_with(&object, &[0; 100], &options).unwrap();
                    if n % 5 == 0 {
                        store.remove(&object).unwrap();
                    }
                }
            });
        }
    });
    let listed = store
        .list(&memento::storage::Prefix::root(), &memento::storage::ListOptions::default())
        .unwrap();
    let info = store.info().unwrap();
    assert_eq!((info.objects, info.bytes), (listed.len() as u64, 100 * listed.len() as u64));
    assert!(
        store
            .contains(&[name("a/1"), name("a/none")])
            .into_iter()
            .map(Result::unwrap)
            .eq([true, false])
    );
    assert!(store.remove_namespace(&Namespace::new("a").unwrap()).unwrap());
    let info = store.info().unwrap();
    assert_eq!((info.objects, info.bytes), (0, 0));
    assert_eq!(other.get(&name("a/other")).unwrap().unwrap(), b"stays");
}

#[test]
fn what_several_nodes_ask_for_is_computed_by_one() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[memento::memento]
    fn slow(n: u64) -> u64 {
        RUNS.fetch_add(1, Ordering::Relaxed);
        // What takes less than a millisecond is not claimed.
        (0..3_000_000).fold(n, |n, m| std::hint::black_box(n ^ m)) & 1
    }

    let text = format!("url = '{}'\nkey_prefix = 'scaler-nodes'\n", RedisServer::shared().url());
    let nodes = [environment(&text).unwrap(), environment(&text).unwrap()];
    // Each has seen how long it takes.
    nodes[0].1.enter(|| slow(1000));
    nodes[1].1.enter(|| slow(1001));
    RUNS.store(0, Ordering::Relaxed);
    std::thread::scope(|scope| {
        for (_, node) in &nodes {
            scope.spawn(|| node.enter(|| (0..50).for_each(|n| assert!(slow(n) < 2))));
        }
    });
    assert_eq!(RUNS.load(Ordering::Relaxed), 50);
}

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// The same among processes: what two of them ask for at the same time is computed once, and found by a third.
#[test]
fn what_several_processes_ask_for_is_shared() {
    let server = RedisServer::start();
    let place = TempDir::new().unwrap();
    let log = place.path().join("log");
    let node = || Worker::on_server(WORKER, &server.url()).waiting().logged(&log);
    let mut nodes = [node().start(), node().start()];
    nodes.iter_mut().for_each(memento_tests::processes::Running::begin);
    let visits = nodes.map(memento_tests::processes::Running::finish);
    assert_eq!(visits.iter().map(|visit| visit.computed).sum::<u64>(), 100, "{visits:?}");
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 100);
    let calls = Call::both(3);
    let one = Worker::on_server(WORKER, &server.url()).calls(&calls).visit();
    let other = Worker::on_server(WORKER, &server.url()).calls(&calls).visit();
    assert_eq!((one, other), (Visit::computed(6), Visit::hits(6)));
}

/// What a server keeps is there when it was restarted, as far as that is set up to keep it.
#[test]
fn what_the_server_keeps_is_there_after_a_restart() {
    let mut server = RedisServer::durable();
    let (_folder, before) = environment(&format!("url = '{}'", server.url())).unwrap();
    assert_eq!(runs(&before), 6);
    server.kill();
    server.start_again();
    let (_folder, after) = environment(&format!("url = '{}'", server.url())).unwrap();
    assert_eq!(runs(&after), 0);
}

/// How much a storage holds is told, and how much memory its server uses, where the user may know that.
#[test]
fn the_memory_of_the_server_is_told() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&Options::new(&server.url()).unwrap());
    store.put(&name("a/b"), &vec![7; 500_000]).unwrap();
    let before = store.info().unwrap();
    assert_eq!((before.objects, before.bytes), (1, 500_000));
    // Of others' keys, too.
    server.ask(&["SETRANGE", "of-others", "3000000", "x"]);
    let (before, after) = (before.used.unwrap(), store.info().unwrap());
    assert!(before > 500_000 && after.used.unwrap() > before + 2_500_000, "{before} {after:?}");
    assert_eq!((after.objects, after.bytes), (1, 500_000));
    let rights = ["on", ">s3cr3t", "~memento:*", "+@all", "-@admin", "-@dangerous"];
    assert!(server.ask(&[&["ACL", "SETUSER", "me"], &rights[..]].concat()).starts_with("+OK"));
    let url = format!("redis://me:s3cr3t@127.0.0.1:{}", server.port());
    let info = RedisDataStore::new(&Options::new(&url).unwrap()).info().unwrap();
    assert_eq!((info.objects, info.used), (1, None), "that is none of its keys");
}

/// There is no server of its own to start: any process that reads such a `memento.toml` has the storage.
#[test]
fn any_process_uses_the_storage_of_a_memento_toml() {
    let server = RedisServer::start();
    let (folder, here) = environment(&format!("url = '{}'", server.url())).unwrap();
    let stores = here.storage("").unwrap().stores();
    let listed = || stores.metadata.list(&<_>::default(), None, 100).unwrap().entries;
    let run = || {
        let mut program = Command::new(env!("CARGO_BIN_EXE_behind"));
        program.args(["return", "calls"]).current_dir(folder.path());
        program.env_remove("MEMENTO_CONFIG");
        assert!(program.status().expect("it starts").success());
    };
    run();
    let first = listed();
    assert_eq!(first.len(), 20);
    run();
    assert_eq!(listed(), first, "the second one computed nothing");
}
