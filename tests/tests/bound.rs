//! References to memento functions, with their first arguments fixed, as arguments of others.
#![allow(clippy::float_cmp, reason = "all numbers here can be written in binary")]

use memento::codec::{Codec, Json, Postcard};
use memento::{Bound, Environment, ErrorKind, NullRunner, Storage, memento};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::Runs;
use memento_tests::fates::noted;
use memento_tests::folder::Folder;
use memento_tests::reasons::in_process;
use memento_tests::references::{scaled, total};
use serde::{Deserialize, Serialize};

static RUNS: Runs = Runs::new();

type Growth = Bound<fn(u32) -> f64>;

#[memento]
fn compound(rate: f64, years: u32) -> f64 {
    RUNS.add();
    (1.0 + rate).powf(f64::from(years))
}

#[memento]
fn sum(growth: Bound<fn(u32) -> f64>, years: u32) -> f64 {
    RUNS.add();
    (1..=years).map(|year| growth.call(year)).sum()
}

#[memento]
fn repeat(text: &str, times: usize, separator: Option<char>) -> String {
    RUNS.add();
    vec![text; times].join(&separator.map(String::from).unwrap_or_default())
}

#[memento]
fn longest(words: &[String], at_least: &usize) -> Option<String> {
    RUNS.add();
    words.iter().filter(|word| word.len() >= *at_least).max_by_key(|word| word.len()).cloned()
}

#[memento]
fn fails(n: u64) -> Result<u64, String> {
    RUNS.add();
    assert!(n < 10, "{n} is too large");
    if n < 5 { Ok(n) } else { Err(format!("{n} is large")) }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pricer {
    rate: f64,
}

#[memento]
impl Pricer {
    #[memento]
    fn price(&self, strike: f64, years: u32) -> f64 {
        RUNS.add();
        strike * compound(self.rate, years)
    }
}

/// References in references, in other values, and as results.
#[memento]
fn choose(candidates: Vec<(String, Growth)>, name: Option<String>) -> Option<Growth> {
    RUNS.add();
    candidates.into_iter().find(|(own, _)| Some(own) == name.as_ref()).map(|(_, bound)| bound)
}

#[memento]
fn apply(to: Bound<fn(Growth, u32) -> f64>, growth: Growth) -> f64 {
    RUNS.add();
    to.call(growth, 2)
}

#[test]
fn to_call_a_reference_is_to_call_the_function() {
    RUNS.alone(|| {
        let growth = compound::bind().fix(0.5);
        assert_eq!((growth.call(1), growth.call(1), compound(0.5, 1)), (1.5, 1.5, 1.5));
        assert_eq!(
            (compound::bind().call(0.5, 1), compound::bind().fix(0.5).fix(1).call()),
            (1.5, 1.5)
        );
        assert_eq!(RUNS.take(), 1);
        assert_eq!((compound(0.25, 1), compound::bind().call(0.25, 1)), (1.25, 1.25));
        assert_eq!(RUNS.take(), 1);
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.memory_hits), (2, 5));
    });
}

#[test]
fn as_an_argument_it_is_the_path_and_the_fixed_arguments() {
    RUNS.alone(|| {
        let growth = compound::bind().fix(0.5);
        assert_eq!(sum(growth.clone(), 2), 1.5 + 2.25);
        assert_eq!(RUNS.take(), 3);
        assert_eq!((sum(growth.clone(), 2), RUNS.take()), (1.5 + 2.25, 0));
        assert_eq!((sum(growth.clone(), 3), RUNS.take()), (1.5 + 2.25 + 3.375, 2));
        assert_eq!((sum(compound::bind().fix(1.0), 1), RUNS.take()), (2.0, 2));
        let memento = sum::memento(growth, 2).unwrap().unwrap();
        let arguments = memento.provenance.arguments.unwrap().to_string();
        assert_eq!(arguments, "(memento-tests::bound::compound(0.5, ..), 2)");
        assert_eq!(memento.provenance.dependencies.len(), 2);
        let why = sum::explain(compound::bind().fix(0.75), 2).unwrap().to_string();
        let expected = "it has not run with these arguments: growth is \
            memento-tests::bound::compound(0.75, ..), was memento-tests::bound::compound(0.5, ..)";
        assert_eq!(why, expected);
    });
}

#[test]
fn references_are_equal_if_they_refer_to_the_same_with_the_same() {
    let growth = compound::bind().fix(0.5);
    assert_eq!(growth, compound::bind().fix(0.5));
    assert_ne!(growth, compound::bind().fix(0.25));
    assert_ne!(growth, longest::bind_as_growth());
    assert_eq!(
        format!("{growth} {growth:?}"),
        "memento-tests::bound::compound(0.5, ..) ".repeat(2).trim()
    );
    assert_eq!(compound::bind().to_string(), "memento-tests::bound::compound(..)");
    assert_eq!(growth.function().path(), "memento-tests::bound::compound");
}

impl longest {
    /// Of the same type as another reference.
    fn bind_as_growth() -> Bound<fn(u32) -> f64> {
        PricerPrice::bind().fix(Pricer { rate: 0.5 }).fix(1.0)
    }
}

