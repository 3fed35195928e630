//! The right to compute a result.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, key};
use crate::suite::promised;

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
