//! What `memento.toml` says of servers.

use memento::memento;
use memento_tests::place::Place;
use memento_tests::redis::RedisServer;

#[memento]
fn plain(n: u64) -> Vec<u64> {
    vec![n; 10_000]
}

#[memento(cluster = "one")]
fn of_one(n: u64) -> u64 {
    n + 1
}

#[memento(cluster = "two")]
fn of_two(n: u64) -> u64 {
    n + 2
}

/// How many keys of storages are in a database.
fn keys(server: &RedisServer, database: u8) -> u64 {
    let info = server.ask(&["INFO", "keyspace"]);
    let line = info.lines().find_map(|line| line.strip_prefix(&format!("db{database}:keys=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[test]
fn a_url_chooses_the_server_and_options_go_with_it() {
    let server = RedisServer::start();
    let place = Place::with(&format!(
        "[storage]\nurl = '{}'\nkey_prefix = 'mine:'\nconnection_pool_size = 2\nttl = '1h'\n\
         max_object_size = '50 MB'\nlease = '5s'\nconnect_timeout = '1s'\nresponse_timeout = '20s'\n\
         memory_cache = 0\n",
        server.url()
    ));
    let (_, statistics) = place.enter(|| plain(1));
    assert_eq!((statistics.computed, statistics.hits()), (1, 0));
    let (_, statistics) = place.enter(|| plain(1));
    assert_eq!((statistics.computed, statistics.hits()), (0, 1));
    assert!(server.ask(&["KEYS", "mine:1:object:results/*"]).contains("mine:1:"));
    assert!(server.ask(&["KEYS", "memento:*"]).starts_with("*0"), "no other prefix");
}

#[test]
fn without_a_url_it_is_the_server_of_this_machine() {
    let environment = Place::with("[storage]\ntype = 'redis'\n").environment();
    let shown = format!("{:?}", environment.open_storage("").unwrap());
    assert!(shown.contains("redis://localhost:6379/0"), "{shown}");
}

#[test]
fn a_socket_of_this_machine_is_a_server() {
    let server = RedisServer::with(&["--unixsocket", "socket", "--save", ""]);
    let socket = server.path("socket");
    for url in
        [format!("unix:{}", socket.display()), format!("redis+unix://{}?db=2", socket.display())]
    {
        let place = Place::with(&format!("[storage]\nurl = '{url}'\n"));
        assert_eq!(place.enter(|| plain(1)).1.computed, 1);
        assert_eq!(place.enter(|| plain(1)).1.hits(), 1);
    }
    assert!(keys(&server, 0) > 0 && keys(&server, 2) > 0);
}

/// What a variable says is the password, here that which every process has.
#[test]
fn a_secret_comes_from_a_variable_and_is_never_shown() {
    let secret = std::env::var("PATH").unwrap();
    let server = RedisServer::with(&["--requirepass", &secret, "--save", ""]);
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port());
    let place = Place::with(&format!("[storage]\nurl = '{}'\n", url("${PATH}")));
    let (_, statistics) = place.enter(|| plain(1));
    assert_eq!(statistics.computed, 1);
    let environment = place.environment();
    assert!(!format!("{environment:?}").contains(&secret));

    for wrong in [url("${PATH}") + "/x", "redis:${PATH}".to_owned(), "other://${PATH}".to_owned()] {
        let error = Place::with(&format!("[storage]\nurl = '{wrong}'\n")).error();
        assert!(!error.contains(&secret), "{error}");
        assert!(error.contains("memento.toml:2"), "{error}");
    }
    let error = Place::with("[storage]\nurl = 'redis://:${NO_SUCH_SECRET}@host'\n").error();
    assert!(error.contains("the environment variable NO_SUCH_SECRET is not set"), "{error}");
}

#[test]
fn clusters_have_servers_of_their_own() {
    let (one, two) = (RedisServer::start(), RedisServer::start());
    let place = Place::with(&format!(
        "[storage]\ntype = 'memory'\n[clusters.one]\nstorage = {{ url = '{}' }}\n\
         [clusters.two.storage]\nurl = '{}/5'\nkey_prefix = 'two:'\n",
        one.url(),
        two.url().trim_end_matches("/0"),
    ));
    for computed in [3, 1] {
        let (values, statistics) = place.enter(|| (plain(1)[0], of_one(1), of_two(1)));
        assert_eq!(values, (1, 2, 3));
        assert_eq!(statistics.computed, computed);
    }
    assert!(keys(&one, 0) > 0 && keys(&two, 5) > 0);
    assert_eq!(keys(&two, 0), 0);
}

#[test]
fn data_and_metadata_are_in_different_places() {
    let server = RedisServer::start();
    let text = |parts: &str| format!("[storage]\nmemory_cache = 0\n{parts}\n");
    for (parts, has_mementos, has_objects) in [
        (format!("type = 'filesystem'\npath = 'a'\nmetadata = '{}'", server.url()), true, false),
        (format!("url = '{}'\nmetadata = 'memory'", server.url()), false, true),
        (
            format!(
                "data = {{ url = '{0}', key_prefix = 'memento:' }}\nmetadata = {{ url = '{0}' }}",
                server.url()
            ),
            true,
            true,
        ),
    ] {
        server.ask(&["FLUSHALL"]);
        let place = Place::with(&text(&parts));
        place.enter(|| plain(1));
        let has = |kind: &str| !server.ask(&["KEYS", kind]).starts_with("*0");
        assert_eq!(has("memento:1:memento:*"), has_mementos, "{parts}");
        assert_eq!(has("memento:1:object:*"), has_objects, "{parts}");
        assert_eq!(place.path().join("a/data").exists(), !has_objects, "{parts}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (configuration, parts) in [
        ("url = 'redis://'", &["memento.toml:2", "it names no host", "redis://user:password@"][..]),
        ("url = 'redid://host'", &["memento.toml:2", "redid", "`rediss`", "`redis+sentinel`"]),
        ("url = 'redis://host'\nkey_prefx = 'x'", &["memento.toml:3", "key_prefx", "`key_prefix`"]),
        ("url = 'redis://host'\nlease = '0s'", &["memento.toml:3", "lease"]),
        ("url = 'redis://host'\nlease = '99ms'", &["memento.toml:3", "write `100ms` at least"]),
        ("url = 'redis://host'\nttl = '0s'", &["memento.toml:3", "ttl"]),
        ("url = 'redis://host'\nconnection_pool_size = 0", &["memento.toml:3", "connection"]),
        ("url = 'redis://host'\ntls_key = 'x'", &["memento.toml:3", "tls_certificate"]),
        ("url = 'redis://host'\ntls_ca = 'x'", &["memento.toml:3", "storage.tls_ca", "`rediss`"]),
        (
            "url = 'redis://host'\ntls_certificate = 'x'\ntls_key = 'x'",
            &["memento.toml:4", "storage.tls_key", "without TLS"],
        ),
        ("url = 'redis://host'\nmax_object_size = 0", &["memento.toml:3", "a byte at least"]),
        (
            "url = 'redis://host'\nmax_object_size = 68719476737",
            &["memento.toml:3", "max_object_size", "more than 68719476736 bytes"],
        ),
    ] {
        let error = Place::with(&format!("[storage]\n{configuration}\n")).error();
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
    }
}
