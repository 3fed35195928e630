//! How workers are started, and that they end.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use memento::runner::Runner as _;
use memento::{Environment, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{print, process, variable};
use memento_tests::processes::NO_THREAD;
use tempfile::TempDir;

use crate::{PROGRAM, configured, folder, options};

#[test]
fn a_launcher_stands_before_the_program() {
    let options = options().launcher(["env", "LAUNCHED=by a test"]);
    Environment::new(Storage::memory(), ProcessRunner::new(options)).enter(|| {
        assert_eq!(variable("LAUNCHED".to_owned()).as_deref(), Some("by a test"));
    });
}

#[test]
fn a_launcher_need_not_pass_variables_or_the_working_directory_on() {
    let launcher = ["env", "-i", "sh", "-c", "cd / && \"$@\"", "sh"];
    let options = options().launcher(launcher);
    Environment::new(Storage::memory(), ProcessRunner::new(options)).enter(|| {
        assert_eq!(variable("CARGO_MANIFEST_DIR".to_owned()), None);
        assert_eq!(variable("PWD".to_owned()).as_deref(), Some("/"));
        let results = process::map((0..100).map(|n| (n,)));
        assert!(results.into_iter().map(|result| result.unwrap().0).eq(0..100));
    });
}

#[test]
fn the_configuration_chooses_it() {
    let folder = folder();
    let text = format!(
        "[storage]\ntype = 'memory'\n[runner]\ntype = 'process'\nworkers = 1\ntimeout = '1 min'\n\
         memory_limit = '8 GiB'\nretries = 1\nlauncher = ['env']\nprogram = '{PROGRAM}'\n\
         arguments = ['x']\nstart_timeout = '20s'"
    );
    configured(folder.path(), &text).enter(|| {
        assert_ne!(process(1).1, std::process::id());
    });
    let refused = |runner: &str| {
        let text = format!("[storage]\ntype = 'memory'\n[runner]\ntype = 'process'\n{runner}");
        configured(folder.path(), &text).enter(|| process::try_call(1)).unwrap_err().to_string()
    };
    let error = refused("worker = 1");
    assert!(error.contains("option: runner.worker, set by: "), "{error}");
    assert!(error.contains("`launcher`, `memory_limit`, `program`, `retries`"), "{error}");
    let error = refused("timeout = '0s'");
    assert!(error.ends_with("it has to last a millisecond at least"), "{error}");
    let error = refused("timeout = 'soon'");
    assert!(error.contains("option: runner.timeout, set by: "), "{error}");
    assert!(
        error.ends_with("write a time such as `\"90s\"`, `\"10 min\"` or `\"2h 30m\"`"),
        "{error}"
    );
}

#[test]
fn a_program_of_tests_can_have_workers() {
    let options = Options::new().workers(1).arguments(["memento_worker", "--exact", "--nocapture"]);
    Environment::new(Storage::memory(), ProcessRunner::new(options)).enter(|| {
        assert_ne!(process(1).1, std::process::id());
        assert_eq!(print(1), 1);
    });
}

/// As when the program is built anew while it runs.
#[test]
fn a_program_whose_file_is_gone_can_have_workers() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join("program");
    // No copy: what another test starts meanwhile has for an instant whatever this process holds open, and a file that
    // is open for writing cannot be run.
    fs::hard_link(PROGRAM, &program).unwrap();
    let output = Command::new(program).arg("without-itself").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_program_that_can_start_no_thread_has_its_calls_made() {
    let program =
        Command::new(PROGRAM).arg("without-threads").env("RUST_MIN_STACK", NO_THREAD).output();
    let program = program.unwrap();
    assert!(program.status.success(), "{program:?}");
}

#[test]
fn its_workers_end_with_it() {
    let runner = ProcessRunner::new(options());
    assert_eq!(runner.name(), "process");
    let ran_in = Environment::new(Storage::memory(), runner).enter(|| process(1).1);
    assert!(!PathBuf::from(format!("/proc/{ran_in}")).exists());
}
