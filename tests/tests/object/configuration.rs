//! What `memento.toml` says of object stores.

use memento::storage::DataStore as _;
use memento::{Name, memento};
use memento_storage_object::ObjectDataStore;
use memento_tests::place::Place;
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};
use tempfile::TempDir;

use super::keys;

#[memento]
fn plain(n: u64) -> Vec<u64> {
    vec![n; 10_000]
}

/// What says how a server is reached.
fn access(server: &S3Server) -> String {
    format!(
        "endpoint = '{}'\nallow_http = true\naccess_key_id = '{}'\nsecret_access_key = '{}'\n",
        endpoint(server.port()),
        KEY.0,
        KEY.1
    )
}

/// The result is computed once, and found by a process that comes later.
#[track_caller]
fn assert_kept(place: &Place) {
    assert_eq!(place.enter(|| plain(1)).1.computed, 1);
    let (value, statistics) = place.enter(|| plain(1));
    assert_eq!((value[0], statistics.computed, statistics.hits()), (1, 0, 1));
}

#[test]
fn a_url_chooses_the_bucket_and_options_go_with_it() {
    let server = S3Server::start();
    let access = access(&server);
    assert_kept(&Place::with(&format!(
        "[storage]\nurl = 's3://{BUCKET}/some/where'\n{access}region = 'eu-central-1'\nretries = 1\n\
         connect_timeout = '1s'\nresponse_timeout = '20s'\nlease = '5s'\nmax_object_size = '50 MB'\n\
         parallel = 4\nmemory_cache = 0\n"
    )));
    assert_eq!(keys(&server, "").len(), keys(&server, "some/where/").len());
    assert_kept(&Place::with(&format!(
        "[storage]\ntype = 'object'\nurl = 's3://{BUCKET}'\nprefix = 'other'\n{access}"
    )));
    assert!(!keys(&server, "other/data/results/").is_empty());
}

#[test]
fn a_folder_is_a_store() {
    let folder = TempDir::new().unwrap();
    let place = Place::with(&format!("[storage]\nurl = 'file://{}'\n", folder.path().display()));
    assert_kept(&place);
    assert!(folder.path().join("data/results=").is_dir());
}

/// Whatever code says: with none at a time, nothing would ever come.
#[test]
fn one_request_at_least_is_made_at_a_time() {
    let server = S3Server::start();
    let options = server.options().parallel(0);
    let data = ObjectDataStore::new(&options);
    let names = ["a/b", "a/c"].map(|name| Name::new(name).unwrap());
    for put in data.put_many(&names.clone().map(|name| (name, &b"content"[..]))) {
        put.unwrap();
    }
    for found in data.get_many(&names) {
        assert_eq!(found.unwrap().as_deref(), Some(&b"content"[..]));
    }
}

/// What a variable says is the secret, here that which every process has.
#[test]
fn a_secret_comes_from_a_variable_and_is_never_shown() {
    let secret = std::env::var("PATH").unwrap();
    let server = S3Server::start();
    let place = Place::with(&format!(
        "[storage]\nurl = 's3://{BUCKET}'\nendpoint = '{}'\nallow_http = true\nretries = 0\n\
         access_key_id = 'me'\nsecret_access_key = '${{PATH}}'\nsession_token = '${{PATH}}'\n",
        endpoint(server.port())
    ));
    let environment = place.environment();
    let (value, warnings) = memento_tests::warnings::collect(|| environment.enter(|| plain(1)));
    assert_eq!(value[0], 1);
    assert!(!warnings.is_empty(), "the server knows nobody of this name");
    assert!(!format!("{environment:?}{warnings:?}").contains(&secret));
    for wrong in ["s3://${PATH}@bucket", "s3:${PATH}", "s3://a/../${PATH}", "other://${PATH}"] {
        let error = Place::with(&format!("[storage]\nurl = '{wrong}'\n")).error();
        assert!(!error.contains(&secret), "{error}");
        assert!(error.contains("memento.toml:2"), "{error}");
    }
}

