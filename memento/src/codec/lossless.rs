//! Encodes a value, or refuses it, where a codec would write something that reads as another value.
//!
//! Serde tells a serializer of each `Some`, and of fields that are left out by `skip_serializing_if`. Of other things it
//! tells nobody: whether a value is read back as what it was, only the one who reads it knows, as is done where a
//! [codec](super::Codec::reads_back) has it done.

use std::marker::PhantomData;

use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

/// What a codec cannot tell apart.
pub(super) trait Blind {
    /// To names: fields are told apart by their places alone.
    const TO_NAMES: bool;
    /// To what is `null`: `Some` is written as what is in it, `None` and units are, and so is a number that is not finite.
    const TO_NULL: bool;
}

/// The codecs that write values one after the other.
pub(super) struct ByPlaces;

impl Blind for ByPlaces {
    const TO_NAMES: bool = true;
    const TO_NULL: bool = false;
}

/// JSON.
pub(super) struct AsJson;

impl Blind for AsJson {
    const TO_NAMES: bool = false;
    const TO_NULL: bool = true;
}

/// A value for a codec that is [`Blind`].
pub(super) struct Lossless<'v, B, T: ?Sized> {
    value: &'v T,
    /// Whether it is what is in a `Some`.
    is_in_some: bool,
    blind: PhantomData<B>,
}

impl<'v, B: Blind, T: Serialize + ?Sized> Lossless<'v, B, T> {
    #[inline]
    pub(super) fn new(value: &'v T) -> Self {
        Self::of(value, false)
    }

    #[inline]
    fn of(value: &'v T, is_in_some: bool) -> Self {
        Self { value, is_in_some, blind: PhantomData }
    }
}

impl<B: Blind, T: Serialize + ?Sized> Serialize for Lossless<'_, B, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let is_in_some = self.is_in_some;
        self.value.serialize(Checking::<B, S> { serializer, is_in_some, blind: PhantomData })
    }
}

/// A serializer that hands on to another one what that one can tell apart.
struct Checking<B, S> {
    serializer: S,
    is_in_some: bool,
    blind: PhantomData<B>,
}

impl<B: Blind, S: Serializer> Checking<B, S> {
    /// What is `null` is something else in a `Some`.
    #[inline]
    fn null(self) -> Result<S, S::Error> {
        if B::TO_NULL && self.is_in_some {
            Err(S::Error::custom("JSON writes `Some(None)` and `Some(())` as it writes `None`"))
        } else {
            Ok(self.serializer)
        }
    }

    #[inline]
    fn number(self, is_finite: bool) -> Result<S, S::Error> {
        if B::TO_NULL && !is_finite {
            Err(S::Error::custom("JSON has no NaN and no infinities"))
        } else {
            Ok(self.serializer)
        }
    }
}

/// Hands on what every codec can tell apart.
macro_rules! hand_on {
    ($($method:ident($($argument:ident: $type:ty),*)),+ $(,)?) => {$(
        #[inline]
        fn $method(self, $($argument: $type),*) -> Result<S::Ok, S::Error> {
            self.serializer.$method($($argument),*)
        }
    )+};
}

/// Hands on the beginning of what has other values in it.
macro_rules! begin {
    ($($method:ident($($argument:ident: $type:ty),*) -> $compound:ident),+ $(,)?) => {$(
        #[inline]
        fn $method(self, $($argument: $type),*) -> Result<Self::$compound, S::Error> {
            Ok(Compound { inner: self.serializer.$method($($argument),*)?, blind: PhantomData })
        }
    )+};
}

impl<B: Blind, S: Serializer> Serializer for Checking<B, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Compound<B, S::SerializeSeq>;
    type SerializeTuple = Compound<B, S::SerializeTuple>;
    type SerializeTupleStruct = Compound<B, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Compound<B, S::SerializeTupleVariant>;
    type SerializeMap = Compound<B, S::SerializeMap>;
    type SerializeStruct = Compound<B, S::SerializeStruct>;
    type SerializeStructVariant = Compound<B, S::SerializeStructVariant>;

    hand_on! {
        serialize_bool(value: bool),
        serialize_i8(value: i8),
        serialize_i16(value: i16),
        serialize_i32(value: i32),
        serialize_i64(value: i64),
        serialize_i128(value: i128),
        serialize_u8(value: u8),
        serialize_u16(value: u16),
        serialize_u32(value: u32),
        serialize_u64(value: u64),
        serialize_u128(value: u128),
        serialize_char(value: char),
        serialize_str(value: &str),
        serialize_bytes(value: &[u8]),
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str),
    }

    begin! {
        serialize_seq(length: Option<usize>) -> SerializeSeq,
        serialize_tuple(length: usize) -> SerializeTuple,
        serialize_map(length: Option<usize>) -> SerializeMap,
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct,
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeTupleVariant,
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct,
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeStructVariant,
    }

    #[inline]
    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.number(value.is_finite())?.serialize_f32(value)
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.number(value.is_finite())?.serialize_f64(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.null()?.serialize_none()
    }

    #[inline]
    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.null()?.serialize_unit()
    }

    #[inline]
    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.null()?.serialize_unit_struct(name)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.serializer.serialize_some(&Lossless::<B, T>::of(value, true))
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Lossless::<B, T>::of(value, self.is_in_some);
        self.serializer.serialize_newtype_struct(name, &value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = Lossless::<B, T>::new(value);
        self.serializer.serialize_newtype_variant(name, index, variant, &value)
    }

    #[inline]
    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.serializer.collect_str(value)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.serializer.is_human_readable()
    }
}

/// Values of a list, a map or a struct, on their way to the serializer's own.
struct Compound<B, C> {
    inner: C,
    blind: PhantomData<B>,
}

/// Hands on one value after the other.
macro_rules! values {
    ($($compound:ident $method:ident),+ $(,)?) => {$(
        impl<B: Blind, C: $compound> $compound for Compound<B, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                self.inner.$method(&Lossless::<B, T>::new(value))
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )+};
}

values! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// Hands on one field after the other.
macro_rules! fields {
    ($($compound:ident),+) => {$(
        impl<B: Blind, C: $compound> $compound for Compound<B, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                self.inner.serialize_field(name, &Lossless::<B, T>::new(value))
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                if B::TO_NAMES {
                    return Err(C::Error::custom(format_args!(
                        "the field `{name}` is left out, and this codec tells fields by their places"
                    )));
                }
                self.inner.skip_field(name)
            }

            #[inline]
            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        }
    )+};
}

fields!(SerializeStruct, SerializeStructVariant);

impl<B: Blind, C: SerializeMap> SerializeMap for Compound<B, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), C::Error> {
        self.inner.serialize_key(&Lossless::<B, T>::new(key))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        self.inner.serialize_value(&Lossless::<B, T>::new(value))
    }

    #[inline]
    fn end(self) -> Result<C::Ok, C::Error> {
        self.inner.end()
    }
}
