//! How a result becomes bytes, and bytes a result.

mod bincode;
mod lossless;
mod postcard;
mod stack;
#[cfg(test)]
mod tests;
mod types;

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Serialize, de::DeserializeOwned};

use crate::encoding::have_same_pieces;
use crate::error::panic_message;
pub use crate::storage::segments::Segments;
use crate::{Error, ErrorKind, Result};

pub use bincode::Bincode;
use lossless::{AsJson, Lossless};
pub use postcard::Postcard;

/// Encodes results. Chosen by `codec = "…"` on a function; each record says which codec wrote it.
///
/// A type of yours that implements this is chosen by its path: `codec = my_crate::Cbor`.
pub trait Codec: 'static {
    /// What records call this codec. It never changes its meaning: a codec that writes other bytes has another name.
    const NAME: &'static str;

    /// Whether values of this type are read back before they are kept, and are kept only if they are what was written:
    /// serde may be told to write one thing and to read another, and a codec is not told. A codec that knows that it
    /// reads the values of a type as they were written says `false`, and spares that.
    fn reads_back<T: ?Sized>() -> bool {
        true
    }

    /// Appends the encoding of `value` to `bytes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encoding`] where `value` has no encoding.
    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()>;

    /// The value that `bytes` are the encoding of. All of `bytes` must be used up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`] where `bytes` are the encoding of no `T`. `bytes` may come from anyone: memory use must
    /// stay in proportion to their length, and values that are nested too deep for the thread's stack must be errors.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T>;

    /// The value that `segments` are the encoding of. All of them must be used up.
    ///
    /// If nothing is said, all of them are held in memory beside the value. A codec that can decode while they come
    /// needs no more than a few of them.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), and where reading fails: then it does not matter which error it is.
    fn decode_segments<T: DeserializeOwned>(segments: &mut Segments) -> Result<T> {
        let mut bytes = Vec::new();
        match segments.read_to_end(&mut bytes) {
            Ok(_) => Self::decode(&bytes),
            Err(error) => Err(decoding_error::<T>(Self::NAME, error)),
        }
    }
}

/// The encoding of a result on its way to whoever decodes it.
#[derive(Debug)]
pub(crate) enum Encoding<'e> {
    Whole(&'e [u8]),
    Segments(&'e mut Segments),
}

impl Encoding<'_> {
    /// How many bytes it has.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Segments(segments) => segments.left(),
        }
    }

    /// The value that it is the encoding of.
    ///
    /// # Errors
    ///
    /// As [`Codec::decode`] and [`Codec::decode_segments`].
    pub(crate) fn decode<C: Codec, T: DeserializeOwned>(self) -> Result<T> {
        match self {
            Self::Whole(bytes) => C::decode(bytes),
            Self::Segments(segments) => C::decode_segments(segments),
        }
    }
}

/// JSON: for results that people or other programs read. It has no NaN, no infinities, no `Some(None)`, and only text
/// as map keys: results with such values are not kept.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Codec for Json {
    const NAME: &'static str = "json";

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        let value = Lossless::<AsJson, T>::new(value);
        serde_json::to_writer(bytes, &value).map_err(|error| encoding_error::<T>(Self::NAME, error))
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| decoding_error::<T>(Self::NAME, error))
    }
}

/// What is wrong with bytes that would take too much of the thread's stack to read.
const TOO_DEEP: &str = "values are nested so deep that there may be no room for them on the stack";

type Source = Box<dyn std::error::Error + Send + Sync>;

fn encoding_error<T: ?Sized>(codec: &'static str, source: impl Into<Source>) -> Error {
    Error::new(ErrorKind::Encoding, "encode a result")
        .with("type", std::any::type_name::<T>())
        .with("codec", codec)
        .because(source)
        .help("choose another codec with `codec = \"…\"` on the function")
}

/// The encoding of `value`, from which that is read.
pub(crate) fn encode_checked<C: Codec, T: Serialize + DeserializeOwned>(
    value: &T,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    C::encode(value, &mut bytes)?;
    check_read::<C, T>(value, &bytes, true)?;
    Ok(bytes)
}

/// Sees to it that a value is read from its encoding, and not as another one, where its codec
/// [has that done](Codec::reads_back). That it cannot be read is an error where it `is_all` there is to be read.
pub(crate) fn check_read<C: Codec, T: Serialize + DeserializeOwned>(
    value: &T,
    bytes: &[u8],
    is_all: bool,
) -> Result<()> {
    if !C::reads_back::<T>() {
        return Ok(());
    }
    // What panics here would do so wherever it is read.
    let read = catch_unwind(AssertUnwindSafe(|| {
        C::decode::<T>(bytes).map(|read| have_same_pieces(value, &read))
    }));
    let wrong: Source = match read {
        Ok(Ok(false)) => {
            "it would be read as another value: serde leaves out a field or a variant when it is written, or when it \
             is read, and not both times"
                .into()
        }
        Ok(Err(error)) if is_all => error.into(),
        Ok(_) => return Ok(()),
        Err(payload) => format!("to read it panics: {}", panic_message(&*payload)).into(),
    };
    Err(encoding_error::<T>(C::NAME, wrong))
}

fn decoding_error<T>(codec: &'static str, source: impl Into<Source>) -> Error {
    Error::new(ErrorKind::Damaged, "decode a stored result")
        .with("type", std::any::type_name::<T>())
        .with("codec", codec)
        .because(source)
}
