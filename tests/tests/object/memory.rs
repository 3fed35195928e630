//! How much memory streams take.

use memento_tests::processes::Worker;
use memento_tests::s3::S3Server;

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
