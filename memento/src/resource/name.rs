//! Text of the operating system as names of resources, which are UTF-8.
//!
//! What is Unicode stays readable. `%`, control characters (names are shown in terminals), and on request further
//! characters are written as `%` and two hexadecimal digits for each byte, and so is what is not Unicode. On Windows,
//! where text is made of units of 16 bits, units beyond ASCII are `%u` and four digits. No two texts have the same
//! name.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;

use crate::{Error, ErrorKind, Result};

/// The name of `text`.
pub(super) fn escape(text: &OsStr) -> String {
    escape_also(text, &[])
}

/// The name of `text`, without the characters of `also`, which are ASCII.
pub(super) fn escape_also(text: &OsStr, also: &[char]) -> String {
    let is_plain = |c: char| c != '%' && !c.is_control() && !also.contains(&c);
    let mut name = String::with_capacity(text.len());
    platform::escape(text, is_plain, &mut name);
    name
}

/// The text with this name.
///
/// # Errors
///
/// [`ErrorKind::Damaged`] where no text has it.
pub(super) fn unescape(name: &str) -> Result<OsString> {
    let (mut units, mut rest) = (Vec::new(), name);
    while let Some(at) = rest.find('%') {
        platform::push_text(&mut units, &rest[..at]);
        let (unit, behind) = platform::unit(&rest[at + 1..]).ok_or_else(|| {
            Error::new(ErrorKind::Damaged, "read the name of a resource")
                .with("name", name.escape_debug())
                .because("what is behind a `%` in it was not written by memento on this system")
        })?;
        units.push(unit);
        rest = behind;
    }
    platform::push_text(&mut units, rest);
    Ok(platform::text(units))
}

fn push_byte(name: &mut String, byte: u8) {
    // Writing to a string does not fail.
    let _ = write!(name, "%{byte:02X}");
}

/// The byte that two hexadecimal digits tell, and what is behind them.
fn byte(rest: &str) -> Option<(u8, &str)> {
    let (digits, behind) = rest.split_at_checked(2)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some((u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?, behind))
}

#[cfg(unix)]
mod platform {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

    pub(super) fn escape(text: &OsStr, is_plain: impl Fn(char) -> bool, name: &mut String) {
        for chunk in text.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_plain(c) {
                    name.push(c);
                } else {
                    c.encode_utf8(&mut [0; 4])
                        .bytes()
                        .for_each(|byte| super::push_byte(name, byte));
                }
            }
            chunk.invalid().iter().for_each(|&byte| super::push_byte(name, byte));
        }
    }

    pub(super) fn push_text(units: &mut Vec<u8>, text: &str) {
        units.extend_from_slice(text.as_bytes());
    }

    pub(super) fn unit(rest: &str) -> Option<(u8, &str)> {
        super::byte(rest)
    }

    pub(super) fn text(units: Vec<u8>) -> OsString {
        OsString::from_vec(units)
    }
}

#[cfg(windows)]
mod platform {
    use std::ffi::{OsStr, OsString};
    use std::fmt::Write as _;
    use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};

    pub(super) fn escape(text: &OsStr, is_plain: impl Fn(char) -> bool, name: &mut String) {
        for decoded in char::decode_utf16(text.encode_wide()) {
            let unit = match decoded {
                Ok(c) if is_plain(c) => {
                    name.push(c);
                    continue;
                }
                // Control characters, and what else may be asked for, are one unit each.
                Ok(c) => u32::from(c),
                Err(unpaired) => u32::from(unpaired.unpaired_surrogate()),
            };
            match u8::try_from(unit) {
                Ok(byte) if byte.is_ascii() => super::push_byte(name, byte),
                // Writing to a string does not fail.
                _ => drop(write!(name, "%u{unit:04X}")),
            }
        }
    }

    pub(super) fn push_text(units: &mut Vec<u16>, text: &str) {
        units.extend(text.encode_utf16());
    }

    pub(super) fn unit(rest: &str) -> Option<(u16, &str)> {
        let Some(rest) = rest.strip_prefix('u') else {
            let (byte, behind) = super::byte(rest)?;
            return byte.is_ascii().then_some((u16::from(byte), behind));
        };
        let (high, rest) = super::byte(rest)?;
        let (low, behind) = super::byte(rest)?;
        Some((u16::from_be_bytes([high, low]), behind))
    }

    #[expect(clippy::needless_pass_by_value, reason = "as on other systems")]
    pub(super) fn text(units: Vec<u16>) -> OsString {
        OsString::from_wide(&units)
    }
}

/// Where the text of the system cannot be looked into, what is not Unicode gets a name that no text has: its resource
/// counts as changed.
#[cfg(not(any(unix, windows)))]
mod platform {
    use std::ffi::{OsStr, OsString};

    pub(super) fn escape(text: &OsStr, is_plain: impl Fn(char) -> bool, name: &mut String) {
        if text.to_str().is_none() {
            name.push_str("%?");
        }
        for c in text.to_string_lossy().chars() {
            if is_plain(c) {
                name.push(c);
            } else {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| super::push_byte(name, byte));
            }
        }
    }

    pub(super) fn push_text(units: &mut Vec<u8>, text: &str) {
        units.extend_from_slice(text.as_bytes());
    }

    pub(super) fn unit(rest: &str) -> Option<(u8, &str)> {
        super::byte(rest)
    }

    pub(super) fn text(units: Vec<u8>) -> OsString {
        String::from_utf8_lossy(&units).into_owned().into()
    }
}
