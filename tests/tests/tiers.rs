//! Programs whose results go into a storage behind the calls.

use std::fs;
use std::path::Path;
use std::process::Command;

use memento::{DataStore as _, Digest, Environment, Filter, Name, memento};
use memento_storage_fs::{FileDataStore, Options};
use memento_tests::redis::RedisServer;
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
