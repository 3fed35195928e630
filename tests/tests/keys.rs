//! `ignore(…)` and `key(…)`: what stands in a key, and what does not.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Query, memento};
use memento_tests::Runs;
use memento_tests::folder::Folder;
use memento_tests::reasons::{assert_counted, in_process};

static RUNS: Runs = Runs::new();

/// Neither encoded nor cloned.
struct Progress(AtomicU64);

impl Progress {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    fn step(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Neither encoded nor cloned; a digest stands for it.
struct Table {
    rows: Vec<u64>,
    digests: AtomicU64,
}

impl Table {
    fn new(rows: &[u64]) -> Self {
        Self { rows: rows.to_vec(), digests: AtomicU64::new(0) }
    }

    fn digest(&self) -> u64 {
        self.digests.fetch_add(1, Ordering::Relaxed);
        self.rows.iter().sum()
    }
}

#[memento(ignore(progress, threads))]
fn sum(n: u64, progress: &Progress, threads: usize) -> u64 {
    RUNS.add();
    progress.step();
    n + threads as u64 / 1000
}

#[memento(ignore(_progress))]
fn quiet(n: u64, _progress: &Progress) -> u64 {
    RUNS.add();
    n
}

#[memento(key(table = table.digest()))]
fn total(table: &Table, factor: u64) -> u64 {
    RUNS.add();
    table.rows.iter().sum::<u64>() * factor
}

/// Values that stand for several arguments, of which each sees all.
#[memento(key(table = (table.rows.len(), other.len()), other = format!("{encoder}{other}")))]
fn named_as_generated(
    table: Table,
    other: &str,
    encoder: u64,
    recorded: u8,
    argument_0: u8,
) -> u64 {
    RUNS.add();
    table.rows.len() as u64 + other.len() as u64 + encoder + u64::from(recorded + argument_0)
}

#[memento(ignore(log), key(text = &text[..1]))]
fn shortened(text: String, log: &(dyn Fn(&str) + Sync), (a, b): (u8, u8)) -> String {
    RUNS.add();
    log(&text);
    format!("{text}{a}{b}")
}

#[memento]
fn caller(n: u64) -> u64 {
    RUNS.add();
    sum(n, &Progress::new(), 2)
}

#[test]
fn what_is_ignored_is_not_in_the_key() {
    RUNS.alone(|| {
        let progress = Progress::new();
        assert_eq!(sum(1, &progress, 4), 1);
        assert_eq!(sum(1, &Progress::new(), 8), 1);
        assert_eq!(sum(2, &progress, 4), 2);
        assert_eq!((RUNS.take(), progress.0.into_inner()), (2, 2));
        assert_eq!(quiet(1, &Progress::new()) + quiet(1, &Progress::new()), 2);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn what_is_ignored_is_not_in_the_record() {
    RUNS.alone(|| {
        let progress = Progress::new();
        sum(7, &progress, 4);
        let memento = sum::memento(7, &progress, 5).unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(7)");
        let explained = sum::explain(8, &progress, 4).unwrap().to_string();
        assert_eq!(explained, "it has not run with these arguments: n is 8, was 7");
        assert_eq!(sum::list(&Query::new()).unwrap().mementos.len(), 1);
        assert!(sum::forget(7, &Progress::new(), 0).unwrap());
        assert!(sum::memento(7, &progress, 4).unwrap().is_none());
    });
}

#[test]
fn what_stands_for_an_argument_is_in_the_key() {
    RUNS.alone(|| {
        let (table, same, other) = (Table::new(&[1, 2]), Table::new(&[2, 1]), Table::new(&[5]));
        assert_eq!((total(&table, 2), total(&same, 2), total(&other, 2)), (6, 6, 10));
        assert_eq!(total(&table, 3), 9);
        assert_eq!(RUNS.take(), 3);
        assert_eq!(table.digests.load(Ordering::Relaxed), 2, "once for each call");
        let memento = total::memento(&same, 2).unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(3, 2)");
        let explained = total::explain(&Table::new(&[9]), 2).unwrap().to_string();
        assert!(explained.contains("table is 9, was "), "{explained}");
        assert!(total::forget(&table, 2).unwrap());
        total(&same, 2);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn values_see_all_arguments_under_any_name() {
    RUNS.alone(|| {
        let call = |rows: &[u64], other, encoder| {
            named_as_generated(Table::new(rows), other, encoder, 1, 1)
        };
        assert_eq!(call(&[1, 2], "ab", 3), 9);
        assert_eq!(call(&[8, 9], "ab", 3), 9);
        assert_eq!(RUNS.take(), 1, "two rows beside two letters");
        call(&[8, 9], "cd", 3);
        call(&[8, 9], "ab", 4);
        call(&[8, 9], "abc", 3);
        assert_eq!(RUNS.take(), 3);
        let memento = named_as_generated::memento(Table::new(&[0, 0]), "ab", 4, 1, 1);
        let arguments = memento.unwrap().unwrap().provenance.arguments.unwrap();
        assert_eq!(arguments.to_string(), "((2, 2), \"4ab\", 4, 1, 1)");
    });
}

#[test]
fn values_and_what_is_ignored_side_by_side() {
    RUNS.alone(|| {
        let log = |text: &str| assert_eq!(text, "abc");
        assert_eq!(shortened("abc".to_owned(), &log, (1, 2)), "abc12");
        assert_eq!(shortened("axy".to_owned(), &log, (1, 2)), "abc12", "as somebody wished");
        assert_eq!(RUNS.take(), 1);
        let explained = shortened::explain("b".to_owned(), &log, (1, 3)).unwrap().to_string();
        assert!(explained.ends_with("text is \"b\", was \"a\", argument_2 is (1, 3), was (1, 2)"));
    });
}

#[test]
fn batches_and_calls_that_do_otherwise() {
    RUNS.alone(|| {
        let progress = Progress::new();
        let sums = sum::map((0..6).map(|n| (n / 2, &progress, 3)));
        let sums: Vec<u64> = sums.into_iter().map(Result::unwrap).collect();
        assert_eq!((sums, RUNS.take()), (vec![0, 0, 1, 1, 2, 2], 3));
        let tables = [Table::new(&[1, 2]), Table::new(&[3])];
        let totals = total::with().local().map(tables.iter().map(|table| (table, 1)));
        assert_eq!((totals.len(), RUNS.take()), (2, 1));
        assert_eq!(sum::with().refresh().call(1, &progress, 0), 1);
        assert_eq!(total::try_call(&tables[0], 1).unwrap(), 3);
        total::with().ignore_result(&tables[1], 1).unwrap();
        assert_eq!(RUNS.take(), 1);
        assert_counted(|misses| {
            misses.never_run = 4;
            misses.refreshed = 1;
        });
    });
}

#[test]
fn the_value_is_made_once_for_each_call() {
    thread_local! {
        static MADE: Cell<u64> = const { Cell::new(0) };
    }

    #[memento(key(n = { MADE.set(MADE.get() + 1); *n / 10 }))]
    fn tens(n: u64) -> u64 {
        RUNS.add();
        n
    }

    RUNS.alone(|| {
        assert_eq!((tens(11), tens(12), tens(21)), (11, 11, 21));
        assert_eq!((MADE.get(), RUNS.take()), (3, 2));
    });
}

#[test]
fn results_are_there_in_another_process() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            caller(1);
            total(&Table::new(&[4]), 1);
        });
        assert_eq!(RUNS.take(), 3);
        in_process(&folder, || {
            assert_eq!(caller(1), 1);
            assert_eq!(total(&Table::new(&[1, 3]), 1), 4);
            assert_eq!(sum(1, &Progress::new(), 9), 1);
        });
        assert_eq!(RUNS.take(), 0);
    });
}
