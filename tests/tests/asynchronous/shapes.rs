//! What async functions can be.

use std::rc::Rc;

use futures_executor::block_on;
use memento::memento;
use memento_tests::Runs;
use serde::Serialize;

static RUNS: Runs = Runs::new();

#[memento]
async fn borrows(text: &str, list: &[u64]) -> usize {
    RUNS.add();
    std::future::ready(()).await;
    text.len() + list.len()
}

/// Holds what must stay in its thread while it waits.
#[memento]
async fn stays(n: u64) -> u64 {
    RUNS.add();
    let counted = Rc::new(n);
    std::future::ready(()).await;
    *counted + 1
}

#[memento]
async fn measures<T: Serialize + Send + Sync>(value: &T) -> usize {
    RUNS.add();
    std::future::ready(size_of_val(value)).await
}

#[memento(ignore(log))]
async fn logs(n: u64, log: &(dyn Fn(u64) + Send + Sync)) -> u64 {
    RUNS.add();
    log(n);
    n
}

#[derive(Serialize, Clone)]
struct Pricer {
    rate: u64,
}

trait Price {
    async fn total(&self, n: u64) -> u64;
}

#[memento]
impl Pricer {
    #[memento]
    async fn price(&self, strike: u64) -> Result<u64, String> {
        RUNS.add();
        Self::base(strike).await.map(|base| base * self.rate)
    }

    #[memento]
    async fn base(strike: u64) -> Result<u64, String> {
        RUNS.add();
        strike.checked_sub(1).ok_or_else(|| "nothing".to_owned())
    }

    #[memento]
    async fn into_rate(self) -> u64 {
        RUNS.add();
        self.rate
    }
}

#[memento]
impl Price for Pricer {
    #[memento]
    async fn total(&self, n: u64) -> u64 {
        RUNS.add();
        self.price(n).await.unwrap_or_default() + self.rate
    }
}

#[derive(Serialize)]
struct Pair<'a, T>(&'a T, T);

#[memento]
impl<T: Serialize + Send + Sync + Into<u64> + Copy> Pair<'_, T> {
    #[memento]
    async fn sum(&self) -> u64 {
        RUNS.add();
        (*self.0).into() + self.1.into()
    }
}

/// Whatever can be spawned.
fn is_send<F: Future + Send>(future: F) -> F {
    future
}

#[test]
fn arguments_may_be_borrowed() {
    RUNS.alone(|| {
        let (text, list) = ("text".to_owned(), vec![1, 2]);
        for _ in 0..2 {
            assert_eq!(block_on(is_send(borrows(&text, &list))), 6);
        }
        assert_eq!(RUNS.take(), 1);
        let results = block_on(borrows::map([(&*text, &*list), ("x", &[][..])]));
        let values: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!((values, RUNS.take()), (vec![6, 1], 1));
    });
}

#[test]
fn a_body_may_stay_in_its_thread() {
    RUNS.alone(|| {
        let mut pool = futures_executor::LocalPool::new();
        assert_eq!(pool.run_until(stays(1)), 2);
        assert_eq!(pool.run_until(stays(1)), 2);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn a_future_can_be_spawned_if_its_body_can() {
    RUNS.alone(|| {
        let pricer = Pricer { rate: 2 };
        assert_eq!(block_on(is_send(measures(&3u16))), 2);
        assert_eq!(block_on(is_send(measures::try_call(&3u16))).unwrap(), 2);
        assert_eq!(block_on(is_send(pricer.price(4))), Ok(6));
        assert_eq!(block_on(is_send(Pair(&1u32, 2).sum())), 3);
        let with = borrows::with();
        assert_eq!(block_on(is_send(with.call("a", &[]))), 1);
        assert_eq!(block_on(is_send(with.map([("b", &[1, 2][..])]))).len(), 1);
        block_on(is_send(with.ignore_result("c", &[]))).unwrap();
    });
}

#[test]
fn generic_functions_have_their_types_in_the_key() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!(block_on(measures(&3u16)), 2);
            assert_eq!(block_on(measures(&3u32)), 4);
        }
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn arguments_may_be_ignored() {
    RUNS.alone(|| {
        let seen = parking_lot::Mutex::new(Vec::new());
        let log = |n| seen.lock().push(n);
        for _ in 0..2 {
            assert_eq!(block_on(logs(5, &log)), 5);
        }
        assert_eq!((seen.into_inner(), RUNS.take()), (vec![5], 1));
    });
}

#[test]
fn methods_are_kept() {
    RUNS.alone(|| {
        let pricer = Pricer { rate: 3 };
        for _ in 0..2 {
            assert_eq!(block_on(pricer.total(5)), 15);
            assert_eq!(block_on(pricer.price(5)), Ok(12));
            assert_eq!(block_on(pricer.clone().into_rate()), 3);
        }
        assert_eq!(RUNS.take(), 4);
        assert_eq!(block_on(PricerPrice::try_call(&pricer, 5)).unwrap(), Ok(12));
        let results = block_on(PricerPrice::map([(&pricer, 5), (&pricer, 0)]));
        assert_eq!(results[0].as_ref().unwrap(), &Ok(12));
        assert!(results[1].as_ref().unwrap().is_err());
        let dependencies =
            PricerTotal::memento(&pricer, 5).unwrap().unwrap().provenance.dependencies;
        assert_eq!(dependencies.len(), 1);
    });
}
