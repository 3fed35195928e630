//! Storage on Redis for memento: results and mementos that a team shares.
//!
//! To depend on this crate and to name a server is to use it. In `memento.toml`:
//!
//! ```toml
//! [storage]
//! url = "redis://user:${REDIS_PASSWORD}@cache.internal:6379/0"   # or type = "redis", and the URL of this machine's server
//! connection_pool_size = 10    # of each of the two stores
//! key_prefix = "memento:"      # what all keys begin with
//! max_object_size = "100 MB"   # longer results are refused, and computed each time
//! ttl = "30 days"              # default: results stay
//! connect_timeout = "3s"
//! response_timeout = "5s"      # how long the server may be silent
//! lease = "10s"                # after which the claim of a process that was killed is free
//! readonly = false             # true: use what is there, keep nothing
//! tls_ca = "ca.pem"            # default: what the system trusts
//! tls_certificate = "me.pem"   # where the server asks for one
//! tls_key = "me.key"
//! ```
//!
//! | URL                                                 | what                                                            |
//! | --------------------------------------------------- | --------------------------------------------------------------- |
//! | `redis://user:password@host:6379/0`                 | a server; user, password, port and database may be left out     |
//! | `rediss://…`                                        | the same with TLS; `rediss+sentinel://` and `rediss+cluster://`, too |
//! | `redis+unix:///path?db=0&user=…&pass=…`, `unix:/path` | a socket of this machine                                      |
//! | `redis+sentinel://host:26379,host/service/0`        | the server that Sentinels name for a service                    |
//! | `redis+cluster://host:6379,host`                    | a cluster: all keys of one `key_prefix` are on one of its nodes |
//!
//! | key, behind `key_prefix` and `1:`               | what                                                            |
//! | ----------------------------------------------- | --------------------------------------------------------------- |
//! | `object:NAME`                                   | an object: head and content, or the head alone where it is over 1 MiB |
//! | `chunk:ID:N`                                    | a MiB of such a content                                         |
//! | `about:NAME`                                    | user metadata of an object                                      |
//! | `names`, `sizes`, `bytes`                       | what objects there are, and how long they are                   |
//! | `expiring`, `expiring-mementos`                 | what leaves the indices, and when                               |
//! | `reading:ID`                                    | somebody reads these chunks                                     |
//! | `memento:KEY`                                   | a memento: head, function and record                            |
//! | `mementos:CLASS`, `mementos:CLASS:FUNCTION`     | mementos in the order in which they were put                    |
//! | `versions:FUNCTION`, `order`                    | versions of a function; how many mementos were put              |
//! | `damaged:KEY`                                   | a memento that was found damaged; it goes after a month         |
//! | `claim:KEY`, `released:KEY`                     | who computes a result; who waits for it is woken by the other   |
//! | `claims:last`                                   | the number of the last claim                                    |
//!
//! What belongs together changes in one step, by a script. It takes Redis 6.2 or later. The server may drop results
//! when its memory is full: `noeviction` and the `volatile-…` policies are best, under which indices stay.
//! `docs/redis.md` in the repository says what happens when something goes wrong.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod claims;
mod connect;
mod data;
mod format;
mod metadata;
mod options;
mod outage;
mod pool;
mod problem;
mod scripts;
mod server;
mod token;

pub use data::RedisDataStore;
pub use metadata::RedisMetadataStore;
pub use options::Options;

use memento::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores, inventory};

inventory::submit! {
    StoragePlugin {
        name: "redis",
        provided_by: "memento-storage-redis",
        schemes: &[
            "redis", "rediss", "redis+unix", "unix", "redis+sentinel", "rediss+sentinel",
            "redis+cluster", "rediss+cluster",
        ],
        is_default: false,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open: |options| {
            let options = Options::take(options)?;
            Ok(Stores::new(RedisDataStore::new(&options), RedisMetadataStore::new(&options)))
        },
    }
}

/// A storage on the server that `options` names.
pub fn storage(options: &Options) -> memento::Storage {
    memento::Storage::new(RedisDataStore::new(options), RedisMetadataStore::new(options))
}
