//! Where encoded bytes go.

use std::any::type_name;
use std::hash::Hasher as _;
use std::ops::Deref;

use foldhash::fast::FoldHasher;
use serde::Serializer as _;

use super::serializer::{SerializeError, Serializer};
use super::tag;
use crate::Invocation;
use crate::argument::{Argument, KeyPart, Unencoded};
use crate::cache::{Identity, SHORT};

/// Takes encoded bytes, in order.
pub(crate) trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);

    /// Appends a tag and the bytes of a number behind it.
    #[inline(always)]
    fn put_number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        self.put(&[tag]);
        self.put(&bytes);
    }

    /// Called before an element of a sequence, or an entry of a map.
    #[inline(always)]
    fn begin_element(&mut self) {}

    /// Called behind it.
    #[inline(always)]
    fn end_element(&mut self) {}
}

impl Sink for Vec<u8> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// How many bytes stay on the stack.
const INLINE: usize = 120;
/// How many bytes are hashed at a time: enough for BLAKE3 to use the widest vectors of the processor.
const BLOCK: usize = 64 << 10;
/// The longest encoding that a record keeps.
const KEPT: usize = 4 << 10;

/// The arguments of one invocation, as they are encoded.
pub(crate) struct Encoded<'a> {
    function_key: &'a [u8; 32],
    written: Written,
}

/// What has been written of the arguments of one invocation, all of them after [`Encoded::finish`].
///
/// Short ones stay on the stack, so that a memory hit allocates nothing; long ones go through BLAKE3 a block at a
/// time and are never in memory as a whole.
pub(crate) struct Written {
    /// The hash for the memory cache. It is made of the values while they are in registers: bytes that were just
    /// written in small pieces are slow to read in larger ones.
    hasher: FoldHasher<'static>,
    /// Zeros from `length` on.
    inline: [u8; INLINE],
    length: usize,
    spilled: Option<Box<Spilled>>,
}

/// Writes the arguments of one invocation, in order.
pub struct Encoder<'a, 'f>(&'a mut Encoded<'f>);

/// Whether all arguments could be encoded.
pub type EncodeResult = Result<(), SerializeError>;

impl Encoder<'_, '_> {
    /// Writes an argument.
    ///
    /// # Errors
    ///
    /// What the argument's own `Serialize` implementation reports.
    #[inline(always)]
    pub fn argument<T: Argument>(&mut self, argument: &T) -> EncodeResult {
        argument.serialize(Serializer::new(&mut *self.0))
    }

    /// Writes arguments that have these encodings.
    pub(crate) fn encoded(&mut self, arguments: &[u8]) {
        self.0.put(arguments);
    }

    /// Writes what stands for an argument.
    ///
    /// # Errors
    ///
    /// What its own `Serialize` implementation reports.
    #[inline]
    pub fn key<T: KeyPart + ?Sized>(&mut self, value: &T) -> EncodeResult {
        value.serialize(Serializer::new(&mut *self.0))
    }

    /// Writes nothing: an argument that is not encoded itself.
    #[inline(always)]
    pub fn unencoded<T: Unencoded>(&mut self, _: &T) {}

    /// Writes the name of a type, as rustc has it, as a unit struct of that name.
    ///
    /// # Errors
    ///
    /// None; it is one of several calls that may fail.
    #[inline]
    pub fn type_parameter<T: ?Sized>(&mut self) -> EncodeResult {
        Serializer::new(&mut *self.0).serialize_unit_struct(type_name::<T>())
    }

    /// Writes the name of the type of an argument.
    ///
    /// # Errors
    ///
    /// As [`type_parameter`](Self::type_parameter).
    #[inline]
    pub fn type_of<T>(&mut self, _: &T) -> EncodeResult {
        self.type_parameter::<T>()
    }
}

/// Writes the arguments of a function, one by one: what `#[memento]` generates for it.
pub trait Encode<A>: Fn(&A, &mut Encoder<'_, '_>) -> EncodeResult + Sync {}

