//! Programs whose results go into a storage behind the calls.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::plugin::Stores;
use memento::storage::{
    DataStore as _, Entry, Filter, MemoryDataStore, MemoryMetadataStore, MetadataStore,
};
use memento::{Digest, Environment, Error, ErrorKind, Key, Name, Result, Version, memento};
use memento_storage_fs::{FileDataStore, Options};
use memento_storage_layers::{Guarded, Operation, Policy};
use memento_storage_object::ObjectMetadataStore;
use memento_storage_redis::RedisMetadataStore;
use memento_storage_tiers::{Tier, Tiers, Writes};
use memento_tests::redis::RedisServer;
use memento_tests::s3::S3Server;
use memento_tests::{processes, warnings};

const TIERS: &str = "[storage]\ntiers = ['near', 'far']\n\
                     [storage.near]\ntype = 'filesystem'\npath = 'near'\n\
                     [storage.far]\ntype = 'filesystem'\npath = 'far'\nwrite = 'behind'\n";
const FAR: &str = "[storage]\ntype = 'filesystem'\npath = 'far'\n";

const TIME_LIMIT: &str = "[storage.time_limit]\nlimit = '1min'\n";

#[test]
fn what_waits_when_a_program_ends_is_written() {
    for layer in ["", TIME_LIMIT] {
        for end in ["return", "exit"] {
            for who in ["calls", "batch", "task", "tasks"] {
                let folder = tempfile::tempdir().unwrap();
                let tiers = folder.path().join("tiers.toml");
                fs::write(&tiers, [TIERS, layer].concat()).unwrap();
                let mut program = Command::new(env!("CARGO_BIN_EXE_behind"));
                program.args([end, who]).env("MEMENTO_CONFIG", &tiers);
                assert!(program.status().unwrap().success());
                println!("what {who} put where it ends by {end} {layer}");
                check_far(folder.path());
            }
        }
    }
}

/// The last one who waits for what is written is the program's end, and nobody is there to be told but the log.
#[test]
fn what_is_lost_when_a_program_ends_is_in_its_log() {
    for end in ["return", "exit"] {
        let folder = tempfile::tempdir().unwrap();
        let tiers = folder.path().join("tiers.toml");
        fs::write(&tiers, [TIERS, "faults.rate = 1.0\n"].concat()).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_behind"));
        let ended = program.args([end, "calls"]).env("MEMENTO_CONFIG", &tiers).output().unwrap();
        let log = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.success(), "{log}");
        let lost: Vec<_> = log.lines().filter(|line| line.contains("results are lost")).collect();
        let [lost] = &*lost else { panic!("one line for {end}: {log}") };
        // The mementos and results of twenty calls, and the code of their function.
        assert!(lost.contains("(tier: far, lost: 41)"), "{lost}");
    }
}

/// Checks that all that the program has put is in the far tier.
fn check_far(folder: &Path) {
    let far = folder.join("far.toml");
    fs::write(&far, FAR).unwrap();
    let storage = Environment::load(&far).unwrap().storage("").unwrap();
    let (mementos, _) = storage.list(&Filter::default(), None, 100).unwrap();
    assert_eq!(mementos.len(), 20);
    let data = FileDataStore::new(&Options::new(folder.join("far")));
    for memento in mementos {
        let digest = memento.outcome.digest;
        let content = data.get(&Name::of_result(&digest)).unwrap().expect("its result is there");
        assert_eq!(Digest::of(&content), digest);
    }
    assert_eq!(storage.failures(), 0);
}

/// It is longer than what stands in a record.
#[memento]
fn text(n: u64) -> String {
    n.to_string().repeat(100_000)[..100_000].to_owned()
}

#[memento]
fn double(n: u64) -> u64 {
    n * 2
}

#[test]
fn a_tier_that_is_away_is_logged_once_until_it_answers_again() {
    let mut server = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    let text = format!(
        "[storage]\ntiers = ['near', 'team']\n[storage.near]\ntype = 'memory'\n\
         [storage.team]\nurl = '{}'\nconnect_timeout = '1s'\n",
        server.url()
    );
    fs::write(&file, text).unwrap();
    let environment = Environment::load(&file).unwrap();
    let call = |numbers: std::ops::Range<u64>| {
        let ((), warnings) = warnings::collect(|| {
            environment.enter(|| numbers.for_each(|n| assert_eq!(double(n), n * 2)));
        });
        warnings.into_iter().filter(|warning| warning.contains("a tier fails")).collect::<Vec<_>>()
    };
    assert!(call(0..5).is_empty());
    for round in 0..2 {
        server.kill();
        let warnings = call(10 + 100 * round..20 + 100 * round);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("team"), "{warnings:?}");
        server.start_again();
        let mut next = 20 + 100 * round;
        processes::wait_until("the server is used again", || {
            next += 1;
            call(next..next + 1);
            server.ask(&["DBSIZE"]) != ":0\r\n"
        });
    }
    assert!(environment.statistics().store_failures >= 20, "what it might have had is counted");
}

