//! Backends behind URLs, in order, with what keeps them from being in the way.

use std::sync::Arc;
use std::time::Duration;

use memento::{DataStore, Environment, ErrorKind, Storage, memento};
use memento_storage_layers::{Breaker, Faults, Guarded};
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};

use crate::{RUNS, environment, in_folder, large, name, runs, with_each};

fn redis(prefix: &str) -> String {
    format!("url = '{}'\nkey_prefix = '{prefix}'\n", RedisServer::shared().url())
}

fn in_s3(server: &S3Server, prefix: &str) -> String {
    format!(
        "url = 's3://{BUCKET}/{prefix}'\nendpoint = '{}'\nallow_http = true\n\
         access_key_id = '{}'\nsecret_access_key = '{}'\n",
        endpoint(server.port()),
        KEY.0,
        KEY.1
    )
}

#[test]
fn connectors_are_chosen_by_the_scheme_of_a_url_several_at_once() {
    let s3 = S3Server::start();
    let text = format!("{}\n[storage.data]\n{}", redis("connectors"), in_s3(&s3, "peers"));
    let (folder, environment) = environment(&text).unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 0));
    let error = in_folder(&folder, "url = 'unknown://host'").unwrap_err().to_string();
    for known in ["unknown", "`redis`", "`s3`", "`file`"] {
        assert!(error.contains(known), "{error}");
    }
}

#[test]
fn batches_have_a_result_for_each_item_and_pings_are_answered() {
    with_each(|store| {
        store.ping().unwrap();
        let names = ["a/1", "a/2", "a/3"].map(name);
        let objects = [(names[0].clone(), &b"one"[..]), (names[2].clone(), &b"three"[..])];
        assert!(store.put_many(&objects).iter().all(Result::is_ok));
        let found: Vec<_> = store.get_many(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [Some(b"one".to_vec()), None, Some(b"three".to_vec())]);
        let there: Vec<_> = store.contains(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(there, [true, false, true]);
        let removed: Vec<_> = store.remove_many(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(removed, [true, false, true]);
    });
}

#[test]
fn backends_are_asked_in_order_and_what_is_found_is_copied_up() {
    let team = redis("order");
    let (_folder, alone) = environment(&team).unwrap();
    assert_eq!(runs(&alone), 6);
    let tiers = format!(
        "tiers = ['near', 'team']\n[storage.near]\ntype = 'filesystem'\npath = 'near'\n\
         [storage.team]\n{team}"
    );
    let (folder, tiered) = environment(&tiers).unwrap();
    assert_eq!(runs(&tiered), 0);
    let near = in_folder(&folder, "type = 'filesystem'\npath = 'near'").unwrap();
    assert_eq!(runs(&near), 0, "the first one has it now");
}

#[test]
fn errors_are_misses_and_a_backend_that_fails_is_left_alone_until_it_recovers() {
    let mut server = RedisServer::start();
    let text = format!(
        "url = '{}'\nconnect_timeout = '2s'\nresponse_timeout = '2s'\n\
         [storage.breaker]\nfailures = 1\nperiod = '1ms'\n",
        server.url()
    );
    let (_folder, environment) = environment(&text).unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 0));
    server.kill();
    assert_eq!((runs(&environment), runs(&environment)), (6, 6), "values are right all the same");
    assert!(environment.statistics().store_failures > 0, "and errors are counted apart");
    server.start_again();
    memento_tests::processes::wait_until("the probe finds it again", || runs(&environment) == 0);
}

#[test]
fn a_breaker_opens_and_lets_one_through_after_its_period() {
    let faulty = Guarded::new(Faults::new(1.0, 1), Arc::new(memento::MemoryDataStore::default()));
    let year = Duration::from_hours(24 * 365);
    let broken = Guarded::new(Breaker::new(3, year), Arc::new(faulty));
    let kinds: Vec<_> = (0..5).map(|_| broken.get(&name("a/b")).unwrap_err().kind()).collect();
    assert_eq!(kinds[..3], [ErrorKind::Storage; 3]);
    assert_eq!(kinds[3..], [ErrorKind::Unavailable; 2]);
}