impl<A, F: Fn(&A, &mut Encoder<'_, '_>) -> EncodeResult + Sync> Encode<A> for F {}

/// An encoding that is too long for the stack.
struct Spilled {
    hasher: blake3::Hasher,
    /// Zeros from `length` on: it is written to as an array is, so that a number costs one check.
    block: Vec<u8>,
    length: usize,
    hashed: u64,
    /// Whether the block grows as long as it takes, and nothing is hashed before the end.
    is_whole: bool,
    /// The invocation, behind a byte that no encoding starts with.
    invocation: [u8; 33],
}

impl<'a> Encoded<'a> {
    /// No arguments yet, of the function with this key. `hasher` has been told the function.
    #[inline(always)]
    pub(crate) fn new(function_key: &'a [u8; 32], hasher: FoldHasher<'static>) -> Self {
        let written = Written { hasher, inline: [0; INLINE], length: 0, spilled: None };
        Self { function_key, written }
    }

    /// No arguments yet, with room for the whole encoding, however long it gets.
    pub(crate) fn whole(function_key: &'a [u8; 32], hasher: FoldHasher<'static>) -> Self {
        let mut encoded = Self::new(function_key, hasher);
        encoded.spill(&[]);
        if let Some(spilled) = &mut encoded.written.spilled {
            spilled.is_whole = true;
        }
        encoded
    }

    /// All that was put, where there was [room](Self::whole) for it.
    pub(crate) fn into_whole(self) -> Option<Vec<u8>> {
        let mut spilled = self.written.spilled.filter(|spilled| spilled.is_whole)?;
        spilled.block.truncate(spilled.length);
        Some(spilled.block)
    }

    /// As [`new`](Self::new), with any hasher.
    #[cfg(test)]
    pub(crate) fn for_test(function_key: &'a [u8; 32]) -> Self {
        use std::hash::BuildHasher as _;
        Self::new(function_key, foldhash::fast::RandomState::default().build_hasher())
    }

    /// Puts the tuple of the arguments that `write` writes.
    #[inline(always)]
    pub(crate) fn put_arguments(
        &mut self,
        write: impl FnOnce(&mut Encoder<'_, 'a>) -> EncodeResult,
    ) -> EncodeResult {
        self.put_unhashed(&[tag::TUPLE]);
        write(&mut Encoder(self))?;
        self.put_unhashed(&[tag::END]);
        Ok(())
    }

    /// Ends the encoding. Nothing may be put after this; what follows may be asked after this.
    #[inline(always)]
    pub(crate) fn finish(&mut self) {
        if let Some(spilled) = &mut self.written.spilled {
            spilled.finish();
        }
    }

    /// The name of the invocation.
    pub(crate) fn invocation(&self) -> Invocation {
        match &self.written.spilled {
            None => {
                Invocation::from_bytes(blake3::keyed_hash(self.function_key, self.bytes()).into())
            }
            Some(spilled) => {
                let mut bytes = [0; 32];
                bytes.copy_from_slice(&spilled.invocation[1..]);
                Invocation::from_bytes(bytes)
            }
        }
    }

    /// What was written, without the key of the function.
    pub(crate) fn into_written(self) -> Written {
        self.written
    }

    #[inline(always)]
    fn put_unhashed(&mut self, bytes: &[u8]) {
        let Written { inline, length, spilled, .. } = &mut self.written;
        match spilled {
            None => match inline.get_mut(*length..*length + bytes.len()) {
                Some(space) => {
                    space.copy_from_slice(bytes);
                    *length += bytes.len();
                }
                None => self.spill(bytes),
            },
            Some(spilled) => spilled.put(bytes),
        }
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let Written { inline, length, spilled, .. } = &mut self.written;
        let spilled = spilled.insert(Box::new(Spilled {
            hasher: blake3::Hasher::new_keyed(self.function_key),
            block: vec![0; 4 * INLINE],
            length: 0,
            hashed: 0,
            is_whole: false,
            invocation: [0xff; 33],
        }));
        spilled.put(&inline[..*length]);
        spilled.put(bytes);
    }
}

