//! The codec `bincode`.

mod input;
mod malformed;
mod reader;

use ::bincode::config::{Configuration, Fixint, LittleEndian};
use serde::{Serialize, de::DeserializeOwned};

use super::lossless::{ByPlaces, Lossless};
use super::types::is_of_std;
use super::{Codec, Segments, decoding_error, encoding_error};
use crate::Result;
use input::Input;
use reader::Reader;

/// bincode 2 with integers of fixed width: the fastest of the built-in codecs, and the default.
///
/// Its maintainers have retired it, with the wire format finished; that is why it stands behind [`Codec`]. It is read
/// by code of memento's own, which believes no length and no nesting: bincode's own reader takes both from whoever has
/// written them.
#[derive(Clone, Copy, Debug)]
pub struct Bincode;

const FORMAT: Configuration<LittleEndian, Fixint> =
    ::bincode::config::standard().with_fixed_int_encoding();

impl Codec for Bincode {
    const NAME: &'static str = "bincode";

    fn reads_back<T: ?Sized>() -> bool {
        !is_of_std::<T>()
    }

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        let value = Lossless::<ByPlaces, T>::new(value);
        match ::bincode::serde::encode_into_std_write(value, bytes, FORMAT) {
            Ok(_) => Ok(()),
            Err(error) => Err(encoding_error::<T>(Self::NAME, error)),
        }
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        decode(Input::new(bytes))
    }

    fn decode_segments<T: DeserializeOwned>(segments: &mut Segments) -> Result<T> {
        decode(Input::of_segments(segments))
    }
}

fn decode<T: DeserializeOwned>(input: Input<'_>) -> Result<T> {
    let mut reader = Reader::new(input);
    match T::deserialize(&mut reader) {
        Ok(value) if reader.is_at_end() => Ok(value),
        Ok(_) => Err(decoding_error::<T>(Bincode::NAME, "bytes are left over")),
        Err(error) => Err(decoding_error::<T>(Bincode::NAME, error)),
    }
}
