//! An S3 server: it keeps what it has acknowledged in a file, and serves until it is killed.

use std::io::Write as _;
use std::path::Path;

use memento_tests::s3::S3Server;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let changes = arguments.next().expect("a file for what is put and dropped");
    let port = arguments.next().and_then(|port| port.parse().ok()).expect("a port, or 0");
    let Some(server) = S3Server::durable(Path::new(&changes), port) else { return };
    let mut output = std::io::stdout();
    writeln!(output, "{}", server.port()).and_then(|()| output.flush()).expect("a reader");
    loop {
        std::thread::park();
    }
}
