use indicatif::InMemoryTerm;

use super::*;

/// A batch of 40 calls after 10 seconds.
fn progress() -> Progress {
    let ten_seconds = Duration::from_secs(10);
    Progress {
        function: "package::work",
        hits: 10,
        computed: 9,
        failed: 1,
        total: Some(40),
        elapsed: ten_seconds,
        computing: ten_seconds,
    }
}

fn bar() -> (Bar, InMemoryTerm) {
    let terminal = InMemoryTerm::new(10, 200);
    (Bar::new(ProgressDrawTarget::term_like(Box::new(terminal.clone())), false), terminal)
}

#[test]
fn the_bar_shows_counts_and_the_time_left() {
    let (bar, terminal) = bar();
    bar.started(&Progress { hits: 0, computed: 0, failed: 0, ..progress() });
    assert!(terminal.contents().contains("0/40  hits 0  computed 0  failed 0"), "{terminal:?}");
    bar.finished(&progress());
    let shown = terminal.contents();
    assert!(shown.starts_with("package::work █████"), "{shown}");
    assert!(shown.contains("20/40  hits 10  computed 9  failed 1  20 seconds left"), "{shown}");
    bar.finished(&Progress { hits: 30, ..progress() });
    let shown = terminal.contents();
    assert!(shown.contains("40/40  hits 30  computed 9  failed 1  10 seconds"), "{shown}");
}

#[test]
fn without_a_total_there_is_no_bar_and_no_time_left() {
    let (bar, terminal) = bar();
    bar.started(&Progress { total: None, ..progress() });
    let shown = terminal.contents();
    assert_eq!(shown, "package::work 20  hits 10  computed 9  failed 1  10 seconds");
}

#[test]
fn the_time_left_is_that_of_calls_that_run() {
    let none = Progress { computed: 0, failed: 0, ..progress() };
    assert_eq!(none.time_left(), None);
    assert_eq!(progress().time_left(), Some(Duration::from_secs(20)));
    let with_hits = Progress { hits: 1010, total: Some(1040), ..progress() };
    assert_eq!(with_hits.time_left(), Some(Duration::from_secs(20)));
}
