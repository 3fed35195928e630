//! The namespaces that memento itself writes. What others put there is in the way, and may be dropped.

/// Contents by their digests: `results/ab/cdef…`.
pub const RESULTS: &str = "results";
/// Copies of results under names, from [`Named`](crate::Named).
pub const NAMED: &str = "named";
/// What was found damaged and moved out of the way.
pub const DAMAGED: &str = "damaged";
/// What objects were, where the store itself has no snapshots.
pub const SNAPSHOTS: &str = "snapshots";
/// Namespaces with nothing in them: an empty object for each. It is not listed as a namespace itself.
pub const NAMESPACES: &str = "namespaces";
/// What was used when, where a storage is kept within limits.
pub const USAGE: &str = "usage";
/// What is put to see whether something can be, for a moment.
pub const PING: &str = "ping";

/// All of them.
pub const ALL: [&str; 7] = [RESULTS, NAMED, DAMAGED, SNAPSHOTS, NAMESPACES, USAGE, PING];
