//! Reads encoded bytes piece by piece, and says what stands there where that is not what was asked for.

use std::fmt::{self, Display};

use serde::de::{self, Expected};

use super::super::tag;

/// How deep values may be nested: stored bytes may come from anyone, and each level takes some of the stack.
pub(super) const MAXIMUM_DEPTH: usize = 128;

/// Why bytes are not the encoding of what was asked for.
#[derive(Debug)]
pub(super) struct DecodeError(String);

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    /// Messages may quote what the bytes say, and they may go to a terminal: nothing in them commands it.
    fn custom<T: Display>(message: T) -> Self {
        let mut shown = String::new();
        for character in message.to_string().chars() {
            match character {
                '"' | '\'' | '\\' => shown.push(character),
                _ => shown.extend(character.escape_debug()),
            }
        }
        Self(shown)
    }
}

pub(super) type Result<T = ()> = std::result::Result<T, DecodeError>;

/// What has not been read yet, of what there is.
#[derive(Clone, Copy)]
pub(super) struct Reader<'de> {
    whole: &'de [u8],
    rest: &'de [u8],
}

impl<'de> Reader<'de> {
    /// A reader that stands at the beginning of `bytes`.
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { whole: bytes, rest: bytes }
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> usize {
        self.whole.len() - self.rest.len()
    }

    /// That something else stands here than what was `expected`.
    pub(super) fn unexpected(&self, expected: impl Display) -> DecodeError {
        let (found, position) = (self.found(), self.position());
        de::Error::custom(format_args!("expected {expected}, found {found} at byte {position}"))
    }