#[test]
fn what_is_borrowed_is_owned_by_a_reference() {
    RUNS.alone(|| {
        let twice: Bound<fn(Option<char>) -> String> = repeat::bind().fix("ab".to_owned()).fix(2);
        assert_eq!((twice.call(None), twice.call(Some('-'))), ("abab".into(), "ab-ab".into()));
        assert_eq!((repeat("ab", 2, None), RUNS.take()), ("abab".into(), 2));
        let words: Vec<String> = ["a", "bcd", "ef"].map(String::from).into();
        let of_words = longest::bind().fix(words.clone());
        assert_eq!((of_words.call(2), of_words.call(4)), (Some("bcd".into()), None));
        assert_eq!((longest(&words, &2), RUNS.take()), (Some("bcd".into()), 2));
    });
}

#[test]
fn methods_have_references_to_them() {
    RUNS.alone(|| {
        let pricer = Pricer { rate: 0.5 };
        let price = PricerPrice::bind().fix(pricer.clone());
        assert_eq!((price.call(10.0, 1), pricer.price(10.0, 1), RUNS.take()), (15.0, 15.0, 2));
        let at_ten = price.fix(10.0);
        assert_eq!((sum(at_ten, 2), RUNS.take()), (15.0 + 22.5, 3));
    });
}

#[test]
fn references_are_values_like_any_other() {
    RUNS.alone(|| {
        let growth = compound::bind().fix(0.5);
        assert_eq!((apply(sum::bind(), growth.clone()), RUNS.take()), (1.5 + 2.25, 4));
        let candidates =
            || vec![("slow".into(), compound::bind().fix(0.25)), ("fast".into(), growth.clone())];
        for _ in 0..2 {
            let chosen = choose(candidates(), Some("fast".into())).unwrap();
            assert_eq!((&chosen, chosen.call(1)), (&growth, 1.5));
        }
        assert_eq!(RUNS.take(), 1);
        assert_eq!(Json::decode::<Growth>(&encoded::<Json>(&growth)).unwrap(), growth);
        assert_eq!(Postcard::decode::<Growth>(&encoded::<Postcard>(&growth)).unwrap(), growth);
    });
}

#[test]
fn errors_and_panics_are_those_of_the_function() {
    RUNS.alone(|| {
        let fails = fails::bind();
        assert_eq!(
            (fails.call(1), fails.call(5), fails.call(5)),
            (Ok(1), Err("5 is large".into()), Err("5 is large".into()))
        );
        assert_eq!(RUNS.take(), 3);
        let caught = std::panic::catch_unwind(|| fails.call(10)).unwrap_err();
        assert_eq!(caught.downcast_ref::<String>().unwrap(), "10 is too large");
        assert_eq!(fails.try_call(11).unwrap_err().kind(), ErrorKind::Panicked);
        Environment::new(Storage::memory(), NullRunner).enter(|| {
            assert_eq!(fails.try_call(1).unwrap_err().kind(), ErrorKind::Refused);
        });
    });
}

fn encoded<C: Codec>(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    C::encode(value, &mut bytes).unwrap();
    bytes
}

#[test]
fn what_is_read_is_a_function_of_this_program() {
    let bytes = encoded::<Json>(&compound::bind().fix(0.5));
    let error = Json::decode::<Bound<fn(f64, u32) -> f64>>(&bytes).unwrap_err().to_string();
    assert!(error.contains("it takes 2 arguments, not 1 that are fixed and 2"), "{error}");
    let text = String::from_utf8(bytes.clone()).unwrap();
    let gone = text.replace("compound", "simple");
    let error = Json::decode::<Growth>(gone.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("function: memento-tests::bound::simple"), "{error}");
    assert!(error.contains("this program has no such function, or more than one"), "{error}");
    // Types are found out when it is called.
    let of_text: Bound<fn(String) -> f64> = Json::decode(&bytes).unwrap();
    assert_eq!(of_text.try_call("2".into()).unwrap_err().kind(), ErrorKind::Damaged);
    let to_text: Bound<fn(u32) -> String> = Json::decode(&bytes).unwrap();
    RUNS.alone(|| {
        let error = to_text.try_call(2).unwrap_err().to_string();
        assert!(
            error.contains("it returns something else than `alloc::string::String`"),
            "{error}"
        );
        assert_eq!(RUNS.take(), 1, "what a function returns is seen when it has run");
    });
}

#[test]
fn records_of_other_processes_answer_calls_of_references() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let growth = || compound::bind().fix(0.5);
        in_process(&folder, || assert_eq!((sum(growth(), 2), RUNS.take()), (3.75, 3)));
        in_process(&folder, || {
            assert_eq!((sum(growth(), 2), growth().call(2), RUNS.take()), (3.75, 2.25, 0));
            // Its callee is gone: it runs again, with the arguments in its record.
            compound::forget(0.5, 2).unwrap();
            assert_eq!((sum(growth(), 2), RUNS.take()), (3.75, 1));
        });
    });
}

#[test]
fn workers_get_references() {
    let folder = tempfile::tempdir().unwrap();
    let runner =
        ProcessRunner::new(Options::new().workers(2).program(env!("CARGO_BIN_EXE_program")));
    Environment::new(Storage::memory(), runner).enter(|| {
        let of = scaled::bind().fix(folder.path().to_owned()).fix(3);
        let (sum, process) = total(of.clone(), 4);
        assert!(sum == 18 && process != std::process::id());
        assert_eq!(total(of.clone(), 4), (18, process));
        assert_eq!(of.call(3), 9);
        assert_eq!(noted(folder.path(), "scaled"), [0, 1, 2, 3]);
        let results = total::map((0..20).map(|n| (of.clone(), n)));
        assert!(
            results
                .into_iter()
                .zip(0..)
                .all(|(total, n)| total.unwrap().0 == 3 * n * (n.max(1) - 1) / 2)
        );
    });
}
