//! A process that has a file of 64 MiB as a result: it prints how often the function ran, and its own peak memory in
//! KiB. With `abort` behind the folder, it ends in the middle of writing files; with a URL, results are on that Redis
//! server, with a port, on the S3 server there.

use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Blob, Environment, LocalRunner, memento};
use memento_storage_fs::Options;
use memento_tests::s3;

const SIZE: u64 = 64 << 20;

static RUNS: AtomicU64 = AtomicU64::new(0);

#[memento]
fn large(byte: u8) -> io::Result<Blob> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    Blob::from_reader(io::repeat(byte).take(SIZE))
}

fn main() -> io::Result<()> {
    let folder = std::env::args().nth(1).expect("a folder");
    let second = std::env::args().nth(2);
    if second.as_deref() == Some("abort") {
        let blob = Blob::from_reader(io::repeat(1).take(SIZE))?;
        let mut unfinished = Blob::create();
        io::copy(&mut blob.open()?, &mut unfinished)?;
        std::process::abort();
    }
    let storage = match second.as_deref().map(|place| (place, place.parse())) {
        None => memento_storage_fs::storage(&Options::new(&folder)),
        Some((_, Ok(port))) => memento_storage_object::storage(&s3::options(port, s3::BUCKET)),
        Some((url, Err(_))) => {
            let options = memento_storage_redis::Options::new(url).expect("a URL");
            memento_storage_redis::storage(&options)
        }
    };
    Environment::new(storage, LocalRunner::new()).enter(|| {
        let blob = large(7)?;
        assert_eq!(blob.len(), SIZE);
        assert_eq!(io::copy(&mut blob.open()?, &mut io::sink())?, SIZE);
        blob.copy_to(Path::new(&folder).join("copy"))
    })?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("this is Linux");
    let peak = peak.trim().trim_end_matches(" kB");
    writeln!(io::stdout(), "{} {peak}", RUNS.load(Ordering::Relaxed))
}
