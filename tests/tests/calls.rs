//! What a call does: hit, miss, and what is recorded.

use memento::{Environment, ErrorKind, Explanation, LocalRunner, Miss, Query, Storage, memento};
use memento_tests::{Runs, memory};

static RUNS: Runs = Runs::new();

#[memento]
fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
fn fibonacci(n: u64) -> u64 {
    RUNS.add();
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[memento]
fn needs_itself(n: u64) -> u64 {
    if n == 0 { 0 } else { needs_itself(n) }
}

#[memento]
fn needs_itself_through_another(n: u64) -> u64 {
    between(n)
}

#[memento]
fn between(n: u64) -> u64 {
    needs_itself_through_another(n)
}

#[memento]
fn sum_of(numbers: Vec<u64>) -> u64 {
    RUNS.add();
    numbers.iter().map(|&n| double(n)).sum()
}

#[memento]
fn long(n: usize) -> Vec<u8> {
    RUNS.add();
    vec![7; n]
}

#[memento]
fn length_of(text: String) -> usize {
    RUNS.add();
    text.len()
}

#[memento(ttl = "1ns")]
fn expires_at_once(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento(ttl = "100years")]
fn expires_late(n: u64) -> u64 {
    RUNS.add();
    n
}

#[test]
fn the_second_call_is_a_hit() {
    RUNS.alone(|| {
        assert_eq!((double(1), double(1), double(2)), (2, 2, 4));
        assert_eq!(RUNS.take(), 2);
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.memory_hits, statistics.calls()), (2, 1, 3));
    });
}

