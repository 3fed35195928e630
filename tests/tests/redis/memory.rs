//! How much memory large results take.

use std::process::Command;

use memento_tests::redis::RedisServer;
use tempfile::TempDir;

/// A process that keeps a file of 64 MiB on the server, and one that gets it from there, have a few pieces of it in
/// memory at a time.
#[test]
fn large_files_are_never_in_memory() {
    let (server, folder) = (RedisServer::start(), TempDir::new().unwrap());
    for expected_runs in ["1", "0"] {
        let mut process = Command::new(env!("CARGO_BIN_EXE_blob"));
        let output = process.arg(folder.path()).arg(server.url()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
        let (runs, peak) = said.trim().split_once(' ').unwrap();
        let peak: u64 = peak.parse().unwrap();
        assert_eq!(runs, expected_runs);
        assert!(peak < 48 << 10, "{peak} KiB");
    }
}
