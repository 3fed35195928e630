//! Where encoded bytes go.

use super::serializer::{SerializeError, Serializer};
use super::tag;
use crate::Key;
use crate::returns::Argument;

/// Takes encoded bytes, in order.
pub(crate) trait Sink {
    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]);
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

/// The encoded arguments of one invocation.
///
/// Short ones stay on the stack, so that a memory hit allocates nothing; long ones go through BLAKE3 a block at a
/// time and are never in memory as a whole.
pub(crate) struct Encoded {
    function_key: [u8; 32],
    inline: [u8; INLINE],
    length: usize,
    spilled: Option<Box<Spilled>>,
}

/// Writes the arguments of one invocation, in order.
pub struct Encoder<'a>(&'a mut Encoded);

/// Whether all arguments could be encoded.
pub type EncodeResult = Result<(), SerializeError>;

impl Encoder<'_> {
    /// Writes an argument.
    ///
    /// # Errors
    ///
    /// What the argument's own `Serialize` implementation reports.
    #[inline]
    pub fn argument<T: Argument>(&mut self, argument: &T) -> EncodeResult {
        argument.serialize(Serializer::new(&mut *self.0))
    }
}

/// Writes the arguments of a function, one by one: what `#[memento]` generates for it.
pub trait Encode<A>: Fn(&A, &mut Encoder<'_>) -> EncodeResult {}

impl<A, F: Fn(&A, &mut Encoder<'_>) -> EncodeResult> Encode<A> for F {}

struct Spilled {
    hasher: blake3::Hasher,
    block: Vec<u8>,
    hashed: u64,
    key: Option<[u8; 33]>,
}

impl Encoded {
    /// No arguments yet, of the function with this key.
    #[inline]
    pub(crate) fn new(function_key: [u8; 32]) -> Self {
        Self { function_key, inline: [0; INLINE], length: 0, spilled: None }
    }

    /// What tells these arguments from all others of the same function: the encoding itself where it is short, else
    /// the key behind a byte that no encoding starts with.
    #[inline]
    pub(crate) fn identity(&self) -> &[u8] {
        match &self.spilled {
            None => &self.inline[..self.length],
            Some(spilled) => spilled.key.as_ref().map_or(&[], |key| key),
        }
    }

    /// Puts the tuple of the arguments that `write` writes.
    #[inline]
    pub(crate) fn put_arguments(
        &mut self,
        write: impl FnOnce(&mut Encoder<'_>) -> EncodeResult,
    ) -> EncodeResult {
        self.put(&[tag::TUPLE]);
        write(&mut Encoder(self))?;
        self.put(&[tag::END]);
        Ok(())
    }

    /// Ends the encoding. Nothing may be put after this.
    #[inline]
    pub(crate) fn finish(&mut self) {
        if let Some(spilled) = &mut self.spilled {
            spilled.finish();
        }
    }

    /// The invocation's key. Valid after [`finish`](Self::finish).
    pub(crate) fn key(&self) -> Key {
        match &self.spilled {
            None => Key::from_bytes(blake3::keyed_hash(&self.function_key, self.identity()).into()),
            Some(spilled) => {
                let mut key = [0; 32];
                if let Some(identity) = &spilled.key {
                    key.copy_from_slice(&identity[1..]);
                }
                Key::from_bytes(key)
            }
        }
    }

    /// The whole encoding, where it is short enough to be kept in a record.
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        match &self.spilled {
            None => Some(self.identity()),
            Some(spilled) => {
                (spilled.hashed == 0 && spilled.block.len() <= KEPT).then_some(&*spilled.block)
            }
        }
    }

    #[cold]
    fn spill(&mut self, bytes: &[u8]) {
        let spilled = self.spilled.insert(Box::new(Spilled {
            hasher: blake3::Hasher::new_keyed(&self.function_key),
            block: Vec::with_capacity(2 * INLINE + bytes.len().min(BLOCK)),
            hashed: 0,
            key: None,
        }));
        spilled.put(&self.inline[..self.length]);
        spilled.put(bytes);
    }
}

impl Sink for Encoded {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        match &mut self.spilled {
            None => match self.inline.get_mut(self.length..self.length + bytes.len()) {
                Some(space) => {
                    space.copy_from_slice(bytes);
                    self.length += bytes.len();
                }
                None => self.spill(bytes),
            },
            Some(spilled) => spilled.put(bytes),
        }
    }
}

impl Spilled {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.block.len() + bytes.len() > BLOCK {
            self.hash_block();
        }
        if bytes.len() > BLOCK {
            self.hasher.update(bytes);
            self.hashed += bytes.len() as u64;
        } else {
            self.block.extend_from_slice(bytes);
        }
    }

    #[cold]
    fn hash_block(&mut self) {
        self.hasher.update(&self.block);
        self.hashed += self.block.len() as u64;
        self.block.clear();
    }

    fn finish(&mut self) {
        self.hasher.update(&self.block);
        let mut identity = [0xff; 33];
        identity[1..].copy_from_slice(self.hasher.finalize().as_bytes());
        self.key = Some(identity);
    }
}
