//! Storage on S3, Google Cloud Storage and Azure for memento: results and mementos in a bucket.
//!
//! To depend on this crate and to name a bucket is to use it. In `memento.toml`:
//!
//! ```toml
//! [storage]
//! url = "s3://bucket/prefix"          # or gs://bucket/prefix, az://container/prefix, file:///path
//! region = "eu-central-1"             # of s3://; default: what AWS_REGION says, or us-east-1
//! access_key_id = "${MY_KEY}"         # of s3://; default: as the service's own tools find it
//! secret_access_key = "${MY_SECRET}"
//! endpoint = "https://minio.internal" # default: the public service
//! retries = 3                         # of a request that failed, or that the service was too busy for
//! connect_timeout = "5s"
//! response_timeout = "30s"            # how long the service may be silent
//! lease = "15s"                       # after which the claim of a process that was killed is free
//! max_object_size = "1 GB"            # longer objects are read and put as streams only
//! readonly = false                    # true: use what is there, keep nothing
//! ```
//!
//! | key, behind the prefix              | what                                                                 |
//! | ----------------------------------- | -------------------------------------------------------------------- |
//! | `data/NAME`                         | an object, as it was put                                             |
//! | `mementos/KEY`                      | a memento: head, function and record                                 |
//! | `index/FUNCTION/TIME-ID`            | which mementos of a function were put together, and when; the last first |
//! | `versions/FUNCTION/TIME-VERSION`    | a version of a function                                              |
//! | `claims/KEY`                        | who computes a result                                                |
//! | `damaged/KEY`                       | a memento that was found damaged                                     |
//!
//! `docs/object.md` in the repository has all options, and says what happens when something goes wrong.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod address;
mod claims;
mod connect;
mod data;
mod format;
mod metadata;
mod names;
mod options;
mod problem;
mod runtime;
mod service;
mod wire;

pub use data::ObjectDataStore;
pub use metadata::ObjectMetadataStore;
pub use options::Options;

use memento::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores, inventory};

inventory::submit! {
    StoragePlugin {
        name: "object",
        provided_by: "memento-storage-object",
        schemes: &["s3", "gs", "az", "file"],
        is_default: false,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open: |options| {
            let options = Options::take(options)?;
            Ok(Stores::new(ObjectDataStore::new(&options), ObjectMetadataStore::new(&options)))
        },
    }
}

/// A storage in the place that `options` name.
pub fn storage(options: &Options) -> memento::Storage {
    memento::Storage::new(ObjectDataStore::new(options), ObjectMetadataStore::new(options))
}
