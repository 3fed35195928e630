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
}

impl Operation {
    const fn reading(method: &'static str, does: &'static str) -> Self {
        Self { method, does, writes: false, is_repeatable: true }
    }

    const fn writing(method: &'static str, does: &'static str) -> Self {
        Self { method, does, writes: true, is_repeatable: true }
    }

    pub(crate) const fn once(self) -> Self {
        Self { is_repeatable: false, ..self }
    }
}

pub(crate) const GET: Operation = Operation::reading("get", "read an object");
pub(crate) const READ: Operation = Operation::reading("read", "open an object");
pub(crate) const GET_RANGE: Operation = Operation::reading("get_range", "read a part of an object");
pub(crate) const GET_MANY: Operation = Operation::reading("get_many", "read objects");
pub(crate) const PROPERTIES: Operation = Operation::reading("properties", "look an object up");
pub(crate) const CONTAINS: Operation = Operation::reading("contains", "look objects up");
pub(crate) const LIST: Operation = Operation::reading("list", "list objects");
pub(crate) const PUT: Operation = Operation::writing("put", "keep an object");
pub(crate) const PUT_MANY: Operation = Operation::writing("put_many", "keep objects");
pub(crate) const PUT_FROM: Operation = Operation::writing("put_from", "keep an object").once();
pub(crate) const CREATE: Operation = Operation::writing("create", "begin an object");
pub(crate) const KEEP: Operation = Operation::writing("keep", "keep an object").once();
pub(crate) const APPEND: Operation = Operation::writing("append", "append to an object").once();
pub(crate) const COPY: Operation = Operation::writing("copy", "copy an object");
pub(crate) const REMOVE: Operation = Operation::writing("remove", "drop an object");
pub(crate) const REMOVE_MANY: Operation = Operation::writing("remove_many", "drop objects");
pub(crate) const SET_ASIDE: Operation =
    Operation::writing("set_aside", "take a damaged object out of the way");
pub(crate) const SNAPSHOT: Operation =
    Operation::writing("snapshot", "take a snapshot of an object").once();
pub(crate) const LIST_SNAPSHOTS: Operation =
    Operation::reading("list_snapshots", "list the snapshots of an object");
pub(crate) const READ_SNAPSHOT: Operation =
    Operation::reading("read_snapshot", "open a snapshot of an object");
pub(crate) const REMOVE_SNAPSHOT: Operation =
    Operation::writing("remove_snapshot", "drop a snapshot of an object");
pub(crate) const CREATE_NAMESPACE: Operation =
    Operation::writing("create_namespace", "make a namespace");
pub(crate) const LIST_NAMESPACES: Operation =
    Operation::reading("list_namespaces", "list namespaces");
pub(crate) const HAS_NAMESPACE: Operation =
    Operation::reading("has_namespace", "look a namespace up");
pub(crate) const REMOVE_NAMESPACE: Operation =
    Operation::writing("remove_namespace", "drop a namespace");
pub(crate) const PING: Operation = Operation::reading("ping", "reach the store");
pub(crate) const INFO: Operation = Operation::reading("info", "count what is in the store");

pub(crate) const GET_RECORD: Operation = Operation::reading("get", "read a record");
pub(crate) const GET_RECORDS: Operation = Operation::reading("get_many", "read records");
pub(crate) const PUT_RECORDS: Operation = Operation::writing("put", "keep records");
pub(crate) const REMOVE_RECORD: Operation = Operation::writing("remove", "drop a record");
pub(crate) const REMOVE_RECORDS: Operation = Operation::writing("remove_all", "drop records");
pub(crate) const LIST_RECORDS: Operation = Operation::reading("list", "list records");
pub(crate) const VERSIONS: Operation = Operation::reading("versions", "list versions");
pub(crate) const CLAIM: Operation =
    Operation::reading("try_claim", "claim the computation of a result").once();
pub(crate) const SET_RECORD_ASIDE: Operation =
    Operation::writing("set_aside", "take a damaged record out of the way");
