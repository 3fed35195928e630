//! Large contents, read segment by segment.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use crate::digest::hashed::fill;
use crate::digest::segments::Outline;

/// A long encoding on its way from the store: segment by segment, each of which is compared with what was written
/// before anyone sees it. While one is decoded, the next one comes, and is compared by another thread; so three of
/// them are in memory, of a megabyte each, however long the encoding is.
///
/// Where the store fails, or has other bytes, reading fails.
pub struct Segments {
    arrivals: Receiver<Arrival>,
    /// Where memory goes whose bytes were used.
    used: Sender<Vec<u8>>,
    /// How many bytes there are behind the segments that were handed out.
    left: u64,
    broken: Option<Broken>,
    /// The segment that [`Read`] reads from, and how much of it was read.
    segment: Vec<u8>,
    at: usize,
}

type Arrival = Result<Vec<u8>, Broken>;

/// Why a content came to no end.
#[derive(Debug)]
pub(super) enum Broken {
    /// It has other bytes. How many were read.
    Damaged(u64),
    Failed(io::Error),
}

/// Does `decode` with the segments of a content, and says whether all that it has seen was right.
pub(super) fn read<T>(
    content: Box<dyn Read + Send>,
    outline: Outline<'_>,
    decode: impl FnOnce(&mut Segments) -> T,
) -> Result<T, Broken> {
    let (sender, arrivals) = mpsc::sync_channel(1);
    let (used, spare) = mpsc::channel();
    let mut segments =
        Segments { arrivals, used, left: outline.size(), broken: None, segment: Vec::new(), at: 0 };
    let ahead = Ahead { content, outline, position: 0 };
    thread::scope(|scope| {
        let ahead = thread::Builder::new()
            .name("memento-segments".to_owned())
            .spawn_scoped(scope, move || ahead.send_all(&sender, &spare))
            .map_err(Broken::Failed)?;
        let decoded = decode(&mut segments);
        let broken = segments.broken.take();
        // It ends when nobody waits for segments.
        drop(segments);
        if let Err(panic) = ahead.join() {
            resume_unwind(panic);
        }
        broken.map_or(Ok(decoded), Err)
    })
}

/// Reads ahead of whoever decodes.
struct Ahead<'o> {
    content: Box<dyn Read + Send>,
    outline: Outline<'o>,
    /// How many bytes were read.
    position: u64,
}

impl Ahead<'_> {
    /// Reads segments until the last one, or until something is wrong or nobody wants them any more.
    fn send_all(mut self, sender: &SyncSender<Arrival>, spare: &Receiver<Vec<u8>>) {
        for index in 0..self.outline.count() {
            let arrival = self.read(index, spare.try_recv().unwrap_or_default());
            let is_last = arrival.is_err();
            if sender.send(arrival).is_err() || is_last {
                return;
            }
        }
    }

    /// Reads the next segment, and compares it with what was written.
    fn read(&mut self, index: usize, mut segment: Vec<u8>) -> Arrival {
        let length = self.outline.length(index);
        segment.resize(length, 0);
        let is_last = index + 1 == self.outline.count();
        let is_whole = self.fill(&mut segment)? == length && !(is_last && self.fill(&mut [0])? > 0);
        if is_whole && self.outline.has(index, &segment) {
            return Ok(segment);
        }
        Err(Broken::Damaged(self.position))
    }

    /// Reads until `buffer` is full, or nothing is left; how many bytes were read.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Broken> {
        let length = fill(&mut self.content, buffer).map_err(|error| match error.kind() {
            // The store itself finds it damaged.
            io::ErrorKind::InvalidData => Broken::Damaged(self.position),
            _ => Broken::Failed(error),
        })?;
        self.position += length as u64;
        Ok(length)
    }
}

impl Segments {
    /// How many bytes there are behind the segments that were handed out.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The next segment; `None` behind the last one, and where there is none because something is wrong. The memory of
    /// the one before is used again.
    pub(crate) fn advance(&mut self, used: Vec<u8>) -> Option<Vec<u8>> {
        if self.left == 0 || self.broken.is_some() {
            return None;
        }
        // Nobody needs it where all have come.
        let _ = self.used.send(used);
        match self.arrivals.recv() {
            Ok(Ok(segment)) => {
                self.left -= segment.len() as u64;
                Some(segment)
            }
            Ok(Err(broken)) => {
                self.broken = Some(broken);
                None
            }
            // Whoever reads ahead has panicked; so will whoever joins it.
            Err(_) => {
                self.broken = Some(Broken::Failed(io::ErrorKind::BrokenPipe.into()));
                None
            }
        }
    }
}

impl Read for Segments {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.segment.len() && self.left > 0 {
            let used = std::mem::take(&mut self.segment);
            let failed = || io::Error::other("the store failed, or has other bytes");
            self.segment = self.advance(used).ok_or_else(failed)?;
            self.at = 0;
        }
        let length = (&self.segment[self.at..]).read(buffer)?;
        self.at += length;
        Ok(length)
    }
}

impl fmt::Debug for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segments").field("left", &self.left).finish_non_exhaustive()
    }
}
