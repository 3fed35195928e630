//! The right to compute a key.

use crate::flight::{self, Alone, ForgottenAll, LastWord, Lead};
use crate::storage::Claim;

/// What keeps others from computing the same; dropping it lets them.
pub(super) struct Right {
    /// Of other threads of this process.
    pub(super) standing: Standing,
    /// Other processes; `None` where they may be doing the same.
    pub(super) claim: Option<Claim>,
    /// Whether others are doing the same, for all that is known, and are not to be waited for.
    pub(super) is_alone: bool,
    /// The number of the run.
    number: u64,
}

/// What others in this process do meanwhile.
pub(super) enum Standing {
    /// They wait.
    Lead(Lead),
    /// They may be doing the same.
    Alone(Alone),
}

impl Right {
    /// The right of a run that begins now.
    pub(super) fn new(standing: Standing, claim: Option<Claim>, is_alone: bool) -> Self {
        Self { standing, claim, is_alone, number: flight::begin() }
    }

    /// The run begins now, and not when it was claimed: another process was to do it.
    pub(super) fn begin_anew(&mut self) {
        self.number = flight::begin();
    }

    /// Does `keep`, unless the outcome of a run that began later counts, or the result was forgotten since it began:
    /// [`LastWord::keep`].
    pub(super) fn keep(&self, all: &ForgottenAll, counts: bool, keep: impl FnOnce()) -> bool {
        all.keep(self.number, || self.word().keep(self.number, counts, keep))
    }

    /// Whether the outcome of this run is the one that counts.
    pub(super) fn has_last_word(&self, all: &ForgottenAll) -> bool {
        self.word().is(self.number) && !all.has(self.number)
    }

    fn word(&self) -> &LastWord {
        match &self.standing {
            Standing::Lead(lead) => lead.word(),
            Standing::Alone(alone) => alone.word(),
        }
    }
}
