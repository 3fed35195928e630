//! How a result becomes bytes, and bytes a result.

use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, ErrorKind, Result};

/// Encodes results. Chosen by `codec = "…"` on a function; each record says which codec wrote it.
///
/// A type of yours that implements this is chosen by its path: `codec = my_crate::Cbor`.
pub trait Codec: 'static {
    /// What records call this codec. It never changes its meaning: a codec that writes other bytes has another name.
    const NAME: &'static str;

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
    /// stay in proportion to their length.
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T>;
}

/// bincode 2 with integers of fixed width: the fastest of the built-in codecs, and the default.
///
/// Its maintainers have retired it, with the wire format finished; that is why it stands behind [`Codec`].
#[derive(Clone, Copy, Debug)]
pub struct Bincode;

const BINCODE: bincode::config::Configuration<
    bincode::config::LittleEndian,
    bincode::config::Fixint,
> = bincode::config::standard().with_fixed_int_encoding();

impl Codec for Bincode {
    const NAME: &'static str = "bincode";

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        match bincode::serde::encode_into_std_write(value, bytes, BINCODE) {
            Ok(_) => Ok(()),
            Err(error) => Err(encoding_error::<T>(Self::NAME, error)),
        }
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        match bincode::serde::decode_from_slice(bytes, BINCODE) {
            Ok((value, used)) if used == bytes.len() => Ok(value),
            Ok(_) => Err(decoding_error::<T>(Self::NAME, "bytes are left over")),
            Err(error) => Err(decoding_error::<T>(Self::NAME, error)),
        }
    }
}

/// postcard: the most compact of the built-in codecs, with a specified wire format.
#[derive(Clone, Copy, Debug)]
pub struct Postcard;

impl Codec for Postcard {
    const NAME: &'static str = "postcard";

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        match postcard::to_io(value, bytes) {
            Ok(_) => Ok(()),
            Err(error) => Err(encoding_error::<T>(Self::NAME, error)),
        }
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        match postcard::take_from_bytes(bytes) {
            Ok((value, [])) => Ok(value),
            Ok(_) => Err(decoding_error::<T>(Self::NAME, "bytes are left over")),
            Err(error) => Err(decoding_error::<T>(Self::NAME, error)),
        }
    }
}

/// JSON: for results that people or other programs read. It has no NaN, no infinities, and only text as map keys.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Codec for Json {
    const NAME: &'static str = "json";

    fn encode<T: Serialize + ?Sized>(value: &T, bytes: &mut Vec<u8>) -> Result<()> {
        serde_json::to_writer(bytes, value).map_err(|error| encoding_error::<T>(Self::NAME, error))
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| decoding_error::<T>(Self::NAME, error))
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

fn encoding_error<T: ?Sized>(codec: &'static str, source: impl Into<Source>) -> Error {
    Error::new(ErrorKind::Encoding, "encode a result")
        .with("type", std::any::type_name::<T>())
        .with("codec", codec)
        .source(source)
        .help("choose another codec with `codec = \"…\"` on the function")
}

fn decoding_error<T>(codec: &'static str, source: impl Into<Source>) -> Error {
    Error::new(ErrorKind::Damaged, "decode a stored result")
        .with("type", std::any::type_name::<T>())
        .with("codec", codec)
        .source(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of each codec are in stores: they may not change.
    #[test]
    fn golden_bytes() {
        fn encoded<C: Codec>() -> Vec<u8> {
            let value = (7_u16, Some("ab"), vec![1.5_f32]);
            let mut bytes = Vec::new();
            C::encode(&value, &mut bytes).unwrap();
            let back: (u16, Option<String>, Vec<f32>) = C::decode(&bytes).unwrap();
            assert_eq!(back, (7, Some("ab".into()), vec![1.5]));
            bytes
        }
        assert_eq!(
            encoded::<Bincode>(),
            b"\x07\0\x01\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0\0\0\xc0\x3f"
        );
        assert_eq!(encoded::<Postcard>(), b"\x07\x01\x02ab\x01\0\0\xc0\x3f");
        assert_eq!(encoded::<Json>(), br#"[7,"ab",[1.5]]"#);
    }

    #[test]
    fn left_over_and_missing_bytes_are_damage() {
        fn check<C: Codec>() {
            let mut bytes = Vec::new();
            C::encode(&(1_u8, "two"), &mut bytes).unwrap();
            let short = C::decode::<(u8, String)>(&bytes[..bytes.len() - 1]).unwrap_err();
            assert_eq!(short.kind(), ErrorKind::Damaged);
            bytes.push(b'!');
            let long = C::decode::<(u8, String)>(&bytes).unwrap_err();
            assert_eq!(long.kind(), ErrorKind::Damaged);
        }
        check::<Bincode>();
        check::<Postcard>();
        check::<Json>();
    }

    #[test]
    fn a_huge_length_in_hostile_bytes_costs_no_memory() {
        let bytes = u64::MAX.to_le_bytes();
        assert_eq!(Bincode::decode::<Vec<u64>>(&bytes).unwrap_err().kind(), ErrorKind::Damaged);
        let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
        assert_eq!(Postcard::decode::<Vec<u64>>(&bytes).unwrap_err().kind(), ErrorKind::Damaged);
    }
}
