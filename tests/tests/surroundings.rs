//! Functions from macros and in blocks, on types of all kinds, with names that are taken elsewhere.
#![deny(warnings, missing_docs, unreachable_pub, unused_lifetimes, clippy::all, clippy::pedantic)]

use std::fmt::Debug;
use std::sync::Arc;

use memento::memento;
use memento_tests::Runs;
use serde::{Deserialize, Serialize};

static RUNS: Runs = Runs::new();

/// The names that generated code goes by, as items of a user.
mod taken {
    use super::{RUNS, Serialize, memento};

    #[derive(Clone, Serialize, serde::Deserialize)]
    pub(super) struct With(pub(super) u64);
    pub(super) const FUNCTION: u64 = 1;

    #[memento]
    pub(super) fn with(with: With, encoder: u64, recorded: u64, this: u64, arguments: u64) -> With {
        RUNS.add();
        With(with.0 + encoder + recorded + this + arguments + FUNCTION)
    }

    #[memento]
    impl With {
        #[memento(handle = Sum, key(self = (self.0, this.0)))]
        pub(super) fn sum(&self, this: With, memento: u64) -> u64 {
            RUNS.add();
            self.0 + this.0 + memento + FUNCTION
        }
    }
}

trait Weight {
    const UNIT: u64;

    fn weight<N>(&self, times: (u64, u64), note: impl Debug + Serialize + Send, number: N) -> u64
    where
        N: Into<u64> + Serialize + Send;
}

/// Implements [`Weight`] for a type that comes from elsewhere.
macro_rules! weigh {
    ($($type:ty: $handle:ident = $unit:expr),+ $(,)?) => {$(
        #[memento]
        impl Weight for $type {
            const UNIT: u64 = $unit;

            #[memento(handle = $handle)]
            fn weight<N>(
                &self,
                (mut times, _): (u64, u64),
                note: impl Debug + Serialize + Send,
                number: N,
            ) -> u64
            where
                N: Into<u64> + Serialize + Send,
            {
                RUNS.add();
                times *= Self::UNIT;
                times + format!("{note:?}{self:?}").len() as u64 + number.into()
            }
        }
    )+};
}

weigh!(u64: OfNumber = 1, [u8]: OfSlice = 100, (u8, u8): OfPair = 200, &'_ Vec<Option<u8>>: OfVec = 300);

/// A function of a macro's user, with a type and a value from there.
macro_rules! double {
    ($name:ident, $type:ty, $by:expr) => {
        #[memento]
        fn $name<const BY: usize>(n: $type) -> $type {
            RUNS.add();
            n * $by
        }
    };
}

double!(doubled, u64, 2);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tree {
    leaves: Vec<u64>,
}

#[memento]
#[expect(clippy::let_and_return, reason = "one of the functions does so")]
impl Tree {
    #[memento(key(self = self.leaves.len()), ignore(threads))]
    fn shared(self: Arc<Self>, threads: usize) -> usize {
        RUNS.add();
        let length = self.leaves.len() + threads / 100;
        length
    }

    #[memento(key(self = self.leaves.len()))]
    fn behind_both(self: &Arc<Self>) -> usize {
        RUNS.add();
        self.leaves.len()
    }

    #[memento(ignore(by))]
    fn within<'a>(&'a self, others: &'a [&'a Self], by: fn(&u64) -> u64) -> u64
    where
        Self: Sync,
    {
        RUNS.add();
        others.iter().flat_map(|tree| &tree.leaves).map(by).sum::<u64>() + self.leaves.len() as u64
    }
}

trait Any: Debug + Sync {
    fn bytes(&self) -> Vec<u8>;
}

impl Any for u8 {
    fn bytes(&self) -> Vec<u8> {
        vec![*self]
    }
}

#[memento]
impl dyn Any {
    #[memento(key(self = self.bytes()))]
    fn length(&self) -> usize {
        RUNS.add();
        self.bytes().len()
    }
}

/// A type with a parameter that is not sized, in an `impl` that has its own.
#[derive(Serialize)]
struct Held<'a, T: ?Sized>(&'a T);

#[memento]
#[allow(clippy::elidable_lifetime_names, reason = "a shape of block")]
impl<'a, 'b, T: ?Sized + Serialize + Sync> PartialEq<Held<'b, T>> for Held<'a, T>
where
    T: PartialEq,
{
    #[memento(handle = HeldEq)]
    fn eq(&self, other: &Held<'b, T>) -> bool {
        RUNS.add();
        self.0 == other.0
    }
}

#[memento]
fn made<T: Default + Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static>() -> T
{
    RUNS.add();
    T::default()
}

