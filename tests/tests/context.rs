//! Context arguments: values for all functions called, however they are called.

use std::collections::BTreeMap;
use std::path::Path;

use futures_executor::block_on;
use memento::{Environment, LocalRunner, Storage, memento};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::noted;
use memento_tests::memory;
use memento_tests::references::{
    Settings, scaled, told, told_at_once, told_in_rayon, told_in_tasks, told_later, told_one_by_one,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

fn settings(folder: &Path, factor: u64) -> Settings {
    let factors = |n| BTreeMap::from([("some".to_owned(), Some(n)), ("none".to_owned(), None)]);
    Settings {
        folder: folder.to_owned(),
        factors: vec![factors(1), factors(factor)],
        with: scaled::bind().fix(folder.to_owned()).fix(10),
    }
}

/// What was noted, in order.
fn noted_in_order(folder: &Path, file: &str) -> Vec<u64> {
    let mut noted = noted(folder, file);
    noted.sort_unstable();
    noted
}

fn processes() -> Environment {
    let options = Options::new().workers(2).program(env!("CARGO_BIN_EXE_program"));
    Environment::new(Storage::memory(), ProcessRunner::new(options))
}

/// Checks what `call` returns with a context, and that it finds its result again, with that context only.
fn check(environment: &Environment, call: impl Fn(&Settings, u64) -> u64) {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), 2);
    let other = Settings { factors: Vec::new(), ..settings.clone() };
    environment.enter(|| {
        for _ in 0..2 {
            // 30 for each of the numbers below 4.
            assert_eq!(call(&settings, 4), 180);
        }
        assert_eq!(noted_in_order(folder.path(), "told"), [0, 1, 2, 3]);
        assert_eq!(call(&other, 4), 0);
        assert_eq!(noted_in_order(folder.path(), "told"), [0, 0, 1, 1, 2, 2, 3, 3]);
        // What the context refers to has the context, too: it is another call with another one.
        assert_eq!(noted(folder.path(), "scaled").len(), 8);
        assert_eq!(told(4), 0);
        let memento = told::with().context("settings", settings.clone());
        assert_eq!(memento.call(3), 90);
        assert_eq!(noted(folder.path(), "told").len(), 8);
    });
}

/// A way to ask with a context.
macro_rules! with {
    ($function:ident) => {
        |settings: &Settings, n: u64| {
            $function::with().context("settings", settings.clone()).call(n)
        }
    };
}

#[test]
fn context_reaches_callees_of_all_kinds() {
    for environment in
        [memory(), Environment::new(Storage::memory().memory_cache(0), LocalRunner::new())]
    {
        check(&environment, with!(told_one_by_one));
        check(&environment, with!(told_at_once));
        check(&environment, with!(told_in_rayon));
    }
}

#[test]
fn context_reaches_callees_in_worker_processes() {
    check(&processes(), with!(told_one_by_one));
    check(&processes(), with!(told_at_once));
    check(&processes(), with!(told_in_rayon));
}

#[test]
fn context_reaches_callees_through_batches() {
    for environment in [memory(), processes()] {
        check(&environment, |settings, n| {
            let batch = told_at_once::with().context("settings", settings.clone());
            batch.map([(n,)]).remove(0).unwrap()
        });
        check(&environment, |settings, n| {
            let batch = told::with().context("settings", settings.clone());
            batch.as_completed((0..n).map(|n| (n,))).map(|(_, result)| result.unwrap()).sum()
        });
    }
}

#[test]
fn context_reaches_callees_through_async_functions() {
    for environment in [memory(), processes()] {
        check(&environment, |settings, n| {
            block_on(told_later::with().context("settings", settings.clone()).call(n))
        });
        check(&environment, |settings, n| {
            let batch = told_later::with().context("settings", settings.clone());
            block_on(batch.try_map([(n,)])).unwrap()[0]
        });
    }
    let folder = tempfile::tempdir().unwrap();
    memory().enter(|| {
        let with = told_in_tasks::with().context("settings", settings(folder.path(), 2));
        // Of the numbers below 0, 1, 2 and 3, and below 4.
        assert_eq!(block_on(with.call(4)), 30 + 90 + 180);
        assert_eq!(noted_in_order(folder.path(), "told"), [0, 1, 2, 3]);
    });
}

#[memento]
fn limits(n: u64) -> Vec<u64> {
    vec![n, n + 1]
}

#[memento]
fn limited(n: u64) -> u64 {
    let limits = memento::context::<Vec<u64>>("limits").unwrap_or_default();
    let wide = memento::context::<Vec<u32>>("limits");
    assert!(wide.is_none(), "a value is what it was");
    limits.into_iter().max().map_or(n, |limit| n.min(limit))
}

#[memento]
fn limited_below(n: u64) -> u64 {
    limited::with().context("limits", limits(1)).call(n) * 100 + limited(n)
}

#[test]
fn results_can_be_context_and_the_innermost_value_counts() {
    memory().enter(|| {
        assert_eq!(limited_below::with().context("limits", limits(4)).call(9), 205);
        assert_eq!((limited_below(9), limited::with().context("other", 1).call(9)), (209, 9));
        assert_eq!(limited::with().context("limits", limits(7)).call(9), 8);
    });
}

#[memento]
fn greeting() -> (Option<String>, Option<u64>) {
    (memento::context("name"), memento::context("name"))
}

/// Worker processes know how it is encoded, and no more.
#[test]
fn a_context_is_whatever_it_is_encoded_like() {
    memory().enter(|| {
        let greeted = (Some("Ada".to_owned()), None);
        assert_eq!(greeting::with().context("name", "Ada").call(), greeted);
        assert_eq!(greeting::with().context("name", "Ada".to_owned()).call(), greeted);
        assert_eq!(Environment::current().unwrap().statistics().computed, 1);
    });
}

#[memento]
fn tripled(n: u64) -> u64 {
    n * 3
}

/// A number that is tripled, by a memento function, when it is cloned, and when it is read.
struct Tripling(u64);

impl Clone for Tripling {
    fn clone(&self) -> Self {
        Self(tripled(self.0))
    }
}

impl Serialize for Tripling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tripling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|n| Self(tripled(n)))
    }
}

#[memento]
fn tripled_twice() -> Vec<u64> {
    let tripled = ["value", "number"].map(memento::context::<Tripling>);
    tripled.into_iter().flatten().map(|tripled| tripled.0).collect()
}

#[test]
fn what_a_context_is_cloned_and_read_by_may_call_memento_functions() {
    memory().enter(|| {
        let with = tripled_twice::with().context("value", Tripling(5)).context("number", 7_u64);
        assert_eq!(with.call(), [15, 21]);
        assert_eq!(Environment::current().unwrap().statistics().computed, 3);
    });
}
