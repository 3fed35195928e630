//! What a worker says first: that it is one, and of which protocol and release.
//!
//! The harness of tests prints before a worker can enter, so what stands before the greeting is skipped.

use std::io::{self, BufRead, Read as _, Write};

use crate::frame::PROTOCOL;

/// What a greeting begins with. It ends with a line break; between them stand protocol, release and process.
const MARK: &[u8] = b"\0memento worker ";
/// How much is read in search of a greeting, and how long one may be.
const LIMIT: u64 = 64 << 10;

/// Who greets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    pub(crate) protocol: u32,
    /// The version of this crate.
    pub(crate) release: String,
    pub(crate) process: u32,
}

impl Greeting {
    /// That of this process.
    pub(crate) fn own() -> Self {
        let release = env!("CARGO_PKG_VERSION").to_owned();
        Self { protocol: PROTOCOL, release, process: std::process::id() }
    }

    /// Whether these two can work together.
    pub(crate) fn suits(&self, other: &Self) -> bool {
        (self.protocol, &self.release) == (other.protocol, &other.release)
    }

    /// Says it.
    pub(crate) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let Self { protocol, release, process } = self;
        let mark = MARK.escape_ascii().to_string().replace("\\x00", "\0");
        output.write_all(format!("{mark}{protocol} {release} {process}\n").as_bytes())
    }

    /// Waits for one; `None` where the output ends without it.
    pub(crate) fn read(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut input = input.take(LIMIT);
        loop {
            let mut skipped = Vec::new();
            if input.read_until(MARK[0], &mut skipped)? == 0 {
                return Ok(None);
            }
            let mut line = Vec::new();
            if skipped.ends_with(&MARK[..1]) {
                input.read_until(b'\n', &mut line)?;
            }
            if let Some(greeting) = line.strip_prefix(&MARK[1..]).and_then(Self::parse) {
                return Ok(Some(greeting));
            }
        }
    }

    /// What a shell says it with.
    #[cfg(test)]
    pub(crate) fn script() -> String {
        let Self { protocol, release, .. } = Self::own();
        format!("printf '\\000memento worker {protocol} {release} %d\\n' $$")
    }

    fn parse(words: &[u8]) -> Option<Self> {
        let mut words = str::from_utf8(words).ok()?.split_ascii_whitespace();
        let protocol = words.next()?.parse().ok()?;
        let (release, process) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some(Self { protocol, release, process })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every release has to understand this, to say that it is of another one.
    #[test]
    fn golden_bytes() {
        let mut bytes = Vec::new();
        let greeting = Greeting { protocol: 1, release: "0.1.0".to_owned(), process: 42 };
        greeting.write(&mut bytes).unwrap();
        assert_eq!(bytes, b"\0memento worker 1 0.1.0 42\n");
    }

    #[test]
    fn what_stands_before_it_is_skipped() {
        let bytes = b"\nrunning 1 test\0\n\0memento\n\0memento worker 2 1.0.0 7\n\x01";
        let mut input = &bytes[..];
        let greeting = Greeting::read(&mut input).unwrap().unwrap();
        assert_eq!(greeting, Greeting { protocol: 2, release: "1.0.0".to_owned(), process: 7 });
        assert_eq!(input, b"\x01");
        assert_eq!(Greeting::read(&mut &b"hello"[..]).unwrap(), None);
    }
}
