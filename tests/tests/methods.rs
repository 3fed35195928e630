//! Functions in `impl` blocks: with and without `self`, of traits, generic.
#![deny(warnings, missing_docs, unreachable_pub, unused_lifetimes, clippy::all, clippy::pedantic)]

use std::borrow::Borrow;
use std::fmt::Debug;
use std::slice::from_ref;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Query, memento};
use memento_tests::Runs;
use memento_tests::folder::Folder;
use memento_tests::reasons::in_process;
use serde::{Deserialize, Serialize};

static RUNS: Runs = Runs::new();

/// Prices something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pricer {
    rate: u64,
}

#[memento(ttl = "12h", errors = "replay")]
impl Pricer {
    const FEE: u64 = 1;

    /// It is documented, and needs names that nobody else sees.
    #[memento(errors = "retry")]
    #[must_use]
    fn price(&self, strike: u64) -> u64 {
        RUNS.add();
        self.discounted(strike) + Self::FEE + hidden(strike)
    }

    fn discounted(&self, strike: u64) -> u64 {
        strike * self.rate
    }

    #[memento]
    pub(crate) fn new(rate: u64) -> Result<Self, String> {
        RUNS.add();
        if rate == 0 { Err("no rate".to_owned()) } else { Ok(Self { rate }) }
    }

    #[memento(errors = "retry")]
    fn into_larger(mut self, by: u64, others: &[Self]) -> Self
    where
        Self: Sized + Clone,
    {
        RUNS.add();
        self.rate += by + others.iter().map(|other| other.rate).sum::<u64>();
        self
    }

    #[memento(errors = "retry", handle = Boxes)]
    fn boxed(self: Box<Self>, this: u64) -> u64 {
        RUNS.add();
        self.rate + this
    }

    #[memento(errors = "retry", key(self = self.rate % 10, other = Self::last_digit(*other)), ignore(note))]
    #[allow(clippy::needless_arbitrary_self_type, reason = "a shape of function")]
    fn last_digits(self: &Self, other: u64, note: &notes::Note) -> u64 {
        RUNS.add();
        note.write();
        self.rate % 10 + Self::last_digit(other)
    }

    fn last_digit(n: u64) -> u64 {
        n % 10
    }

    #[memento(errors = "retry", ignore(self))]
    fn constant(&self) -> u64 {
        RUNS.add();
        7
    }

    #[cfg(any())]
    #[memento]
    fn configured_out(&self, _: NoSuchType) {}

    #[memento(errors = "retry", handle = Other)]
    #[cfg(test)]
    #[expect(unused_variables)]
    fn configured(&self) -> u64 {
        let unused = 0;
        self.price(2)
    }
}

fn hidden(strike: u64) -> u64 {
    strike / 1000
}

mod notes {
    use std::sync::atomic::{AtomicU64, Ordering};

    #[derive(Default)]
    pub(super) struct Note(pub(super) AtomicU64);

    impl Note {
        pub(super) fn write(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A trait with a type, a constant and a function of its own.
mod pricing {
    pub(super) trait Price<T> {
        type Output: serde::Serialize;
        const NAME: &'static str;
        fn price(&self, of: T) -> Self::Output;
        fn name(&self) -> String {
            Self::NAME.to_owned()
        }
        fn zero() -> Self::Output;
    }
}

#[memento]
impl pricing::Price<u64> for Pricer {
    type Output = Vec<u64>;
    const NAME: &'static str = "p";

    // `Price` is not in scope here, and it has a `price` of its own.
    #[memento(handle = pub(crate) PricerPriceOfTrait)]
    fn price(&self, of: u64) -> Self::Output {
        RUNS.add();
        let mut zero: Self::Output = Self::zero();
        zero.extend([of, self.rate, Self::NAME.len() as u64, self.name().len() as u64]);
        zero
    }

    #[memento]
    fn zero() -> Self::Output {
        RUNS.add();
        vec![0]
    }
}

/// Generic in all ways.
#[derive(Clone, Debug, Serialize)]
struct View<'a, T, const N: usize> {
    parts: &'a [T],
}

#[memento]
impl<'a, T, const N: usize> View<'a, T, N>
where
    T: Clone + Serialize + Sync + Debug,
{
    #[memento]
    fn shown<U>(&self, with: U, others: &[Self]) -> String
    where
        U: Debug + Serialize + Send,
        Self: Clone,
    {
        RUNS.add();
        format!("{:?} {with:?} {N} {}", self.parts, others.len())
    }

    #[memento]
    fn of_nothing() -> usize {
        RUNS.add();
        N
    }

    #[memento]
    fn longer<'b>(&self, other: &'b View<'a, T, N>) -> usize
    where
        'a: 'b,
    {
        RUNS.add();
        self.parts.len().max(other.parts.len())
    }
}

trait Doubled {
    fn doubled(&self) -> u64;
}

#[memento]
impl<T: Borrow<u64> + Serialize + Sync> Doubled for T {
    #[memento]
    fn doubled(&self) -> u64 {
        RUNS.add();
        self.borrow() * 2
    }
}

#[memento]
impl<T> pricing::Price<(T, T)> for View<'_, T, 1>
where
    T: Serialize + Send + Sync + PartialEq,
{
    type Output = bool;
    const NAME: &'static str = "view";

    #[memento(handle = ViewPriceOfPair)]
    fn price(&self, of: (T, T)) -> bool {
        RUNS.add();
        of.0 == of.1 && !self.parts.is_empty()
    }

    fn zero() -> bool {
        false
    }
}

trait Length {
    fn length(&self) -> usize;
}

#[memento]
impl Length for [u64] {
    #[memento(handle = SliceLength)]
    fn length(&self) -> usize {
        RUNS.add();
        self.len()
    }
}

#[memento]
impl Length for (u8, Vec<u8>) {
    #[memento(handle = PairLength)]
    fn length(&self) -> usize {
        self.1.len()
    }
}

mod inner {
    use super::{RUNS, memento};

