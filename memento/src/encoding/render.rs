//! Shows encoded values to a person.

use std::fmt::{self, Write};

use super::tag;
use crate::bound;

/// How deep values may be nested in what is shown: stored bytes may come from anyone.
const MAXIMUM_DEPTH: usize = 64;

/// Encoded values as text, in the manner of `{:?}`.
///
/// Bytes that are no valid encoding are shown as far as they go, then as `<damaged>`.
#[derive(Clone, Copy, Debug)]
pub struct Rendered<'a>(pub &'a [u8]);

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reader = Reader { rest: self.0, out: f };
        match reader.values() {
            Err(Stop::Damaged) => f.write_str("<damaged>"),
            Err(Stop::Format(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }
}

enum Stop {
    Damaged,
    Format(fmt::Error),
}

impl From<fmt::Error> for Stop {
    fn from(error: fmt::Error) -> Self {
        Self::Format(error)
    }
}

type Result<T = ()> = std::result::Result<T, Stop>;

struct Reader<'a, 'f, 'b> {
    rest: &'a [u8],
    out: &'f mut fmt::Formatter<'b>,
}

impl<'a> Reader<'a, '_, '_> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Stop::Damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Stop::Damaged)
    }

    fn sized(&mut self) -> Result<&'a [u8]> {
        let length = usize::try_from(u64::from_le_bytes(self.array()?));
        self.take(length.map_err(|_| Stop::Damaged)?)
    }

    /// The text of a name, which is encoded as any other text.
    fn name(&mut self) -> Result<&'a str> {
        match self.take(1)?[0] {
            tag::STR => std::str::from_utf8(self.sized()?).map_err(|_| Stop::Damaged),
            _ => Err(Stop::Damaged),
        }
    }

    fn at_end(&mut self) -> Result<bool> {
        let end = *self.rest.first().ok_or(Stop::Damaged)? == tag::END;
        if end {
            self.take(1)?;
        }
        Ok(end)
    }

    /// All values, with spaces between them.
    fn values(&mut self) -> Result {
        self.value(0)?;
        while !self.rest.is_empty() {
            self.out.write_str(" ")?;
            self.value(0)?;
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result {
        if depth > MAXIMUM_DEPTH {
            return Err(Stop::Damaged);
        }
        match self.take(1)?[0] {
            tag::FALSE => self.out.write_str("false")?,
            tag::TRUE => self.out.write_str("true")?,
            tag::NONE => self.out.write_str("None")?,
            tag::UNIT => self.out.write_str("()")?,
            tag::STR => {
                let text = std::str::from_utf8(self.sized()?).map_err(|_| Stop::Damaged)?;
                write!(self.out, "{text:?}")?;
            }
            tag::BYTES => {
                let bytes = self.sized()?;
                write!(self.out, "<{} bytes>", bytes.len())?;
            }
            tag::SOME => {
                self.out.write_str("Some(")?;
                self.value(depth + 1)?;
                self.out.write_str(")")?;
            }
            other => return self.number_or_parts(other, depth),
        }
        Ok(())
    }

    fn number_or_parts(&mut self, tag: u8, depth: usize) -> Result {
        match tag {
            tag::I8 => self.array().map(i8::from_le_bytes).and_then(|number| self.show(&number)),
            tag::I16 => self.array().map(i16::from_le_bytes).and_then(|number| self.show(&number)),
            tag::I32 => self.array().map(i32::from_le_bytes).and_then(|number| self.show(&number)),
            tag::I64 => self.array().map(i64::from_le_bytes).and_then(|number| self.show(&number)),
            tag::I128 => {
                self.array().map(i128::from_le_bytes).and_then(|number| self.show(&number))
            }
            tag::U8 => self.array().map(u8::from_le_bytes).and_then(|number| self.show(&number)),
            tag::U16 => self.array().map(u16::from_le_bytes).and_then(|number| self.show(&number)),
            tag::U32 => self.array().map(u32::from_le_bytes).and_then(|number| self.show(&number)),
            tag::U64 => self.array().map(u64::from_le_bytes).and_then(|number| self.show(&number)),
            tag::U128 => {
                self.array().map(u128::from_le_bytes).and_then(|number| self.show(&number))
            }
            tag::F32 => self.array().map(f32::from_le_bytes).and_then(|number| self.show(&number)),
            tag::F64 => self.array().map(f64::from_le_bytes).and_then(|number| self.show(&number)),
            tag::CHAR => {
                let scalar = char::from_u32(u32::from_le_bytes(self.array()?));
                self.show(&scalar.ok_or(Stop::Damaged)?)
            }
            other => self.parts(other, depth),
        }
    }

    fn show(&mut self, value: &dyn fmt::Debug) -> Result {
        Ok(write!(self.out, "{value:?}")?)
    }

    fn parts(&mut self, tag: u8, depth: usize) -> Result {
        match tag {
            tag::UNIT_STRUCT => self.head(1),
            tag::UNIT_VARIANT => self.head(2),
            tag::NEWTYPE_STRUCT | tag::NEWTYPE_VARIANT => {
                self.head(if tag == tag::NEWTYPE_STRUCT { 1 } else { 2 })?;
                self.out.write_str("(")?;
                self.value(depth + 1)?;
                Ok(self.out.write_str(")")?)
            }
            tag::TUPLE_STRUCT => self.head(1).and_then(|()| self.list(depth, '(', ')')),
            tag::TUPLE_VARIANT => self.head(2).and_then(|()| self.list(depth, '(', ')')),
            tag::STRUCT if self.is_reference() => self.reference(depth),
            tag::STRUCT => self.head(1).and_then(|()| self.fields(depth)),
            tag::STRUCT_VARIANT => self.head(2).and_then(|()| self.fields(depth)),
            tag::TUPLE => self.list(depth, '(', ')'),
            tag::SEQUENCE => self.list(depth, '[', ']'),
            tag::UNORDERED_SEQUENCE => self.list(depth, '{', '}'),
            tag::MAP | tag::UNORDERED_MAP => self.map(depth),
            _ => Err(Stop::Damaged),
        }
    }

    /// Whether a reference to a memento function begins here, behind its tag.
    fn is_reference(&mut self) -> bool {
        let mut ahead = Reader { rest: self.rest, out: &mut *self.out };
        ahead.name().is_ok_and(|name| name == bound::NAME)
    }

    /// Shows a reference to a memento function, as a call with the fixed arguments.
    fn reference(&mut self, depth: usize) -> Result {
        let (_, _, function, _) = (self.name()?, self.name()?, self.name()?, self.name()?);
        let (tag, arguments) = (self.take(1)?[0], self.sized()?);
        if tag != tag::BYTES || !self.at_end()? {
            return Err(Stop::Damaged);
        }
        write!(self.out, "{}(", function.escape_debug())?;
        let mut arguments = Reader { rest: arguments, out: &mut *self.out };
        while !arguments.rest.is_empty() {
            arguments.value(depth + 1)?;
            arguments.out.write_str(", ")?;
        }
        Ok(self.out.write_str("..)")?)
    }

    /// Shows the last of `names` names: the struct's, or the variant's.
    fn head(&mut self, names: usize) -> Result {
        for _ in 1..names {
            self.name()?;
        }
        let name = self.name()?;
        // Stored bytes may come from anyone, and what this writes may go to a terminal.
        Ok(write!(self.out, "{}", name.escape_debug())?)
    }

    fn list(&mut self, depth: usize, open: char, close: char) -> Result {
        self.out.write_char(open)?;
        let mut separator = "";
        while !self.at_end()? {
            self.out.write_str(separator)?;
            self.value(depth + 1)?;
            separator = ", ";
        }
        Ok(self.out.write_char(close)?)
    }

    fn map(&mut self, depth: usize) -> Result {
        self.out.write_str("{")?;
        let mut separator = "";
        while !self.at_end()? {
            self.out.write_str(separator)?;
            self.value(depth + 1)?;
            self.out.write_str(": ")?;
            self.value(depth + 1)?;
            separator = ", ";
        }
        Ok(self.out.write_str("}")?)
    }

    fn fields(&mut self, depth: usize) -> Result {
        self.out.write_str(" {")?;
        let mut separator = " ";
        while !self.at_end()? {
            let name = self.name()?;
            write!(self.out, "{separator}{}: ", name.escape_debug())?;
            self.value(depth + 1)?;
            separator = ", ";
        }
        Ok(self.out.write_str(" }")?)
    }
}
