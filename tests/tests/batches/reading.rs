//! Calls that read files.

use std::fs;
use std::path::PathBuf;

use memento::storage::{Filter, MemoryDataStore, MetadataStore as _};
use memento::{Environment, LocalRunner, Storage, memento, resource};
use memento_tests::Runs;
use memento_tests::parts::SharedRecords;
use memento_tests::reasons::statistics;

static RUNS: Runs = Runs::new();

#[memento]
fn letter(path: PathBuf, n: usize) -> Option<char> {
    RUNS.add();
    resource::text(path).ok()?.chars().nth(n)
}

#[test]
fn what_is_in_memory_is_found_there_though_files_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters");
    fs::write(&path, "some letters").unwrap();
    let records = SharedRecords::default();
    let storage = Storage::new(MemoryDataStore::default(), records.clone());
    let runner = LocalRunner::with_threads(2).unwrap();
    let numbers = || (0..300).map(|n| (path.clone(), n));
    RUNS.alone(|| {
        Environment::new(storage, runner).enter(|| {
            assert_eq!(letter::try_map(numbers()).unwrap()[..3], ['s', 'o', 'm'].map(Some));
            assert_eq!((RUNS.take(), statistics().hits()), (300, 0));
            // Nothing else has them any more.
            records.remove_all(&Filter::default()).unwrap();
            assert_eq!(letter::try_map(numbers()).unwrap()[..3], ['s', 'o', 'm'].map(Some));
            assert!(letter::map(numbers()).into_iter().all(|result| result.is_ok()));
            letter::for_each(numbers(), |_, result| assert!(result.is_ok()));
            let owned: Vec<_> = numbers().collect();
            assert_eq!(letter::as_completed(owned).count(), 300);
            assert_eq!(letter(path.clone(), 3), Some('e'));
            assert_eq!(RUNS.take(), 0);
            assert_eq!((statistics().memory_hits, statistics().store_hits), (1201, 0));
            fs::write(&path, "other").unwrap();
            assert_eq!(letter::try_map(numbers()).unwrap()[..3], ['o', 't', 'h'].map(Some));
            assert_eq!((RUNS.take(), statistics().hits()), (300, 1201));
        });
    });
}
