//! What people and programs read: the only place that prints.

use std::fmt::{Arguments, Display};
use std::io::{self, BufWriter, ErrorKind as IoErrorKind, IsTerminal as _, Stdout, Write};
use std::process::ExitCode;
use std::time::SystemTime;

use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use memento::{Error, ErrorKind, Result};
use serde::Serialize;

const BYTES: &str = "{msg} {bar:30} {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}";
const BYTES_WITHOUT_TOTAL: &str = "{msg} {binary_bytes}  {binary_bytes_per_sec}";

/// Standard output, and what went wrong under way.
#[derive(Debug)]
pub(crate) struct Output {
    is_json: bool,
    stdout: BufWriter<Stdout>,
    /// Whether nobody reads any more.
    is_closed: bool,
    problems: u64,
}

impl Output {
    pub(crate) fn new(is_json: bool) -> Self {
        let stdout = BufWriter::new(io::stdout());
        Self { is_json, stdout, is_closed: false, problems: 0 }
    }

    /// Writes `text` as a line for people, or `json` for programs, whichever is asked for.
    pub(crate) fn say(&mut self, text: Arguments<'_>, json: &impl Serialize) -> Result<()> {
        if !self.is_json {
            return self.line(text);
        }
        let json = serde_json::to_string(json)
            .map_err(|error| Error::new(ErrorKind::Encoding, "write JSON").because(error))?;
        self.line(format_args!("{json}"))
    }

    /// Writes a line.
    fn line(&mut self, text: Arguments<'_>) -> Result<()> {
        writeln!(self, "{text}").map_err(unwritable)
    }

    /// Says what went wrong where the command goes on all the same; it fails in the end.
    pub(crate) fn problem(&mut self, error: &Error) {
        self.problems += 1;
        complain(error);
    }

    /// Goes on where what went wrong is about one object or record alone: it is left out.
    pub(crate) fn leave_out(&mut self, done: Result<()>) -> Result<()> {
        match done {
            Err(error) if error.kind().is_of_one() => {
                self.problem(&error);
                Ok(())
            }
            done => done,
        }
    }

    /// How the program ends.
    pub(crate) fn end(mut self, done: Result<()>) -> ExitCode {
        let done = done.and_then(|()| self.flush().map_err(unwritable));
        // Who closes its end has read enough.
        let is_done = done.is_ok() || self.is_closed;
        if let (Err(error), false) = (&done, is_done) {
            // What was written before comes before.
            let _ = self.flush();
            complain(error);
        }
        if is_done && self.problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn noted<T>(&mut self, written: io::Result<T>) -> io::Result<T> {
        let is_closed = |error: &io::Error| error.kind() == IoErrorKind::BrokenPipe;
        self.is_closed |= written.as_ref().is_err_and(is_closed);
        written
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stdout.write(bytes);
        self.noted(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stdout.flush();
        self.noted(flushed)
    }
}

fn unwritable(error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, "write to standard output").because(error)
}

/// One line on standard error.
fn complain(error: &Error) {
    let line = error.to_string().replace(['\n', '\r'], " ");
    let _ = writeln!(io::stderr(), "memento: {line}");
}

/// Asks for a yes; `None` where nobody can be asked.
pub(crate) fn ask(question: impl Display) -> Option<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return None;
    }
    let _ = write!(io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).ok()?;
    Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Whether somebody watches a terminal.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Bytes on their way, for who watches a terminal; elsewhere nothing is seen of it.
pub(crate) fn bar(what: impl Into<String>, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let bar = bar.with_message(what.into());
    set_style(&bar, if total.is_some() { BYTES } else { BYTES_WITHOUT_TOTAL });
    bar
}

/// Says how many bytes there are, where that was not known at the beginning.
pub(crate) fn set_total(bar: &ProgressBar, total: u64) {
    if bar.length() != Some(total) {
        set_style(bar, BYTES);
        bar.set_length(total);
    }
}

fn set_style(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// So many bytes, as people read it.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize(bytes).to_string()
}

/// A time in UTC, or what stands in its place.
pub(crate) fn time(time: Option<SystemTime>) -> String {
    match time {
        Some(time) => humantime::format_rfc3339_seconds(time).to_string(),
        None => "-".to_owned(),
    }
}

/// `1 object`, `2 objects`.
pub(crate) fn count(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
