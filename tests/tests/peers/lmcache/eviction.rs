//! Storages within limits.

use std::collections::BTreeSet;

use memento::storage::Prefix;
use memento::{Digest, Environment, ErrorKind, LocalRunner, Name, Storage, memento};
use memento_storage_layers::{Eviction, EvictionOrder};
use memento_tests::s3::S3Server;

use super::{in_s3, redis};
use crate::asked::Asked;
use crate::{RUNS, environment, large, name};

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
            let results = Prefix::new("results").unwrap();
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

/// An environment that keeps so many bytes of what is in `store`, as another process has it.
fn limited(store: &Asked, max_size: u64, order: EvictionOrder) -> Environment {
    let eviction = Eviction::new().max_size(max_size).order(order);
    let storage = Storage::from(eviction.around(store.stores())).memory_cache(0);
    Environment::new(storage, LocalRunner::new())
}

/// What goes first is what its order says: what was used longest ago, or least often, or was put first, or used last.
#[test]
fn what_goes_first_is_what_the_order_says() {
    for (order, expected) in [
        (EvictionOrder::LeastRecentlyUsed, 4),
        (EvictionOrder::LeastFrequentlyUsed, 3),
        (EvictionOrder::FirstIn, 1),
        (EvictionOrder::MostRecentlyUsed, 2),
    ] {
        let store = Asked::default();
        let all = limited(&store, 1_500_000, order);
        all.enter(|| [1, 2, 3, 4].map(large));
        RUNS.set(0);
        all.enter(|| [4, 4, 1, 1, 3, 2, 2].map(large));
        assert_eq!(RUNS.get(), 0, "there is room for four");
        all.flush().unwrap();
        // There is room for three, which is found out when something is put.
        let three = limited(&store, 1_000_000, order);
        let short = vec![0; 20_000];
        let name = Name::of_result(&Digest::of(&short));
        three.storage("").unwrap().stores().data.put(&name, &short).unwrap();
        three.flush().unwrap();
        let data = store.stores().data;
        let listed = data.list(&Prefix::new("results").unwrap(), &<_>::default()).unwrap().objects;
        let long = listed.iter().filter(|object| object.size >= 300_000);
        let left: BTreeSet<u8> =
            long.map(|object| data.get(&object.name).unwrap().unwrap()[299_999]).collect();
        let gone: Vec<u8> = (1..=4).filter(|n| !left.contains(n)).collect();
        assert_eq!(gone, [expected], "{order:?}");
    }
}

/// What has no room even where it is alone is refused, and nothing goes for it.
#[test]
fn what_is_too_large_is_refused_before_anything_is_evicted() {
    let store = Asked::default();
    let environment = limited(&store, 1_000_000, EvictionOrder::LeastRecentlyUsed);
    environment.enter(|| [1, 2, 3].map(large));
    environment.flush().unwrap();
    store.forget();
    let data = environment.storage("").unwrap().stores().data;
    let error = data.put(&name("a/b"), &vec![0; 1_000_001]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    environment.flush().unwrap();
    assert_eq!((store.count("put"), store.count("remove")), (0, 0), "{store:?}");
    RUNS.set(0);
    environment.enter(|| [1, 2, 3].map(large));
    assert_eq!(RUNS.get(), 0);
}
