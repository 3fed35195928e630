use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Identity, Landed, MemoryCache, OVERHEAD, Shared};
use crate::{Digest, Invocation};

fn landed(byte: u8) -> Landed {
    let invocation = Invocation::from_bytes([byte; 32]);
    let (digest, took) = (Digest::from_bytes([byte; 32]), u64::from(byte));
    Landed { invocation, digest, validity: None, took }
}

fn of(function: u32, arguments: &[u8]) -> Identity<'_> {
    Identity { function, hash: hash_of(function, arguments), arguments, padded: None }
}

fn hash_of(function: u32, arguments: &[u8]) -> u64 {
    foldhash::fast::FixedState::default().hash_one((function, arguments))
}

/// What is there, whatever came of it.
fn get<T: Clone + Send + Sync + 'static>(
    cache: &MemoryCache,
    identity: Identity<'_>,
) -> Option<(T, Landed)> {
    let mut found = None;
    let value = cache.get::<T>(identity, |candidate| {
        found = Some(candidate.landed().clone());
        true
    });
    value.zip(found)
}

impl MemoryCache {
    fn put(&self, identity: Identity<'_>, value: Shared, landed: Landed, size: u64) {
        self.put_if(identity, value, landed, size, || true);
    }
}

/// What an entry with arguments of one byte costs.
const fn cost(size: u64) -> u64 {
    size + OVERHEAD + 1
}

/// What all entries cost, added up anew; asserts that what the shards hold goes together.
fn recount(cache: &MemoryCache) -> u64 {
    cache.shards.iter().map(|shard| shard.lock().sizes().sum::<u64>()).sum()
}

#[track_caller]
fn check_account(cache: &MemoryCache) {
    let used = cache.used.load(Ordering::Relaxed);
    assert_eq!(used, recount(cache));
    assert!(used <= cache.budget, "{used} of {} bytes", cache.budget);
}

/// Numbers that look like chance, and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[test]
fn what_is_put_is_there() {
    let cache = MemoryCache::new(10_000);
    assert!(get::<u32>(&cache, of(1, b"a")).is_none());
    cache.put(of(1, b"a"), Arc::new(7_u32), landed(1), 4);
    cache.put(of(1, b"b"), Arc::new("text".to_owned()), landed(2), 4);
    let (number, of_number) = get::<u32>(&cache, of(1, b"a")).unwrap();
    assert_eq!((number, of_number.invocation), (7, landed(1).invocation));
    let (text, of_text) = get::<String>(&cache, of(1, b"b")).unwrap();
    assert_eq!((&*text, of_text.digest), ("text", landed(2).digest));
    let (shared, _) = cache.get_shared(of(1, b"a")).unwrap();
    assert_eq!(shared.downcast_ref::<u32>(), Some(&7));
    assert_eq!(cache.used.load(Ordering::Relaxed), 2 * cost(4));
    check_account(&cache);
}

#[test]
fn function_and_arguments_tell_values_apart() {
    let cache = MemoryCache::new(10_000);
    let identities = [of(1, b""), of(1, b"a"), of(1, b"b"), of(1, b"ab"), of(2, b""), of(2, b"a")];
    for (number, identity) in (0_usize..).zip(identities) {
        cache.put(identity, Arc::new(number), landed(0), 8);
    }
    for (number, identity) in (0_usize..).zip(identities) {
        assert_eq!(get::<usize>(&cache, identity).unwrap().0, number);
    }
    check_account(&cache);
}

#[test]
fn hits_are_counted() {
    let cache = MemoryCache::new(10_000);
    cache.put(of(1, b"a"), Arc::new(7_u32), landed(1), 4);
    cache.put(of(1, b"b"), Arc::new(String::new()), landed(1), 4);
    assert_eq!(cache.hits(), 0);
    for _ in 0..3 {
        get::<u32>(&cache, of(1, b"a")).unwrap();
        get::<String>(&cache, of(1, b"b")).unwrap();
    }
    assert!(get::<u32>(&cache, of(1, b"c")).is_none());
    assert_eq!(cache.hits(), 6);
    // Who looks whether another thread was faster is not a caller that was answered.
    cache.get_shared(of(1, b"a")).unwrap();
    assert_eq!(cache.hits(), 6);
}

