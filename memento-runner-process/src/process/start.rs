//! How a worker is started.

use std::io::{self, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use memento::worker::VARIABLE;
use memento::{Error, ErrorKind, Result};

use super::Process;
use crate::frame::{Kind, PROTOCOL};
use crate::greeting::Greeting;
use crate::log::Log;
use crate::pipes::Pipes;
use crate::{NAME, Options};

/// The program of this process, also when another one has taken its place on the disk.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

/// What is missing where a program does not become a worker.
pub(crate) const ENTRY: &str =
    "put `#[memento::main]` on `fn main`, or call `memento::worker::enter()` first in it";

/// How much is read at once.
const BUFFER: usize = 64 << 10;

/// Why there is no worker.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was killed before it had greeted; another one may do better.
    Killed(Error),
    /// The next one would most likely fail, too; a later one may not, where a scheduler had no room.
    Other(Error),
}

impl Process {
    /// Starts one.
    pub(crate) fn start(options: &Options) -> Result<Self, Failure> {
        let mut command = command(options).map_err(Failure::Other)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let failed = Error::new(ErrorKind::Worker, "start a worker process");
        let failed = failed.with("command", words.join(" "));
        let failed_by = |error: io::Error| Failure::Other(failed.clone().because(error));
        let mut child = command.spawn().map_err(failed_by)?;
        let pipes = Pipes::of(&mut child).map_err(failed_by)?;
        let errors = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe.into());
        let log = Log::start(errors.map_err(failed_by)?, child.id());
        let number = child.id();
        let mut started = Self {
            child,
            pipes: BufReader::with_capacity(BUFFER, pipes),
            log,
            content: Vec::new(),
            has_begun: false,
            number,
            leads: has_group(options),
            is_lost: false,
            status: None,
        };
        match started.greet(options) {
            Ok(Some(greeting)) if greeting.suits(&Greeting::own()) => {
                started.number = greeting.process;
                Ok(started)
            }
            Ok(Some(greeting)) => Err(Failure::Other(failed
                .because(format!(
                    "it speaks protocol {} of release {}, this process protocol {PROTOCOL} of release {}",
                    greeting.protocol,
                    greeting.release,
                    Greeting::own().release
                ))
                .help("start workers from the same build of the program"))),
            other => Err(started.fail(other, failed, options)),
        }
    }

    /// Ends it, as it has not greeted; why that is, as far as it can be known.
    fn fail(
        mut self,
        greeted: io::Result<Option<Greeting>>,
        failed: Error,
        options: &Options,
    ) -> Failure {
        let has_ended = greeted.is_ok();
        let is_late = greeted.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::TimedOut);
        let reason = match greeted {
            Err(_) if is_late => {
                format!("it did not say within {:?} that it is one", options.start_timeout)
            }
            Err(error) => error.to_string(),
            Ok(_) => "it ended without saying that it is one".to_owned(),
        };
        let end = self.end();
        let error = failed.because(format!("{reason}, {end}")).help(advice(options, is_late));
        let is_killed = |status: ExitStatus| status.signal().is_some();
        if has_ended && end.status.is_some_and(is_killed) {
            Failure::Killed(error)
        } else {
            Failure::Other(error)
        }
    }

    /// Tells it what to do first, and waits for its greeting.
    fn greet(&mut self, options: &Options) -> io::Result<Option<Greeting>> {
        let limit = options.memory_limit.unwrap_or_default().to_le_bytes();
        let setup = [&limit[..], &[u8::from(self.tells())]].concat();
        self.pipes.get_mut().limit_waits(Some(options.start_timeout));
        // Where it has ended already, its output says so.
        let _ = self.write(Kind::Setup, &setup, None);
        let greeting = Greeting::read(&mut self.pipes);
        self.pipes.get_mut().limit_waits(None);
        greeting
    }
}

/// What may be wrong where a worker does not say that it is one.
fn advice(options: &Options, is_late: bool) -> String {
    let mut advice = String::new();
    if is_late {
        advice.push_str("set `start_timeout` in `[runner]` to more, if it takes longer; ");
    }
    if !options.launcher.is_empty() {
        advice.push_str("check `launcher`, which has to start what stands behind it; ");
    } else if options.program.is_some() {
        advice.push_str("check `program`, which has to have the functions of this one; ");
    }
    advice + ENTRY
}

/// Whether a worker leads a process group of its own, so that a signal from the terminal, which is for the group of
/// this process, leaves it: what becomes of its calls is up to this process. A launcher stays where it is, since it may
/// have something to ask at the terminal.
fn has_group(options: &Options) -> bool {
    options.launcher.is_empty()
}

/// The command that starts a worker.
fn command(options: &Options) -> Result<Command> {
    let own = || {
        std::env::current_exe().map_err(|error| {
            Error::new(ErrorKind::Worker, "find the program of this process")
                .because(error)
                .help("name it with `program` in `[runner]`")
        })
    };
    let variable = format!("{NAME}/{PROTOCOL}");
    let mut command = match (&*options.launcher, &options.program) {
        ([], Some(program)) => Command::new(program),
        ([], None) if Path::new(OWN_PROGRAM).exists() => {
            let mut command = Command::new(OWN_PROGRAM);
            command.arg0(own()?);
            command
        }
        ([], None) => Command::new(own()?),
        ([first, others @ ..], program) => {
            let program = program.clone().map_or_else(own, Ok)?;
            let mut command = Command::new(first);
            // A remote shell passes no variables on.
            command.args(others).arg("env").arg(format!("{VARIABLE}={variable}")).arg(program);
            command
        }
    };
    command.args(&options.arguments);
    if options.launcher.is_empty() {
        command.env(VARIABLE, variable);
    }
    if has_group(options) {
        command.process_group(0);
    }
    Ok(command)
}
