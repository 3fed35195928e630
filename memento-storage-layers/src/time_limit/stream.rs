//! Streams whose parts are waited for.

use std::io::{self, Cursor, Read};
use std::sync::mpsc::{self, Receiver, Sender};

use memento::Result;
use memento::plugin::{Ends, for_another};
use memento::storage::{Source, unreadable};

use super::helper::{Helper, receive};
use super::overdue::Change;
use super::{Limit, within};
use crate::Operation;

/// How many bytes are taken at once.
const PART: u64 = 256 << 10;

/// A content that is read, a part in each time.
pub(super) struct TimedReader {
    limit: Limit,
    operation: Operation,
    /// `None` where a part took too long, or its reading failed.
    content: Option<Box<dyn Read + Send>>,
    part: Cursor<Vec<u8>>,
}

impl TimedReader {
    pub(super) fn new(limit: &Limit, operation: Operation, content: Box<dyn Read + Send>) -> Self {
        let limit = limit.clone();
        Self { limit, operation, content: Some(content), part: Cursor::default() }
    }

    fn go_on(&mut self) -> io::Result<()> {
        let Some(mut content) = self.content.take() else {
            return Err(io::ErrorKind::TimedOut.into());
        };
        let mut part = std::mem::take(&mut self.part).into_inner();
        let read = within(&self.limit, self.operation, &Change::default(), move || {
            part.clear();
            let read = (&mut content).take(PART).read_to_end(&mut part);
            Ok(read.map(|_| (content, part)))
        });
        let (content, part) = read.map_err(io::Error::from)??;
        (self.content, self.part) = (Some(content), Cursor::new(part));
        Ok(())
    }
}

impl Read for TimedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.position() == self.part.get_ref().len() as u64 {
            self.go_on()?;
        }
        self.part.read(buffer)
    }
}

/// What whoever takes a content in another thread has to tell.
enum Event<T> {
    /// It wants the next part.
    Wants,
    Ended(Result<T>, Ends),
}

/// A content that comes from another thread.
struct Parts<T> {
    events: Sender<Event<T>>,
    source: Receiver<io::Result<Vec<u8>>>,
    part: Cursor<Vec<u8>>,
}

impl<T> Read for Parts<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.part.position() == self.part.get_ref().len() as u64 {
            let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
            self.events.send(Event::Wants).map_err(|_| gone())?;
            self.part = Cursor::new(self.source.recv().map_err(|_| gone())??);
        }
        self.part.read(buffer)
    }
}

/// Lets `put` take what `source` has, in another thread that is waited for between two parts.
pub(super) fn put_within<T: Send + 'static>(
    limit: &Limit,
    operation: Operation,
    change: &Change,
    source: &mut Source<'_>,
    put: impl FnOnce(&mut Source<'_>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let helper = Helper::take()?;
    let ((sender, receiver), (parts, wanted)) = (mpsc::channel(), mpsc::channel());
    let (total, under_way) = (source.expected(), change.under_way());
    helper.begin(move || {
        let events = sender.clone();
        let mut content = Parts { events, source: wanted, part: Cursor::default() };
        let mut source = Source::new(&mut content);
        if let Some(total) = total {
            source = source.total(total);
        }
        // Where nobody waits any more, nobody needs to know.
        let (result, ends) = for_another(|| {
            let _under_way = under_way;
            put(&mut source)
        });
        let _ = sender.send(Event::Ended(result, ends));
    });
    loop {
        let event = receive(&receiver, Some(limit.time));
        match event.map_err(|error| limit.ended(operation, change, error))? {
            Event::Ended(result, ends) => {
                ends.adopt();
                helper.keep();
                return result;
            }
            Event::Wants => {
                let mut part = Vec::new();
                let read = source.by_ref().take(PART).read_to_end(&mut part);
                // Whoever takes the content is told in words: the error itself is for whoever waits.
                let in_words = |error: &io::Error| io::Error::new(error.kind(), error.to_string());
                let told = read.as_ref().map(|_| part).map_err(in_words);
                // It may have ended since; then that comes next.
                let _ = parts.send(told);
                read.map_err(unreadable)?;
            }
        }
    }
}
