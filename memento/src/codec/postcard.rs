//! The codec `postcard`.

use ::postcard::de_flavors::Flavor;
use serde::{Serialize, de::DeserializeOwned};

use super::lossless::{ByPlaces, Lossless};
use super::stack::Stack;
use super::types::is_of_std;
use super::{Codec, decoding_error, encoding_error};
use crate::Result;

/// postcard: the most compact of the built-in codecs, with a specified wire format.
#[derive(Clone, Copy, Debug)]
pub struct Postcard;

impl Codec for Postcard {
    const NAME: &'static str = "postcard";

    fn reads_back<T: ?Sized>() -> bool {
        !is_of_std::<T>()
    }

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        match ::postcard::to_io(&Lossless::<ByPlaces, T>::new(value), bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(encoding_error::<T>(Self::NAME, error)),
        }
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        let reader = Reader { bytes, stack: Stack::new(), is_too_deep: false };
        let mut deserializer = ::postcard::Deserializer::from_flavor(reader);
        let decoded = T::deserialize(&mut deserializer);
        match (decoded, deserializer.finalize()) {
            (Ok(value), Ok(([], _))) => Ok(value),
            (Ok(_), _) => Err(decoding_error::<T>(Self::NAME, "bytes are left over")),
            (Err(_), Ok((_, true))) => Err(decoding_error::<T>(Self::NAME, super::TOO_DEEP)),
            (Err(error), _) => Err(decoding_error::<T>(Self::NAME, error)),
        }
    }
}

/// Bytes, and how deep values in them may be nested: each value that contains others begins with a byte, and is begun
/// further down the stack.
struct Reader<'de> {
    bytes: &'de [u8],
    stack: Stack,
    is_too_deep: bool,
}

impl<'de> Flavor<'de> for Reader<'de> {
    type Remainder = (&'de [u8], bool);
    type Source = &'de [u8];

    #[inline]
    fn pop(&mut self) -> ::postcard::Result<u8> {
        if !self.stack.has_room() {
            self.is_too_deep = true;
            return Err(::postcard::Error::DeserializeBadEncoding);
        }
        let (first, rest) =
            self.bytes.split_first().ok_or(::postcard::Error::DeserializeUnexpectedEnd)?;
        self.bytes = rest;
        Ok(*first)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.bytes.len())
    }

    #[inline]
    fn try_take_n(&mut self, count: usize) -> ::postcard::Result<&'de [u8]> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(::postcard::Error::DeserializeUnexpectedEnd)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn finalize(self) -> ::postcard::Result<Self::Remainder> {
        Ok((self.bytes, self.is_too_deep))
    }
}
