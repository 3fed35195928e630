//! Generic functions: types and constants are part of the key.
#![deny(warnings, missing_docs, unreachable_pub, unused_lifetimes, clippy::all, clippy::pedantic)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::{Debug, Display};
use std::hash::Hash;

use memento::{Query, memento};
use memento_tests::Runs;
use memento_tests::folder::Folder;
use memento_tests::reasons::in_process;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

static RUNS: Runs = Runs::new();

/// Something with a size.
pub trait Shape: Serialize + Send + Sync {
    /// Its size.
    fn area(&self) -> u64;
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Square(u64);

mod other {
    /// As the other one is encoded, and another type.
    #[derive(serde::Serialize)]
    pub(super) struct Square(pub(super) u64);
}

impl Shape for Square {
    fn area(&self) -> u64 {
        self.0 * self.0
    }
}

impl Shape for other::Square {
    fn area(&self) -> u64 {
        self.0
    }
}

#[memento]
fn area<S: Shape>(shape: S) -> u64 {
    RUNS.add();
    shape.area()
}

#[memento]
fn area_of(shape: &impl Shape, factor: u64) -> u64 {
    RUNS.add();
    shape.area() * factor
}

/// Nothing but types and constants: none of them can be told from arguments.
#[memento]
fn size<T, const N: usize, const IS_PADDED: bool>() -> usize {
    RUNS.add();
    size_of::<[T; N]>() + usize::from(IS_PADDED)
}

/// The result is generic, and types are borrowed for a time.
#[memento]
pub fn counts<'a, K, T>(words: &'a [K], like: &T) -> HashMap<K, usize>
where
    K: Hash + Eq + Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    T: Serialize + Sync + PartialEq<K> + ?Sized,
    &'a [K]: Send,
{
    RUNS.add();
    let mut counts = HashMap::new();
    for word in words.iter().filter(|word| like == *word) {
        *counts.entry(word.clone()).or_default() += 1;
    }
    counts
}

#[memento]
fn parsed<T>(text: &str) -> Result<T, String>
where
    T: std::str::FromStr<Err: Display>
        + Serialize
        + DeserializeOwned
        + Clone
        + Send
        + Sync
        + 'static,
{
    RUNS.add();
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// The type of what is ignored is ignored, too, where the function says so.
#[memento(ignore(log, L))]
fn logged<T: Serialize + Send + Debug, L: Fn(&str) + Send>(value: T, log: L) -> String {
    RUNS.add();
    log("logged");
    format!("{value:?}")
}

#[memento(ignore(log), key(words = words.clone().count()))]
fn counted(words: impl Iterator<Item = u8> + Clone + Send, log: impl Fn(usize) + Send) -> usize {
    RUNS.add();
    log(words.clone().count());
    words.count()
}

/// What makes itself.
pub trait Make {
    /// One of them.
    fn make() -> Self;
}

impl Make for Result<u8, String> {
    fn make() -> Self {
        Err("made".to_owned())
    }
}

#[memento]
fn made<T: Make + Serialize + DeserializeOwned + Clone + Send + Sync + 'static>() -> T {
    RUNS.add();
    T::make()
}