    /// Fails where anything is left.
    pub(super) fn finish(self) -> Result {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(de::Error::custom(format_args!(
                "expected nothing behind the value, found {left} more bytes at byte {}",
                self.position()
            ))),
        }
    }

    /// The tag of the value here, with the reader left before it.
    pub(super) fn peek(&self, expected: &dyn Expected) -> Result<u8> {
        self.rest.first().copied().ok_or_else(|| self.unexpected(expected))
    }

    /// Goes past `tag`; fails where another one stands.
    pub(super) fn expect(&mut self, tag: u8, expected: &dyn Expected) -> Result {
        match self.rest.split_first() {
            Some((&found, rest)) if found == tag => {
                self.rest = rest;
                Ok(())
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// Goes past `tag` and the name of a type; fails where either is another. A type of another name may mean something
    /// else by the same content.
    pub(super) fn expect_named(&mut self, tag: u8, name: &str, expected: &dyn Expected) -> Result {
        let start = *self;
        self.expect(tag, expected)?;
        if self.name()? == name {
            return Ok(());
        }
        Err(start.unexpected(format_args!("{expected} with the name `{name}`")))
    }

    /// The next `length` bytes.
    pub(super) fn take(&mut self, length: usize) -> Result<&'de [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or_else(|| {
            let (left, position) = (self.rest.len(), self.position());
            de::Error::custom(format_args!(
                "expected {length} more bytes, found {left} at byte {position}"
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The bytes of a number.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// Bytes behind their length.
    pub(super) fn sized(&mut self) -> Result<&'de [u8]> {
        let length = u64::from_le_bytes(self.array()?);
        // What does not fit is more than there is.
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Text behind its length.
    pub(super) fn text(&mut self) -> Result<&'de str> {
        let position = self.position();
        std::str::from_utf8(self.sized()?).map_err(|error| {
            de::Error::custom(format_args!("expected text at byte {position}, found {error}"))
        })
    }

    /// The bits of a character.
    pub(super) fn scalar(&mut self) -> Result<char> {
        let position = self.position();
        let bits = u32::from_le_bytes(self.array()?);
        char::from_u32(bits).ok_or_else(|| {
            de::Error::custom(format_args!(
                "expected the bits of a character, found {bits:#x} at byte {position}"
            ))
        })
    }

    /// A name, which is encoded as any other text.
    pub(super) fn name(&mut self) -> Result<&'de str> {
        self.expect(tag::STR, &"a name")?;
        self.text()
    }

    /// Whether the parts of a value end here; goes past the end.
    pub(super) fn at_end(&mut self) -> Result<bool> {
        let end = self.peek(&"a value or the end of the value around it")? == tag::END;
        if end {
            self.take(1)?;
        }
        Ok(end)
    }

    /// Goes past a whole value that is nested in `depth` others.
    pub(super) fn skip(&mut self, depth: usize) -> Result {
        check_depth(depth)?;
        let start = *self;
        let tag = self.peek(&"a value")?;
        self.take(1)?;
        if let Some((_, names)) = kind(tag) {
            for _ in 0..names {
                self.name()?;
            }
        }
        match tag {
            // What has no content but names.
            tag::FALSE
            | tag::TRUE
            | tag::NONE
            | tag::UNIT
            | tag::UNIT_STRUCT
            | tag::UNIT_VARIANT => Ok(()),
            tag::I8 | tag::U8 => self.take(1).map(drop),
            tag::I16 | tag::U16 => self.take(2).map(drop),
            tag::I32 | tag::U32 | tag::F32 => self.take(4).map(drop),
            tag::I64 | tag::U64 | tag::F64 => self.take(8).map(drop),
            tag::I128 | tag::U128 => self.take(16).map(drop),
            tag::CHAR => self.scalar().map(drop),
            tag::STR => self.text().map(drop),
            tag::BYTES => self.sized().map(drop),
            tag::SOME | tag::NEWTYPE_STRUCT | tag::NEWTYPE_VARIANT => self.skip(depth + 1),
            tag::TUPLE_STRUCT | tag::TUPLE_VARIANT => self.skip_parts(depth, |_| Ok(())),
            tag::TUPLE | tag::SEQUENCE | tag::UNORDERED_SEQUENCE => {
                self.skip_parts(depth, |_| Ok(()))
            }
            tag::STRUCT | tag::STRUCT_VARIANT => {
                self.skip_parts(depth, |reader| reader.name().map(drop))
            }
            tag::MAP | tag::UNORDERED_MAP => {
                self.skip_parts(depth, |reader| reader.skip(depth + 1))
            }
            _ => Err(start.unexpected("a value")),
        }
    }

    /// Goes past all parts of a value, and what `before` goes past in front of each.
    fn skip_parts(&mut self, depth: usize, before: impl Fn(&mut Self) -> Result) -> Result {
        while !self.at_end()? {
            before(self)?;
            self.skip(depth + 1)?;
        }
        Ok(())
    }

    /// What stands here, for a person.
    fn found(mut self) -> String {
        let Some((&tag, rest)) = self.rest.split_first() else {
            return "no more bytes".to_owned();
        };
        let Some((kind, names)) = kind(tag) else {
            return format!("{tag:#04x}, which begins no value,");
        };
        self.rest = rest;
        match (0..names).map(|_| self.name()).collect::<Result<Vec<_>>>() {
            Ok(names) if !names.is_empty() => format!("{kind} `{}`", names.join("::")),
            _ => kind.to_owned(),
        }
    }
}

/// Fails where `depth` values around another are too many.
pub(super) fn check_depth(depth: usize) -> Result {
    if depth <= MAXIMUM_DEPTH {
        return Ok(());
    }
    Err(de::Error::custom(format_args!(
        "expected at most {MAXIMUM_DEPTH} values around another, found more"
    )))
}

/// What a person calls a value with this tag, and how many names stand in front of its content.
fn kind(tag: u8) -> Option<(&'static str, usize)> {
    Some(match tag {
        tag::END => ("the end of the value around it", 0),
        tag::FALSE | tag::TRUE => ("bool", 0),
        tag::I8 => ("i8", 0),
        tag::I16 => ("i16", 0),
        tag::I32 => ("i32", 0),
        tag::I64 => ("i64", 0),
        tag::I128 => ("i128", 0),
        tag::U8 => ("u8", 0),
        tag::U16 => ("u16", 0),
        tag::U32 => ("u32", 0),
        tag::U64 => ("u64", 0),
        tag::U128 => ("u128", 0),
        tag::F32 => ("f32", 0),
        tag::F64 => ("f64", 0),
        tag::CHAR => ("char", 0),
        tag::STR => ("text", 0),
        tag::BYTES => ("bytes", 0),
        tag::NONE => ("None", 0),
        tag::SOME => ("Some", 0),
        tag::UNIT => ("()", 0),
        tag::UNIT_STRUCT => ("unit struct", 1),
        tag::NEWTYPE_STRUCT => ("newtype struct", 1),
        tag::TUPLE_STRUCT => ("tuple struct", 1),
        tag::STRUCT => ("struct", 1),
        tag::UNIT_VARIANT => ("unit variant", 2),
        tag::NEWTYPE_VARIANT => ("newtype variant", 2),
        tag::TUPLE_VARIANT => ("tuple variant", 2),
        tag::STRUCT_VARIANT => ("struct variant", 2),
        tag::TUPLE => ("tuple", 0),
        tag::SEQUENCE => ("sequence", 0),
        tag::MAP => ("map", 0),
        tag::UNORDERED_SEQUENCE => ("unordered sequence", 0),
        tag::UNORDERED_MAP => ("unordered map", 0),
        _ => return None,
    })
}
