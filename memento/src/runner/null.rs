//! Runs nothing.

use std::sync::Arc;

use super::{Batch, Runner};
use crate::plugin::RunnerPlugin;
use crate::{Error, ErrorKind, Function, Key};

inventory::submit! {
    RunnerPlugin {
        name: "null",
        provided_by: "memento",
        open: |_| Ok(Arc::new(NullRunner)),
    }
}

/// Refuses to execute anything: what is not in storage is an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullRunner;

impl Runner for NullRunner {
    fn name(&self) -> &'static str {
        "null"
    }

    fn executes(&self) -> bool {
        false
    }

    fn run(&self, batch: &dyn Batch) {
        for index in 0..batch.len() {
            batch.refuse(index, refusal("null", batch.function(), batch.key(index)));
        }
    }
}

/// The error of a call that the runner called `name` does not execute.
pub(crate) fn refusal(name: &str, function: &Function, key: Key) -> Error {
    let why =
        format!("storage has no valid result, and the runner is `{name}`, which executes nothing");
    Error::new(ErrorKind::Refused, "run a memento function")
        .with("function", function.path())
        .with("key", format!("{key:#}"))
        .because(why)
        .help("choose `type = \"local\"` in `[runner]`, or call it with `.local()`")
}
