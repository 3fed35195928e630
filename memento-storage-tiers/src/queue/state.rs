//! What waits to be written behind a call, and what became of what did.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use memento::storage::{Entry, HeldClaim, Replacement};
use memento::{Digest, Error, Name};
use metrics::Counter;

/// How many records are put together.
const TOGETHER: usize = 1_000;
/// After how many failures in a row what waits is given up, where somebody waits for the end.
pub(super) const PATIENCE: u32 = 3;
/// How many contents are known at most that were lost.
const KNOWN: usize = 1 << 16;

/// Something to write.
pub(crate) enum Write {
    Content(Name),
    Records(Vec<Entry>),
    Replacements(Vec<Replacement>),
    /// Drops a claim, behind what was computed under it.
    Release(Arc<dyn HeldClaim>),
}

impl Write {
    /// How many results are lost with it.
    fn results(&self) -> u64 {
        match self {
            Self::Content(_) => 1,
            Self::Records(entries) => entries.len() as u64,
            // Where it is lost, what it was to replace is still there.
            Self::Replacements(_) | Self::Release(_) => 0,
        }
    }

    /// Whether the tier is asked for it. What is done without that says nothing of the tier.
    pub(super) fn asks(&self) -> bool {
        match self {
            // Those that were dropped, or named a lost content, are not written.
            Self::Records(entries) => !entries.is_empty(),
            Self::Release(_) => false,
            Self::Content(_) | Self::Replacements(_) => true,
        }
    }
}

/// What waits to be written, and for how many pushes it stands.
pub(super) struct Waiting {
    pub(super) write: Write,
    pub(super) pushes: u64,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: VecDeque<Waiting>,
    /// How many were ever put here, which are numbered by that.
    pub(super) pushed: u64,
    /// How many of them are written, or lost.
    pub(super) ended: u64,
    pub(super) is_closed: bool,
    /// Failures in a row, with nothing in between that the tier did.
    pub(super) failures: u32,
    /// Whether the log has the first failure since the last success.
    pub(super) is_said: bool,
    /// How many wait for the end.
    pub(super) flushing: u32,
    /// How many wait to do something behind what was put, and give nothing up.
    pub(super) following: u32,
    /// How many writes were begun, which are numbered by that.
    pub(super) begun: u64,
    /// Whether the last one of them has not ended.
    pub(super) is_writing: bool,
    /// The last one that failed and is to be tried again, and why.
    pub(super) failed: Option<(u64, Error)>,
    /// Results that could not be written and were not reported to anybody who flushed.
    pub(super) lost: u64,
    /// Those of them that the log does not have yet either.
    pub(super) unsaid: u64,
    /// Counts all that ever were.
    counter: Option<Counter>,
    /// Contents that could not be written: what comes behind them does not name them.
    pub(super) lost_contents: HashSet<Digest>,
}

impl State {
    /// Nothing waits, and what is lost is counted.
    pub(super) fn new(lost: Counter) -> Self {
        Self { counter: Some(lost), ..Self::default() }
    }

    /// Whether all that was put is written, or lost.
    pub(super) fn is_idle(&self) -> bool {
        self.ended == self.pushed
    }

    fn lose(&mut self, results: u64) {
        self.lost += results;
        self.unsaid += results;
        if let Some(counter) = &self.counter {
            counter.increment(results);
        }
    }

    /// Ends what waited, without its having been written.
    fn end_unwritten(&mut self, Waiting { write, pushes }: Waiting) {
        self.ended += pushes;
        self.lose_write(&write);
    }

    pub(super) fn lose_write(&mut self, write: &Write) {
        self.lose(write.results());
        if let Write::Content(name) = write {
            // Of very many, the ones that come are more likely to be named.
            if self.lost_contents.len() >= KNOWN {
                self.lost_contents.clear();
            }
            self.lost_contents.extend(name.result_digest());
        }
    }

    /// Has a content that waits not be written any more.
    pub(super) fn drop_content(&mut self, name: &Name) {
        for waiting in &mut self.waiting {
            if matches!(&waiting.write, Write::Content(content) if content == name) {
                waiting.write = Write::Records(Vec::new());
            }
        }
    }

    /// Why a write has failed that was begun behind this many.
    pub(super) fn failure_since(&self, begun: u64) -> Option<&Error> {
        self.failed.as_ref().filter(|(number, _)| *number > begun).map(|(_, error)| error)
    }

    /// Takes the records out of what waits that are not to be written any more.
    pub(super) fn drop_records(&mut self, is_dropped: impl Fn(&Entry) -> bool) {
        for waiting in &mut self.waiting {
            if let Write::Records(entries) = &mut waiting.write {
                entries.retain(|entry| !is_dropped(entry));
            }
        }
    }

    /// Loses all that waits.
    fn give_up(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            self.end_unwritten(waiting);
        }
    }

    /// Takes what waits longest; records that wait behind one another together.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        let mut next = self.waiting.pop_front()?;
        self.begun += 1;
        self.is_writing = true;
        let Write::Records(entries) = &mut next.write else { return Some(next) };
        while entries.len() < TOGETHER
            && let Some(Waiting { write: Write::Records(more), .. }) = self.waiting.front_mut()
        {
            entries.append(more);
            next.pushes += self.waiting.pop_front().map_or(0, |waiting| waiting.pushes);
        }
        if !self.lost_contents.is_empty() {
            let before = entries.len();
            let lost = &self.lost_contents;
            entries.retain(|entry| content(entry).is_none_or(|digest| !lost.contains(&digest)));
            let without = (before - entries.len()) as u64;
            self.lose(without);
        }
        Some(next)
    }

    /// Notes that a write has failed. It stays in front, to be tried again, unless that is of no use, or somebody waits
    /// for the end and has waited for long enough.
    pub(super) fn fail(&mut self, failed: Waiting, error: Error, is_final: bool) {
        if !is_final {
            self.failed = Some((self.begun, error));
        }
        self.failures = if is_final { 0 } else { self.failures + 1 };
        let is_waited_for = self.flushing > 0;
        if is_final || is_waited_for && self.failures >= PATIENCE {
            self.end_unwritten(failed);
        } else {
            self.waiting.push_front(failed);
        }
        // It is not that write alone.
        if is_waited_for && self.failures > PATIENCE {
            self.give_up();
        }
    }

    /// The claims that wait.
    pub(super) fn claims(&self) -> Vec<Arc<dyn HeldClaim>> {
        let claim = |waiting: &Waiting| match &waiting.write {
            Write::Release(claim) => Some(Arc::clone(claim)),
            _ => None,
        };
        self.waiting.iter().filter_map(claim).collect()
    }
}

/// The content that a memento names as its result.
fn content(entry: &Entry) -> Option<Digest> {
    let outcome = entry.memento().ok()??.outcome;
    outcome.value.is_some_and(|value| !value.inline).then_some(outcome.digest)
}
