//! The right to compute a key.

use crate::flight::{self, Alone, LastWord, Lead};
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

    /// Does `keep`, unless the outcome of a run that began later has been kept: [`LastWord::keep`].
    pub(super) fn keep(&self, keep: impl FnOnce()) -> bool {
        self.word().keep(self.number, keep)
    }

    /// Whether what this run has kept is what counts still.
    pub(super) fn has_last_word(&self) -> bool {
        self.word().is(self.number)
    }

    fn word(&self) -> &LastWord {
        match &self.standing {
            Standing::Lead(lead) => lead.word(),
            Standing::Alone(alone) => alone.word(),
        }
    }
}
