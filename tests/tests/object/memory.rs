//! How much memory streams take.

use std::fs;
use std::process::Command;

use memento_tests::processes::Worker;
use memento_tests::s3::S3Server;
use tempfile::TempDir;

/// What a process takes whatever it streams: itself, and the parts that are on their way.
const MOST: u64 = 90 << 20;

#[test]
fn streams_take_as_much_memory_as_their_parts() {
    let server = S3Server::start();
    let peak = |length: u64| -> u64 {
        let worker = Worker::on_server(env!("CARGO_BIN_EXE_worker"), &server.url());
        let output = worker.streaming(length).output();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        String::from_utf8_lossy(&output.stdout).parse().unwrap()
    };
    let (short, long) = (peak(1 << 20), peak(240 << 20));
    assert!(short < MOST && long < MOST, "{short} and {long} bytes");
}

/// A result that is a file goes in parts, too, and is read in parts.
#[test]
fn a_result_that_is_a_file_takes_as_much_memory_as_its_parts() {
    let server = S3Server::start();
    let folder = TempDir::new().unwrap();
    for expected in [1, 0] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_blob"));
        let output = process.arg(folder.path()).arg(server.port().to_string()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let told = String::from_utf8_lossy(&output.stdout);
        let told: Vec<u64> = told.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let [runs, peak] = told[..] else { panic!("{told:?}") };
        assert_eq!(runs, expected);
        assert!(peak << 10 < MOST, "{peak} KiB");
        assert_eq!(fs::metadata(folder.path().join("copy")).unwrap().len(), 64 << 20);
    }
}
