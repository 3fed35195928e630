//! What can be chosen.

use std::path::PathBuf;
use std::time::Duration;

use memento::Result;

/// How many workers there are, how they are started, and what their calls may take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How many workers there are at most; 0 means as many as there are processors.
    pub workers: usize,
    /// How long a call may take, and as long its worker to read what it is sent. The worker is killed then.
    pub timeout: Option<Duration>,
    /// How many bytes of address space a worker may have: `RLIMIT_AS`, which counts what is mapped, used or not.
    pub memory_limit: Option<u64>,
    /// How often a call is made again whose worker ended.
    pub retries: u32,
    /// What the command of a worker begins with.
    pub launcher: Vec<String>,
    /// The program of the workers; `None` is that of this process.
    pub program: Option<PathBuf>,
    /// What the program is started with.
    pub arguments: Vec<String>,
    /// How long a worker may take to start.
    pub start_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// As many workers as there are processors, without limits.
    pub fn new() -> Self {
        Self {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            timeout: None,
            memory_limit: None,
            retries: 0,
            launcher: Vec::new(),
            program: None,
            arguments: Vec::new(),
            start_timeout: Duration::from_secs(30),
        }
    }

    /// Uses at most so many workers; 0 means as many as there are processors.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = if workers == 0 { Self::new().workers } else { workers };
        self
    }

    /// Ends calls that take longer.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Bounds the address space of each worker to `bytes`.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Makes calls whose workers ended so many times more.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Puts `launcher` in front of the command of a worker.
    pub fn launcher(mut self, launcher: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.launcher = launcher.into_iter().map(Into::into).collect();
        self
    }

    /// Starts another program, which has the same functions.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Starts the program with these arguments.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Gives a worker so long to start.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout;
        self
    }

    /// What a configuration says.
    pub(crate) fn take(options: &mut memento::configuration::Options) -> Result<Self> {
        let default = Self::new();
        Ok(Self {
            timeout: options.take_limit("timeout")?,
            memory_limit: options.take_size("memory_limit")?,
            retries: options.take("retries")?.unwrap_or(default.retries),
            launcher: options.take("launcher")?.unwrap_or_default(),
            program: options.take_path("program")?,
            arguments: options.take("arguments")?.unwrap_or_default(),
            start_timeout: options.take_limit("start_timeout")?.unwrap_or(default.start_timeout),
            ..default.workers(options.take("workers")?.unwrap_or_default())
        })
    }
}
