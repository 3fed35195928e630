use super::*;
use crate::operation::{APPEND, GET};

/// The pauses of an operation that always fails, in milliseconds.
fn pauses(retry: &Retry, random: impl FnMut() -> f64) -> Vec<u128> {
    let mut pauses = Vec::new();
    let mut attempt = || Err(Error::new(ErrorKind::Storage, "do what was asked"));
    let wait = |pause: Duration| pauses.push(pause.as_millis());
    retry.run_with(GET, &mut attempt, random, wait).unwrap_err();
    pauses
}

#[test]
fn each_pause_is_twice_as_long_as_the_one_before_up_to_the_longest() {
    let retry = Retry::default().attempts(7).longest_pause(Duration::from_millis(700));
    assert_eq!(pauses(&retry, || 1.0), [50, 100, 200, 400, 700, 700]);
    assert_eq!(pauses(&Retry::default(), || 1.0), [50, 100]);
    let short = retry.first_pause(Duration::from_secs(1));
    assert_eq!(pauses(&short, || 1.0), [700; 6], "the first one is no exception");
    let many = Retry::default().attempts(100);
    assert_eq!(pauses(&many, || 1.0).last(), Some(&2000), "however often it doubles");
}

#[test]
fn each_pause_is_a_random_part_of_its_time() {
    let retry = Retry::default().attempts(4);
    let mut parts = [0.0, 0.5, 0.99].into_iter();
    assert_eq!(pauses(&retry, || parts.next().unwrap()), [0, 50, 198]);
    let bounds = [50, 100, 200];
    let all: Vec<_> = (0..100).map(|_| pauses(&retry, fastrand::f64)).collect();
    assert!(all.iter().flat_map(|all| all.iter().zip(bounds)).all(|(pause, most)| *pause < most));
    assert!(all.iter().any(|pauses| *pauses != all[0]), "it is another part each time");
}

#[test]
fn what_is_not_tried_again_is_not_waited_for() {
    let mut tried = 0;
    let mut attempt = || {
        tried += 1;
        Err(Error::new(ErrorKind::Storage, "do what was asked"))
    };
    let never = |_| panic!("it waits");
    let retry = Retry::default();
    retry.run_with(APPEND, &mut attempt, || 1.0, never).unwrap_err();
    retry.attempts(1).run_with(GET, &mut attempt, || 1.0, never).unwrap_err();
    assert_eq!(tried, 2);
}
