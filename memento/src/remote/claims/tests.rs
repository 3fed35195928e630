use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::{ClaimAnswer, WorkerClaims};
use crate::cluster::Cluster;
use crate::storage::{
    Claim, Entry, Filter, MemoryDataStore, MemoryMetadataStore, MetadataStore, Page,
};
use crate::{Key, LocalRunner, Result, Storage, Version};

/// How many are asked at the same time.
const TOGETHER: usize = 2;

/// A store that answers who claims when others have asked it, too.
#[derive(Debug, Default)]
struct Meeting {
    store: MemoryMetadataStore,
    asked: Mutex<usize>,
    changed: Condvar,
}

impl MetadataStore for Meeting {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.store.get(key)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.store.put(entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.store.list(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
    }

    fn try_claim(&self, _: &Key) -> Result<Option<Claim>> {
        let mut asked = self.asked.lock();
        *asked += 1;
        self.changed.notify_all();
        let is_alone = |asked: &mut usize| *asked < TOGETHER;
        let waited = self.changed.wait_while_for(&mut asked, is_alone, Duration::from_secs(20));
        assert!(!waited.timed_out(), "one is asked only when the other one has been answered");
        Ok(Some(Box::new(())))
    }
}

#[test]
fn a_store_that_takes_its_time_for_one_worker_holds_no_other_one_up() {
    let storage = Storage::new(MemoryDataStore::default(), Meeting::default());
    let cluster = Cluster::new(Arc::new(storage), Arc::new(LocalRunner::new()));
    let claims = WorkerClaims::default();
    std::thread::scope(|scope| {
        for n in 0..TOGETHER {
            let (claims, cluster) = (&claims, &cluster);
            scope.spawn(move || {
                let key = Key::from_bytes([u8::try_from(n).unwrap(); 32]);
                claims.begin_call();
                assert_eq!(claims.claim(cluster, key), ClaimAnswer::Granted);
                assert_eq!(claims.claim(cluster, key), ClaimAnswer::Granted, "it has it");
                claims.release(cluster, &key);
                claims.end_call();
            });
        }
    });
}
