//! Other processes that use a storage.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::folder::Folder;
use crate::visit::{Call, Visit};

/// What a program has in the variable `RUST_MIN_STACK` that can start no thread: no machine has so much memory for one.
pub const NO_THREAD: &str = "1000000000000000";

/// The program `worker`, about to be started on a folder.
#[derive(Debug)]
pub struct Worker(Command);

impl Worker {
    /// The program at `program`, which tests know as `env!("CARGO_BIN_EXE_worker")`.
    pub fn new(program: impl AsRef<OsStr>, folder: &Folder) -> Self {
        Self::under(&[], program, folder)
    }

    /// The same, started by another program: `["strace", "-f"]`.
    pub fn under(starter: &[&str], program: impl AsRef<OsStr>, folder: &Folder) -> Self {
        let mut words = starter.iter().map(OsStr::new).chain([program.as_ref()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg(folder.path()).stdin(Stdio::null());
        Self(command)
    }

    /// The program at `program`, on the Redis or S3 server at `url`.
    pub fn on_server(program: impl AsRef<OsStr>, url: &str) -> Self {
        let mut command = Command::new(program);
        command.arg(url).stdin(Stdio::null());
        Self(command)
    }

    /// With a storage of the greatest durability.
    pub fn durable(mut self) -> Self {
        self.0.arg("durable");
        self
    }

    /// With a storage that keeps nothing.
    pub fn readonly(mut self) -> Self {
        self.0.arg("readonly");
        self
    }

    /// Making a call of each function, and telling on its standard error all that is logged in it meanwhile.
    pub fn telling(mut self) -> Self {
        self.0.arg("tell");
        self
    }

    /// Making these calls, one after another.
    pub fn calls(mut self, calls: &[Call]) -> Self {
        self.0.args(calls.iter().map(Call::to_string));
        self
    }

    /// Making the first `count` calls of the small function as one batch.
    pub fn batch(mut self, count: u64) -> Self {
        self.0.arg(format!("batch={count}"));
        self
    }

    /// Making a hundred calls, as one batch, of the function that tells in a file when it runs.
    pub fn logged(mut self, log: &Path) -> Self {
        self.0.arg(format!("logged={}", log.display()));
        self
    }

    /// Putting and reading an object of so many bytes as streams, and printing how many bytes of memory that took.
    pub fn streaming(mut self, length: u64) -> Self {
        self.0.arg(format!("stream={length}"));
        self
    }

    /// Beginning only when its input ends.
    pub fn waiting(mut self) -> Self {
        self.0.arg("wait").stdin(Stdio::piped());
        self
    }

    /// Runs it to its end, whatever that is.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub fn output(mut self) -> Output {
        match self.0.output() {
            Ok(output) => output,
            Err(error) => panic!("cannot start {:?}: {error}", self.0),
        }
    }

    /// Runs it; it has to end well.
    #[track_caller]
    pub fn visit(self) -> Visit {
        read(&self.output())
    }

    /// Starts it.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    pub fn start(mut self) -> Running {
        let child = self.0.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Running(child.expect("the worker starts"))
    }

    /// Starts it with calls from `first` on, without an end; kills it when it has told of `count` results.
    ///
    /// # Panics
    ///
    /// Where it ends by itself.
    pub fn kill_after(mut self, first: u64, count: u64) {
        self.0.arg(format!("forever={first}")).stdout(Stdio::piped());
        let mut child = self.0.spawn().expect("the worker starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        for n in first..first + count {
            let line = lines.next().expect("a line").expect("a line");
            assert_eq!(line, n.to_string());
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
}

/// A worker that is running.
#[derive(Debug)]
pub struct Running(Child);

impl Running {
    /// Stops it, so that it neither goes on nor ends.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn pause(&self) {
        pause(self.0.id());
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn resume(&self) {
        resume(self.0.id());
    }

    /// Ends its input, which lets it begin.
    pub fn begin(&mut self) {
        self.0.stdin.take();
    }

    /// Kills it.
    ///
    /// # Panics
    ///
    /// Where it has ended.
    pub fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }

    /// Waits for its end, which has to be a good one.
    ///
    /// # Panics
    ///
    /// Where it is not.
    #[track_caller]
    pub fn finish(self) -> Visit {
        read(&self.0.wait_with_output().expect("the worker ends"))
    }
}

#[track_caller]
fn read(output: &Output) -> Visit {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "a worker ended with {}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).parse().unwrap()
}

/// Whether this process may do everything.
///
/// # Panics
///
/// Where there is no `/proc`.
pub fn is_root() -> bool {
    fs::metadata("/proc/self").expect("what runs this process").uid() == 0
}

/// Whether a process is gone, or waits for nothing but somebody who asks how it ended.
pub fn has_ended(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat"));
    status.map_or(true, |status| status.rsplit(") ").next().is_none_or(|s| s.starts_with('Z')))
}

/// Sends a process signal 9.
///
/// # Panics
///
/// Where it has ended.
#[track_caller]
pub fn kill(process: u32) {
    signal(process, "-KILL");
}

/// Stops a process, so that it neither goes on nor ends. When this returns, each of its threads stands: a signal that is
/// sent has not arrived yet.
///
/// # Panics
///
/// Where it has ended.
#[track_caller]
pub fn pause(process: u32) {
    signal(process, "-STOP");
    wait_until("the process stands", || {
        let threads = fs::read_dir(format!("/proc/{process}/task")).expect("it has not ended");
        let stands = |thread: io::Result<DirEntry>| {
            let stat = fs::read_to_string(thread?.path().join("stat"))?;
            // Behind the name, which may have anything in it.
            Ok(stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T')))
        };
        // One that ends meanwhile is not there the next time.
        threads.map(stands).all(|stands: io::Result<bool>| stands.unwrap_or_default())
    });
}

/// Lets a process go on that stands.
///
/// # Panics
///
/// Where it has ended.
#[track_caller]
pub fn resume(process: u32) {
    signal(process, "-CONT");
}

#[track_caller]
fn signal(process: u32, signal: &str) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.expect("kill runs").success(), "process {process} gets {signal}");
}

/// What is expected comes, in whatever time.
///
/// # Panics
///
/// Where it does not come within a minute.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what}: not within a minute");
        std::thread::yield_now();
    }
}

/// What is expected comes, in whatever time.
///
/// # Panics
///
/// Where it does not come within a minute.
#[track_caller]
pub fn wait_until_some<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    wait_until(what, || {
        found = find();
        found.is_some()
    });
    found.expect("what was waited for")
}

/// Does something to files of this test from another process.
///
/// # Panics
///
/// Where it fails.
#[track_caller]
pub fn shell(folder: &Path, script: &str) {
    let status = Command::new("sh").args(["-ec", script]).current_dir(folder).status();
    assert!(status.expect("a shell").success(), "{script}");
}
