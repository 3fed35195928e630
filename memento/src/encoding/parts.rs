//! The parts of sequences, tuples, structs and maps.

use serde::ser::{self, Serialize};

use super::serializer::{Result, SerializeError, put, put_str};
use super::{Sink, tag};

/// Writes the parts of a value, then [`tag::END`].
pub(crate) struct Parts<'a, S>(&'a mut S);

impl<'a, S: Sink> Parts<'a, S> {
    #[inline]
    pub(super) fn new(sink: &'a mut S) -> Self {
        Self(sink)
    }
}

impl<S: Sink> Parts<'_, S> {
    #[inline]
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        put(self.0, value)
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.0.begin_element();
        self.part(value)?;
        self.0.end_element();
        Ok(())
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        put_str(self.0, name);
        put(self.0, value)
    }

    #[inline]
    fn finish(self) {
        self.0.put(&[tag::END]);
    }
}

/// Implements a serde trait for parts without names, each of which is written as `$part`.
macro_rules! parts {
    ($($interface:ident::$method:ident by $part:ident),+) => {$(
        impl<S: Sink> ser::$interface for Parts<'_, S> {
            type Ok = ();
            type Error = SerializeError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
                self.$part(value)
            }

            #[inline]
            fn end(self) -> Result {
                self.finish();
                Ok(())
            }
        }
    )+};
}

/// Implements a serde trait for parts with names.
macro_rules! fields {
    ($($interface:ident),+) => {$(
        impl<S: Sink> ser::$interface for Parts<'_, S> {
            type Ok = ();
            type Error = SerializeError;

            #[inline]
            fn serialize_field<T>(&mut self, name: &'static str, value: &T) -> Result
            where
                T: Serialize + ?Sized,
            {
                self.field(name, value)
            }

            #[inline]
            fn end(self) -> Result {
                self.finish();
                Ok(())
            }
        }
    )+};
}

parts!(
    SerializeSeq::serialize_element by element,
    SerializeTuple::serialize_element by part,
    SerializeTupleStruct::serialize_field by part,
    SerializeTupleVariant::serialize_field by part
);
fields!(SerializeStruct, SerializeStructVariant);

impl<S: Sink> ser::SerializeMap for Parts<'_, S> {
    type Ok = ();
    type Error = SerializeError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        self.0.begin_element();
        self.part(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.part(value)?;
        self.0.end_element();
        Ok(())
    }

    #[inline]
    fn end(self) -> Result {
        self.finish();
        Ok(())
    }
}
