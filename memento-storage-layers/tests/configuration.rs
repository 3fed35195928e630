//! Layers that a configuration asks for.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use memento::storage::{Filter, ListOptions, Prefix};
use memento::{Environment, Error, Key, Name, memento};
// Nothing else of it is used: it is there because the program depends on it.
use memento_storage_layers as _;

static RUNS: AtomicU64 = AtomicU64::new(0);
/// What runs is counted for one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

#[memento]
fn double(n: u64) -> u64 {
    RUNS.fetch_add(1, Ordering::Relaxed);
    n * 2
}

const KEY: &str = "the secret that is in no message: 4711";

/// An environment whose storage is in memory, with no memory cache in front of it.
fn environment(layers: &str) -> Result<Environment, Error> {
    let folder = tempfile::tempdir().unwrap();
    environment_in(folder.path(), &format!("type = 'memory'\nmemory_cache = '0B'\n{layers}"))
}

/// An environment of a configuration in `folder` that says this of the storage.
fn environment_in(folder: &Path, storage: &str) -> Result<Environment, Error> {
    let file = folder.join("memento.toml");
    std::fs::write(&file, format!("[storage]\n{storage}")).unwrap();
    std::fs::write(folder.join("keys"), format!("{KEY}\n")).unwrap();
    let environment = Environment::load(&file)?;
    environment.storage("")?;
    Ok(environment)
}

/// How often the function runs in two rounds of 100 calls.
fn runs(environment: &Environment) -> u64 {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    RUNS.store(0, Ordering::Relaxed);
    environment.enter(|| {
        for n in (0..100).chain(0..100) {
            assert_eq!(double(n), n * 2);
        }
    });
    RUNS.load(Ordering::Relaxed)
}

#[test]
fn layers_are_there_where_the_configuration_has_their_tables() {
    let plain = environment("").unwrap();
    assert_eq!((runs(&plain), plain.statistics().store_failures), (100, 0));

    let all = "[storage.metrics]\n[storage.size_limit]\n[storage.retry]\n[storage.breaker]\n[storage.time_limit]\nlimit = '1min'";
    let layered = environment(all).unwrap();
    assert_eq!((runs(&layered), layered.statistics().store_failures), (100, 0));

    for keys in [
        "key_file = 'keys'",
        "key = '${CARGO_MANIFEST_DIR}/and so on, until it is long'",
        "key = ['the new key, long enough as it is', 'the old key, long enough as it is']",
    ] {
        let all = "[storage.metrics]\n[storage.compression]\nlevel = 9\nminimum = '1 kB'";
        let transforms = format!("{all}\n[storage.signing]\n{keys}\n[storage.encryption]\n{keys}");
        let transformed = environment(&transforms).unwrap();
        assert_eq!((runs(&transformed), transformed.statistics().store_failures), (100, 0));
    }

    let broken = environment("[storage.faults]\nrate = 1.0").unwrap();
    assert_eq!(runs(&broken), 200, "trouble with the store costs time, never a result");
    assert!(broken.statistics().store_failures >= 200);

    let mended = environment(
        "[storage.faults]\nrate = 0.2\n[storage.retry]\nattempts = 1000\nfirst_pause = '0s'",
    );
    assert_eq!(runs(&mended.unwrap()), 100, "each result was recorded");

    let given_up = environment(
        "[storage.faults]\nrate = 1.0\n[storage.breaker]\nfailures = 1\nperiod = '1year'",
    );
    let given_up = given_up.unwrap();
    assert_eq!(runs(&given_up), 200);

    let refused = environment("[storage.size_limit]\nlimit = '10 B'").unwrap();
    assert_eq!((runs(&refused), refused.statistics().store_failures), (200, 400));

    let read_only = environment("[storage.read_only]").unwrap();
    assert_eq!((runs(&read_only), read_only.statistics().store_failures), (200, 0));
}

/// The objects and records of a storage.
fn all_of(environment: &Environment) -> (Vec<Name>, Vec<Key>) {
    let stores = environment.storage("").unwrap().stores();
    let objects = stores.data.list(&Prefix::root(), &ListOptions::default()).unwrap().objects;
    let entries = stores.metadata.list(&Filter::default(), None, 1000).unwrap().entries;
    let names = objects.into_iter().map(|object| object.name);
    (names.collect(), entries.into_iter().map(|entry| entry.key).collect())
}