#[test]
fn arguments_of_any_length_are_found_in_memory() {
    RUNS.alone(|| {
        let lengths = 0..300;
        let texts = || lengths.clone().map(|length| "x".repeat(length));
        assert!(texts().map(length_of).eq(lengths.clone()));
        assert_eq!(RUNS.take(), 300);
        assert!(texts().map(length_of).eq(lengths.clone()));
        let found = length_of::map(texts().map(|text| (text,)));
        assert!(found.into_iter().map(Result::unwrap).eq(lengths));
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.memory_hits), (300, 600));
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn without_memory_cache_the_stores_are_asked() {
    RUNS.alone(|| {
        let storage = Storage::memory().memory_cache(0).inline_limit(100);
        Environment::new(storage, LocalRunner::new()).enter(|| {
            for length in [10, 1000] {
                assert_eq!(long(length), vec![7; length]);
                assert_eq!(long(length), vec![7; length]);
                let value = long::memento(length).unwrap().unwrap().outcome.value.unwrap();
                assert_eq!(value.inline, length == 10, "{value:?}");
            }
            let statistics = Environment::current().unwrap().statistics();
            assert_eq!(
                (statistics.computed, statistics.memory_hits, statistics.store_hits),
                (2, 0, 2)
            );
        });
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn environments_know_nothing_of_each_other() {
    RUNS.alone(|| {
        let (one, other) = (memory(), memory());
        for environment in [&one, &other, &one, &other] {
            assert_eq!(environment.enter(|| double(1)), 2);
        }
        assert_eq!(RUNS.take(), 2);
        one.enter(|| {
            other.enter(|| assert!(double::forget(1).unwrap()));
            double(1);
        });
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn a_function_may_call_itself() {
    RUNS.alone(|| {
        assert_eq!(fibonacci(80), 23_416_728_348_467_685);
        assert_eq!(RUNS.take(), 81);
    });
}

#[test]
fn a_result_that_needs_itself_is_an_error() {
    RUNS.alone(|| {
        for error in [needs_itself::try_call(1), needs_itself_through_another::try_call(1)] {
            let error = error.unwrap_err();
            // The inner call panics with the recursion, and the outer one tells of it.
            assert_eq!(error.kind(), ErrorKind::Panicked);
            let message = error.to_string();
            assert!(message.contains("compute a result that needs itself"), "{message}");
            assert!(message.contains("memento-tests::calls::needs_itself"), "{message}");
        }
        assert_eq!(needs_itself(0), 0);
    });
}

#[test]
fn a_memento_tells_where_a_result_comes_from() {
    RUNS.alone(|| {
        assert_eq!(sum_of(vec![3, 1, 3, 2]), 18);
        let memento = sum_of::memento(vec![3, 1, 3, 2]).unwrap().unwrap();
        let provenance = &memento.provenance;
        assert_eq!(provenance.function, "memento-tests::calls::sum_of");
        assert_eq!(provenance.version, sum_of::version());
        assert_eq!(provenance.arguments.as_ref().unwrap().to_string(), "([3, 1, 3, 2])");
        assert_eq!(provenance.result_type, "u64");
        assert_eq!(provenance.package_version, env!("CARGO_PKG_VERSION"));
        assert_eq!(provenance.runner, "local");
        assert!(!provenance.host.is_empty());
        assert_eq!(provenance.process, std::process::id());
        assert!(provenance.own_time <= provenance.total_time);
        assert!(memento.started() <= memento.finished);

        let callees: Vec<_> = [3, 1, 2].map(|n| double::memento(n).unwrap().unwrap()).into();
        assert_eq!(provenance.callees().count(), callees.len(), "each call once, in order");
        for (recorded, memento) in provenance.callees().zip(&callees) {
            assert_eq!(recorded.function, "memento-tests::calls::double");
            assert_eq!(recorded.key(), memento.key);
            assert_eq!(recorded.version, double::version());
            assert_eq!(recorded.digest, Some(memento.outcome.digest));
            assert_eq!(memento.provenance.correlation, provenance.correlation);
        }
        double(9);
        let other = double::memento(9).unwrap().unwrap().provenance.correlation;
        assert_ne!(other, provenance.correlation, "another outermost call");
    });
}

#[test]
fn callees_that_hit_are_recorded_too() {
    RUNS.alone(|| {
        double(1);
        sum_of(vec![1]);
        let memento = sum_of::memento(vec![1]).unwrap().unwrap();
        assert_eq!(memento.provenance.callees().count(), 1);
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn long_arguments_are_hashed_and_not_kept() {
    RUNS.alone(|| {
        for numbers in [vec![1; 10], vec![1; 100_000]] {
            sum_of(numbers.clone());
            assert_eq!(RUNS.take(), if numbers.len() == 10 { 2 } else { 1 });
            sum_of(numbers.clone());
            assert_eq!(RUNS.take(), 0);
            let memento = sum_of::memento(numbers.clone()).unwrap().unwrap();
            assert_eq!(memento.provenance.arguments.is_some(), numbers.len() == 10);
        }
        let mut other = vec![1; 100_000];
        other[99_999] = 2;
        sum_of(other);
        assert_eq!(RUNS.take(), 2, "sum_of and double(2)");
    });
}

#[test]
fn results_expire() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!((expires_at_once(1), expires_late(1)), (1, 1));
        }
        assert_eq!(RUNS.take(), 3);
        assert_eq!(expires_at_once::explain(1).unwrap(), Explanation::Miss(Miss::Expired));
        assert_eq!(expires_late::explain(1).unwrap(), Explanation::Hit);
    });
}

#[test]
fn what_is_forgotten_is_computed_again() {
    RUNS.alone(|| {
        for n in 0..4 {
            double(n);
        }
        assert_eq!(double::explain(0).unwrap(), Explanation::Hit);
        assert!(double::forget(0).unwrap());
        assert!(!double::forget(0).unwrap());
        assert_eq!(double::explain(0).unwrap(), Explanation::Miss(Miss::Forgotten));
        RUNS.take();
        double(0);
        double(1);
        assert_eq!(RUNS.take(), 1);
        assert_eq!(double::forget_all().unwrap(), 4);
        double(1);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn mementos_are_listed_newest_first_and_by_pages() {
    RUNS.alone(|| {
        for n in 0..7 {
            double(n);
            fibonacci(n);
        }
        let mut query = Query::new().limit(3);
        let mut seen = Vec::new();
        loop {
            let page = double::list(&query).unwrap();
            assert!(page.mementos.len() <= 3);
            seen.extend(page.mementos);
            match page.next {
                Some(next) => query = query.from(next),
                None => break,
            }
        }
        let arguments = seen.iter().map(|m| m.provenance.arguments.as_ref().unwrap().to_string());
        let expected: Vec<_> = (0..7).rev().map(|n| format!("({n})")).collect();
        assert_eq!(arguments.collect::<Vec<_>>(), expected);
        assert!(double::list(&Query::new().failed(true)).unwrap().mementos.is_empty());
    });
}

#[test]
fn one_path_for_two_functions_is_an_error_that_shows_both() {
    fn one() -> memento::Result<u64> {
        #[memento]
        fn ambiguous() -> u64 {
            1
        }
        ambiguous::try_call()
    }
    fn other() -> memento::Result<u64> {
        #[memento]
        fn ambiguous() -> u64 {
            2
        }
        ambiguous::try_call()
    }
    RUNS.alone(|| {
        for error in [one().unwrap_err(), other().unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Ambiguous);
            let message = error.to_string();
            assert_eq!(message.matches("tests/tests/calls.rs:").count(), 2, "{message}");
            assert!(message.contains("rename one of them"), "{message}");
        }
        assert_eq!(double(1), 2, "other functions do not care");
    });
}
