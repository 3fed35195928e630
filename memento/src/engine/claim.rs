//! Who computes what is missing: one computation of a key at a time, among threads, tasks and processes.

mod processes;

use super::calls::Calls;
use super::ending::Ending;
use super::item::Item;
use super::lookup;
use super::right::{Right, Standing};
use crate::binding::Binding;
use crate::flight::{Arrival, Claim};
use crate::miss::Miss;
use crate::{Error, ErrorKind, Key, Result};

pub(super) use processes::{AmongProcesses, Waiter};

/// What is to be done about an item.
pub(super) enum Claimed {
    /// To be computed.
    Run(Right),
    Ended(Ending),
    /// Another thread, or another process, computes it.
    Busy,
}

impl From<Error> for Claimed {
    fn from(error: Error) -> Self {
        Self::Ended(Ending::Failed(error))
    }
}

impl<'a> Calls<'a> {
    /// Claims the item, unless others have brought it to its end. Waits for others who compute it.
    pub(super) fn claim(&self, item: &mut Item<'a>) -> Result<Claimed> {
        let binding: &'a Binding = self.binding;
        let claim = loop {
            self.modifiers.check_cancelled(binding.function)?;
            match binding.cluster.flights.claim(item.key, |key| self.callers(key)) {
                // The next one that claims it looks it up, or computes it; the others wait for that.
                Claim::Landed(arrival) if !item.findings.admit(self.modifiers, &arrival) => {}
                claim => break claim,
            }
        };
        let among_processes = |item: &Item<'_>| self.claim_among_processes(item, true);
        self.claimed(item, claim, among_processes, true)
    }

    /// The same without waiting for anybody. With `alone`, where others compute it, it is to be computed, too.
    pub(super) fn try_claim(&self, item: &mut Item<'a>, alone: bool) -> Result<Claimed> {
        self.modifiers.check_cancelled(self.binding.function)?;
        let claim = match self.binding.cluster.flights.try_claim(item.key) {
            Some(lead) => Claim::Lead(lead),
            None if alone => Claim::Alone(self.binding.cluster.flights.go_alone(item.key)),
            None => return Ok(Claimed::Busy),
        };
        let among_processes = |item: &Item<'_>| match self.claim_among_processes(item, false) {
            AmongProcesses::Theirs if alone => AmongProcesses::Alone,
            claimed => claimed,
        };
        self.claimed(item, claim, among_processes, false)
    }

    /// How often `key` is computed by those who called whoever asks.
    pub(super) fn callers(&self, key: &Key) -> usize {
        let frames = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        frames.filter(|frame| frame.key == *key).count()
    }

    /// Goes on with an item that has been claimed in this process: claims it `among_processes`, unless its result is
    /// there by now.
    pub(super) fn claimed(
        &self,
        item: &mut Item<'_>,
        claim: Claim,
        among_processes: impl FnOnce(&Item<'_>) -> AmongProcesses,
        may_wait: bool,
    ) -> Result<Claimed> {
        let binding = self.binding;
        let standing = match claim {
            Claim::Lead(lead) => Standing::Lead(lead),
            Claim::Landed(Arrival { value, landed, .. }) if item.call.adopt(&value) => {
                binding.cluster.counters.count_store_hit(landed.took);
                return Ok(Claimed::Ended(Ending::Found(landed.into())));
            }
            Claim::Landed(..) => Standing::Alone(binding.cluster.flights.go_alone(item.key)),
            Claim::Alone(alone) => Standing::Alone(alone),
            Claim::Recursion => return Err(self.recursion(item.key)),
        };
        let among_processes = match standing {
            Standing::Lead(_) => among_processes(item),
            Standing::Alone(_) => AmongProcesses::Alone,
        };
        let (claim, is_alone) = match among_processes {
            AmongProcesses::Ours(claim) => (Some(claim), false),
            AmongProcesses::Theirs => return Ok(Claimed::Busy),
            AmongProcesses::Unclaimed => (None, false),
            AmongProcesses::Alone => (None, true),
        };
        if !self.modifiers.refresh {
            self.look_again(item, may_wait, claim.is_some());
            if let Ending::Found(known) = &item.ending {
                return Ok(Claimed::Ended(Ending::Found(known.clone())));
            }
        }
        // It may have waited for another thread.
        self.modifiers.check_cancelled(binding.function)?;
        Ok(Claimed::Run(Right::new(standing, claim, is_alone)))
    }

    /// Looks once more, for an item that another thread may have computed after the stores were asked; where it is
    /// `claimed`, another process may have.
    ///
    /// What lands in this process stands in the memory cache, unless the cache has lost it, and is counted. To ask the
    /// stores again may mean to wait, for callees that run again: only with `may_wait`.
    fn look_again(&self, item: &mut Item<'_>, may_wait: bool, claimed: bool) {
        let storage = &self.binding.cluster.storage;
        if let Some(landed) = lookup::adopt(self.binding, item) {
            self.binding.cluster.counters.count_store_hit(landed.took);
            item.end(landed);
            return;
        }
        let changes = storage.changes.count(&item.key);
        if may_wait && (claimed || changes != item.findings.changes) {
            item.findings.changes = changes;
            storage.settle();
            // A store in trouble has said so when it was asked first, and so has one whose content cannot be read.
            let was_unreadable = matches!(item.findings.miss, Some(Miss::Unreadable));
            let record = storage.metadata.get(&item.key).ok().flatten();
            let record = record.filter(|record| !was_unreadable || item.is_new(record));
            if record.is_some() {
                let items = std::iter::once(item);
                self.caller.enter(|| lookup::find(self.binding, self.modifiers, items, &[record]));
            }
        }
    }

    fn recursion(&self, key: Key) -> Error {
        let caller = self.caller.frame.as_ref().map_or("nobody", |frame| frame.function.path());
        Error::new(ErrorKind::Recursion, "compute a result that needs itself")
            .with("function", self.binding.function.path())
            .with("called by", caller)
            .with("key", format!("{key:#}"))
            .help("a memento function may call itself with other arguments only")
    }
}
