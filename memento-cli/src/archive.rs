//! One file with contents, objects and mementos.
//!
//! | bytes | what                                                                        |
//! | ----- | --------------------------------------------------------------------------- |
//! | 16    | `memento archive` and a line feed                                           |
//! | 4     | the format, little-endian                                                   |
//! | …     | members: contents, then objects, then mementos, then the end                |
//!
//! | bytes of a member | what                                                            |
//! | ----------------- | --------------------------------------------------------------- |
//! | 4                 | the length of the head, little-endian                           |
//! | 8                 | the length of the body, little-endian                           |
//! | …                 | [`Head`] in postcard                                            |
//! | …                 | the body: a content, or a record                                |
//! | 32                | BLAKE3 of everything in the file before                         |
//!
//! Each digest covers all members before, so that none can be missing, or in another place. Nothing stands behind the
//! end.

mod reader;
mod writer;

use std::fmt;

use memento::storage::UserMetadata;
use memento::{Digest, Key, Name};
use serde::{Deserialize, Serialize};

pub(crate) use reader::read;
pub(crate) use writer::{Writer, check_free};

const MAGIC: &[u8; 16] = b"memento archive\n";
const FORMAT: u32 = 1;
/// What stands in front of each head.
const LENGTHS: usize = 12;
/// How long a head may be.
const LONGEST_HEAD: u32 = 16 << 20;

/// What a member is. Those of a lower variant come first.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Head {
    Content(Digest),
    Object {
        name: Name,
        metadata: UserMetadata,
    },
    Memento(Key),
    /// How many members there are before.
    End(u64),
}

impl Head {
    /// Its place among the others.
    fn rank(&self) -> u8 {
        match self {
            Self::Content(_) => 0,
            Self::Object { .. } => 1,
            Self::Memento(_) => 2,
            Self::End(_) => 3,
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(digest) => write!(f, "content {digest:#}"),
            Self::Object { name, .. } => write!(f, "object {name}"),
            Self::Memento(key) => write!(f, "memento {key:#}"),
            Self::End(_) => f.write_str("end"),
        }
    }
}
