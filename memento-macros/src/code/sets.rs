//! Sets of small numbers. Many are the same: each different one is kept once, and has a number.

use std::collections::HashMap;

/// A set, as bits.
type Bits = Vec<u64>;

/// All sets there are.
pub(super) struct Sets {
    all: Vec<Bits>,
    numbers: HashMap<Bits, usize>,
}

impl Sets {
    /// The number of the set with nothing in it.
    pub(super) const EMPTY: usize = 0;

    pub(super) fn new() -> Self {
        Self { all: vec![Bits::new()], numbers: HashMap::from([(Bits::new(), Self::EMPTY)]) }
    }

    /// The number of the set of all that is in any of some sets, and some more.
    pub(super) fn union(
        &mut self,
        sets: impl Iterator<Item = usize>,
        more: impl Iterator<Item = usize>,
    ) -> usize {
        let mut last = Self::EMPTY;
        let mut bits = Bits::new();
        for set in sets {
            if set != last {
                last = set;
                let others = &self.all[set];
                bits.resize(bits.len().max(others.len()), 0);
                for (word, other) in bits.iter_mut().zip(others) {
                    *word |= other;
                }
            }
        }
        for number in more {
            bits.resize(bits.len().max(number / 64 + 1), 0);
            bits[number / 64] |= 1 << (number % 64);
        }
        if let Some(known) = self.numbers.get(&bits) {
            return *known;
        }
        self.all.push(bits.clone());
        self.numbers.insert(bits, self.all.len() - 1);
        self.all.len() - 1
    }

    pub(super) fn has(&self, set: usize, number: usize) -> bool {
        self.all[set].get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// What is in a set, in order.
    pub(super) fn numbers(&self, set: usize) -> impl Iterator<Item = usize> {
        (0..self.all[set].len() * 64).filter(move |&number| self.has(set, number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_one_number() {
        let mut sets = Sets::new();
        let a = sets.union([].into_iter(), [3, 200].into_iter());
        let b = sets.union([].into_iter(), [64].into_iter());
        let both = sets.union([a, b, a].into_iter(), [].into_iter());
        assert_eq!(sets.numbers(both).collect::<Vec<_>>(), [3, 64, 200]);
        assert_eq!(sets.union([b].into_iter(), [200, 3].into_iter()), both);
        assert_eq!(sets.union([Sets::EMPTY].into_iter(), [].into_iter()), Sets::EMPTY);
        assert!(
            sets.has(both, 64) && !sets.has(both, 65) && !sets.has(a, 64) && !sets.has(b, 1000)
        );
    }
}
