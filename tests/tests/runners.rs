//! Each runner of this workspace keeps what runners promise.

use memento_runner_process::{Options, ProcessRunner};

/// Workers of this program of tests begin here.
#[test]
fn memento_worker() {
    memento::worker::enter();
}

/// A runner with workers that are this program of tests.
fn workers(count: usize, launcher: &[&str]) -> ProcessRunner {
    let options = Options::new().workers(count).launcher(launcher.iter().copied());
    ProcessRunner::new(options.arguments(["memento_worker", "--exact", "--nocapture"]))
}

/// A runner on a pool of its own.
fn threads(count: usize) -> memento::LocalRunner {
    memento::LocalRunner::with_threads(count).expect("threads start")
}

mod local {
    memento_testkit::runner_suite!(RunnerSuite::new(memento::LocalRunner::new));
}

mod local_with_one_thread {
    memento_testkit::runner_suite!(RunnerSuite::new(|| super::threads(1)).concurrency(1));
}

mod local_with_two_threads {
    memento_testkit::runner_suite!(RunnerSuite::new(|| super::threads(2)).concurrency(2));
}

mod null {
    memento_testkit::refusing_runner_suite!(RunnerSuite::new(|| memento::NullRunner));
}

mod one_worker {
    memento_testkit::runner_suite!(RunnerSuite::new(|| super::workers(1, &[])).concurrency(1));
}

mod two_workers {
    memento_testkit::runner_suite!(RunnerSuite::new(|| super::workers(2, &[])).concurrency(2));
}

mod workers_behind_env {
    const LAUNCHER: [&str; 2] = ["env", "LAUNCHED=yes"];
    memento_testkit::runner_suite!(
        RunnerSuite::new(|| super::workers(2, &LAUNCHER)).concurrency(2)
    );
}

/// As with a queueing system: another working directory, no variables, and a process between this one and the worker.
mod workers_behind_a_script {
    const LAUNCHER: [&str; 6] = ["env", "-i", "sh", "-c", "cd / && \"$@\"; exit $?", "sh"];
    memento_testkit::runner_suite!(
        RunnerSuite::new(|| super::workers(2, &LAUNCHER)).concurrency(2)
    );
}
