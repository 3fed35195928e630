//! What passes through the pipes.
//!
//! A frame is eight bytes, its kind and, in seven of them, the length of what follows, little-endian; then the content.
//! What calls, responses, questions and answers hold, only the core knows.

use std::io::{self, BufRead, Read as _, Write};
use std::time::Duration;

/// Changes when anything in this file or the meaning of a frame does.
pub(crate) const PROTOCOL: u32 = 3;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To the worker, before anything else: how many bytes of memory it may have, 0 for any number, in eight bytes,
    /// little-endian; and a byte, 1 where it is to say when it begins.
    Setup = 1,
    /// To the worker: calls to make, each behind its length in eight bytes, little-endian.
    Calls,
    /// To the worker: the answer to its question.
    Answer,
    /// From the worker, where it is to say so: the first one of the calls begins.
    Begun,
    /// From the worker: what came of the next one of the calls, sent before the one behind it begins; and the time that
    /// it took, in [eight bytes](time_behind) at the end.
    Response,
    /// From the worker: to be answered.
    Question,
    /// From the worker: a question whose answer does not matter.
    Message,
}

impl Kind {
    fn of(byte: u8) -> Option<Self> {
        use Kind::{Answer, Begun, Calls, Message, Question, Response, Setup};
        let all = [Setup, Calls, Answer, Begun, Response, Question, Message];
        all.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// Contents up to this length are copied, so that a frame is one request to the system.
const COPIED: usize = 16 << 10;

/// Writes a frame.
pub(crate) fn write(output: &mut impl Write, kind: Kind, content: &[u8]) -> io::Result<()> {
    let head = (content.len() as u64) << 8 | kind as u64;
    let head = head.to_le_bytes();
    if content.len() > COPIED {
        output.write_all(&head)?;
        return output.write_all(content);
    }
    let mut frame = Vec::with_capacity(head.len() + content.len());
    frame.extend_from_slice(&head);
    frame.extend_from_slice(content);
    output.write_all(&frame)
}

/// Reads a frame, its content into `content`; `None` where there is no other one.
pub(crate) fn read(input: &mut impl BufRead, content: &mut Vec<u8>) -> io::Result<Option<Kind>> {
    if !has_more(input)? {
        return Ok(None);
    }
    let mut head = [0; 8];
    input.read_exact(&mut head)?;
    let head = u64::from_le_bytes(head);
    let kind = Kind::of(head.to_le_bytes()[0]);
    let kind =
        kind.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is no frame"))?;
    let length = head >> 8;
    content.clear();
    // As much memory is taken as there are bytes, whatever the length says.
    if input.take(length).read_to_end(content)? as u64 == length {
        Ok(Some(kind))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Whether there is more to read, which is waited for; also when signals are handled in this thread meanwhile.
fn has_more(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            more => return more.map(|bytes| !bytes.is_empty()),
        }
    }
}

/// Writes how long a call took behind its response.
pub(crate) fn put_time_behind(response: &mut Vec<u8>, took: Duration) {
    let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    response.extend_from_slice(&took.to_le_bytes());
}

/// A response, and the nanoseconds that stand behind it, little-endian.
pub(crate) fn time_behind(content: &[u8]) -> io::Result<(&[u8], Duration)> {
    let (response, took) = content.split_last_chunk().ok_or(io::ErrorKind::InvalidData)?;
    Ok((response, Duration::from_nanos(u64::from_le_bytes(*took))))
}

/// The content of a frame of calls.
pub(crate) fn join<'a>(calls: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut content = Vec::new();
    for call in calls {
        content.extend_from_slice(&(call.len() as u64).to_le_bytes());
        content.extend_from_slice(call);
    }
    content
}

/// The calls in the content of a frame.
pub(crate) fn split(mut content: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = content.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (call, rest) = rest.split_at_checked(length)?;
        content = rest;
        Some(call)
    })
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    /// Worker and parent may be different builds until they have met.
    #[test]
    fn golden_bytes() {
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Setup, b"abc").unwrap();
        assert_eq!(bytes, b"\x01\x03\0\0\0\0\0\0abc");
    }

    #[test]
    fn frames_come_as_they_were_written() {
        let large = vec![7; COPIED + 1];
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Calls, &join([&b""[..], b"ab", &large].into_iter())).unwrap();
        write(&mut bytes, Kind::Message, b"").unwrap();
        let (mut input, mut content) = (&bytes[..], Vec::new());
        assert_eq!(read(&mut input, &mut content).unwrap(), Some(Kind::Calls));
        assert_eq!(split(&content).collect::<Vec<_>>(), [&b""[..], b"ab", &large]);
        assert_eq!(read(&mut input, &mut content).unwrap(), Some(Kind::Message));
        assert!(content.is_empty());
        assert_eq!(read(&mut input, &mut content).unwrap(), None);
    }

    /// Every other time that it is read from, a signal is handled instead.
    struct Interrupted<'a>(&'a [u8], bool);

    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
        }
    }

    #[test]
    fn signals_that_are_handled_do_not_end_what_comes() {
        let mut bytes = Vec::new();
        write(&mut bytes, Kind::Response, b"abc").unwrap();
        let (mut input, mut content) = (BufReader::new(Interrupted(&bytes, false)), Vec::new());
        assert_eq!(read(&mut input, &mut content).unwrap(), Some(Kind::Response));
        assert_eq!(content, b"abc");
        assert_eq!(read(&mut input, &mut content).unwrap(), None);
    }

    #[test]
    fn times_stand_behind_responses() {
        let mut content = b"abc".to_vec();
        put_time_behind(&mut content, Duration::from_nanos(258));
        assert_eq!(content, b"abc\x02\x01\0\0\0\0\0\0");
        let (response, took) = time_behind(&content).unwrap();
        assert_eq!((response, took), (&b"abc"[..], Duration::from_nanos(258)));
        assert!(time_behind(b"abc").is_err());
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut content = Vec::new();
        let mut error = |bytes: &[u8]| read(&mut &*bytes, &mut content).unwrap_err().kind();
        assert_eq!(error(b"hello, world"), io::ErrorKind::InvalidData);
        assert_eq!(error(b"\x01\x03\0\0\0\0\0\0ab"), io::ErrorKind::UnexpectedEof);
        assert_eq!(error(b"\x01\xff\xff\xff\xff\xff\xff\xffab"), io::ErrorKind::UnexpectedEof);
        assert_eq!(error(b"\x01\x03"), io::ErrorKind::UnexpectedEof);
    }
}