#[test]
fn what_is_open_for_reading_only_keeps_what_it_has_whatever_its_limits_are() {
    let folder = tempfile::tempdir().unwrap();
    let with = |layers: &str| {
        let storage =
            "type = 'filesystem'\npath = 'here'\nmemory_cache = '0B'\ninline_limit = '0B'";
        environment_in(folder.path(), &format!("{storage}\n{layers}")).unwrap()
    };
    assert_eq!(runs(&with("")), 100);
    let before = all_of(&with(""));
    assert_eq!(before.1.len(), 100);
    let limited = with("[storage.read_only]\n[storage.eviction]\nmax_size = '1 kB'");
    assert_eq!(runs(&limited), 0, "all is found");
    limited.flush().unwrap();
    drop(limited);
    assert_eq!(all_of(&with("")), before);
}

/// Checks what the error says of each of these layers.
fn check_wrong(cases: &[(&str, &str)]) {
    for (layers, expected) in cases {
        let error = environment(layers).unwrap_err().to_string();
        let (before, behind) = error.split_once("set by: ").unwrap();
        let (_, behind) = behind.split_once("/memento.toml").unwrap();
        let error = format!("{before}set by: …/memento.toml{behind}");
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    check_wrong(&[
        (
            "[storage.retry]\ntimes = 3",
            "cannot understand an option (option: storage.retry.times, set by: …/memento.toml:5): \
             there is no such option; the options here are `attempts`, `errors`, \
             `first_pause`, `longest_pause`",
        ),
        (
            "[storage.retry]\nerrors = ['storage', 'read_only']",
            "cannot understand an option (option: storage.retry.errors, set by: …/memento.toml:5): \
             to try `read_only` again is of no use, or there is none; errors that may be none the \
             next time are `storage`, `unavailable`, `damaged`, `newer_format`",
        ),
        (
            "[storage.retry]\nerrors = ['Storage']",
            "cannot understand an option (option: storage.retry.errors, set by: …/memento.toml:5): \
             to try `Storage` again is of no use, or there is none; errors that may be none the \
             next time are `storage`, `unavailable`, `damaged`, `newer_format`",
        ),
        (
            "[storage.breaker]\nperiod = 'long'",
            "cannot understand an option (option: storage.breaker.period, set by: \
             …/memento.toml:5): ",
        ),
        (
            "[storage.size_limit]\nlimit = 'big'",
            "cannot understand an option (option: storage.size_limit.limit, set by: \
             …/memento.toml:5): ",
        ),
        (
            "[storage.breaker]\nfailures = 0",
            "cannot understand an option (option: storage.breaker.failures, set by: \
             …/memento.toml:5): it has to be 1 at least",
        ),
        (
            "[storage.retry]\nattempts = 0",
            "cannot understand an option (option: storage.retry.attempts, set by: \
             …/memento.toml:5): it has to be 1 at least",
        ),
        (
            "[storage.time_limit]\nlimit = '0s'",
            "cannot understand an option (option: storage.time_limit.limit, set by: \
             …/memento.toml:5): it has to last a millisecond at least",
        ),
        (
            "[storage.metrics]\nname = 'team'",
            "cannot understand an option (option: storage.metrics.name, set by: \
             …/memento.toml:5): there is no such option; the options here are `store`",
        ),
        (
            "[storage.compression]\nlevel = 23",
            "cannot understand an option (option: storage.compression.level, set by: \
             …/memento.toml:5): there are the levels from 1 to 22",
        ),
        (
            "[storage.eviction]\nmax_age = '1day'\norder = 'newest'",
            "cannot understand an option (option: storage.eviction.order, set by: \
             …/memento.toml:6): unknown variant `newest`, expected one of `lru`, `lfu`, `fifo`, \
             `mru`",
        ),
        (
            "retry = true",
            "cannot understand an option (option: storage.retry, set by: …/memento.toml:4): it is a \
             value, and a table is expected; write `[storage.retry]` and the options below it",
        ),
    ]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    check_wrong(&[
        (
            "[storage.retry]\nattempts = -2",
            "cannot understand an option (option: storage.retry.attempts, set by: \
             …/memento.toml:5): it has to be 1 at least",
        ),
        (
            "[storage.retry]\nerrors = []",
            "cannot understand an option (option: storage.retry.errors, set by: …/memento.toml:5): \
             nothing would be tried again; errors that may be none the next time are `storage`, ",
        ),
        (
            "[storage.retry]\nfirst_pause = '3s'",
            "cannot understand an option (option: storage.retry.first_pause, set by: \
             …/memento.toml:5): it is longer than `longest_pause`, which is 2s",
        ),
        (
            "[storage.retry]\nlongest_pause = '1s'\nfirst_pause = '2s'",
            "cannot understand an option (option: storage.retry.first_pause, set by: \
             …/memento.toml:6): it is longer than `longest_pause`, which is 1s",
        ),
        (
            "[storage.faults]\nrate = 1.5",
            "cannot understand an option (option: storage.faults.rate, set by: …/memento.toml:5): \
             it is a part of all operations, from 0 to 1",
        ),
        (
            "[storage.faults]\nrate = -0.1",
            "cannot understand an option (option: storage.faults.rate, set by: …/memento.toml:5): \
             it is a part of all operations, from 0 to 1",
        ),
        (
            "[storage.faults]\nrate = nan",
            "cannot understand an option (option: storage.faults.rate, set by: …/memento.toml:5): \
             it is a part of all operations, from 0 to 1",
        ),
        (
            "[storage.size_limit]\nlimit = 0",
            "cannot understand an option (option: storage.size_limit.limit, set by: \
             …/memento.toml:5): nothing fits in it; it has to be 1 byte at least",
        ),
        (
            "[storage.eviction]\nmax_size = '0 MB'",
            "cannot understand an option (option: storage.eviction.max_size, set by: \
             …/memento.toml:5): nothing fits in it; it has to be 1 byte at least",
        ),
    ]);
}

#[test]
fn limits_have_to_be_there() {
    let error = environment("[storage.eviction]\npinned = ['pricing::price']").unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot find the limits of a storage (layer: eviction); set `max_size`, as in \"10 GB\", \
         or `max_age`, as in \"30 days\", or both"
    );
}

/// What is wrong with a key is said without it.
#[test]
fn keys_are_in_no_message() {
    let key = |key: &str| format!("[storage.signing]\nkey = {key}");
    let both = format!("[storage.encryption]\nkey_file = 'keys'\nkey = '{KEY}'");
    for (layers, expected) in [
        (
            "[storage.signing]".to_owned(),
            "cannot find the keys of a layer (layer: signing); set `key`",
        ),
        (both, "there is a `key_file`, too; set one of the two"),
        (key("'short: 4711'"), "key 1 has 11 bytes, and 32 are the least"),
        (key(&format!("['{KEY}', 'short: 4711']")), "key 2 has 11 bytes, and 32 are the least"),
        (key("[]"), "there is none"),
        (key("4711"), "it is neither a text nor a list of texts"),
        (key("[4711]"), "it is neither a text nor a list of texts"),
        (key("{ secret = '4711' }"), "it is a table, and a value is expected"),
        (
            "[storage.encryption]\nkey_file = 'none'".to_owned(),
            "cannot read the keys of a store (file: ",
        ),
    ] {
        let error = environment(&layers).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected), "{shown}");
        assert!(!shown.contains("4711"), "{shown}");
    }
    let environment = environment("[storage.encryption]\nkey_file = 'keys'").unwrap();
    assert!(!format!("{:?}", environment.storage("").unwrap()).contains("4711"));
}

/// Who takes the secret from a file and who has it in a variable share a store.
#[test]
fn a_key_is_the_same_one_whatever_space_is_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let with = |keys: &str| {
        let layers = format!("[storage.signing]\n{keys}\n[storage.encryption]\n{keys}");
        let storage = "type = 'filesystem'\npath = 'here'\nmemory_cache = '0B'";
        environment_in(folder.path(), &format!("{storage}\n{layers}")).unwrap()
    };
    assert_eq!(runs(&with("key_file = 'keys'")), 100);
    for same in [format!("\"{KEY}\\n\""), format!("[\" {KEY}\\t\\r\\n\"]")] {
        let same = with(&format!("key = {same}"));
        assert_eq!((runs(&same), same.statistics().store_failures), (0, 0));
    }
}
