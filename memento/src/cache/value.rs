//! A value in the memory cache: a number stands in its entry, all else behind a pointer.
//!
//! With many entries a hit waits for memory, and a number behind a pointer is one more place to wait for.

#[cfg(test)]
mod tests;

use std::any::{Any, TypeId};
use std::mem::size_of;
use std::sync::Arc;

use super::Shared;

/// A value; with a [`Kind`] beside it, it is whole.
pub(super) enum Value {
    /// Little-endian, with zeros behind it.
    Number([u8; 8]),
    Shared(Shared),
}

const _: () = assert!(size_of::<Value>() == 16);

/// A type of numbers, which stands in entries.
trait Number: Copy + Send + Sync + 'static {
    fn to_bytes(self) -> [u8; 8];
    fn from_bytes(bytes: [u8; 8]) -> Self;
}

macro_rules! numbers {
    ($($kind:ident: $type:ty,)+) => {
        /// Of which type a value is, where it is a number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            /// It is none.
            Other,
            $($kind),+
        }

        impl Value {
            /// The value that `shared` is.
            pub(super) fn new(shared: Shared) -> (Kind, Self) {
                $(if let Some(number) = shared.downcast_ref::<$type>() {
                    return (Kind::$kind, Self::Number(number.to_bytes()));
                })+
                (Kind::Other, Self::Shared(shared))
            }

            /// The value on its own.
            pub(super) fn to_shared(&self, kind: Kind) -> Shared {
                match (self, kind) {
                    (Self::Shared(shared), _) => Arc::clone(shared),
                    (Self::Number(_), Kind::Other) => Arc::new(()),
                    $((Self::Number(bytes), Kind::$kind) => Arc::new(<$type>::from_bytes(*bytes)),)+
                }
            }

            /// Whether it is a `T`.
            #[inline(always)]
            pub(super) fn is<T: 'static>(&self, kind: Kind) -> bool {
                match (self, kind) {
                    (Self::Shared(shared), _) => shared.is::<T>(),
                    (Self::Number(_), Kind::Other) => false,
                    $((Self::Number(_), Kind::$kind) => is_type::<T, $type>(),)+
                }
            }
        }

        /// The number with these bytes, if it is a `T`.
        #[inline(always)]
        pub(super) fn number<T: Clone + 'static>(kind: Kind, bytes: [u8; 8]) -> Option<T> {
            match kind {
                Kind::Other => None,
                $(Kind::$kind if is_type::<T, $type>() => {
                    (&<$type>::from_bytes(bytes) as &dyn Any).downcast_ref().cloned()
                })+
                _ => None,
            }
        }
    };
}

numbers! {
    Bool: bool,
    Char: char,
    U8: u8,
    U16: u16,
    U32: u32,
    U64: u64,
    Usize: usize,
    I8: i8,
    I16: i16,
    I32: i32,
    I64: i64,
    Isize: isize,
    F32: f32,
    F64: f64,
}

/// Whether two types are one, which the compiler knows.
#[inline(always)]
fn is_type<T: 'static, N: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<N>()
}

macro_rules! in_bytes {
    ($($type:ty),+) => {
        $(impl Number for $type {
            #[inline(always)]
            fn to_bytes(self) -> [u8; 8] {
                let mut bytes = [0; 8];
                bytes[..size_of::<Self>()].copy_from_slice(&self.to_le_bytes());
                bytes
            }

            #[inline(always)]
            fn from_bytes(bytes: [u8; 8]) -> Self {
                let mut own = [0; size_of::<Self>()];
                own.copy_from_slice(&bytes[..size_of::<Self>()]);
                Self::from_le_bytes(own)
            }
        })+
    };
}

in_bytes!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize, f32, f64);

impl Number for bool {
    #[inline(always)]
    fn to_bytes(self) -> [u8; 8] {
        u8::from(self).to_bytes()
    }

    #[inline(always)]
    fn from_bytes(bytes: [u8; 8]) -> Self {
        bytes != [0; 8]
    }
}

impl Number for char {
    #[inline(always)]
    fn to_bytes(self) -> [u8; 8] {
        u32::from(self).to_bytes()
    }

    #[inline(always)]
    fn from_bytes(bytes: [u8; 8]) -> Self {
        Self::from_u32(u32::from_bytes(bytes)).unwrap_or_default()
    }
}
