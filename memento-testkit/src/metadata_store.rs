//! What every metadata store promises.
//!
//! Each property is a function that panics where the promise is broken;
//! [`metadata_store_suite!`](crate::metadata_store_suite) makes a test of each.

mod lab;
mod properties;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use memento::storage::MetadataStore;

pub use properties::{CLAIMING, FORGETTING, KEEPING};

/// What makes a store in a folder.
type Make = Arc<dyn Fn(&Path) -> Arc<dyn MetadataStore> + Send + Sync>;

/// A property by its name, and what checks it.
pub type Property = crate::suite::Property<MetadataStoreSuite>;

/// The metadata store that is tested, and what is known of it.
#[derive(Clone)]
pub struct MetadataStoreSuite {
    make: Make,
    read_only: Option<Make>,
    is_shared: bool,
}

impl MetadataStoreSuite {
    /// The stores that `make` makes: one for each property, with nothing in it. `make` gets an empty folder, whose path
    /// no other property has: a store elsewhere can use it as a prefix of its own.
    pub fn new(make: impl Fn(&Path) -> Arc<dyn MetadataStore> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), read_only: None, is_shared: false }
    }

    /// Two stores made with one folder are two ways to the same records, as from two processes.
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// How the same records are opened for reading only. Of a store of which this is not told, only that it says that it
    /// can be written is looked at.
    pub fn read_only(
        mut self,
        make: impl Fn(&Path) -> Arc<dyn MetadataStore> + Send + Sync + 'static,
    ) -> Self {
        self.read_only = Some(Arc::new(make));
        self
    }
}

impl fmt::Debug for MetadataStoreSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataStoreSuite")
            .field("is_shared", &self.is_shared)
            .finish_non_exhaustive()
    }
}

/// A test for each promise of a metadata store. The argument is a
/// [`MetadataStoreSuite`](crate::metadata_store::MetadataStoreSuite), which need not be imported.
///
/// ```ignore
/// mod memory {
///     memento_testkit::metadata_store_suite!(
///         MetadataStoreSuite::new(|_| Arc::new(MemoryMetadataStore::default()))
///     );
/// }
/// ```
#[macro_export]
macro_rules! metadata_store_suite {
    ($suite:expr) => {
        $crate::recording_properties!($suite);
    };
}

/// A test for each promise of a metadata store that tells processes apart which claim the same result, beside
/// [`metadata_store_suite!`](crate::metadata_store_suite). The argument is a
/// [`MetadataStoreSuite`](crate::metadata_store::MetadataStoreSuite), which need not be imported, and is
/// [`shared`](crate::metadata_store::MetadataStoreSuite::shared): two of its stores are two processes.
#[macro_export]
macro_rules! claiming_metadata_store_suite {
    ($suite:expr) => {
        $crate::claiming_metadata_properties!($suite);
    };
}

/// A test for each promise of a metadata store that accepts everything and keeps nothing. The argument is a
/// [`MetadataStoreSuite`](crate::metadata_store::MetadataStoreSuite), which need not be imported.
#[macro_export]
macro_rules! forgetting_metadata_store_suite {
    ($suite:expr) => {
        $crate::forgetting_metadata_properties!($suite);
    };
}
