//! The right to compute a key.

use crate::flight::Lead;
use crate::storage::Claim;

/// What keeps others from computing the same; dropping it lets them.
#[derive(Default)]
pub(super) struct Right {
    /// Other threads of this process; `None` where they may be doing the same.
    pub(super) lead: Option<Lead>,
    /// Other processes; `None` where they may be doing the same.
    pub(super) claim: Option<Claim>,
    /// Whether others are doing the same, for all that is known, and are not to be waited for.
    pub(super) is_alone: bool,
}
