//! The way to the parent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::time::Duration;

use memento::worker::Parent;
use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use crate::frame::{self, Kind};
use crate::ready::wait_briefly;

/// How much is read at once.
const BUFFER: usize = 64 << 10;

/// The pipe from the parent.
#[derive(Debug)]
struct Patient(File);

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        wait_briefly(&self.0);
        self.0.read(buffer)
    }
}

/// Both pipes. Threads of the worker take turns.
#[derive(Debug)]
pub(super) struct Channel {
    pipes: Mutex<Pipes>,
    /// How many bytes of memory this process may have.
    pub(super) memory_limit: Option<u64>,
}

#[derive(Debug)]
struct Pipes {
    input: BufReader<Patient>,
    output: File,
    /// Calls that came while somebody waited for an answer.
    early: VecDeque<Vec<u8>>,
}

impl Channel {
    pub(super) fn new(input: File, output: File) -> Self {
        let input = BufReader::with_capacity(BUFFER, Patient(input));
        let pipes = Mutex::new(Pipes { input, output, early: VecDeque::new() });
        Self { pipes, memory_limit: None }
    }

    /// The first frame: how many bytes of memory there may be, 0 where that is not limited; and whether to say when
    /// calls begin.
    pub(super) fn setup(&self) -> io::Result<(u64, bool)> {
        match self.pipes.lock().read()? {
            Some((Kind::Setup, content)) => match content.split_first_chunk() {
                Some((limit, [tells])) => Ok((u64::from_le_bytes(*limit), *tells != 0)),
                _ => Err(io::ErrorKind::InvalidData.into()),
            },
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None => std::process::exit(0),
        }
    }

    /// The next calls to make; `None` where there will be no more.
    pub(super) fn next(&self) -> io::Result<Option<Vec<u8>>> {
        let mut pipes = self.pipes.lock();
        if let Some(calls) = pipes.early.pop_front() {
            return Ok(Some(calls));
        }
        match pipes.read()? {
            Some((Kind::Calls, content)) => Ok(Some(content)),
            Some(_) => Err(io::ErrorKind::InvalidData.into()),
            None => Ok(None),
        }
    }

    /// Says that the first one of the calls begins.
    pub(super) fn begin(&self) -> io::Result<()> {
        frame::write(&mut self.pipes.lock().output, Kind::Begun, &[])
    }

    /// Says what came of the next one of the calls, and how long it took.
    pub(super) fn respond(&self, mut response: Vec<u8>, took: Duration) -> io::Result<()> {
        frame::put_time_behind(&mut response, took);
        frame::write(&mut self.pipes.lock().output, Kind::Response, &response)
    }
}

impl Pipes {
    fn read(&mut self) -> io::Result<Option<(Kind, Vec<u8>)>> {
        let mut content = Vec::new();
        Ok(frame::read(&mut self.input, &mut content)?.map(|kind| (kind, content)))
    }

    fn ask(&mut self, question: &[u8]) -> io::Result<Vec<u8>> {
        frame::write(&mut self.output, Kind::Question, question)?;
        loop {
            match self.read()? {
                Some((Kind::Answer, content)) => return Ok(content),
                Some((Kind::Calls, content)) => self.early.push_back(content),
                Some(_) => return Err(io::ErrorKind::InvalidData.into()),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

impl Parent for Channel {
    fn ask(&self, question: &[u8]) -> Result<Vec<u8>> {
        self.pipes.lock().ask(question).map_err(unreachable)
    }

    fn tell(&self, message: &[u8]) -> Result<()> {
        frame::write(&mut self.pipes.lock().output, Kind::Message, message).map_err(unreachable)
    }

    fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }
}

fn unreachable(error: io::Error) -> Error {
    Error::new(ErrorKind::Worker, "ask the process that this worker computes for").because(error)
}
