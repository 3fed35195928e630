//! Cases that run in a process of their own.

use std::path::Path;
use std::process::Command;

/// The argument behind which a case stands.
const CASE: &str = "--case";

/// The case that this process was started for; `None` in the process that starts the others.
pub fn case() -> Option<String> {
    std::env::args().skip_while(|argument| argument != CASE).nth(1)
}

/// Runs `case` in a process of its own, in which the environment of the process keeps its results in `folder`. What
/// it printed.
///
/// # Panics
///
/// Where the process cannot be started or fails.
pub fn run(case: &str, folder: &Path, variables: &[(&str, &str)]) -> String {
    let program = std::env::current_exe().expect("the path of this program is known");
    let output = Command::new(program)
        .args([CASE, case])
        .env("MEMENTO_STORAGE__TYPE", "filesystem")
        .env("MEMENTO_STORAGE__PATH", folder)
        .envs(variables.iter().copied())
        .output()
        .expect("this program can be started");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "case {case}: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The folder that [`run`] was told.
///
/// # Panics
///
/// In a process that [`run`] did not start.
pub fn folder() -> std::path::PathBuf {
    std::env::var_os("MEMENTO_STORAGE__PATH").expect("the folder is given").into()
}
