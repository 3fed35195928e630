//! What goes first.

use serde::Deserialize;

/// What goes first where there is too much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum EvictionOrder {
    /// What was not used for longest: `lru`.
    #[default]
    #[serde(rename = "lru")]
    LeastRecentlyUsed,
    /// What was used least often, and of that what was not used for longest: `lfu`.
    #[serde(rename = "lfu")]
    LeastFrequentlyUsed,
    /// What was put first: `fifo`.
    #[serde(rename = "fifo")]
    FirstIn,
    /// What was used last: `mru`. For those who go through all that there is, again and again.
    #[serde(rename = "mru")]
    MostRecentlyUsed,
}

/// What the order depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct History {
    /// When it was put, in nanoseconds since the Unix epoch.
    pub(super) put: u64,
    /// When it was put or used last.
    pub(super) last: u64,
    /// How often it was used.
    pub(super) times: u64,
}

impl EvictionOrder {
    /// Where something is in the order: the smallest goes first.
    pub(super) fn rank(self, history: History) -> (u64, u64) {
        let History { put, last, times } = history;
        match self {
            Self::LeastRecentlyUsed => (last, put),
            Self::LeastFrequentlyUsed => (times, last),
            Self::FirstIn => (put, last),
            Self::MostRecentlyUsed => (u64::MAX - last, put),
        }
    }
}