#[test]
fn types_of_one_path_are_told_apart_where_they_can_be() {
    RUNS.alone(|| {
        let number = {
            #[derive(Clone, Default, Serialize, Deserialize)]
            struct Local(u64);
            (made::<Local>().0, made::<Local>().0)
        };
        let text = {
            #[derive(Clone, Default, Serialize, Deserialize)]
            struct Local(String, u64, [u64; 4]);
            (made::<Local>().0, made::<Local>().0)
        };
        assert_eq!((number, text), ((0, 0), (String::new(), String::new())));
    });
}

#[test]
fn names_that_are_taken_mean_what_they_meant() {
    RUNS.alone(|| {
        let with = taken::With(10);
        for _ in 0..2 {
            assert_eq!(taken::with(with.clone(), 1, 2, 3, 4).0, 21);
            assert_eq!(with.sum(taken::With(5), 1), 17);
        }
        assert_eq!(RUNS.take(), 2);
        let memento = taken::Sum::memento(&with, taken::With(5), 1).unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "((10, 5), With(5), 1)");
    });
}

#[test]
fn macros_write_functions() {
    RUNS.alone(|| {
        let (pair, options) = ((1_u8, 2_u8), vec![Some(1_u8)]);
        for _ in 0..2 {
            assert_eq!(4_u64.weight((2, 0), "n", 1_u8), 2 + 4 + 1);
            assert_eq!([4_u8][..].weight((2, 0), 'n', 1_u16), 200 + 6 + 1);
            assert_eq!(pair.weight((2, 0), (), 1_u32), 400 + 8 + 1);
            assert_eq!((&options).weight((2, 0), (), 1_u64), 600 + 11 + 1);
            assert_eq!((doubled::<1>(4), doubled::<2>(4)), (8, 8));
        }
        assert_eq!(RUNS.take(), 6);
        assert!(OfPair::memento(&pair, (2, 0), (), 1_u32).unwrap().is_some());
        assert!(OfPair::memento(&pair, (2, 0), (), 1_u64).unwrap().is_none());
        let path = "memento-tests::surroundings::<&'_ Vec<Option<u8>> as Weight>::weight";
        assert!(memento::functions().any(|function| function.path() == path));
    });
}

#[test]
fn blocks_have_functions() {
    RUNS.alone(|| {
        #[derive(Clone, Copy, Serialize)]
        struct Local(u64);

        #[memento]
        impl Local {
            #[memento]
            fn value(self, more: Self) -> u64 {
                RUNS.add();
                self.0 + more.0
            }
        }

        trait Doubled {
            fn halves(&self) -> u64 {
                2
            }
            fn doubled(&self, others: Option<&(impl Serialize + Sync)>) -> u64;
        }

        #[memento]
        impl Doubled for Local {
            #[memento(handle = LocalDoubled, ignore(others))]
            fn doubled(&self, others: Option<&(impl Serialize + Sync)>) -> u64 {
                RUNS.add();
                self.0 * self.halves() + u64::from(others.is_some())
            }
        }

        #[memento]
        fn generic<T: Serialize + Send + Into<u64>>(value: T) -> u64 {
            RUNS.add();
            value.into()
        }

        assert_eq!((Local(1).value(Local(2)), Local(1).value(Local(2))), (3, 3));
        assert_eq!((generic(1_u8), generic(1_u8), generic(1_u16)), (1, 1, 1));
        assert_eq!((Local(3).doubled(Some(&1)), Local(3).doubled(None::<&u8>)), (7, 7));
        assert_eq!(LocalDoubled::map([(&Local(3), Some(&"a"))]).len(), 1);
        assert_eq!(RUNS.take(), 4);
    });
}

#[test]
fn self_behind_all_kinds_of_pointers() {
    RUNS.alone(|| {
        let tree = Arc::new(Tree { leaves: vec![1, 2] });
        let any: &dyn Any = &7_u8;
        for threads in 0..2 {
            assert_eq!(Arc::clone(&tree).shared(threads), 2);
            assert_eq!(tree.behind_both(), 2);
            assert_eq!(any.length(), 1);
            assert_eq!(tree.within(&[&tree, &tree], |n| n + 1), 12);
            assert!(Held("a") == Held("a"));
            assert!(Held(&[1][..]) != Held(&[2][..]));
        }
        assert_eq!(RUNS.take(), 6);
        assert_eq!(TreeShared::map([(Arc::clone(&tree), 1), (tree, 2)]).len(), 2);
        assert_eq!(AnyLength::map([(any,), (any,)]).len(), 2);
        assert_eq!(HeldEq::map([(&Held("a"), &Held("a"))]).len(), 1);
        assert_eq!(RUNS.take(), 0);
    });
}