impl Deref for Encoded<'_> {
    type Target = Written;

    #[inline(always)]
    fn deref(&self) -> &Written {
        &self.written
    }
}

impl Written {
    /// What tells these arguments from all others of the same function: the encoding itself where it is short, else
    /// the invocation behind a byte that no encoding starts with.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.spilled {
            None => &self.inline[..self.length],
            Some(spilled) => &spilled.invocation,
        }
    }

    /// The identity for the memory cache, of the function with this number.
    #[inline(always)]
    pub(crate) fn identity(&self, function: u32) -> Identity<'_> {
        match &self.spilled {
            None => Identity {
                function,
                hash: self.hasher.finish(),
                arguments: &self.inline[..self.length],
                padded: if self.length <= SHORT { self.inline.first_chunk() } else { None },
            },
            Some(spilled) => Identity {
                function,
                hash: u64::from_le_bytes(*spilled.invocation[1..].first_chunk().unwrap_or(&[0; 8])),
                arguments: &spilled.invocation,
                padded: None,
            },
        }
    }

    /// The whole encoding, where it is short enough to be kept in a record.
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        match &self.spilled {
            None => Some(self.bytes()),
            Some(spilled) => (spilled.hashed == 0 && spilled.length <= KEPT)
                .then_some(&spilled.block[..spilled.length]),
        }
    }
}

impl Sink for Encoded<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.written.spilled.is_none() {
            self.written.hasher.write(bytes);
        }
        self.put_unhashed(bytes);
    }

    #[inline(always)]
    fn put_number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        let Written { hasher, inline, length, spilled } = &mut self.written;
        if let Some(spilled) = spilled {
            spilled.put_number(tag, bytes);
            return;
        }
        hasher.write_u8(tag);
        match bytes.first_chunk::<8>() {
            Some(low) if N == 8 => hasher.write_u64(u64::from_le_bytes(*low)),
            _ => hasher.write(&bytes),
        }
        match inline.get_mut(*length..*length + N + 1) {
            Some([first, rest @ ..]) => {
                *first = tag;
                rest.copy_from_slice(&bytes);
                *length += N + 1;
            }
            _ => {
                self.spill(&[tag]);
                self.put_unhashed(&bytes);
            }
        }
    }
}

impl Spilled {
    #[inline(always)]
    fn put_number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        match self.block.get_mut(self.length..self.length + N + 1) {
            Some([first, rest @ ..]) => {
                *first = tag;
                rest.copy_from_slice(&bytes);
                self.length += N + 1;
            }
            _ => {
                self.put(&[tag]);
                self.put(&bytes);
            }
        }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        match self.block.get_mut(self.length..self.length + bytes.len()) {
            Some(space) => {
                space.copy_from_slice(bytes);
                self.length += bytes.len();
            }
            None => self.put_into_new_space(bytes),
        }
    }

    /// Puts bytes for which the block has no space: into a larger block, an emptied one, or past it.
    #[cold]
    fn put_into_new_space(&mut self, bytes: &[u8]) {
        if !self.is_whole && self.length + bytes.len() > BLOCK {
            self.hash_block();
        }
        if !self.is_whole && bytes.len() > BLOCK {
            self.hasher.update(bytes);
            self.hashed += bytes.len() as u64;
            return;
        }
        let needed = (self.length + bytes.len()).next_power_of_two();
        self.block.resize(needed.max(self.block.len()), 0);
        self.block[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn hash_block(&mut self) {
        self.hasher.update(&self.block[..self.length]);
        self.hashed += self.length as u64;
        self.length = 0;
    }

    fn finish(&mut self) {
        self.hasher.update(&self.block[..self.length]);
        self.invocation[1..].copy_from_slice(self.hasher.finalize().as_bytes());
    }
}
