//! Reading with a deadline.

use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::process::ChildStdout;
use std::time::Instant;

use crate::ready::wait_briefly;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// The output of a process.
#[derive(Debug)]
pub(crate) struct Timed {
    output: ChildStdout,
    /// When waiting for more ends with an error; `None` is never.
    pub(crate) deadline: Option<Instant>,
}

impl Timed {
    pub(crate) fn new(output: ChildStdout) -> Self {
        Self { output, deadline: None }
    }

    /// Waits until there is something to read, or nothing any more.
    fn wait(&self, deadline: Instant) -> io::Result<()> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            // A time that is longer than the system can count has no end.
            let left = Timespec::try_from(left).ok();
            let mut files = [PollFd::from_borrowed_fd(self.output.as_fd(), PollFlags::IN)];
            match poll(&mut files, left.as_ref()) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait_briefly(&self.output);
        if let Some(deadline) = self.deadline {
            self.wait(deadline)?;
        }
        self.output.read(buffer)
    }
}
