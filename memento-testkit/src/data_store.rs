//! What every data store promises.
//!
//! Each property is a function that panics where the promise is broken; [`data_store_suite!`](crate::data_store_suite)
//! makes a test of each. What a store lacks by its capabilities has to be an error that says so.

mod lab;
mod properties;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use memento::storage::DataStore;

pub use properties::{FORGETTING, KEEPING};

/// What makes a store in a folder.
type Make = Arc<dyn Fn(&Path) -> Arc<dyn DataStore> + Send + Sync>;

/// A property by its name, and what checks it.
pub type Property = crate::suite::Property<DataStoreSuite>;

/// The data store that is tested, and what is known of it.
#[derive(Clone)]
pub struct DataStoreSuite {
    make: Make,
    read_only: Option<Make>,
    is_shared: bool,
}

impl DataStoreSuite {
    /// The stores that `make` makes: one for each property, with nothing in it. `make` gets an empty folder, whose path
    /// no other property has: a store elsewhere can use it as a prefix of its own.
    pub fn new(make: impl Fn(&Path) -> Arc<dyn DataStore> + Send + Sync + 'static) -> Self {
        Self { make: Arc::new(make), read_only: None, is_shared: false }
    }

    /// Two stores made with one folder are two ways to the same objects, as from two processes.
    pub fn shared(mut self) -> Self {
        self.is_shared = true;
        self
    }

    /// How the same objects are opened for reading only. Of a store of which this is not told, only that it says that it
    /// can be written is looked at.
    pub fn read_only(
        mut self,
        make: impl Fn(&Path) -> Arc<dyn DataStore> + Send + Sync + 'static,
    ) -> Self {
        self.read_only = Some(Arc::new(make));
        self
    }
}

impl fmt::Debug for DataStoreSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataStoreSuite").field("is_shared", &self.is_shared).finish_non_exhaustive()
    }
}

/// A test for each promise of a data store. The argument is a [`DataStoreSuite`](crate::data_store::DataStoreSuite),
/// which need not be imported.
///
/// ```ignore
/// mod memory {
///     memento_testkit::data_store_suite!(DataStoreSuite::new(|_| Arc::new(MemoryDataStore::default())));
/// }
/// ```
#[macro_export]
macro_rules! data_store_suite {
    ($suite:expr) => {
        $crate::keeping_properties!($suite);
    };
}

/// A test for each promise of a data store that accepts everything and keeps nothing. The argument is a
/// [`DataStoreSuite`](crate::data_store::DataStoreSuite), which need not be imported.
#[macro_export]
macro_rules! forgetting_data_store_suite {
    ($suite:expr) => {
        $crate::forgetting_properties!($suite);
    };
}
