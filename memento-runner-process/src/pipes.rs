//! The pipes of a process, with a deadline.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::process::{Child, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use crate::ready::wait_briefly;

/// How much is read at once while something is written.
const EARLY: usize = 64 << 10;

/// The input of a process, which may be writing itself while something is written to it, and its output.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// `None` when it was closed. Writing to it never waits: where there is no room, both pipes are waited for.
    input: Option<ChildStdin>,
    output: ChildStdout,
    /// What came while something was written.
    early: VecDeque<u8>,
    /// When waiting ends with an error; `None` is never.
    deadline: Option<Instant>,
}

impl Pipes {
    /// Those of `child`, without a deadline.
    pub(crate) fn of(child: &mut Child) -> io::Result<Self> {
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        ioctl_fionbio(&input, true)?;
        Ok(Self { input: Some(input), output, early: VecDeque::new(), deadline: None })
    }

    /// From now on, there is so much time to wait; `None` is without an end.
    pub(crate) fn limit_waits(&mut self, time: Option<Duration>) {
        self.deadline = time.and_then(|time| Instant::now().checked_add(time));
    }

    /// Whether the process has read all that was written.
    pub(crate) fn is_all_read(&self) -> bool {
        let is_read = |input| ioctl_fionread(input).is_ok_and(|unread| unread == 0);
        self.input.as_ref().is_none_or(is_read)
    }

    /// Ends the input.
    pub(crate) fn close(&mut self) {
        self.input = None;
    }

    /// Waits until the input takes more. What the process says meanwhile is kept: it may read nothing before somebody
    /// has taken that.
    fn make_room(&mut self) -> io::Result<()> {
        let input = self.input.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
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

impl Read for Pipes {
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

impl Write for Pipes {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        loop {
            let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
            match input.write(content) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.make_room()?,
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// More than pipes hold.
    const LONG: usize = 1 << 20;

    fn start(program: &str, arguments: &[&str]) -> (Child, Pipes) {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let pipes = Pipes::of(&mut child).unwrap();
        (child, pipes)
    }

    /// `cat` reads on only when what it has written is read.
    #[test]
    fn who_writes_before_it_reads_is_heard() {
        let (mut child, mut pipes) = start("cat", &[]);
        let content: Vec<u8> = (0..=250).cycle().take(LONG).collect();
        pipes.write_all(&content).unwrap();
        pipes.close();
        let mut echo = Vec::new();
        pipes.read_to_end(&mut echo).unwrap();
        assert!(echo == content);
        child.wait().unwrap();
    }

    #[test]
    fn who_does_not_read_is_waited_for_until_the_deadline() {
        let (mut child, mut pipes) = start("sleep", &["infinity"]);
        let content = vec![0; LONG];
        pipes.limit_waits(Some(Duration::from_millis(10)));
        let error = pipes.write_all(&content).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        child.kill().unwrap();
        child.wait().unwrap();
        pipes.limit_waits(None);
        let error = pipes.write_all(&content).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
