//! The worker's own side.

mod channel;
mod watch;

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use memento::worker::{Parent, VARIABLE, Worker};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use self::channel::Channel;
use crate::frame;
use crate::greeting::Greeting;
use crate::process::OWN_PROGRAM;
use crate::runner::Role;

/// The lowest number that a pipe to the parent gets: those of standard input, output and error are below.
const FIRST_FILE: i32 = 3;

/// Serves, and exits; returns in a process that was started by a worker's function.
pub(crate) fn serve(value: &str) {
    let end = match Role::of_variable(value) {
        Role::Program => return,
        Role::NotEntered => become_worker(),
        Role::Worker => work(),
    };
    match end {
        Ok(never) => match never {},
        // The parent reads this at the end of the output.
        Err(error) => panic!("cannot be a worker process: {error}"),
    }
}

/// Puts this process into the variable: it starts the same program again in the same process. There is no safe way to
/// set a variable in a process that may have threads.
fn become_worker() -> io::Result<Infallible> {
    let mut arguments = std::env::args_os();
    // By its path, after which lists of processes call it; that is of no use where another program has taken its place.
    let program = std::env::current_exe()?;
    let program = if program.exists() { program } else { OWN_PROGRAM.into() };
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    Err(command.args(arguments).env(VARIABLE, Role::variable_of_worker()).exec())
}

/// Makes the calls that the parent sends, until it sends no more.
fn work() -> io::Result<Infallible> {
    let (input, mut output) = take_pipes()?;
    watch::start(&input)?;
    Greeting::own().write(&mut output)?;
    let mut channel = Channel::new(input, output);
    let (memory, tells) = channel.setup()?;
    channel.memory_limit = limit_memory(memory)?;
    let channel = Arc::new(channel);
    let parent: Arc<dyn Parent> = Arc::<Channel>::clone(&channel);
    let worker = Worker::new(parent).map_err(io::Error::other)?;
    while let Some(calls) = channel.next()? {
        let _busy = watch::busy();
        if tells {
            channel.begin()?;
        }
        for call in frame::split(&calls) {
            let began = Instant::now();
            let response = worker.execute(call);
            let took = began.elapsed();
            // What is printed stands in the log before the call has ended.
            io::stdout().flush()?;
            channel.respond(response, took)?;
        }
    }
    std::process::exit(0)
}

/// Takes the pipes to the parent out of the reach of functions: these read nothing, and what they print goes to
/// standard error.
fn take_pipes() -> io::Result<(File, File)> {
    io::stdout().flush()?;
    let input = fcntl_dupfd_cloexec(io::stdin(), FIRST_FILE)?;
    let output = fcntl_dupfd_cloexec(io::stdout(), FIRST_FILE)?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;
    Ok((input.into(), output.into()))
}

/// Limits the memory of this process to so many bytes, unless that is 0. How many it may have.
fn limit_memory(bytes: u64) -> io::Result<Option<u64>> {
    // What the shell or a scheduler leaves is a limit, too: to ask for more fails for all but root.
    let Rlimit { current, maximum } = getrlimit(Resource::As);
    if bytes == 0 {
        return Ok(current);
    }
    let bytes = maximum.map_or(bytes, |maximum| maximum.min(bytes));
    setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
    Ok(Some(bytes))
}
