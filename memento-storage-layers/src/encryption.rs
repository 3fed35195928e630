//! Keeps others from reading what is in a store.

use memento::{Error, ErrorKind, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use crate::Keys;
use crate::transform::{Chunks, Damage, Position, Subject, Transform};

/// Encrypts contents with a key, so that without one of the keys nobody reads them, and nobody makes any that would be
/// taken for them, or puts one in the place of another.
///
/// Each content has a key of its own, derived by BLAKE3 from 24 random bytes and the name or key that it is under. By
/// that, each chunk is encrypted with ChaCha20-Poly1305, with its position as its nonce, and whether it is the last
/// one: the construction STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
/// Nonce-Reuse Misuse-Resistance", 2015).
#[derive(Clone, Debug)]
pub struct Encryption {
    keys: Keys,
}

impl Encryption {
    /// Encrypts with the first of these keys; all are good for what is there.
    pub fn new(keys: Keys) -> Self {
        Self { keys }
    }
}

/// How long what proves a chunk is, in bytes.
const TAG: usize = 16;

impl Transform for Encryption {
    type Chunks = Encrypted;
    const VERBS: (&'static str, &'static str) = ("encrypted", "decrypt");
    const MAGIC: [u8; 4] = *b"mENC";
    const VERSION: u8 = 1;
    const HEAD: usize = Keys::HEAD;
    const GROWTH: Option<usize> = Some(TAG);
    const IS_BOUND: bool = true;

    fn begin(&self, subject: &Subject, head: &mut Vec<u8>) -> Result<Encrypted> {
        Ok(Encrypted::new(self.keys.begin(subject, head)?))
    }

    fn resume(&self, subject: &Subject, start: &[u8]) -> Result<Encrypted, Damage> {
        Ok(Encrypted::new(self.keys.resume(subject, start)?))
    }
}

/// The chunks of an encrypted content.
pub struct Encrypted {
    key: LessSafeKey,
}

impl Encrypted {
    fn new(key: [u8; 32]) -> Self {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("a key has 32 bytes");
        Self { key: LessSafeKey::new(key) }
    }
}

/// The nonce of a position: no other one has it, and the key is that of one content.
fn nonce(position: Position) -> Nonce {
    let mut nonce = [0; 12];
    nonce[3..].copy_from_slice(&position.to_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl Chunks for Encrypted {
    fn seal(&mut self, position: Position, chunk: &[u8], sealed: &mut Vec<u8>) -> Result<()> {
        let begin = sealed.len();
        sealed.extend_from_slice(chunk);
        let encrypted = &mut sealed[begin..];
        let tag = self.key.seal_in_place_separate_tag(nonce(position), Aad::empty(), encrypted);
        let tag = tag.map_err(|_| {
            Error::new(ErrorKind::Storage, "encrypt a chunk").because("it is too long")
        })?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn open(
        &mut self,
        position: Position,
        sealed: &mut [u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Damage> {
        let opened = self.key.open_in_place(nonce(position), Aad::empty(), sealed);
        chunk.extend_from_slice(opened.map_err(|_| "it is not what was encrypted")?);
        Ok(())
    }
}
