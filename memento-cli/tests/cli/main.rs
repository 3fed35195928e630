//! The program `memento`, as people and scripts run it.

mod archive;
mod blob;
mod copy;
mod keys;
mod messages;
mod peers;
mod ping;
mod progress;
mod storage;
mod too_long;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_memento");

/// A folder in which the program runs, without any configuration but what a test writes.
struct Place(TempDir);

/// How a run of the program ended.
#[derive(Debug)]
struct Run {
    code: i32,
    output: String,
    errors: String,
}

impl Place {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect("a file");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("a file")
    }

    /// The program, about to be started with these words.
    fn command(&self, words: &[&str]) -> Command {
        self.command_of(PROGRAM, words)
    }

    fn command_of(&self, program: impl AsRef<Path>, words: &[&str]) -> Command {
        let mut command = Command::new(program.as_ref());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MEMENTO_")) {
            command.env_remove(name);
        }
        command
            .env("HOME", self.0.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME");
        command.args(words).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    /// Runs it, and kills it when it gives a file its name for the time of this number; the signal that ended it.
    fn killed_at_rename(&self, number: u32, words: &[&str]) -> Option<i32> {
        let inject = format!("inject=/^rename:signal=SIGKILL:when={number}");
        let starter = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=/^rename", "-e", &inject];
        let words = [&starter[..], &[PROGRAM], words].concat();
        self.command_of("strace", &words).status().expect("strace").signal()
    }

    /// Runs it to its end.
    fn run(&self, words: &[&str]) -> Run {
        Run::of(&self.command(words).output().expect("it starts"))
    }

    /// Runs it with this input.
    fn run_with(&self, input: &[u8], words: &[&str]) -> Run {
        let mut command = self.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(input).expect("it reads");
        drop(stdin);
        Run::of(&child.wait_with_output().expect("it ends"))
    }

    /// Runs it; it has to end well, and to complain of nothing. What it printed.
    #[track_caller]
    fn done(&self, words: &[&str]) -> String {
        self.run(words).done()
    }

    /// Runs it; it has to fail with one line that has all of `parts` in it.
    #[track_caller]
    fn refused(&self, words: &[&str], parts: &[&str]) {
        self.run(words).refused(parts);
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    #[track_caller]
    fn done(self) -> String {
        assert_eq!((self.code, &*self.errors), (0, ""), "{self:?}");
        self.output
    }

    #[track_caller]
    fn refused(self, parts: &[&str]) {
        assert_eq!((self.code, self.errors.lines().count()), (1, 1), "{self:?}");
        assert!(self.errors.starts_with("memento: cannot "), "{}", self.errors);
        for part in parts {
            assert!(self.errors.contains(part), "no {part:?} in {}", self.errors);
        }
    }
}

/// The lines of `text` as JSON.
#[track_caller]
fn json(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
