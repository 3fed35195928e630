//! The groups of vertices that all lead to one another.
//!
//! Tarjan's algorithm (Depth-first search and linear graph algorithms, 1972), on a stack of its own.

/// The groups among what `start` leads to, each behind all those that it leads to. `successor` is the vertex that one
/// of `count` leads to at an index, `None` behind the last. Those that are `done` are passed over, with what they lead
/// to.
pub(super) fn find(
    start: usize,
    count: usize,
    successor: impl Fn(usize, usize) -> Option<usize>,
    done: impl Fn(usize) -> bool,
) -> Vec<Vec<usize>> {
    let mut search = Search { places: vec![0; count], open: Vec::new(), groups: Vec::new() };
    // The vertices on the way, each with the index of the successor that is next, and the earliest open one that it
    // leads to.
    let mut way = vec![search.enter(start)];
    while let Some((vertex, next, earliest)) = way.last_mut() {
        if let Some(to) = successor(*vertex, *next) {
            *next += 1;
            match search.places[to] {
                0 if done(to) => search.places[to] = CLOSED,
                0 => way.push(search.enter(to)),
                place => *earliest = place.min(*earliest),
            }
            continue;
        }
        let (vertex, earliest) = (*vertex, *earliest);
        way.pop();
        search.leave(vertex, earliest);
        if let Some((_, _, before)) = way.last_mut() {
            *before = earliest.min(*before);
        }
    }
    search.groups
}

/// The place of what is in a group that is complete.
const CLOSED: usize = usize::MAX;

struct Search {
    /// Of each vertex: its place among the open ones, from 1; 0 before it is met.
    places: Vec<usize>,
    /// The vertices whose groups are not complete.
    open: Vec<usize>,
    groups: Vec<Vec<usize>>,
}

impl Search {
    fn enter(&mut self, vertex: usize) -> (usize, usize, usize) {
        self.open.push(vertex);
        self.places[vertex] = self.open.len();
        (vertex, 0, self.open.len())
    }

    /// Completes a group, if `vertex`, from which nothing is left to follow, is the first one of it.
    fn leave(&mut self, vertex: usize, earliest: usize) {
        if self.places[vertex] == earliest {
            let group = self.open.split_off(earliest - 1);
            for &member in &group {
                self.places[member] = CLOSED;
            }
            self.groups.push(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(leads: &[&[usize]]) -> Vec<Vec<usize>> {
        let mut groups =
            find(0, leads.len(), |vertex, at| leads[vertex].get(at).copied(), |_| false);
        for group in &mut groups {
            group.sort_unstable();
        }
        groups
    }

    #[test]
    fn what_others_lead_to_comes_first() {
        assert_eq!(groups(&[&[1, 2], &[2], &[]]), [[2], [1], [0]]);
        assert_eq!(groups(&[&[], &[0]]), [[0]], "nothing leads to the other one");
    }

    #[test]
    fn those_that_lead_to_one_another_are_one_group() {
        assert_eq!(groups(&[&[0]]), [[0]]);
        assert_eq!(groups(&[&[1], &[2], &[0, 3], &[]]), [vec![3], vec![0, 1, 2]]);
        // Two circles that touch, and one behind them.
        let leads: &[&[usize]] = &[&[1], &[0, 2], &[3, 4], &[2, 1], &[5], &[4]];
        assert_eq!(groups(leads), [vec![4, 5], vec![0, 1, 2, 3]]);
    }

    #[test]
    fn what_is_done_is_passed_over() {
        let leads: &[&[usize]] = &[&[1, 3], &[2], &[0], &[]];
        let found = find(0, 4, |vertex, at| leads[vertex].get(at).copied(), |vertex| vertex == 1);
        assert_eq!(found, [[3], [0]]);
    }

    #[test]
    fn the_same_as_by_asking_who_leads_to_whom() {
        for seed in 0..200_usize {
            let leads: Vec<Vec<usize>> = (0..12_usize)
                .map(|from| {
                    let is_lead = |to: &usize| {
                        (seed * 31 + from * 17 + to * 7 + from * to * seed).is_multiple_of(9)
                    };
                    (0..12).filter(is_lead).collect()
                })
                .collect();
            let mut reaches: Vec<Vec<bool>> = (0..12)
                .map(|from| (0..12).map(|to| from == to || leads[from].contains(&to)).collect())
                .collect();
            for by in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reaches[from][to] |= reaches[from][by] && reaches[by][to];
                    }
                }
            }
            let found = find(0, 12, |vertex, at| leads[vertex].get(at).copied(), |_| false);
            let met: Vec<usize> = found.iter().flatten().copied().collect();
            assert_eq!(met.len(), (0..12).filter(|&to| reaches[0][to]).count(), "{leads:?}");
            for (number, group) in found.iter().enumerate() {
                for &a in group {
                    assert!(group.iter().all(|&b| reaches[a][b]), "{leads:?}");
                    let later = found[number + 1..].iter().flatten();
                    for &b in later {
                        assert!(!reaches[a][b], "{leads:?}");
                    }
                }
            }
        }
    }
}
