//! Clusters, and servers that Sentinels watch.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use memento::Name;
use memento::storage::{DataStore as _, MetadataStore as _};
use memento_storage_redis::{Options, RedisDataStore, RedisMetadataStore, storage};
use memento_testkit::data_store::DataStoreSuite;
use memento_testkit::metadata_store::MetadataStoreSuite;
use memento_tests::load::under_load;
use memento_tests::processes::wait_until;
use memento_tests::redis::{RedisServer, free_port};
use memento_tests::visit::{Call, Visit, Visitor};
use tempfile::TempDir;

const CALLS: [Call; 4] = [Call::Small(1), Call::Large(1), Call::Small(2), Call::Large(2)];

/// Three nodes, each with a third of the slots.
fn cluster() -> [RedisServer; 3] {
    let nodes = [(); 3].map(|()| {
        let bus = free_port().to_string();
        let mode = ["--cluster-enabled", "yes", "--cluster-port", &bus];
        // Where one of them is gone, the others go on.
        let others = ["--cluster-require-full-coverage", "no", "--save", ""];
        let server = RedisServer::with(&[&mode[..], &others].concat());
        (server, bus)
    });
    let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
    for ((server, _), (first, last)) in nodes.iter().zip(slots) {
        assert!(server.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]).starts_with("+OK"));
    }
    for (server, bus) in &nodes[1..] {
        let port = server.port().to_string();
        assert!(nodes[0].0.ask(&["CLUSTER", "MEET", "127.0.0.1", &port, bus]).starts_with("+OK"));
    }
    for (server, _) in &nodes {
        wait_until("the nodes know each other", || {
            let info = server.ask(&["CLUSTER", "INFO"]);
            ["cluster_state:ok", "cluster_size:3"].iter().all(|part| info.contains(part))
        });
    }
    nodes.map(|(server, _)| server)
}

/// The cluster that conformance is tested on. As the shared server, it ends with the program.
static SHARED: LazyLock<String> = LazyLock::new(|| {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let nodes = cluster();
        sender.send(url(&nodes)).unwrap();
        loop {
            std::thread::park();
        }
    });
    receiver.recv().unwrap()
});

/// Two nodes tell where the third one is.
fn url([one, two, _]: &[RedisServer; 3]) -> String {
    format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", one.port(), two.port())
}

/// The keys of each storage are on one of the nodes.
fn of(folder: &Path) -> Options {
    Options::new(&SHARED).unwrap().key_prefix(format!("{}:", folder.display()))
}

mod data_in_a_cluster {
    memento_testkit::data_store_suite!(super::data());
}

mod metadata_in_a_cluster {
    memento_testkit::metadata_store_suite!(super::metadata());
}

fn data() -> DataStoreSuite {
    DataStoreSuite::new(|folder| Arc::new(RedisDataStore::new(&of(folder))))
        .shared()
        .read_only(|folder| Arc::new(RedisDataStore::new(&of(folder).readonly())))
}

fn metadata() -> MetadataStoreSuite {
    MetadataStoreSuite::new(|folder| Arc::new(RedisMetadataStore::new(&of(folder)))).shared()
}

#[test]
fn each_storage_is_on_one_node_of_a_cluster() {
    let nodes = cluster();
    let sizes = || -> Vec<u64> {
        let size = |node: &RedisServer| node.ask(&["DBSIZE"])[1..].trim().parse().unwrap();
        nodes.iter().map(size).collect()
    };
    let mut used = [false; 3];
    for number in 0..20 {
        let before = sizes();
        let options = Options::new(&url(&nodes)).unwrap().key_prefix(format!("team {number}:"));
        assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::computed(4));
        assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::hits(4));
        let after = sizes();
        let grown: Vec<_> = (0..3).filter(|node| after[*node] > before[*node]).collect();
        assert_eq!(grown.len(), 1, "{before:?}, {after:?}");
        used[grown[0]] = true;
    }
    assert_eq!(used, [true; 3], "twenty storages are spread");
}

/// What is on the others is found; what was on that node is computed, whether it is one of those that are named or not.
#[test]
fn a_cluster_without_a_node_costs_what_was_on_it() {
    let timeout = Duration::from_secs(3);
    for dead in [0, 2] {
        let mut nodes = cluster();
        let url = url(&nodes);
        let options = |team: u32| {
            let options = Options::new(&url).unwrap().key_prefix(format!("team {team}:"));
            options.connect_timeout(timeout).response_timeout(timeout)
        };
        let mut of_node = [const { Vec::new() }; 3];
        for team in 0..12 {
            let before = nodes.each_ref().map(|node| keys(node).len());
            assert_eq!(Visitor::on(storage(&options(team))).visit(&CALLS), Visit::computed(4));
            let is_here = |node: &usize| keys(&nodes[*node]).len() > before[*node];
            of_node[(0..3).find(is_here).unwrap()].push(team);
        }
        nodes[dead].kill();
        for (node, teams) in of_node.iter().enumerate() {
            assert!(!teams.is_empty(), "twelve storages are spread");
            for team in teams {
                let visit = Visitor::on(storage(&options(*team))).visit(&CALLS);
                if node != dead {
                    assert_eq!(visit, Visit::hits(4), "{dead} is dead, {team} is on {node}");
                    continue;
                }
                assert_eq!((visit.computed, visit.hits), (4, 0));
                assert!(visit.failures > 0, "{visit:?}");
                assert!(visit.warnings.iter().all(|said| said.contains(&url)), "{visit:?}");
            }
        }
    }
}

