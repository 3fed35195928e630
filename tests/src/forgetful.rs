//! A program that would have worker processes, and does not let them become ones.

use std::io::Write as _;

use memento::{Environment, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::process;

fn main() {
    let environment = Environment::new(Storage::memory(), ProcessRunner::new(Options::new()));
    let error = environment.enter(|| process::try_call(1)).expect_err("it cannot be called");
    // In the worker that is none, this ends in what the program says.
    writeln!(std::io::stderr(), "{error}").expect("a reader");
}
