//! Makes batches by workers.

use std::sync::OnceLock;

use memento::runner::{Batch, Runner};
use memento::worker::VARIABLE;
use memento::{Error, ErrorKind};

use crate::batch::Job;
use crate::frame::PROTOCOL;
use crate::pool::Pool;
use crate::process::ENTRY;
use crate::{NAME, Options};

/// Runs functions in worker processes, which it starts as they are needed. They end with it.
#[derive(Debug)]
pub struct ProcessRunner {
    pool: Pool,
}

impl ProcessRunner {
    /// A runner with workers as `options` say.
    pub fn new(options: Options) -> Self {
        let workers = options.workers;
        Self { pool: Pool::new(options.workers(workers)) }
    }
}

impl Runner for ProcessRunner {
    fn name(&self) -> &str {
        NAME
    }

    fn run(&self, batch: &dyn Batch) {
        match Role::of_process() {
            Role::Program => Job::new(&self.pool, batch).run(),
            Role::Worker => (0..batch.len()).for_each(|index| batch.run_local(index)),
            Role::NotEntered => {
                let error = Error::new(ErrorKind::Worker, "start a worker process")
                    .with("function", batch.function().path())
                    .because(
                        "this process was itself started as a worker, and goes on as a program",
                    )
                    .help(ENTRY);
                (0..batch.len()).for_each(|index| batch.refuse(index, error.clone()));
            }
        }
    }
}

/// What this process is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// One that may have workers.
    Program,
    /// A worker.
    Worker,
    /// One that was started as a worker and has not become one: it must not start others, which would do the same.
    NotEntered,
}

impl Role {
    fn of_process() -> Self {
        static ROLE: OnceLock<Role> = OnceLock::new();
        *ROLE.get_or_init(|| {
            let variable = std::env::var_os(VARIABLE).unwrap_or_default();
            let variable = variable.to_string_lossy();
            let role = variable.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('/'));
            role.map_or(Self::Program, Self::of_variable)
        })
    }

    /// The role of a process in which the variable says `value` behind the name of the runner.
    ///
    /// A worker puts its own process into the variable. What its functions start inherits the variable, and is no
    /// worker.
    pub(crate) fn of_variable(value: &str) -> Self {
        match value.split_once('/') {
            None => Self::NotEntered,
            Some((_, process)) if process == std::process::id().to_string() => Self::Worker,
            Some(_) => Self::Program,
        }
    }

    /// What the variable says in a worker.
    pub(crate) fn variable_of_worker() -> String {
        format!("{NAME}/{PROTOCOL}/{}", std::process::id())
    }
}
