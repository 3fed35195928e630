//! Arguments that a function has not run with, beside those that it has.

use memento::{Explanation, Miss, memento};
use memento_tests::Runs;
use memento_tests::folder::Folder;
use memento_tests::reasons::{assert_counted, assert_explained, in_process};

static RUNS: Runs = Runs::new();

#[memento]
fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
fn area(width: u64, height: u64) -> u64 {
    RUNS.add();
    width * height
}

#[memento]
fn joined(words: Vec<String>) -> String {
    RUNS.add();
    words.concat()
}

#[memento]
fn scaled(n: u64) -> u64 {
    RUNS.add();
    n * memento::context::<u64>("scale").unwrap_or(1)
}

/// What [`scaled()`] is explained with, under the context arguments of this call.
#[memento]
fn explain_scaled(n: u64) -> String {
    scaled::explain(n).unwrap().to_string()
}

#[test]
fn arguments_that_are_new() {
    RUNS.alone(|| {
        double(1);
        let Explanation::Miss(Miss::ArgumentsDiffer(differences)) = double::explain(2).unwrap()
        else {
            panic!("it ran with another argument")
        };
        let [difference] = &differences[..] else { panic!("one differs: {differences:?}") };
        assert_eq!(difference.name, "n");
        assert_eq!((&*difference.asked, &*difference.recorded), ("2", "1"));
        let shown = "it has not run with these arguments: n is 2, was 1";
        assert_eq!(double::explain(2).unwrap().to_string(), shown);
        double(2);
        double(3);
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.arguments_differ = 2;
        });
    });
}

#[test]
fn arguments_are_compared_with_the_nearest_that_are_recorded() {
    RUNS.alone(|| {
        let explain = |width, height| area::explain(width, height).unwrap().to_string();
        let what = "it has not run with these arguments: ";
        area(1, 2);
        area(5, 6);
        assert_eq!(explain(1, 7), format!("{what}height is 7, was 2"));
        assert_eq!(explain(9, 6), format!("{what}width is 9, was 5"));
        assert_eq!(explain(9, 9), format!("{what}width is 9, was 5, height is 9, was 6"));
        area(3, 2);
        assert_eq!(explain(9, 2), format!("{what}width is 9, was 3"), "the newest of the nearest");
        assert_eq!(explain(1, 7), format!("{what}height is 7, was 2"), "not of all");
    });
}

#[test]
fn context_arguments_are_compared_as_well() {
    RUNS.alone(|| {
        let what = "it has not run with these arguments: ";
        let explain = |scale, n| explain_scaled::with().context("scale", scale).call(n);
        scaled(3);
        let expected = format!("{what}context is {{\"scale\": 2}}, was none");
        assert_eq!(explain(2_u64, 3), expected);
        scaled::with().context("scale", 7_u64).call(3);
        let expected =
            format!("{what}n is 4, was 3, context is {{\"scale\": 2}}, was {{\"scale\": 7}}");
        assert_eq!(explain(2, 4), expected);
        assert_eq!(explain(7, 4), format!("{what}n is 4, was 3"));
    });
}

#[test]
fn arguments_that_are_too_long_to_keep_cannot_be_compared() {
    RUNS.alone(|| {
        joined(vec!["short".to_owned()]);
        let long = vec!["long".to_owned(); 2000];
        let differ = Miss::ArgumentsDiffer(Vec::new());
        assert_explained(
            joined::explain(long.clone()),
            differ,
            "it has not run with these arguments",
        );
        joined(long.clone());
        // What is recorded with arguments that were not kept is passed over.
        let explained = joined::explain(vec!["other".to_owned()]).unwrap().to_string();
        assert!(explained.ends_with("words is [\"other\"], was [\"short\"]"), "{explained}");
        assert_counted(|misses| {
            misses.never_run = 1;
            misses.arguments_differ = 1;
        });
    });
}

#[test]
fn what_ran_in_another_process_has_run() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            double(1);
            assert_counted(|misses| misses.never_run = 1);
        });
        in_process(&folder, || {
            double(1);
            double(2);
            area(1, 1);
            double(3);
            assert_counted(|misses| {
                misses.never_run = 1;
                misses.arguments_differ = 2;
            });
        });
        assert_eq!(RUNS.take(), 4);
    });
}

#[test]
fn a_batch_counts_each_of_its_items() {
    RUNS.alone(|| {
        double::map((0..500).map(|n| (n,)));
        assert_counted(|misses| misses.never_run = 500);
        double::map((400..700).map(|n| (n,)));
        assert_counted(|misses| {
            misses.never_run = 500;
            misses.arguments_differ = 200;
        });
    });
}
