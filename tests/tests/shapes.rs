//! Every shape of function that `#[memento]` takes, under every lint that a user may have switched on.
#![deny(warnings, missing_docs, unreachable_pub, unused_lifetimes, clippy::all, clippy::pedantic)]
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use memento::memento;
use memento_tests::memory;
use serde::{Deserialize, Serialize};

/// A point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    x: f64,
    y: f64,
}

/// An error without a message.
#[derive(Debug, PartialEq)]
pub struct Silent;

type Answer<T> = Result<T, Silent>;

#[memento]
fn no_arguments() -> u8 {
    7
}

#[memento]
fn no_result(_: u8) {}

#[memento]
fn by_reference(text: &str, numbers: &[u32], path: &Path, point: &Point) -> String {
    format!("{text} {numbers:?} {} {}", path.display(), point.x + point.y)
}

#[memento]
fn by_value(path: PathBuf, map: HashMap<String, u64>) -> BTreeMap<String, u64> {
    map.into_iter().map(|(key, value)| (format!("{}/{key}", path.display()), value)).collect()
}

#[memento]
fn patterns(
    (a, b): (u64, u64),
    [first, ..]: [u8; 3],
    mut c: u64,
    Point { x, .. }: Point,
    _: u8,
) -> u64 {
    c += a + b + u64::from(first);
    if x > 1.0 { c } else { 0 }
}

#[memento]
fn named_lifetimes<'a, 'b>(one: &'a str, other: &'b str, both: (&'a str, &'b str)) -> usize
where
    'a: 'b,
{
    one.len() + other.len() + both.0.len() + both.1.len()
}

#[memento]
fn unused(_seed: u64) -> u64 {
    1
}

#[memento]
fn option(n: u32) -> Option<u32> {
    n.checked_sub(1)
}

#[memento]
fn hidden_result(n: u32) -> Answer<u32> {
    n.checked_sub(1).ok_or(Silent)
}

#[memento]
fn boxed_error(n: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    if n == 0 { Err("zero".into()) } else { Ok(n) }
}

/// It is documented.
#[memento(version = "1", salt = "x", ttl = "12h", codec = "json", cluster = "shapes")]
#[inline]
#[must_use]
pub fn attributes(#[allow(unused_variables)] n: u64) -> Point {
    Point { x: 1.0, y: 2.0 }
}

#[memento(handle = Handle)]
#[allow(clippy::needless_pass_by_value)]
fn with_handle(point: Point) -> f64 {
    point.y
}

/// Takes the name that the companion of the function would have.
#[allow(non_camel_case_types, dead_code)]
struct with_handle {}

#[memento]
#[expect(unused_variables)]
fn expectation(n: u64) -> bool {
    let unused = 1;
    n > 1
}

#[cfg(any())]
#[memento]
fn configured_out(_: NoSuchType) {}

#[memento]
#[cfg(any())]
fn configured_out_below(_: NoSuchType) {}

mod inner {
    use super::{Point, memento};

    #[memento]
    pub(super) fn visible(n: u64) -> u64 {
        hidden(n) + 1
    }

    #[memento]
    fn hidden(n: u64) -> u64 {
        n * 2
    }

    /// Public in a private module.
    #[memento]
    pub(crate) fn in_crate(point: Point) -> Point {
        point
    }
}

#[test]
fn all_shapes_hit_the_second_time() {
    memory().enter(|| {
        let point = Point { x: 1.5, y: 2.0 };
        let map = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        for _ in 0..2 {
            assert_eq!(no_arguments(), 7);
            no_result(1);
            let text = by_reference("t", &[1, 2], Path::new("p"), &point);
            assert_eq!(text, "t [1, 2] p 3.5");
            assert_eq!(by_value("p".into(), map.clone()).len(), 2);
            assert_eq!(patterns((1, 2), [3, 4, 5], 10, point.clone(), 0), 16);
            assert_eq!(named_lifetimes("a", "bc", ("def", "g")), 7);
            assert_eq!(unused(1), 1);
            assert_eq!(option(0), None);
            assert_eq!(hidden_result(1), Ok(0));
            assert_eq!(boxed_error(1).unwrap(), 1);
            assert_eq!(attributes(1), Point { x: 1.0, y: 2.0 });
            assert!((with_handle(point.clone()) - 2.0).abs() < f64::EPSILON);
            assert!(expectation(3));
            assert_eq!(inner::visible(4), 9);
            assert_eq!(inner::in_crate(point.clone()), point);
        }
        let statistics = memento::Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.hits()), (16, 15));
    });
}

#[test]
fn companions_take_the_same_arguments() {
    memory().enter(|| {
        let point = Point { x: 1.5, y: 2.0 };
        assert_eq!(no_arguments::try_call().unwrap(), 7);
        assert_eq!(no_arguments::map([(), ()]).len(), 2);
        let texts = ["a".to_owned(), "b".to_owned()];
        let numbers = [1, 2, 3];
        let arguments = texts.iter().map(|text| (&**text, &numbers[..], Path::new("p"), &point));
        let results = by_reference::map(arguments);
        assert_eq!(results[1].as_ref().unwrap(), "b [1, 2, 3] p 3.5");
        assert!(by_reference::memento("a", &numbers, Path::new("p"), &point).unwrap().is_some());
        assert!(by_reference::forget("a", &numbers, Path::new("p"), &point).unwrap());
        assert_eq!(named_lifetimes::map([("a", "b", ("c", "d"))])[0].as_ref().unwrap(), &4);
        assert_eq!(patterns::with().refresh().call((1, 2), [3, 4, 5], 10, point.clone(), 0), 16);
        assert!(Handle::memento(point).unwrap().is_none());
        assert!(inner::visible::explain(3).is_ok());
        assert_eq!(hidden_result(0), Err(Silent));
        let memento = hidden_result::memento(0).unwrap().unwrap();
        assert_eq!(memento.outcome.error.as_deref(), Some("Silent"));
    });
}

#[test]
fn what_a_function_is_called_in_a_store() {
    let paths: Vec<_> = memento::functions().map(memento::Function::path).collect();
    assert!(paths.contains(&"memento-tests::shapes::inner::hidden"), "{paths:?}");
    assert!(paths.is_sorted());
}
