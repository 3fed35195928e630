//! Time is a parameter here: what was just written is looked at as if that were long ago ([`LONG`]) or not.

mod contents;
mod directories;
mod files;
mod formats;
mod kinds;
mod names;
mod patterns;
mod readings;
mod variables;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use tempfile::TempDir;

use super::check::check_at;
use super::file::{Content, File};
use super::{Check, Observation, Resource, check, reading};

/// Longer than any step of a clock.
const LONG: Duration = Duration::from_mins(1);

/// A time at which all that was ever written was written long ago.
fn much_later() -> SystemTime {
    SystemTime::now() + LONG
}

/// The observation of a resource at a time.
fn observed(resource: &impl Resource, now: SystemTime) -> Observation {
    reading::read(resource, Resource::state, |state| *state, now).1
}

/// The observation of a file that is read as a whole, long after it was written.
fn observed_file(path: &Path) -> Observation {
    observed_file_at(path, much_later())
}

fn observed_file_at(path: &Path, now: SystemTime) -> Observation {
    reading::read(&File::new(path), File::read, Content::state, now).1
}

/// A folder, and the path of a file in it, with a content.
fn folder_with_file(content: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.txt");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// Sets the time of the last modification.
fn set_modified(path: &Path, time: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// The new stamp, which the check must have found.
#[track_caller]
fn restamped(check: Check) -> super::Stamp {
    match check {
        Check::Restamped(stamp) => stamp,
        other => panic!("{other:?}"),
    }
}

/// What a check that a test makes in another process should come to.
const OBSERVATION: &str = "MEMENTO_TEST_OBSERVATION";
const EXPECTED: &str = "MEMENTO_TEST_EXPECTED";

/// Checks an observation in another process, which `configure` sets up; `None` where it cannot be started.
#[track_caller]
fn check_elsewhere(
    observation: &Observation,
    expected: Check,
    configure: impl FnOnce(&mut Command),
) -> Option<()> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "resource::tests::in_another_process"]);
    command.env(OBSERVATION, serde_json::to_string(observation).unwrap());
    command.env(EXPECTED, format!("{expected:?}"));
    configure(&mut command);
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    Some(())
}

/// The other side of [`check_elsewhere`].
#[test]
fn in_another_process() {
    let Ok(observation) = env::var(OBSERVATION) else { return };
    let observation = serde_json::from_str(&observation).unwrap();
    assert_eq!(format!("{:?}", check(&observation)), env::var(EXPECTED).unwrap());
}
