//! A worker, as seen from the process that started it.

mod end;
mod start;

use std::io::{self, BufReader};
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use memento::runner::Batch;

pub(crate) use start::{ENTRY, Failure, OWN_PROGRAM};

use crate::frame::{self, Kind};
use crate::log::Log;
use crate::pipes::Pipes;

/// A worker process that has greeted.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pipes: BufReader<Pipes>,
    log: Arc<Log>,
    content: Vec<u8>,
    /// Whether it has begun to make the calls that it got last.
    has_begun: bool,
    /// Its number, which is that of `child` unless there is a launcher.
    number: u32,
    /// Whether it leads a process group, in which is what its functions start: it does without a launcher.
    leads: bool,
    /// Whether a call was lost with it.
    is_lost: bool,
    /// How it ended, when it was waited for: its number may be that of others since.
    status: Option<ExitStatus>,
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

impl Process {
    /// Lets it make `calls`, and hands what comes of each to `accept`, in order, with the time that it took there.
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
        self.pipes.get_mut().limit_waits(timeout);
        let made = self.write(Kind::Calls, &frame::join(calls), timeout).and_then(|()| {
            let made = self.receive(batch, calls_sent, timeout, &mut accept);
            if made.is_err() {
                self.note_begun();
            }
            made
        });
        self.is_lost = made.is_err();
        made
    }

    /// Notes whether it has begun. A worker that was told to begins with a frame that says so; any other one, with
    /// reading all that was sent, which is nothing but calls until it asks for the first time.
    fn note_begun(&mut self) {
        self.has_begun = self.has_begun || (!self.tells() && self.pipes.get_ref().is_all_read());
    }

    /// Whether it says when it begins: what a launcher has read, it may not have.
    fn tells(&self) -> bool {
        !self.leads
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
            self.pipes.get_mut().limit_waits(timeout);
            loop {
                match self.read(timeout)? {
                    Kind::Response => break,
                    Kind::Begun => self.has_begun = true,
                    Kind::Message => drop(batch.answer(&self.content)),
                    Kind::Question => {
                        // What it leaves of the answer would pass for calls later.
                        self.note_begun();
                        let answer = batch.answer(&self.content);
                        self.write(Kind::Answer, &answer, timeout)?;
                    }
                    Kind::Setup | Kind::Calls | Kind::Answer => {
                        return Err(Loss::Other(io::ErrorKind::InvalidData.into()));
                    }
                }
            }
            let (response, took) = frame::time_behind(&self.content).map_err(Loss::Other)?;
            self.has_begun = true;
            accept(response, took);
            left -= 1;
        }
        Ok(())
    }

    fn write(&mut self, kind: Kind, content: &[u8], timeout: Option<Duration>) -> Result<(), Loss> {
        frame::write(self.pipes.get_mut(), kind, content).map_err(|error| Loss::new(error, timeout))
    }

    fn read(&mut self, timeout: Option<Duration>) -> Result<Kind, Loss> {
        match frame::read(&mut self.pipes, &mut self.content) {
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
}
