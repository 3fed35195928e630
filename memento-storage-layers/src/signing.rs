//! Tells what those with a key have written.

use memento::Result;

use crate::Keys;
use crate::transform::{Chunks, Damage, Position, Subject, Transform};

/// Signs contents with a key, and takes nothing for what was written that is not signed with one of the keys, for the
/// name or key that it is under: whoever can write to the store, and has none, can take results away, and never make
/// one.
///
/// The signature is keyed BLAKE3 of each chunk, by a key of its own for each content. Who has the key can sign.
#[derive(Clone, Debug)]
pub struct Signing {
    keys: Keys,
}

impl Signing {
    /// Signs with the first of these keys; all are good for what is there.
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }
}

/// How long the signature of a chunk is, in bytes.
const SIGNATURE: usize = 32;

impl Transform for Signing {
    type Chunks = Signed;
    const VERBS: (&'static str, &'static str) = ("signed", "verify");
    const MAGIC: [u8; 4] = *b"mSIG";
    const VERSION: u8 = 1;
    const HEAD: usize = Keys::HEAD;
    const GROWTH: Option<usize> = Some(SIGNATURE);
    const IS_BOUND: bool = true;

    fn begin(&self, subject: &Subject, head: &mut Vec<u8>) -> Result<Signed> {
        Ok(Signed { key: self.keys.begin(subject, head)? })
    }

    fn resume(&self, subject: &Subject, start: &[u8]) -> Result<Signed, Damage> {
        Ok(Signed { key: self.keys.resume(subject, start)? })
    }
}

/// The chunks of a signed content: the signature of each, and what is signed.
pub struct Signed {
    key: [u8; 32],
}

impl Signed {
    fn signature(&self, position: Position, chunk: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&position.to_bytes()).update(chunk).finalize()
    }
}

impl Chunks for Signed {
    fn seal(&mut self, position: Position, chunk: &[u8], sealed: &mut Vec<u8>) -> Result<()> {
        sealed.extend_from_slice(self.signature(position, chunk).as_bytes());
        sealed.extend_from_slice(chunk);
        Ok(())
    }

    fn open(
        &mut self,
        position: Position,
        sealed: &mut [u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Damage> {
        let signed = (*sealed).split_first_chunk::<SIGNATURE>();
        // It is compared in constant time.
        let is_signed = |(signature, content): &(&[u8; SIGNATURE], &[u8])| {
            self.signature(position, content) == **signature
        };
        let Some((_, content)) = signed.filter(is_signed) else {
            return Err("it is not what was signed".into());
        };
        chunk.extend_from_slice(content);
        Ok(())
    }
}
