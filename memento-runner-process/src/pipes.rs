//! The pipes of a process, with a deadline.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::process::{ChildStdin, ChildStdout};
use std::time::Instant;

use crate::ready::wait_briefly;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};

/// How much is read at once while something is written.
const EARLY: usize = 64 << 10;

/// The output of a process.
#[derive(Debug)]
pub(crate) struct Timed {
    output: ChildStdout,
    /// What came while something was written.
    early: VecDeque<u8>,
    /// When waiting for more ends with an error; `None` is never.
    pub(crate) deadline: Option<Instant>,
}

impl Timed {
    pub(crate) fn new(output: ChildStdout) -> Self {
        Self { output, early: VecDeque::new(), deadline: None }
    }

    /// What writes to `input` of the same process until the deadline.
    pub(crate) fn writer<'a>(&'a mut self, input: &'a mut ChildStdin) -> Writer<'a> {
        Writer { input, output: self }
    }

    /// Waits until `input` takes more. What the process says meanwhile is kept: it may read nothing before somebody has
    /// taken that.
    fn make_room(&mut self, input: &ChildStdin) -> io::Result<()> {
        let mut files = [
            PollFd::from_borrowed_fd(input.as_fd(), PollFlags::OUT),
            PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN),
        ];
        wait(&mut files, self.deadline)?;
        let says_something = !files[1].revents().is_empty();
        if says_something {
            let mut part = vec![0; EARLY];
            let length = self.output.read(&mut part)?;
            if length == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.early.extend(&part[..length]);
        }
        Ok(())
    }
}

/// Waits until something can be done with one of `files`, or there is nothing any more.
fn wait(files: &mut [PollFd<'_>], deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // A time that is longer than the system can count has no end.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(files, left.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.early.is_empty() {
            return self.early.read(buffer);
        }
        wait_briefly(&self.output);
        if self.deadline.is_some() {
            let mut files = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
            wait(&mut files, self.deadline)?;
        }
        self.output.read(buffer)
    }
}

/// Has writing to `input` never wait: a [`Writer`] does, where there is no room.
pub(crate) fn do_not_wait(input: &ChildStdin) -> io::Result<()> {
    Ok(ioctl_fionbio(input, true)?)
}

/// Writes to a process that may be writing itself.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    input: &'a mut ChildStdin,
    output: &'a mut Timed,
}

impl Write for Writer<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        loop {
            match self.input.write(content) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.output.make_room(self.input)?;
                }
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.input.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::*;

    /// More than pipes hold.
    const LONG: usize = 1 << 20;

    fn start(program: &str, arguments: &[&str]) -> (Child, ChildStdin, Timed) {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        do_not_wait(&input).unwrap();
        let output = Timed::new(child.stdout.take().unwrap());
        (child, input, output)
    }

    /// `cat` reads on only when what it has written is read.
    #[test]
    fn who_writes_before_it_reads_is_heard() {
        let (mut child, mut input, mut output) = start("cat", &[]);
        let content: Vec<u8> = (0..=250).cycle().take(LONG).collect();
        output.writer(&mut input).write_all(&content).unwrap();
        drop(input);
        let mut echo = Vec::new();
        output.read_to_end(&mut echo).unwrap();
        assert!(echo == content);
        child.wait().unwrap();
    }

    #[test]
    fn who_does_not_read_is_waited_for_until_the_deadline() {
        let (mut child, mut input, mut output) = start("sleep", &["infinity"]);
        let content = vec![0; LONG];
        output.deadline = Instant::now().checked_add(Duration::from_millis(10));
        let error = output.writer(&mut input).write_all(&content).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        child.kill().unwrap();
        child.wait().unwrap();
        output.deadline = None;
        let error = output.writer(&mut input).write_all(&content).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
