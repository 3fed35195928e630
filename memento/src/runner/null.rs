//! Runs nothing.

use std::sync::Arc;

use super::{Batch, Runner};
use crate::plugin::RunnerPlugin;
use crate::{Error, ErrorKind};

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
            let error = Error::new(ErrorKind::Refused, "run a memento function")
                .with("function", batch.function().path())
                .with("key", format!("{:#}", batch.key(index)))
                .source(
                    "storage has no valid result, and the runner is `null`, which executes nothing",
                )
                .help("choose `type = \"local\"` in `[runner]`, or call it with `.local()`");
            batch.refuse(index, error);
        }
    }
}
