//! The server as a process of its own, which can be killed and stopped.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use memento_storage_object::Options;
use tempfile::TempDir;

use super::{BUCKET, options};
use crate::processes::{self, wait_until_some};

/// A server that runs, and keeps in a folder what it has acknowledged. It ends when it is dropped, or when the thread
/// ends that started it.
#[derive(Debug)]
pub struct S3Process {
    program: PathBuf,
    place: TempDir,
    port: u16,
    child: Child,
}

impl S3Process {
    /// The program at `program`, which tests know as `env!("CARGO_BIN_EXE_bucket")`, with nothing on it.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start(program: impl Into<PathBuf>) -> Self {
        let (program, place) = (program.into(), TempDir::new().expect("a temporary folder"));
        let (child, port) = spawn(&program, &place, 0).expect("a free port");
        Self { program, place, port, child }
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A storage in its bucket.
    pub fn options(&self) -> Options {
        options(self.port, BUCKET)
    }

    /// Kills it, with signal 9.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// Starts it again, on the same port, with what it has acknowledged.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start_again(&mut self) {
        (self.child, _) = wait_until_some("the port is free again", || {
            spawn(&self.program, &self.place, self.port)
        });
    }

    /// Stops it, so that it neither answers nor ends.
    pub fn pause(&self) {
        processes::pause(self.child.id());
    }

    /// Lets it go on.
    pub fn resume(&self) {
        processes::resume(self.child.id());
    }
}

impl Drop for S3Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a server, and waits until it says its port; `None` where that is taken.
fn spawn(program: &PathBuf, place: &TempDir, port: u16) -> Option<(Child, u16)> {
    let mut child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL"])
        .arg(program)
        .arg(place.path().join("changes"))
        .arg(port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program `setpriv`, as scripts/test installs it");
    let mut line = String::new();
    let mut output = child.stdout.take().map(BufReader::new);
    let said = output.as_mut().map(|output| output.read_line(&mut line));
    match line.trim().parse() {
        Ok(port) => Some((child, port)),
        Err(_) => {
            child.wait().expect("it ends");
            assert!(said.is_some_and(|said| said.is_ok()), "it says its port");
            None
        }
    }
}
