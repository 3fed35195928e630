//! The right to compute a result, and what a store knows of those that this process has.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};

use parking_lot::Mutex;

use crate::Key;

/// The right to compute a result, which no other process has at the same time. Dropping it gives it back; a process
/// that ends, however it does, gives back all that it had.
pub type Claim = Box<dyn HeldClaim>;

/// A claim that this process has.
pub trait HeldClaim: Debug + Send + Sync {
    /// Gives it back before it is dropped, once: others may compute the result, and what was computed under this claim
    /// is yet to be put. A store that numbers claims keeps the number in mind until this is dropped, so that what is put
    /// late does not take the place of what others have put.
    fn end(&self);
}

/// One that keeps nobody from anything.
impl HeldClaim for () {
    fn end(&self) {}
}

/// The claims of this process in one store, for stores whose claims have numbers that grow, and end by themselves unless
/// they are renewed. With each claim goes a `T`, by which it is renewed and given back.
pub struct HeldClaims<T>(Mutex<Held<T>>);

struct Held<T> {
    /// By key and number; `None` for one that has ended, and is not dropped yet.
    claims: BTreeMap<(Key, u64), Option<T>>,
    is_renewing: bool,
}

impl<T> Default for HeldClaims<T> {
    fn default() -> Self {
        Self(Mutex::new(Held { claims: BTreeMap::new(), is_renewing: false }))
    }
}

impl<T: Clone> HeldClaims<T> {
    /// Notes a claim that was granted. Where nothing renews claims, `start` starts what does, and says whether it could.
    pub fn insert(&self, key: Key, number: u64, claim: T, start: impl FnOnce() -> bool) {
        let mut held = self.0.lock();
        held.claims.insert((key, number), Some(claim));
        if !held.is_renewing {
            held.is_renewing = start();
        }
    }

    /// The number of the last claim of a key that this process has not dropped; somebody else may have claimed the key
    /// since.
    pub fn number_of(&self, key: &Key) -> Option<u64> {
        let held = self.0.lock();
        let of_key = held.claims.range((*key, 0)..=(*key, u64::MAX));
        of_key.last().map(|((_, number), _)| *number)
    }

    /// The claims that are to be renewed. Where there are none, who renews them is to end: the next claim starts another
    /// one.
    pub fn to_renew(&self) -> Option<Vec<(Key, u64, T)>> {
        let mut held = self.0.lock();
        let claims = held.claims.iter();
        let claims =
            claims.filter_map(|((key, number), claim)| Some((*key, *number, claim.clone()?)));
        let claims: Vec<_> = claims.collect();
        held.is_renewing = !claims.is_empty();
        held.is_renewing.then_some(claims)
    }

    /// Notes what has become of a claim that was renewed, unless it has ended meanwhile.
    pub fn renewed(&self, key: Key, number: u64, claim: T) {
        if let Some(Some(held)) = self.0.lock().claims.get_mut(&(key, number)) {
            *held = claim;
        }
    }

    /// Ends a claim, which keeps its number: what gives it back, unless it has ended before.
    pub fn end(&self, key: Key, number: u64) -> Option<T> {
        self.0.lock().claims.get_mut(&(key, number)).and_then(Option::take)
    }

    /// Forgets a claim: what gives it back, unless it has ended before.
    pub fn remove(&self, key: Key, number: u64) -> Option<T> {
        self.0.lock().claims.remove(&(key, number)).flatten()
    }
}

/// Without what belongs to the claims: others could give them back by that.
impl<T> Debug for HeldClaims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.0.lock();
        f.debug_struct("HeldClaims").field("claims", &held.claims.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::from_bytes([1; 32]);
    const OTHER: Key = Key::from_bytes([2; 32]);

    #[test]
    fn a_claim_that_has_ended_keeps_its_number_and_is_not_renewed() {
        let held = HeldClaims::default();
        held.insert(KEY, 7, "first", || true);
        held.insert(OTHER, 9, "other", || unreachable!("they are renewed"));
        assert_eq!(held.number_of(&KEY), Some(7));
        assert_eq!(held.end(KEY, 7), Some("first"));
        assert_eq!((held.end(KEY, 7), held.number_of(&KEY)), (None, Some(7)));
        held.renewed(KEY, 7, "renewed too late");
        held.renewed(OTHER, 9, "renewed");
        assert_eq!(held.to_renew(), Some(vec![(OTHER, 9, "renewed")]));
        held.insert(KEY, 8, "second", || unreachable!("they are renewed"));
        assert_eq!(held.number_of(&KEY), Some(8), "the later one of two");
        assert_eq!((held.remove(KEY, 8), held.number_of(&KEY)), (Some("second"), Some(7)));
        assert_eq!((held.remove(KEY, 7), held.number_of(&KEY)), (None, None));
    }

    #[test]
    fn who_renews_ends_where_there_is_nothing_to_renew() {
        let held = HeldClaims::default();
        held.insert(KEY, 1, (), || false);
        held.insert(KEY, 2, (), || true);
        held.end(KEY, 1);
        held.end(KEY, 2);
        assert_eq!(held.to_renew(), None, "both have ended");
        let mut is_started = false;
        held.insert(KEY, 3, (), || {
            is_started = true;
            true
        });
        assert!(is_started);
    }
}
