//! The right to compute a result.

use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use memento::storage::{Claim, MetadataStore};

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, key};
use crate::suite::{in_threads, promised};

/// How long a claim that was given back is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn what_nobody_else_has_is_claimed(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what no other process has is claimed, whatever else this process has";
    let claims: Vec<_> =
        (0..200).map(|number| done(lab.try_claim(&key(number)), promise)).collect();
    let refused = claims.iter().filter(|claim| claim.is_none()).count();
    promised(refused == 0, promise, || format!("{refused} of 200 claims were refused"));
}

pub(super) fn what_is_given_back_is_claimed_again(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is given back can be claimed again, by all who use the store";
    let other = lab.other();
    for _ in 0..3 {
        let own = done(lab.try_claim(&key(1)), promise);
        promised(own.is_some(), promise, || "it was refused where nobody has it".to_owned());
        drop(own);
        let others = done(other.try_claim(&key(1)), promise);
        promised(others.is_some(), promise, || "it was refused to another".to_owned());
    }
}

pub(super) fn who_waits_for_a_claim_waits_no_longer_than_told(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "to wait for a claim takes no longer than the limit, about";
    let _own = done(lab.try_claim(&key(1)), promise);
    let (other, (sender, receiver)) = (lab.other(), mpsc::channel());
    thread::spawn(move || {
        other.wait_for_claim(&key(1), Duration::from_millis(10));
        let _ = sender.send(());
    });
    let has_returned = receiver.recv_timeout(Duration::from_secs(10)).is_ok();
    promised(has_returned, promise, || "10 ms were not over in ten seconds".to_owned());
}

pub(super) fn what_another_process_has_is_not_claimed(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let other = lab.of_another_process();
    let promise = "what one process has claimed is refused to another one, until it is given back";
    for (one, another) in [(&*lab, &*other), (&*other, &*lab)] {
        let held = done(one.try_claim(&key(1)), promise);
        promised(held.is_some(), promise, || "it was refused where nobody has it".to_owned());
        let refused = done(another.try_claim(&key(1)), promise);
        promised(refused.is_none(), promise, || "it was granted to both".to_owned());
        let free = done(another.try_claim(&key(2)), promise);
        promised(free.is_some(), promise, || "another key was refused".to_owned());
        drop(held);
        let granted = claim_given_back(another, promise);
        promised(granted.is_some(), promise, || "it was refused after that".to_owned());
        let refused = done(one.try_claim(&key(1)), promise);
        promised(refused.is_none(), promise, || "who has given it back has it still".to_owned());
    }
}

pub(super) fn what_is_ended_is_given_back_once(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let (other, third) = (lab.of_another_process(), lab.of_another_process());
    let promise = "a claim that is ended is given back, and not again when it is dropped";
    let Some(held) = done(lab.try_claim(&key(1)), promise) else {
        return promised(false, promise, || "it was refused where nobody has it".to_owned());
    };
    held.end();
    let granted = claim_given_back(&*other, promise);
    promised(granted.is_some(), promise, || "it was refused after that".to_owned());
    held.end();
    drop(held);
    let refused = done(third.try_claim(&key(1)), promise);
    promised(refused.is_none(), promise, || "somebody else's was given back".to_owned());
}

/// Claims what somebody else has given back. A store need not look anew each time that somebody asks who was refused.
fn claim_given_back(store: &dyn MetadataStore, promise: &str) -> Option<Claim> {
    let began = Instant::now();
    let mut granted = done(store.try_claim(&key(1)), promise);
    while granted.is_none() && began.elapsed() < PATIENCE {
        store.wait_for_claim(&key(1), Duration::from_millis(20));
        granted = done(store.try_claim(&key(1)), promise);
    }
    granted
}

pub(super) fn of_many_processes_one_has_a_claim(suite: &MetadataStoreSuite) {
    const PROCESSES: usize = 4;
    let lab = Lab::new(suite);
    let promise = "of processes that claim one result at once, one gets it";
    let stores = [(); PROCESSES].map(|()| lab.of_another_process());
    for number in 0..20 {
        let (all, claims) = (Barrier::new(PROCESSES), mpsc::channel());
        in_threads(PROCESSES, |process| {
            all.wait();
            let claim = done(stores[process].try_claim(&key(number)), promise);
            claims.0.send(claim.is_some()).expect("it is received below");
            // Nobody gives it back before all have asked.
            all.wait();
        });
        let granted = claims.1.try_iter().filter(|granted| *granted).count();
        promised(granted == 1, promise, || format!("{granted} of {PROCESSES} have it"));
    }
}