/// The last line of a reply that is one text or one number.
fn said(node: &RedisServer, words: &[&str]) -> String {
    let reply = node.ask(words);
    reply.trim_end().rsplit(['\n', ':']).next().unwrap().to_owned()
}

fn keys(node: &RedisServer) -> Vec<String> {
    let reply = node.ask(&["KEYS", "*"]);
    reply.lines().filter(|line| !line.starts_with(['*', '$'])).map(str::to_owned).collect()
}

/// Moves the keys of the only node that has some, which are all in one slot, to one that has none. `halfway` is done
/// while some of them are here and some there.
fn move_slot(nodes: &[RedisServer; 3], mut halfway: impl FnMut()) {
    let from = nodes.iter().find(|node| !keys(node).is_empty()).unwrap();
    let to = nodes.iter().find(|node| keys(node).is_empty()).unwrap();
    let slot = said(from, &["CLUSTER", "KEYSLOT", &keys(from)[0]]);
    let (old, new) = (said(from, &["CLUSTER", "MYID"]), said(to, &["CLUSTER", "MYID"]));
    let (target, half) = (to.port().to_string(), keys(from).len() / 2);
    assert_eq!(to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &old]), "+OK\r\n");
    assert_eq!(from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &new]), "+OK\r\n");
    let mut moved = 0;
    while let Some(key) = keys(from).first() {
        from.ask(&["MIGRATE", "127.0.0.1", &target, key, "0", "5000"]);
        moved += 1;
        if moved == half {
            halfway();
        }
    }
    for node in nodes {
        assert_eq!(node.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &new]), "+OK\r\n");
    }
    assert_eq!((keys(from).len(), keys(to).is_empty()), (0, false));
}

#[test]
fn who_asks_follows_a_slot_that_moves() {
    let nodes = cluster();
    let options = Options::new(&url(&nodes)).unwrap();
    let visitor = Visitor::on(storage(&options).memory_cache(0));
    assert_eq!(visitor.visit(&CALLS), Visit::computed(4));
    // What cannot be told is computed.
    move_slot(&nodes, || drop(visitor.visit(&CALLS)));
    visitor.visit(&CALLS);
    assert_eq!(visitor.visit(&CALLS), Visit::hits(4));
}

/// In a transaction, too, each of which is the first that meets the move.
#[test]
fn what_is_read_at_once_follows_a_slot_that_moves() {
    let nodes = cluster();
    let options = Options::new(&url(&nodes)).unwrap();
    let stores = [(); 2].map(|()| RedisDataStore::new(&options));
    let name = Name::new("a/b").unwrap();
    for store in &stores {
        store.put(&name, b"content").unwrap();
    }
    move_slot(&nodes, || ());
    assert_eq!(stores[0].properties(&name).unwrap().unwrap().size, 7);
    assert_eq!(stores[1].get_range(&name, 0..3).unwrap().unwrap(), b"con");
}

/// A server, one that copies it, and a Sentinel that watches both.
struct Watched {
    servers: [RedisServer; 2],
    sentinel: RedisServer,
}

impl Watched {
    fn new() -> Self {
        let one = RedisServer::start();
        let port = one.port().to_string();
        let other = RedisServer::with(&["--save", "", "--replicaof", "127.0.0.1", &port]);
        wait_until("the copy is one", || {
            other.ask(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let folder = TempDir::new().unwrap();
        let configuration = format!(
            "sentinel monitor prices 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds prices 300\n\
             sentinel failover-timeout prices 2000\n"
        );
        std::fs::write(folder.path().join("sentinel.conf"), configuration).unwrap();
        let sentinel = RedisServer::in_folder(folder, &["sentinel.conf", "--sentinel"]);
        wait_until("the Sentinel knows the copy", || {
            sentinel.ask(&["SENTINEL", "MASTER", "prices"]).contains("num-slaves\r\n$1\r\n1")
        });
        Self { servers: [one, other], sentinel }
    }

    /// One of the Sentinels that are named is not there.
    fn options(&self) -> Options {
        let (nobody, sentinel) = (free_port(), self.sentinel.port());
        let hosts = format!("127.0.0.1:{nobody},127.0.0.1:{sentinel}");
        Options::new(&format!("redis+sentinel://{hosts}/prices/0")).unwrap()
    }
}

#[test]
fn sentinels_tell_which_server_it_is() {
    let mut watched = Watched::new();
    let options = watched.options();
    assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::computed(4));
    let outcome = under_load(
        || storage(&options),
        |load| {
            watched.servers[0].kill();
            load.go_on();
            load.keep();
        },
    );
    assert!(outcome.failures > 0);
    let role = watched.servers[1].ask(&["ROLE"]);
    assert!(role.contains("master"), "the copy has become the server: {role}");
    // What was copied in time is there, and at least what came after.
    let last = outcome.acknowledged.last().copied();
    let later = Visitor::on(storage(&options)).visit(last.as_slice());
    assert_eq!(later, Visit::hits(1));
}

#[test]
fn a_service_that_no_sentinel_knows_is_said() {
    let watched = Watched::new();
    let url = format!("redis+sentinel://127.0.0.1:{}/other", watched.sentinel.port());
    let store = RedisMetadataStore::new(&Options::new(&url).unwrap());
    let error = store.versions("f", 1).unwrap_err().to_string();
    assert!(
        error.contains("no Sentinel knows the service") && error.contains("/other/0"),
        "{error}"
    );
}
