//! An object storage on Redis.

use std::sync::atomic::{AtomicU64, Ordering};

use memento::{DataStore, ErrorKind, Namespace, PutOptions};
use memento_storage_redis::{Options, RedisDataStore};
use memento_tests::redis::RedisServer;

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
    let listed = store.list(&memento::Prefix::root(), &memento::ListOptions::default()).unwrap();
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