    /// Public in a private module.
    #[derive(serde::Serialize)]
    pub(super) struct With(pub(super) u64);

    #[memento]
    impl With {
        #[memento]
        pub(super) fn value(&self, with: &With) -> u64 {
            RUNS.add();
            self.0 + with.0
        }
    }
}

#[test]
fn each_shape_hits_the_second_time() {
    use pricing::Price as _;

    RUNS.alone(|| {
        let pricer = Pricer { rate: 13 };
        let view = View::<u64, 3> { parts: &[1, 2] };
        let note = notes::Note::default();
        for _ in 0..2 {
            assert_eq!(Pricer::price(&pricer, 2), 27);
            assert_eq!(Pricer::new(13).unwrap(), pricer);
            assert_eq!(Pricer::new(0), Err("no rate".to_owned()));
            assert_eq!(pricer.clone().into_larger(1, from_ref(&pricer)).rate, 27);
            assert_eq!(Box::new(pricer.clone()).boxed(1), 14);
            assert_eq!(pricer.last_digits(7, &note), 10);
            assert_eq!(pricer.constant(), 7);
            assert_eq!(pricer.configured(), 27);
            assert_eq!(pricing::Price::price(&pricer, 5), [0, 5, 13, 1, 1]);
            assert_eq!(view.shown("x", from_ref(&view)), "[1, 2] \"x\" 3 1");
            assert_eq!(View::<u64, 3>::of_nothing(), 3);
            assert_eq!(view.longer(&view), 2);
            assert_eq!(4_u64.doubled(), 8);
            assert!(View::<u8, 1> { parts: &[1] }.price((1, 1)));
            assert_eq!([1, 2, 3].length(), 3);
            assert_eq!(inner::With(1).value(&inner::With(2)), 3);
        }
        assert_eq!(RUNS.take(), 16);
        assert_eq!(note.0.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn keys_differ_by_self_types_and_constants() {
    RUNS.alone(|| {
        let (one, two) = (Pricer { rate: 1 }, Pricer { rate: 2 });
        assert_eq!((one.price(3), two.price(3), one.price(3)), (4, 7, 4));
        assert_eq!(RUNS.take(), 2);
        let parts = [1];
        let (view, other) = (View::<u64, 1> { parts: &parts }, View::<u64, 2> { parts: &parts });
        assert_ne!(view.shown((), &[]), other.shown((), &[]));
        assert_eq!((view.shown(1_u8, &[]), view.shown(1_u16, &[])).0, "[1] 1 1 0");
        assert_eq!((View::<u8, 1>::of_nothing(), View::<u16, 1>::of_nothing()), (1, 1));
        assert_eq!(RUNS.take(), 6);
        assert_eq!((4_u64.doubled(), Box::new(4_u64).doubled()), (8, 8));
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn what_stands_for_self() {
    RUNS.alone(|| {
        let note = notes::Note::default();
        assert_eq!(Pricer { rate: 13 }.last_digits(21, &note), 4);
        assert_eq!(Pricer { rate: 23 }.last_digits(31, &notes::Note::default()), 4);
        assert_eq!(RUNS.take(), 1);
        assert_eq!(Pricer { rate: 24 }.last_digits(31, &note), 5);
        assert_eq!((Pricer { rate: 1 }.constant(), Pricer { rate: 2 }.constant()), (7, 7));
        assert_eq!(RUNS.take(), 2);
        let memento = PricerConstant::memento(&Pricer { rate: 3 }).unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "()");
    });
}

#[test]
fn records_call_it_self() {
    RUNS.alone(|| {
        let pricer = Pricer { rate: 2 };
        assert_eq!(pricer.price(10), 21);
        let memento = PricerPrice::memento(&pricer, 10).unwrap().unwrap();
        assert_eq!(memento.provenance.function, "memento-tests::methods::Pricer::price");
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(Pricer { rate: 2 }, 10)");
        let explained = PricerPrice::explain(&Pricer { rate: 3 }, 10).unwrap().to_string();
        assert!(explained.ends_with("self is Pricer { rate: 3 }, was Pricer { rate: 2 }"));
        assert_eq!(PricerPrice::list(&Query::new()).unwrap().mementos.len(), 1);
        assert!(PricerPrice::forget(&pricer, 10).unwrap());
        assert_eq!(pricer.price(10), 21);
        assert_eq!((PricerPrice::forget_all().unwrap(), RUNS.take()), (1, 2));
        let view = View::<u64, 3> { parts: &[1] };
        view.shown(false, &[]);
        let memento = ViewShown::memento(&view, false, &[]).unwrap().unwrap();
        let arguments = memento.provenance.arguments.unwrap().to_string();
        assert_eq!(arguments, "(u64, 3, bool, View { parts: [1] }, false, [])");
    });
}

#[test]
fn what_functions_are_called_in_a_store() {
    let paths: Vec<_> = memento::functions().map(memento::Function::path).collect();
    let named = |name: &str| paths.contains(&&*format!("memento-tests::methods::{name}"));
    assert!(named("Pricer::price"), "{paths:?}");
    assert!(named("<Pricer as pricing::Price<u64>>::price"), "{paths:?}");
    assert!(named("View<'a, T, N>::shown"), "{paths:?}");
    assert!(named("<[u64] as Length>::length"), "{paths:?}");
    assert!(named("<T as Doubled>::doubled"), "{paths:?}");
    assert!(named("inner::With::value"), "{paths:?}");
}

#[test]
fn batches_and_calls_that_do_otherwise() {
    RUNS.alone(|| {
        let pricers = [Pricer { rate: 1 }, Pricer { rate: 2 }];
        let all = PricerPrice::map(pricers.iter().map(|pricer| (pricer, 5)));
        let all: Vec<u64> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!((all, RUNS.take()), (vec![6, 11], 2));
        assert_eq!(PricerPrice::with().refresh().call(&pricers[0], 5), 6);
        assert_eq!(PricerPriceOfTrait::try_call(&pricers[0], 5).unwrap().len(), 5);
        assert_eq!(RUNS.take(), 3);
        assert_eq!(PricerNew::map([(1,), (0,)]).len(), 2);
        PricerNew::with().ignore_result(2).unwrap();
        assert_eq!(Boxes::try_call(Box::new(pricers[1].clone()), 1).unwrap(), 3);
        assert_eq!(RUNS.take(), 4);
        let parts = [1_u64, 2];
        let view = View::<u64, 3> { parts: &parts };
        assert_eq!(ViewShown::map([(&view, 1, &[][..]), (&view, 2, &[])]).len(), 2);
        assert_eq!(ViewOfNothing::try_call::<u64, 4>().unwrap(), 4);
        assert_eq!(ViewOfNothing::with().local().call::<u64, 5>(), 5);
        assert_eq!(SliceLength::map([(&parts[..],), (&parts[1..],)]).len(), 2);
        assert_eq!(RUNS.take(), 6);
    });
}

#[test]
fn results_are_there_in_another_process() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let count = AtomicU64::new(0);
        let call = || {
            count.fetch_add(1, Ordering::Relaxed);
            (Pricer { rate: 1 }.price(1), [1].length(), 3_u64.doubled())
        };
        assert_eq!(in_process(&folder, call), (2, 1, 6));
        assert_eq!(RUNS.take(), 3);
        assert_eq!(in_process(&folder, call), (2, 1, 6));
        assert_eq!((RUNS.take(), count.into_inner()), (0, 2));
    });
}
