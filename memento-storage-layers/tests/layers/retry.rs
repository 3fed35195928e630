//! Which errors are tried again.

use std::sync::{Arc, Mutex};

use memento::storage::{DataStore, Entry, Filter, MetadataStore, Page};
use memento::{Error, ErrorKind, Key, Result, Version};
use memento_storage_layers::Guarded;

use crate::name;
use crate::policies::retry;
use crate::scripted::{Next, Scripted};

/// All kinds of errors but those of stores that may be none the next time.
const FINAL: [ErrorKind; 16] = [
    ErrorKind::Configuration,
    ErrorKind::Ambiguous,
    ErrorKind::Refused,
    ErrorKind::Recursion,
    ErrorKind::FurtherCall,
    ErrorKind::Panicked,
    ErrorKind::Cancelled,
    ErrorKind::Worker,
    ErrorKind::Encoding,
    ErrorKind::Damaged,
    ErrorKind::NewerFormat,
    ErrorKind::ReadOnly,
    ErrorKind::Unavailable,
    ErrorKind::Unsupported,
    ErrorKind::InvalidName,
    ErrorKind::TooLarge,
];

#[test]
fn what_will_not_succeed_is_not_tried_again() {
    for kind in FINAL {
        let store = Scripted::new([Next::Fail(kind), Next::Fail(kind)]);
        let retried = Guarded::new(retry(), Arc::clone(&store));
        assert_eq!(retried.get(&name("a")).unwrap_err().kind(), kind);
        assert_eq!(store.take(), 1, "{kind:?}");
        let many = retried.get_many(&[name("a"), name("b")]);
        assert_eq!((store.take(), many[0].is_err(), many[1].is_ok()), (2, true, true), "{kind:?}");
    }
}

#[test]
fn what_is_tried_again_can_be_chosen() {
    let chosen = [ErrorKind::Unavailable, ErrorKind::Damaged];
    for kind in FINAL.into_iter().chain([ErrorKind::Storage]) {
        let store = Scripted::new([Next::Fail(kind), Next::Fail(kind)]);
        let retried = Guarded::new(retry().errors(chosen), Arc::clone(&store));
        let is_tried_again = chosen.contains(&kind);
        assert_eq!(retried.get(&name("a")).is_ok(), is_tried_again, "{kind:?}");
        assert_eq!(store.take(), if is_tried_again { 3 } else { 1 }, "{kind:?}");
        store.script.lock().unwrap().extend([Next::Fail(kind)]);
        store.script.lock().unwrap().truncate(1);
        let many = retried.get_many(&[name("a"), name("b")]);
        assert_eq!((many[0].is_ok(), many[1].is_ok()), (is_tried_again, true), "{kind:?}");
        assert_eq!(store.take(), if is_tried_again { 3 } else { 2 }, "{kind:?}");
    }
}

/// A store of records that does with each batch what is told, and notes how many it was asked for.
#[derive(Debug)]
struct Batches {
    script: Mutex<Vec<Batch>>,
    asked: Mutex<Vec<usize>>,
}

#[derive(Clone, Copy, Debug)]
enum Batch {
    /// All but the second are there.
    OneDamaged,
    Failed,
    Whole,
}

impl MetadataStore for Batches {
    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
        panic!("one by one")
    }
    fn get_many(&self, _: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        panic!("without those that are whole")
    }
    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        self.asked.lock().unwrap().push(keys.len());
        let batch = self.script.lock().unwrap().remove(0);
        let one = |at: usize| match batch {
            Batch::OneDamaged if at == 1 => Err(Error::new(ErrorKind::Damaged, "read a record")),
            _ => Ok(Some(vec![1])),
        };
        match batch {
            Batch::Failed => Err(Error::new(ErrorKind::Storage, "read records")),
            _ => Ok((0..keys.len()).map(one).collect()),
        }
    }
    fn put(&self, _: &[Entry]) -> Result<()> {
        Ok(())
    }
    fn remove(&self, _: &Key) -> Result<bool> {
        Ok(false)
    }
    fn remove_all(&self, _: &Filter) -> Result<u64> {
        Ok(0)
    }
    fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
        Ok(Page::default())
    }
    fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
        Ok(Vec::new())
    }
}

#[test]
fn of_records_those_are_asked_for_again_that_another_attempt_may_better() {
    use Batch::{Failed, OneDamaged, Whole};
    let keys: Vec<Key> = (0..1024_u32).map(|n| Key::from_bytes([n.to_le_bytes()[0]; 32])).collect();
    let read = |script: &[Batch], damaged: bool| {
        let (script, asked) = (Mutex::new(script.to_vec()), Mutex::default());
        let store = Arc::new(Batches { script, asked });
        let retry = if damaged { retry().errors([ErrorKind::Damaged]) } else { retry() };
        let each = Guarded::new(retry, Arc::clone(&store)).get_each(&keys);
        let asked = store.asked.lock().unwrap().clone();
        (each.map(|each| each.iter().filter(|record| record.is_ok()).count()).ok(), asked)
    };
    assert_eq!(read(&[OneDamaged], false), (Some(1023), vec![1024]));
    assert_eq!(read(&[OneDamaged, Whole], true), (Some(1024), vec![1024, 1]));
    assert_eq!(read(&[Failed, Failed, OneDamaged], false), (Some(1023), vec![1024; 3]));
    assert_eq!(read(&[Failed, Failed, Failed], false), (None, vec![1024; 3]));
}
