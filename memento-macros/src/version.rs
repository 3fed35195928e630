//! The version of a function: the digest of its code.

use blake3::Hasher;
use quote::ToTokens as _;

use crate::parse::{Function, Options};
use crate::tokens;

/// What versions are made of, and how.
const FORMAT: &[u8] = b"memento version 0001";

/// The version of `function`: of signature and body, or of signature and `version = "…"`; and of the salt.
pub(crate) fn of(function: &Function) -> [u8; 32] {
    let Options { version, salt, .. } = &function.options;
    let mut hasher = Hasher::new();
    hasher.update(FORMAT);
    tokens::hash(&mut hasher, function.item.sig.to_token_stream());
    match version {
        Some(version) => part(&mut hasher, b'v', &version.value()),
        None => tokens::hash(&mut hasher, function.item.block.to_token_stream()),
    }
    if let Some(salt) = salt {
        part(&mut hasher, b's', &salt.value());
    }
    hasher.finalize().into()
}

fn part(hasher: &mut Hasher, tag: u8, text: &str) {
    hasher.update(&[tag]);
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}