#[test]
fn what_changes_contents_stands_around_each_tier_by_itself() {
    const KEY: &str = "key = '0123456789abcdef0123456789abcdef'\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    let tiers = TIERS.replace("write = 'behind'\n", "");
    for (layer, options) in [("signing", KEY), ("encryption", KEY), ("compression", "")] {
        fs::write(&file, format!("{tiers}[storage.{layer}]\n{options}")).unwrap();
        let environment = Environment::load(&file).unwrap();
        let error = environment.storage("").unwrap_err().to_string();
        assert!(error.contains(&format!("[storage.near.{layer}]")), "{error}");
        let of_each = ["near", "far"].map(|tier| format!("[storage.{tier}.{layer}]\n{options}"));
        fs::write(&file, format!("{tiers}{}", of_each.concat())).unwrap();
        let runs = || {
            let environment = Environment::load(&file).unwrap();
            environment.enter(|| (0..20).for_each(|n| assert_eq!(text(n).len(), 100_000)));
            environment.flush().unwrap();
            let statistics = environment.statistics();
            (statistics.computed, statistics.store_failures)
        };
        assert_eq!(runs(), (20, 0), "{layer}");
        fs::remove_dir_all(folder.path().join("near")).unwrap();
        assert_eq!(runs(), (0, 0), "{layer}: all is copied from the far tier");
        fs::remove_dir_all(folder.path().join("near")).unwrap();
        fs::remove_dir_all(folder.path().join("far")).unwrap();
    }
}

/// Fails all that a store is asked but for claims, while it is set.
#[derive(Clone, Debug, Default)]
struct Away(Arc<AtomicBool>);

impl Policy for Away {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if operation.method != "try_claim" && self.0.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Storage, operation.does));
        }
        attempt()
    }
}

/// What waited while others computed the same does not take the place of theirs.
fn check_late_put(one: impl MetadataStore + 'static, other: &dyn MetadataStore) {
    let away = Away::default();
    let far = Arc::new(Guarded::new(away.clone(), Arc::new(one)));
    let memory = || Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default());
    let far = Tier::new("far", Stores { metadata: far, ..memory() }).writes(Writes::Behind);
    let tiers = Tiers::new([Tier::new("near", memory()), far]).into_stores();
    let key = Key::from_bytes([7; 32]);
    let put = |store: &dyn MetadataStore, record: &[u8]| {
        let (function, version) = ("f".to_owned(), Version::from_bytes([1; 32]));
        let record = record.to_vec();
        store.put(&[Entry { key, function, version, failed: false, hidden: false, record }])
    };

    let claim = tiers.metadata.try_claim(&key).unwrap().unwrap();
    away.0.store(true, Ordering::Relaxed);
    put(&*tiers.metadata, b"early").unwrap();
    drop(claim);
    let claimed = || other.try_claim(&key).unwrap();
    let claim = processes::wait_until_some("the tier fails, and others may compute", claimed);
    put(other, b"late").unwrap();
    drop(claim);
    away.0.store(false, Ordering::Relaxed);
    tiers.metadata.flush().unwrap();
    assert_eq!(other.get(&key).unwrap().unwrap(), b"late");
    assert_eq!(tiers.metadata.get(&key).unwrap().unwrap(), b"early", "which is right as well");

    let claim = tiers.metadata.try_claim(&key).unwrap().unwrap();
    put(&*tiers.metadata, b"last").unwrap();
    drop(claim);
    tiers.metadata.flush().unwrap();
    assert_eq!(other.get(&key).unwrap().unwrap(), b"last", "under a claim of its own");
}

#[test]
fn what_is_written_late_does_not_take_the_place_of_what_others_have_computed() {
    let server = RedisServer::start();
    let redis =
        || RedisMetadataStore::new(&memento_storage_redis::Options::new(&server.url()).unwrap());
    check_late_put(redis(), &redis());
    let server = S3Server::start();
    let bucket = || ObjectMetadataStore::new(&server.options());
    check_late_put(bucket(), &bucket());
}

#[test]
fn a_queue_without_room_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    let text = "[storage]\ntiers = ['memory', 'far']\n\
        [storage.far]\ntype = 'memory'\nwrite = 'behind'\nqueue = 0\n";
    fs::write(&file, text).unwrap();
    let error = Environment::load(&file).unwrap().storage("").unwrap_err().to_string();
    assert!(error.contains("memento.toml:6): it has to be 1 at least"), "{error}");
}

#[test]
fn a_password_in_a_url_among_the_tiers_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    for (more, expected) in [("nonsense = 1", "nonsense"), ("data = 'none'", "none")] {
        let tiers = "[storage]\ntiers = ['memory', 'redis://user:secret@127.0.0.1:1']\n";
        fs::write(&file, format!("{tiers}{more}\n")).unwrap();
        let environment = Environment::load(&file).unwrap();
        let error = environment.storage("").unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected) && !shown.contains("secret"), "{shown}");
    }
}
