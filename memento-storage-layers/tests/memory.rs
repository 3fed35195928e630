//! How much memory streams take. It is the only test here: the kernel tells of the whole process.

use std::io::{self, Read};
use std::sync::Arc;

use memento::Name;
use memento::storage::{DataStore, PutOptions, Source};
use memento_storage_fs::{FileDataStore, Options};
use memento_storage_layers::{
    Compression, Encryption, Guarded, Keys, Metrics, Signing, SizeLimit, Transformed,
};

const LENGTH: u64 = 64 << 20;

/// The peak of this process in bytes; `None` where nobody tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(peak.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

/// Bytes that are the same each time, and half of which can be compressed.
struct Content(fastrand::Rng);

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        buffer.fill(7);
        let half = buffer.len() / 2;
        self.0.fill(&mut buffer[..half]);
        Ok(buffer.len())
    }
}

#[test]
fn streams_of_any_length_take_a_few_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let keys = || Keys::new(["a key that everybody knows, as it stands here"]).unwrap();
    let store = Arc::new(FileDataStore::new(&Options::new(folder.path())));
    let store = Arc::new(Guarded::new(SizeLimit::new(2 * LENGTH), store));
    let store = Arc::new(Transformed::new(Signing::new(keys()), store));
    let store = Arc::new(Transformed::new(Encryption::new(keys()), store));
    let store = Arc::new(Transformed::new(Compression::default(), store));
    let store = Guarded::new(Metrics::data("filesystem"), store);
    let name = Name::new("test/long").unwrap();

    let before = peak();
    let mut content = Content(fastrand::Rng::with_seed(1)).take(LENGTH);
    store.put_from(&name, &mut Source::new(&mut content), &PutOptions::default()).unwrap();
    let read = io::copy(&mut store.read(&name).unwrap().unwrap(), &mut io::sink()).unwrap();
    assert_eq!(read, LENGTH);
    let part = store.get_range(&name, LENGTH / 2..LENGTH / 2 + 10).unwrap().unwrap();
    assert_eq!(part.len(), 10);
    assert!(store.copy(&name, &Name::new("test/copy").unwrap()).unwrap());
    if let (Some(before), Some(after)) = (before, peak()) {
        let taken = after - before;
        assert!(taken < 16 << 20, "{taken} bytes");
    }
}