#[test]
fn what_hits_save_adds_up() {
    let cache = MemoryCache::new(10_000);
    cache.put(of(1, b"a"), Arc::new(7_u32), landed(3), 4);
    cache.put(of(1, b"b"), Arc::new(String::new()), landed(100), 4);
    assert_eq!(cache.saved(), Duration::ZERO, "nothing was found yet");
    for _ in 0..3 {
        get::<u32>(&cache, of(1, b"a")).unwrap();
    }
    get::<String>(&cache, of(1, b"b")).unwrap();
    assert_eq!(cache.saved(), Duration::from_nanos(3 * 3 + 100));
    // What is no hit saves nothing.
    assert!(get::<u32>(&cache, of(1, b"c")).is_none());
    assert!(get::<i32>(&cache, of(1, b"a")).is_none());
    assert!(cache.get::<u32>(of(1, b"a"), |_| false).is_none());
    cache.get_shared(of(1, b"a")).unwrap();
    assert_eq!(cache.saved(), Duration::from_nanos(109));
    // It stays saved when the value goes.
    cache.remove(of(1, b"a"));
    assert_eq!(cache.saved(), Duration::from_nanos(109));
}

#[test]
fn a_value_of_another_type_is_not_there() {
    let cache = MemoryCache::new(10_000);
    cache.put(of(1, b"a"), Arc::new(7_u32), landed(1), 4);
    assert!(get::<i32>(&cache, of(1, b"a")).is_none());
    assert!(get::<String>(&cache, of(1, b"a")).is_none());
    assert_eq!(get::<u32>(&cache, of(1, b"a")).unwrap().0, 7);
}

#[test]
fn a_value_of_another_type_is_no_hit() {
    let cache = MemoryCache::new(10_000);
    cache.put(of(1, b"a"), Arc::new(7_u32), landed(1), 4);
    assert!(get::<i32>(&cache, of(1, b"a")).is_none());
    assert!(get::<String>(&cache, of(1, b"a")).is_none());
    assert_eq!(cache.hits(), 0);
}

#[test]
fn a_new_value_takes_the_place_of_one_that_nobody_asks_for() {
    let cache = MemoryCache::new(20 * cost(50));
    for number in 0_u8..200 {
        cache.put(of(1, &[number]), Arc::new(number), landed(1), 50);
        assert!(cache.get_shared(of(1, &[number])).is_some(), "{number}");
    }
}

#[test]
fn what_is_asked_for_survives_whatever_shard_it_is_in() {
    let cache = MemoryCache::new(3 * cost(50));
    for number in [1_u8, 2, 3] {
        cache.put(of(1, &[number]), Arc::new(number), landed(1), 50);
    }
    for asked in [1, 2] {
        get::<u8>(&cache, of(1, &[asked])).unwrap();
    }
    cache.put(of(1, &[4]), Arc::new(4_u8), landed(1), 50);
    for asked in [1, 2] {
        assert_eq!(get::<u8>(&cache, of(1, &[asked])).unwrap().0, asked);
    }
    check_account(&cache);
}

#[test]
fn a_size_that_cannot_be_is_not_kept() {
    let cache = MemoryCache::new(10_000);
    for size in [u64::MAX, u64::MAX - OVERHEAD, u64::MAX - OVERHEAD - 1] {
        assert!(!cache.admits(of(1, b"a"), size));
        cache.put(of(1, b"a"), Arc::new(7_u32), landed(1), size);
        assert!(get::<u32>(&cache, of(1, b"a")).is_none());
    }
    check_account(&cache);
}

