//! What is asked of a store, as policies see it.

/// One operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The method of the store's trait.
    pub method: &'static str,
    /// What it does, as messages say it: "read an object".
    pub does: &'static str,
    /// Whether it changes what is in the store.
    pub writes: bool,
    /// Whether doing it twice is the same as doing it once, so that it can be tried again where nobody knows whether it
    /// was done.
    pub is_repeatable: bool,
    /// Where it is among those of its store.
    pub(crate) number: usize,
}

impl Operation {
    /// How many a store has.
    pub(crate) const COUNT: usize = 28;

    const fn reading(number: usize, method: &'static str, does: &'static str) -> Self {
        Self { method, does, writes: false, is_repeatable: true, number }
    }

    const fn writing(number: usize, method: &'static str, does: &'static str) -> Self {
        Self { writes: true, ..Self::reading(number, method, does) }
    }

    /// Whether it is asked for what was found damaged.
    pub(crate) fn is_of_damaged(self) -> bool {
        self == SET_ASIDE || self == SET_RECORD_ASIDE
    }

    pub(crate) const fn once(self) -> Self {
        Self { is_repeatable: false, ..self }
    }
}

pub(crate) const GET: Operation = Operation::reading(0, "get", "read an object");
pub(crate) const READ: Operation = Operation::reading(1, "read", "open an object");
pub(crate) const GET_RANGE: Operation =
    Operation::reading(2, "get_range", "read a part of an object");
pub(crate) const GET_MANY: Operation = Operation::reading(3, "get_many", "read objects");
pub(crate) const PROPERTIES: Operation = Operation::reading(4, "properties", "look an object up");
pub(crate) const CONTAINS: Operation = Operation::reading(5, "contains", "look objects up");
pub(crate) const LIST: Operation = Operation::reading(6, "list", "list objects");
pub(crate) const PUT: Operation = Operation::writing(7, "put", "keep an object");
pub(crate) const PUT_MANY: Operation = Operation::writing(8, "put_many", "keep objects");
pub(crate) const PUT_FROM: Operation = Operation::writing(9, "put_from", "keep an object").once();
pub(crate) const CREATE: Operation = Operation::writing(10, "create", "begin an object");
pub(crate) const KEEP: Operation = Operation::writing(11, "keep", "keep an object").once();
pub(crate) const APPEND: Operation = Operation::writing(12, "append", "append to an object").once();
pub(crate) const COPY: Operation = Operation::writing(13, "copy", "copy an object");
pub(crate) const REMOVE: Operation = Operation::writing(14, "remove", "drop an object");
pub(crate) const REMOVE_MANY: Operation = Operation::writing(15, "remove_many", "drop objects");
pub(crate) const SET_ASIDE: Operation =
    Operation::writing(16, "set_aside", "take a damaged object out of the way");
pub(crate) const SNAPSHOT: Operation =
    Operation::writing(17, "snapshot", "take a snapshot of an object").once();
pub(crate) const LIST_SNAPSHOTS: Operation =
    Operation::reading(18, "list_snapshots", "list the snapshots of an object");
pub(crate) const READ_SNAPSHOT: Operation =
    Operation::reading(19, "read_snapshot", "open a snapshot of an object");
pub(crate) const REMOVE_SNAPSHOT: Operation =
    Operation::writing(20, "remove_snapshot", "drop a snapshot of an object");
pub(crate) const CREATE_NAMESPACE: Operation =
    Operation::writing(21, "create_namespace", "make a namespace").once();
pub(crate) const LIST_NAMESPACES: Operation =
    Operation::reading(22, "list_namespaces", "list namespaces");
pub(crate) const HAS_NAMESPACE: Operation =
    Operation::reading(23, "has_namespace", "look a namespace up");
pub(crate) const REMOVE_NAMESPACE: Operation =
    Operation::writing(24, "remove_namespace", "drop a namespace");
pub(crate) const PING: Operation = Operation::reading(25, "ping", "reach the store");
pub(crate) const INFO: Operation = Operation::reading(26, "info", "count what is in the store");
pub(crate) const URL: Operation = Operation::reading(27, "url", "tell the URL of an object");

pub(crate) const GET_RECORD: Operation = Operation::reading(0, "get", "read a record");
pub(crate) const GET_RECORDS: Operation = Operation::reading(1, "get_many", "read records");
pub(crate) const PUT_RECORDS: Operation = Operation::writing(2, "put", "keep records");
pub(crate) const REMOVE_RECORD: Operation = Operation::writing(3, "remove", "drop a record");
pub(crate) const REMOVE_RECORDS: Operation = Operation::writing(4, "remove_all", "drop records");
pub(crate) const LIST_RECORDS: Operation = Operation::reading(5, "list", "list records");
pub(crate) const VERSIONS: Operation = Operation::reading(6, "versions", "list versions");
pub(crate) const CLAIM: Operation =
    Operation::reading(7, "try_claim", "claim the computation of a result").once();
pub(crate) const SET_RECORD_ASIDE: Operation =
    Operation::writing(8, "set_aside", "take a damaged record out of the way");
pub(crate) const REPLACE_RECORDS: Operation = Operation::writing(9, "replace", "replace records");
pub(crate) const WAIT: Operation = Operation::reading(10, "wait_for_claim", "wait for a claim");
