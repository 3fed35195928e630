//! Keeps less of what repeats itself.

use std::fmt;

use memento::{Error, ErrorKind, Result};
use zstd::bulk::{Compressor, Decompressor};

use crate::transform::{CHUNK, Chunks, Damage, Position, Subject, Transform};

/// Compresses contents by Zstandard, each chunk by itself. One that is short, or would not be at least a sixteenth
/// shorter, is kept as it is.
///
/// Digests say whether a chunk is what was put, so that damage is found where nobody else would look for it. A whole
/// chunk takes a kilobyte at least: so what is stored never becomes more than 256 times as long, whoever has made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    level: i32,
    minimum: usize,
}

impl Compression {
    /// The level unless told otherwise: that of Zstandard.
    pub const LEVEL: i32 = 3;
    /// How long what is compressed is at least unless told otherwise: 1 KiB.
    pub const MINIMUM: usize = 1 << 10;

    /// Compresses so well: from 1, the fastest, to 22, the best.
    pub fn level(self, level: i32) -> Self {
        Self { level: level.clamp(1, 22), ..self }
    }

    /// Keeps chunks as they are that are shorter than this, in bytes.
    pub fn minimum(self, bytes: usize) -> Self {
        Self { minimum: bytes, ..self }
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self { level: Self::LEVEL, minimum: Self::MINIMUM }
    }
}

impl Transform for Compression {
    type Chunks = Compressed;
    const VERBS: (&'static str, &'static str) = ("compressed", "decompress");
    const MAGIC: [u8; 4] = *b"mZST";
    const VERSION: u8 = 1;
    const HEAD: usize = 0;
    const GROWTH: Option<usize> = None;
    const IS_BOUND: bool = false;

    fn begin(&self, _: &Subject, _: &mut Vec<u8>) -> Result<Compressed> {
        Ok(Compressed { options: *self, compressor: None, decompressor: None })
    }

    fn resume(&self, _: &Subject, _: &[u8]) -> Result<Compressed, Damage> {
        Ok(Compressed { options: *self, compressor: None, decompressor: None })
    }
}

/// The chunks of a compressed content: how a chunk is kept, its digest, and the chunk in that way.
pub struct Compressed {
    options: Compression,
    compressor: Option<Compressor<'static>>,
    decompressor: Option<Decompressor<'static>>,
}

/// How a chunk is kept.
const AS_IT_IS: u8 = 0;
const BY_ZSTANDARD: u8 = 1;

/// How much of a digest is kept.
const DIGEST: usize = 8;

/// How many times as long as what is stored for it a chunk is at most.
const MOST_TIMES: usize = 256;

/// What stands in front of bytes that a decoder of Zstandard skips.
const SKIPPED: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();

/// Other ones for each position: so no chunk is taken for another one.
fn digest(position: Position, chunk: &[u8]) -> [u8; DIGEST] {
    let mut hasher = blake3::Hasher::new();
    let digest = hasher.update(&position.to_bytes()).update(chunk).finalize();
    let [a, b, c, d, e, f, g, h, ..] = *digest.as_bytes();
    [a, b, c, d, e, f, g, h]
}

impl Compressed {
    /// What `chunk` is compressed; `None` where that is not worth it.
    fn compress(&mut self, chunk: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        if chunk.len() < self.options.minimum {
            return Ok(None);
        }
        let compressor = match &mut self.compressor {
            Some(compressor) => compressor,
            none => none.insert(Compressor::new(self.options.level)?),
        };
        let mut compressed = compressor.compress(chunk)?;
        let least = chunk.len().div_ceil(MOST_TIMES);
        if compressed.len() < least {
            let skipped = least - compressed.len();
            compressed.extend_from_slice(&SKIPPED);
            compressed.extend_from_slice(&u32::try_from(skipped).unwrap_or_default().to_le_bytes());
            compressed.resize(compressed.len() + skipped, 0);
        }
        Ok((compressed.len() < chunk.len() - chunk.len() / 16).then_some(compressed))
    }

    /// Writes what `compressed` was behind what is in `chunk`.
    fn decompress(&mut self, compressed: &[u8], chunk: &mut Vec<u8>) -> Result<(), Damage> {
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new()?),
        };
        let most = CHUNK.min(compressed.len().saturating_mul(MOST_TIMES));
        let before = chunk.len();
        chunk.resize(before + most, 0);
        let length = decompressor.decompress_to_buffer(compressed, &mut chunk[before..])?;
        chunk.truncate(before + length);
        Ok(())
    }
}

impl Chunks for Compressed {
    fn seal(&mut self, position: Position, chunk: &[u8], sealed: &mut Vec<u8>) -> Result<()> {
        let compressed = self
            .compress(chunk)
            .map_err(|error| Error::new(ErrorKind::Storage, "compress a chunk").because(error))?;
        sealed.push(if compressed.is_some() { BY_ZSTANDARD } else { AS_IT_IS });
        sealed.extend_from_slice(&digest(position, chunk));
        sealed.extend_from_slice(compressed.as_deref().unwrap_or(chunk));
        Ok(())
    }

    fn open(
        &mut self,
        position: Position,
        sealed: &mut [u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), Damage> {
        let parts = (*sealed).split_first().and_then(|(way, rest)| {
            let (digest, kept) = rest.split_first_chunk::<DIGEST>()?;
            Some((*way, *digest, kept))
        });
        let (way, expected, kept) = parts.ok_or("a chunk of it is too short")?;
        let before = chunk.len();
        match way {
            AS_IT_IS => chunk.extend_from_slice(kept),
            BY_ZSTANDARD => self.decompress(kept, chunk)?,
            _ => return Err("a chunk of it is kept in no known way".into()),
        }
        if digest(position, &chunk[before..]) != expected {
            return Err("a chunk of it is not what was compressed".into());
        }
        Ok(())
    }
}

impl fmt::Debug for Compressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressed").field("options", &self.options).finish_non_exhaustive()
    }
}