#[test]
fn a_replaced_value_is_taken_off_the_account() {
    let cache = MemoryCache::new(10_000);
    for size in [4, 400, 0, 40] {
        cache.put(of(1, b"a"), Arc::new(size), landed(1), size);
        assert_eq!(get::<u64>(&cache, of(1, b"a")).unwrap().0, size);
        assert_eq!(cache.used.load(Ordering::Relaxed), cost(size));
        check_account(&cache);
    }
    cache.put(of(1, b"a"), Arc::new("another type"), landed(1), 4);
    assert_eq!(get::<&str>(&cache, of(1, b"a")).unwrap().0, "another type");
}

#[test]
fn what_is_not_wanted_any_more_is_not_kept() {
    let cache = MemoryCache::new(10_000);
    cache.put_if(of(1, b"a"), Arc::new(7_u8), landed(1), 50, || false);
    assert!(get::<u8>(&cache, of(1, b"a")).is_none());
    cache.put(of(1, b"a"), Arc::new(8_u8), landed(1), 50);
    cache.put_if(of(1, b"a"), Arc::new(7_u8), landed(1), 50, || false);
    assert_eq!(get::<u8>(&cache, of(1, b"a")).unwrap().0, 8);
    assert_eq!(cache.used.load(Ordering::Relaxed), cost(50));
    check_account(&cache);
}

#[test]
fn the_budget_is_held() {
    let cache = MemoryCache::new(20 * cost(50));
    let mut numbers = Numbers(1);
    for round in 0_u32..2000 {
        let arguments = round.to_le_bytes();
        cache.put(of(1, &arguments), Arc::new(round), landed(1), numbers.below(100));
        check_account(&cache);
        get::<u32>(&cache, of(1, &numbers.below(u64::from(round) + 1).to_le_bytes()[..4]));
    }
    assert!(recount(&cache) > 10 * cost(50), "it is nowhere near full");
}

#[test]
fn what_is_put_takes_the_place_of_others() {
    let cache = MemoryCache::new(10 * cost(50));
    for number in 0_u8..100 {
        cache.put(of(1, &[number]), Arc::new(number), landed(1), 50);
    }
    let kept = (0_u8..100).filter(|&number| cache.get_shared(of(1, &[number])).is_some()).count();
    assert_eq!(kept, 10);
    check_account(&cache);
}

#[test]
fn what_exceeds_the_budget_is_not_kept_and_drops_nothing() {
    let cache = MemoryCache::new(2 * cost(50));
    for argument in [b"a", b"b"] {
        cache.put(of(1, argument), Arc::new(7_u8), landed(1), 50);
    }
    cache.put(of(1, b"c"), Arc::new(8_u8), landed(1), 2 * cost(50) - cost(0) + 1);
    assert!(get::<u8>(&cache, of(1, b"c")).is_none());
    for argument in [b"a", b"b"] {
        assert_eq!(get::<u8>(&cache, of(1, argument)).unwrap().0, 7);
    }
    check_account(&cache);
}

#[test]
fn what_just_fits_is_kept() {
    let cache = MemoryCache::new(cost(50));
    cache.put(of(1, b"a"), Arc::new(7_u8), landed(1), 50);
    assert_eq!(get::<u8>(&cache, of(1, b"a")).unwrap().0, 7);
    assert!(cache.admits(of(1, b"a"), 50));
    assert!(!cache.admits(of(1, b"a"), 51));
    assert!(!cache.admits(of(1, b"ab"), 50));
    check_account(&cache);
}

#[test]
fn a_cache_of_no_bytes_keeps_nothing() {
    let cache = MemoryCache::new(0);
    assert!(!cache.admits(of(1, b"a"), 0));
    cache.put(of(1, b"a"), Arc::new(()), landed(1), 0);
    assert!(get::<()>(&cache, of(1, b"a")).is_none());
    check_account(&cache);
}

#[test]
fn what_is_asked_for_survives_what_is_not() {
    let cache = MemoryCache::new(10 * cost(50));
    cache.put(of(1, b"asked for"), Arc::new(7_u8), landed(1), 42);
    for number in 0_u8..=255 {
        assert_eq!(get::<u8>(&cache, of(1, b"asked for")).unwrap().0, 7, "before {number}");
        cache.put(of(2, &[number]), Arc::new(number), landed(1), 50);
    }
    check_account(&cache);
}