#[memento]
fn pinned(n: u8) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    vec![n; 200_000]
}

#[test]
fn every_store_keeps_within_a_size_in_each_order_and_what_is_pinned_stays() {
    let s3 = S3Server::start();
    let path = memento::functions().map(|function| function.path().to_owned());
    let path = path.into_iter().find(|path| path.ends_with("::pinned")).unwrap();
    for order in ["lru", "lfu", "fifo", "mru"] {
        let stores = [
            "type = 'memory'\n".to_owned(),
            "type = 'filesystem'\npath = 'limited'\n".to_owned(),
            redis(&format!("limited-{order}")),
            format!(
                "{}[storage.data]\n{}",
                redis(&format!("limited-s3-{order}")),
                in_s3(&s3, order)
            ),
        ];
        for store in stores {
            let limits = format!("max_size = '1 MB'\norder = '{order}'\npinned = ['{path}']\n");
            let (_folder, environment) =
                environment(&format!("{store}[storage.eviction]\n{limits}")).unwrap();
            environment.enter(|| {
                assert_eq!(pinned(1), vec![1; 200_000]);
                for n in 0..20 {
                    assert_eq!(large(n), vec![n; 300_000]);
                }
            });
            environment.flush().unwrap();
            let stores = environment.storage("").unwrap().stores();
            let results = memento::Prefix::new("results").unwrap();
            let listed = stores.data.list(&results, &<_>::default()).unwrap().objects;
            let bytes: u64 = listed.iter().map(|object| object.size).sum();
            assert!((500_000..1_000_000).contains(&bytes), "{order}: {bytes} bytes in {store}");
            let error = stores.data.put(&name("a/b"), &vec![0; 1_000_001]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            RUNS.set(0);
            environment.enter(|| assert_eq!(pinned(1), vec![1; 200_000]));
            assert_eq!(RUNS.get(), 0, "{order}, in {store}");
        }
    }
}

#[test]
fn contents_are_compressed_and_encrypted_on_their_way() {
    let store = "type = 'filesystem'\npath = 'sealed'\n";
    let layers =
        "[storage.compression]\n[storage.encryption]\nkey = '0123456789abcdef0123456789abcdef'\n";
    let (folder, sealed) = environment(&format!("{store}{layers}")).unwrap();
    assert_eq!((runs(&sealed), runs(&sealed)), (6, 0));
    let plain = memento_storage_fs::FileDataStore::new(&memento_storage_fs::Options::new(
        folder.path().join("sealed"),
    ));
    let info = plain.info().unwrap();
    assert!(info.objects >= 3 && info.bytes < 300_000, "{info:?}");
    let other = layers.replace("0123", "3210");
    let other = in_folder(&folder, &format!("{store}{other}")).unwrap();
    assert_eq!(runs(&other), 6, "nobody reads it with another key");
}

#[test]
fn writes_are_made_behind_the_call_and_none_is_lost_silently() {
    let team = redis("behind");
    let tiers = format!("tiers = ['memory', 'team']\n[storage.team]\nwrite = 'behind'\n{team}");
    let (_folder, tiered) = environment(&tiers).unwrap();
    assert_eq!(runs(&tiered), 6);
    tiered.flush().unwrap();
    let (_folder, alone) = environment(&team).unwrap();
    assert_eq!(runs(&alone), 0);
}

#[test]
fn the_configuration_is_a_file_and_variables_and_code() {
    let (_folder, of_file) = environment("type = 'memory'").unwrap();
    let of_code = Environment::new(Storage::memory().memory_cache(0), memento::LocalRunner::new());
    for environment in [of_file, of_code] {
        assert_eq!((runs(&environment), runs(&environment)), (6, 0));
    }
    let (_folder, of_variable) = environment("type = 'filesystem'\npath = '${TMPDIR_OF_NOBODY}'")
        .map_or_else(|error| (None, Some(error)), |(folder, _)| (Some(folder), None));
    assert!(of_variable.unwrap().to_string().contains("TMPDIR_OF_NOBODY"));
}

mod third_parties_have_a_suite {
    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| std::sync::Arc::new(
        memento::MemoryDataStore::default()
    )));
}