/// Data in a bucket, and mementos in any other store, or the other way round.
#[test]
fn data_and_metadata_are_in_different_places() {
    let (server, redis) = (S3Server::start(), RedisServer::start());
    let bucket = format!("url = 's3://{BUCKET}'\n{}", access(&server));
    let table = bucket.trim_end().replace('\n', ", ");
    for (parts, has_mementos, has_objects) in [
        (format!("{bucket}metadata = '{}'", redis.url()), false, true),
        (format!("{bucket}metadata = {{ type = 'filesystem', path = 'records' }}"), false, true),
        (format!("type = 'filesystem'\npath = 'data'\nmetadata = {{ {table} }}"), true, false),
        (format!("url = '{}'\ndata = {{ {table} }}", redis.url()), false, true),
        (format!("data = {{ {table} }}\nmetadata = {{ {table} }}"), true, true),
    ] {
        for key in keys(&server, "") {
            server.buckets().remove(BUCKET, &key);
        }
        redis.ask(&["FLUSHALL"]);
        assert_kept(&Place::with(&format!("[storage]\nmemory_cache = 0\n{parts}\n")));
        assert_eq!(!keys(&server, "mementos/").is_empty(), has_mementos, "{parts}");
        assert_eq!(!keys(&server, "data/").is_empty(), has_objects, "{parts}");
    }
    for key in keys(&server, "") {
        server.buckets().remove(BUCKET, &key);
    }
    // Mementos in memory are gone with the process.
    let place = Place::with(&format!("[storage]\nmemory_cache = 0\n{bucket}metadata = 'memory'\n"));
    let (_, statistics) = place.enter(|| (plain(1), plain(1)));
    assert_eq!((statistics.computed, statistics.hits()), (1, 1));
    assert_eq!((keys(&server, "data/").is_empty(), keys(&server, "mementos/").len()), (false, 0));
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (configuration, parts) in [
        ("type = 'object'", &["url", "s3://bucket/prefix"][..]),
        ("url = 's3://'", &["memento.toml:2", "it names no bucket", "az://container"]),
        ("url = 's4://bucket'", &["memento.toml:2", "s4", "`s3`", "`gs`"]),
        ("url = 's3://bucket'\nendpont = 'x'", &["memento.toml:3", "endpont", "`endpoint`"]),
        ("url = 's3://bucket'\nendpoint = 'host'", &["memento.toml:3", "https://host:port"]),
        ("url = 's3://bucket'\nendpoint = 'http://host'", &["memento.toml:3", "allow_http = true"]),
        ("url = 's3://bucket'\nlease = '0s'", &["memento.toml:3", "lease"]),
        ("url = 's3://bucket'\nlease = '999ms'", &["memento.toml:3", "write `1s` at least"]),
        ("url = 's3://bucket'\nparallel = 0", &["memento.toml:3", "parallel"]),
        ("url = 's3://bucket'\nmax_object_size = '0B'", &["memento.toml:3", "a byte at least"]),
        ("url = 's3://bucket'\nprefix = 'a//b'", &["memento.toml:3", "empty part"]),
        ("url = 's3://bucket'\nsecret_access_key = 'x'", &["memento.toml:3", "access_key_id"]),
        (
            "url = 's3://bucket'\naccess_key_id = 'x'",
            &["memento.toml:3", "storage.access_key_id", "set `secret_access_key`, too"],
        ),
        (
            "url = 's3://bucket'\nsession_token = 'x'",
            &["memento.toml:3", "storage.session_token", "set `access_key_id`"],
        ),
        ("url = 'az://box'\naccess_key = 'x'", &["memento.toml:3", "`account`"]),
        ("url = 'gs://bucket'\nregion = 'x'", &["memento.toml:3", "region", "`service_account`"]),
        ("url = 'file:///tmp/x'\nregion = 'x'", &["memento.toml:3", "region"]),
    ] {
        let error = Place::with(&format!("[storage]\n{configuration}\n")).error();
        for part in parts {
            assert!(error.contains(part), "no {part:?} in {error}");
        }
        assert!(!error.contains("= 'x'"), "{error}");
    }
}
