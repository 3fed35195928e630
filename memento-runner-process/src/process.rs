//! A worker, as seen from the process that started it.

use std::fmt;
use std::io::{self, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use memento::worker::VARIABLE;
use memento::{Batch, Error, ErrorKind, Result};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::frame::{self, Kind, PROTOCOL};
use crate::greeting::Greeting;
use crate::log::Log;
use crate::timed::{Timed, do_not_wait};
use crate::{NAME, Options};

/// The program of this process, also when another one has taken its place on the disk.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";
/// How long a worker may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(2);
/// How much is read at once.
const BUFFER: usize = 64 << 10;

/// A worker process that has greeted.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// `None` when it was told to end.
    input: Option<ChildStdin>,
    output: BufReader<Timed>,
    log: Arc<Log>,
    content: Vec<u8>,
    /// Whether it has begun to make the calls that it got last.
    has_begun: bool,
    /// Its number, which is that of `child` unless there is a launcher.
    number: u32,
    /// Whether it leads a process group, in which is what its functions start.
    leads: bool,
    /// Whether a call was lost with it.
    is_lost: bool,
}

/// Why there is no worker.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was killed before it had greeted; another one may do better.
    Killed(Error),
    /// The next one would fail, too.
    Other(Error),
}

/// Why a worker is no more.
#[derive(Debug)]
pub(crate) enum Loss {
    /// It took longer than this.
    Timeout(Duration),
    /// It ended, or said what makes no sense.
    Other(io::Error),
}

impl Loss {
    fn new(error: io::Error, timeout: Option<Duration>) -> Self {
        if error.kind() == io::ErrorKind::TimedOut {
            return Self::Timeout(timeout.unwrap_or_default());
        }
        Self::Other(error)
    }
}

/// When a call that begins now has taken too long.
fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