#[test]
fn a_removed_value_is_gone() {
    let cache = MemoryCache::new(10_000);
    for argument in [b"a", b"b"] {
        cache.put(of(1, argument), Arc::new(7_u8), landed(1), 50);
    }
    cache.remove(of(1, b"a"));
    assert!(get::<u8>(&cache, of(1, b"a")).is_none());
    assert!(get::<u8>(&cache, of(1, b"b")).is_some());
    assert_eq!(cache.used.load(Ordering::Relaxed), cost(50));
    cache.remove(of(1, b"a"));
    cache.put(of(1, b"a"), Arc::new(8_u8), landed(1), 50);
    assert_eq!(get::<u8>(&cache, of(1, b"a")).unwrap().0, 8);
    check_account(&cache);
}

#[test]
fn all_values_of_a_function_can_be_removed() {
    let cache = MemoryCache::new(1_000_000);
    for number in 0_u8..200 {
        cache.put(of(u32::from(number % 2), &[number]), Arc::new(number), landed(1), 50);
    }
    cache.remove_function(1);
    for number in 0_u8..200 {
        let found = get::<u8>(&cache, of(u32::from(number % 2), &[number]));
        assert_eq!(found.map(|(number, _)| number), (number % 2 == 0).then_some(number));
    }
    assert_eq!(cache.used.load(Ordering::Relaxed), 100 * cost(50));
    check_account(&cache);
}

/// Two functions without a number could be taken for one another.
#[test]
fn what_has_no_number_is_not_kept() {
    let cache = MemoryCache::new(1_000_000);
    assert_eq!((cache.take_number(), cache.take_number()), (0, 1));
    cache.numbers.store(u32::MAX - 1, Ordering::Relaxed);
    let last = cache.take_number();
    cache.put(of(last, b"a"), Arc::new(1_u8), landed(1), 50);
    assert_eq!(get::<u8>(&cache, of(last, b"a")).unwrap().0, 1);
    for _ in 0..2 {
        let none = cache.take_number();
        assert!(!cache.admits(of(none, b"a"), 50));
        cache.put(of(none, b"a"), Arc::new(1_u8), landed(1), 50);
        assert!(get::<u8>(&cache, of(none, b"a")).is_none());
    }
    check_account(&cache);
}

#[test]
fn values_are_dropped_outside_of_the_locks() {
    /// Looks into the cache when it goes.
    struct Nosy(Arc<MemoryCache>, Arc<AtomicU64>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            self.0.hits();
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (cache, dropped) = (Arc::new(MemoryCache::new(2 * cost(50))), Arc::default());
    let nosy = || Arc::new(Nosy(Arc::clone(&cache), Arc::clone(&dropped)));
    for number in 0_u8..10 {
        cache.put(of(1, &[number]), nosy(), landed(1), 50);
        cache.put(of(1, &[number]), nosy(), landed(1), 50);
    }
    cache.remove(of(1, &[9]));
    cache.remove_function(1);
    assert_eq!(dropped.load(Ordering::Relaxed), 20);
    check_account(&cache);
}

#[test]
fn threads_keep_the_account_exact() {
    let cache = MemoryCache::new(50 * cost(50));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let cache = &cache;
            scope.spawn(move || {
                let mut numbers = Numbers(thread);
                for _ in 0..10_000 {
                    let (function, argument) =
                        (u32::from(numbers.below(3) > 0), numbers.below(100));
                    let arguments = argument.to_le_bytes();
                    let identity = of(function, &arguments);
                    match numbers.below(100) {
                        0 => cache.remove_function(function),
                        1..10 => drop(cache.remove(identity)),
                        10..50 => {
                            let value = Arc::new((function, argument));
                            cache.put(identity, value, landed(1), numbers.below(300));
                        }
                        _ => {
                            let found = get::<(u32, u64)>(cache, identity);
                            assert!(found.is_none_or(|(value, _)| value == (function, argument)));
                        }
                    }
                }
            });
        }
    });
    check_account(&cache);
}
