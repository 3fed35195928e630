//! A store keeps all its promises behind each layer.

use std::sync::Arc;
use std::time::Duration;

use memento::{DataStore, MemoryDataStore, MemoryMetadataStore, MetadataStore};
use memento_storage_layers::{Breaker, Faults, Guarded, Policy, Retry, TimeLimit};

/// Long enough for a machine that is busy.
const LIMIT: Duration = Duration::from_mins(1);

fn data(policy: impl Policy + 'static) -> Arc<dyn DataStore> {
    Arc::new(Guarded::new(policy, Arc::new(MemoryDataStore::default())))
}

fn metadata(policy: impl Policy + 'static) -> Arc<dyn MetadataStore> {
    Arc::new(Guarded::new(policy, Arc::new(MemoryMetadataStore::default())))
}

mod retry {
    mod data {
        memento_testkit::data_store_suite!(DataStoreSuite::new(|_| crate::data(
            crate::Retry::default()
        )));
    }
    mod metadata {
        memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| crate::metadata(
            crate::Retry::default()
        )));
    }
}

mod breaker {
    mod data {
        memento_testkit::data_store_suite!(DataStoreSuite::new(|_| crate::data(
            crate::Breaker::default()
        )));
    }
    mod metadata {
        memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| crate::metadata(
            crate::Breaker::default()
        )));
    }
}

mod time_limit {
    mod data {
        use std::sync::Arc;
        memento_testkit::data_store_suite!(DataStoreSuite::new(|_| Arc::new(
            crate::TimeLimit::new(crate::LIMIT, Arc::new(memento::MemoryDataStore::default()))
        )));
    }
    mod metadata {
        use std::sync::Arc;
        memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| Arc::new(
            crate::TimeLimit::new(crate::LIMIT, Arc::new(memento::MemoryMetadataStore::default()))
        )));
    }
}

/// All of them, in the order that a configuration puts them in.
mod all {
    use std::sync::Arc;

    use super::{Breaker, Faults, Guarded, LIMIT, Retry, TimeLimit};

    /// `store` with all layers around it.
    macro_rules! layered {
        ($store:expr) => {{
            let store = Arc::new(Guarded::new(Faults::new(0.0, 1), Arc::new($store)));
            let store = Arc::new(TimeLimit::new(LIMIT, store));
            let store = Arc::new(Guarded::new(Breaker::default(), store));
            Arc::new(Guarded::new(Retry::default(), store))
        }};
    }

    mod data {
        use super::*;
        memento_testkit::data_store_suite!(DataStoreSuite::new(|_| layered!(
            memento::MemoryDataStore::default()
        )));
    }
    mod metadata {
        use super::*;
        memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| layered!(
            memento::MemoryMetadataStore::default()
        )));
    }
}