impl Process {
    /// Starts one.
    pub(crate) fn start(options: &Options) -> Result<Self, Failure> {
        let mut command = command(options).map_err(Failure::Other)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed = |command: &Command| {
            let words = std::iter::once(command.get_program()).chain(command.get_args());
            let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
            Error::new(ErrorKind::Worker, "start a worker process").with("command", words.join(" "))
        };
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Err(Failure::Other(failed(&command).source(error))),
        };
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(output), Some(errors)) = (output, errors) else {
            return Err(Failure::Other(failed(&command).source("it has no output")));
        };
        if let Some(Err(error)) = input.as_ref().map(do_not_wait) {
            return Err(Failure::Other(failed(&command).source(error)));
        }
        let log = Log::start(errors, child.id());
        let output = BufReader::with_capacity(BUFFER, Timed::new(output));
        let number = child.id();
        let mut started = Self {
            child,
            input,
            output,
            log,
            content: Vec::new(),
            has_begun: false,
            number,
            leads: has_group(options),
            is_lost: false,
        };
        match started.greet(options) {
            Ok(Some(greeting)) if greeting.suits(&Greeting::own()) => {
                started.number = greeting.process;
                Ok(started)
            }
            Ok(Some(greeting)) => Err(Failure::Other(failed(&command)
                .source(format!(
                    "it speaks protocol {} of release {}, this process protocol {PROTOCOL} of release {}",
                    greeting.protocol,
                    greeting.release,
                    Greeting::own().release
                ))
                .help("start workers from the same build of the program"))),
            other => Err(started.fail(other, failed(&command), options)),
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
        let reason = match greeted {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                format!("it did not say within {:?} that it is one", options.start_timeout)
            }
            Err(error) => error.to_string(),
            Ok(_) => "it ended without saying that it is one".to_owned(),
        };
        let end = self.end();
        let error = failed.source(format!("{reason}, {end}")).help(ENTRY);
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
        // Whether what was sent was read can be asked of a pipe that leads to the worker itself.
        let setup = [&limit[..], &[u8::from(!options.launcher.is_empty())]].concat();
        self.output.get_mut().deadline = deadline(Some(options.start_timeout));
        // Where it has ended already, its output says so.
        let _ = self.write(Kind::Setup, &setup, None);
        let greeting = Greeting::read(&mut self.output);
        self.output.get_mut().deadline = None;
        greeting
    }

    /// Has it make `calls`, and hands what comes of each to `accept`, in order, with the time that it took there.
    pub(crate) fn make<'a>(
        &mut self,
        batch: &dyn Batch,
        calls: impl ExactSizeIterator<Item = &'a [u8]>,
        timeout: Option<Duration>,
        mut accept: impl FnMut(&[u8], Duration),
    ) -> Result<(), Loss> {
        self.log.set_function(batch.function().path());
        self.has_begun = false;
        let calls_sent = calls.len();
        self.output.get_mut().deadline = deadline(timeout);
        let made = self.write(Kind::Calls, &frame::join(calls), timeout).and_then(|()| {
            let made = self.receive(batch, calls_sent, timeout, &mut accept);
            // A worker that was told to begins with a frame that says so; any other one, with reading all that was sent.
            self.has_begun |= made.is_err() && !self.is_launched() && self.has_read_all();
            made
        });
        self.is_lost = made.is_err();
        made
    }

    /// Whether the worker has read all that was sent to it.
    fn has_read_all(&self) -> bool {
        self.input
            .as_ref()
            .is_none_or(|input| ioctl_fionread(input).is_ok_and(|unread| unread == 0))
    }

    /// Receives what comes of so many calls, and answers questions.
    fn receive(
        &mut self,
        batch: &dyn Batch,
        mut left: usize,
        timeout: Option<Duration>,
        accept: &mut dyn FnMut(&[u8], Duration),
    ) -> Result<(), Loss> {
        while left > 0 {
            self.output.get_mut().deadline = deadline(timeout);
            loop {
                match self.read(timeout)? {
                    Kind::Response => break,
                    Kind::Begun => self.has_begun = true,
                    Kind::Message => drop(batch.answer(&self.content)),
                    Kind::Question => {
                        let answer = batch.answer(&self.content);
                        self.write(Kind::Answer, &answer, timeout)?;
                    }
                    Kind::Setup | Kind::Calls | Kind::Answer => {
                        return Err(Loss::Other(io::ErrorKind::InvalidData.into()));
                    }
                }
            }
            let (response, took) = frame::time_behind(&self.content).map_err(Loss::Other)?;
            accept(response, took);
            left -= 1;
        }
        Ok(())
    }

    fn write(&mut self, kind: Kind, content: &[u8], timeout: Option<Duration>) -> Result<(), Loss> {
        let input = self.input.as_mut().ok_or(Loss::Other(io::ErrorKind::BrokenPipe.into()))?;
        let mut writer = self.output.get_mut().writer(input);
        frame::write(&mut writer, kind, content).map_err(|error| Loss::new(error, timeout))
    }

    fn read(&mut self, timeout: Option<Duration>) -> Result<Kind, Loss> {
        match frame::read(&mut self.output, &mut self.content) {
            Ok(Some(kind)) => Ok(kind),
            Ok(None) => Err(Loss::Other(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(Loss::new(error, timeout)),
        }
    }

    /// Whether it has begun to make the calls that it got last.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Whether there is a launcher between it and this process, which may lose what it wrote shortly before it ended.
    pub(crate) fn is_launched(&self) -> bool {
        self.number != self.child.id()
    }

    /// Whether it has not ended.
    pub(crate) fn is_alive(&self) -> bool {
        !self.has_ended()
    }

    /// The error of a call of `function` that this worker was lost with, after so many tries.
    pub(crate) fn lost(mut self, loss: &Loss, function: &str, tries: u32) -> Error {
        let mut error = Error::new(ErrorKind::Worker, "run a memento function")
            .with("function", function)
            .with("worker", format!("process {}", self.number));
        if tries > 1 {
            error = error.with("tries", tries);
        }
        match loss {
            Loss::Timeout(timeout) => {
                self.kill();
                let end = self.end();
                error
                    .source(format!(
                        "it took longer than {timeout:?}, so its worker was killed: it {end}"
                    ))
                    .help("set `timeout` in `[runner]` to more")
            }
            Loss::Other(reason) if reason.kind() == io::ErrorKind::InvalidData => error.source(
                format!("its worker wrote what makes no sense ({reason}); it {}", self.end()),
            ),
            Loss::Other(_) => error.source(format!("its worker {}", self.end())),
        }
    }

    /// Ends it, if it has not ended; how it ended and what it printed last.
    fn end(&mut self) -> End {
        // Behind a launcher, it ends when its input does, and the launcher, which tells how, when it has ended.
        self.close();
        let status = self.finish(if self.is_launched() { PATIENCE } else { PATIENCE / 20 });
        End { status, tail: self.log.tail() }
    }

    /// Waits until it has ended, but not for long: then it is killed. What its functions have started does not go on
    /// where a call was lost with it: that may be made again, and starts the same.
    fn finish(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.is_lost || !self.has_ended() {
            self.kill();
        }
        self.child.wait().ok()
    }

    /// Whether it has ended. Nobody else gets its number before it is waited for.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(&self.child)), options), Ok(None))
    }

    /// Kills it with all that is in its group.
    fn kill(&mut self) {
        if self.leads {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        } else {
            let _ = self.child.kill();
        }
    }

    /// Tells it to end.
    pub(crate) fn close(&mut self) {
        self.input = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.close();
        self.finish(PATIENCE);
    }
}

/// How a worker ended.
struct End {
    status: Option<ExitStatus>,
    /// What it printed last.
    tail: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "ended with {status}")?,
            None => f.write_str("ended")?,
        }
        match &*self.tail {
            "" => f.write_str(", without output"),
            tail => write!(f, "; its last output: {tail}"),
        }
    }
}

/// What is missing where a program does not become a worker.
pub(crate) const ENTRY: &str =
    "put `#[memento::main]` on `fn main`, or call `memento::worker::enter()` first in it";

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
                .source(error)
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