#[test]
fn a_result_that_comes_in_as_a_type_is_a_value_like_any_other() {
    RUNS.alone(|| {
        let made = || made::<Result<u8, String>>();
        assert_eq!((made(), made()), (Err("made".to_owned()), Err("made".to_owned())));
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn types_are_part_of_the_key() {
    RUNS.alone(|| {
        assert_eq!((area(Square(3)), area(other::Square(3))), (9, 3));
        assert_eq!((area(Square(3)), area(other::Square(3))), (9, 3));
        assert_eq!(RUNS.take(), 2);
        assert_eq!((area_of(&Square(3), 2), area_of(&other::Square(3), 2)), (18, 6));
        assert_eq!((area_of(&Square(3), 2), area_of(&other::Square(3), 2)), (18, 6));
        assert_eq!(RUNS.take(), 2);
        assert_eq!((parsed("7"), parsed("7")), (Ok(7_u8), Ok(7_i64)));
        assert_eq!((parsed("7"), parsed::<u8>("300").is_err()), (Ok(7_u8), true));
        assert_eq!(RUNS.take(), 3);
    });
}

#[test]
fn constants_are_part_of_the_key() {
    RUNS.alone(|| {
        assert_eq!((size::<u8, 3, false>(), size::<u8, 3, true>()), (3, 4));
        assert_eq!((size::<u16, 3, false>(), size::<u8, 4, false>()), (6, 4));
        assert_eq!(RUNS.take(), 4);
        assert_eq!((size::<u8, 3, true>(), size::<u16, 3, false>()), (4, 6));
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn types_borrow() {
    RUNS.alone(|| {
        let words = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
        let text = String::from("a");
        assert_eq!(counts(&words, &*text)["a"], 2);
        assert_eq!(counts(&words, &Cow::Borrowed(&*text))["a"], 2);
        assert_eq!(RUNS.take(), 2);
        let longer = "a".to_owned();
        assert_eq!(counts(&words, &Cow::Borrowed(&*longer))["a"], 2, "for however long");
        assert_eq!(RUNS.take(), 0);
        let memento = counts::memento(&words, "a").unwrap().unwrap();
        let arguments = memento.provenance.arguments.unwrap().to_string();
        assert_eq!(arguments, "(alloc::string::String, str, [\"a\", \"b\", \"a\"], \"a\")");
    });
}

#[test]
fn what_is_ignored_has_no_type_in_the_key() {
    RUNS.alone(|| {
        assert_eq!(logged(1, |_| {}), "1");
        assert_eq!(logged(1, |text| assert_eq!(text, "logged")), "1");
        assert_eq!(RUNS.take(), 1);
        assert_eq!(logged(1_u8, |_| {}), "1");
        assert_eq!(RUNS.take(), 1);
        assert_eq!(counted([1, 2].iter().copied(), drop), 2);
        assert_eq!(counted([3, 4].iter().copied(), |count| assert_eq!(count, 2)), 2);
        assert_eq!(RUNS.take(), 1);
        assert_eq!(counted(vec![1, 2].into_iter(), drop), 2);
        assert_eq!(RUNS.take(), 1, "another type");
    });
}

#[test]
fn records_show_types_before_arguments() {
    RUNS.alone(|| {
        size::<u8, 3, true>();
        let memento = size::memento::<u8, 3, true>().unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(u8, 3, true)");
        let explained = size::explain::<u16, 4, true>().unwrap().to_string();
        let what = "it has not run with these arguments: ";
        assert_eq!(explained, format!("{what}T is u16, was u8, N is 4, was 3"));
        area_of(&Square(3), 2);
        let explained = area_of::explain(&other::Square(3), 2).unwrap().to_string();
        let types = "type of shape is &generics::other::Square, was &generics::Square";
        assert_eq!(explained, format!("{what}{types}"));
        let function = memento::functions().find(|f| f.path() == "memento-tests::generics::size");
        assert_eq!(function.unwrap().arguments(), ["T", "N", "IS_PADDED"]);
    });
}

#[test]
fn one_function_for_all_types() {
    RUNS.alone(|| {
        area(Square(1));
        area(other::Square(1));
        let query = Query::new();
        assert_eq!(area::list(&query).unwrap().mementos.len(), 2);
        assert!(area::forget(Square(1)).unwrap());
        assert!(!area::forget(Square(1)).unwrap());
        assert_eq!(area::list(&query.clone().limit(1)).unwrap().mementos.len(), 1);
        area(Square(1));
        assert_eq!(area::forget_all().unwrap(), 2);
        assert!(area::memento(other::Square(1)).unwrap().is_none());
    });
}

#[test]
fn batches_and_calls_that_do_otherwise() {
    RUNS.alone(|| {
        let areas = area::map([(Square(1),), (Square(2),), (Square(1),)]);
        assert_eq!(areas.into_iter().map(Result::unwrap).sum::<u64>(), 6);
        let squares = [Square(4), Square(5)];
        let areas = area_of::with().local().map(squares.iter().map(|square| (square, 1)));
        assert_eq!(areas.into_iter().map(Result::unwrap).sum::<u64>(), 41);
        assert_eq!(RUNS.take(), 4);
        assert_eq!(area::with().refresh().call(Square(2)), 4);
        assert_eq!(area::try_call(other::Square(2)).unwrap(), 2);
        area_of::with().ignore_result(&squares[0], 1).unwrap();
        assert_eq!(RUNS.take(), 2);
        assert_eq!(size::map::<u8, 3, false>([(), ()]).len(), 2);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn results_are_there_in_another_process() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let call = || (area(Square(2)), parsed::<u8>("1"), size::<u8, 1, false>());
        assert_eq!(in_process(&folder, call), (4, Ok(1), 1));
        assert_eq!(RUNS.take(), 3);
        assert_eq!(in_process(&folder, call), (4, Ok(1), 1));
        assert_eq!(RUNS.take(), 0);
    });
}
