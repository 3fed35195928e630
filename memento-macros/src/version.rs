//! The version of a function: the digest of its code, and of all code that it reaches.

use std::fmt::Write as _;

use blake3::Hasher;
use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use crate::code::{self, CallSite, Follow, Piece, Reached, Source};
use crate::parse::{Function, Options};

/// What versions are made of, and how.
const FORMAT: &[u8] = b"memento version 0002";

/// The version of a function, and what it is made of.
pub(crate) struct Version {
    /// The digest of all that is known while the macro runs.
    pub(crate) digest: [u8; 32],
    /// What changes the version when it is active.
    pub(crate) options: Vec<Condition>,
    /// The pieces of code: a line for each, with its digest, the number of the line through which it was reached, from
    /// 1, and what it is.
    pub(crate) manifest: String,
}

/// The option of a `cfg`.
pub(crate) struct Condition {
    /// As `unix` or `feature = "x"`.
    pub(crate) option: String,
    /// What it is and where, for people.
    pub(crate) label: String,
    /// What it adds to the version when it is active.
    pub(crate) addend: [u8; 32],
}

/// The version of `function`, whose attribute stands at `site`.
///
/// It is that of signature and body, and all that they reach; or of signature and `version = "…"`.
pub(crate) fn of(function: &Function, site: &CallSite) -> Version {
    let Options { version, salt, code_hash, auto_dependencies, dependencies, .. } =
        &function.options;
    let signature = source(&function.item.sig.to_token_stream());
    let name = &function.item.sig.ident;
    let mut pieces = Vec::new();
    if version.is_some() || code_hash.is_some() {
        pieces.push(piece(&format!("the signature of {name}"), &code::normal(&signature)));
    }
    let mut reached = Reached::default();
    if let Some(version) = version {
        pieces.push(piece(&format!("the `version` of {name}"), &version.value()));
    } else {
        let whole = source(&whole(function));
        match code_hash {
            Some(hash) => pieces.push(piece(&format!("the `code_hash` of {name}"), &hash.value())),
            None => pieces.push(piece(&format!("fn {name} (itself)"), &code::normal(&whole))),
        }
        let names = |path: &syn::Path| path.segments.iter().map(|s| s.ident.to_string()).collect();
        let also: Vec<Vec<String>> = dependencies.iter().map(names).collect();
        let follow = Follow { automatically: *auto_dependencies, also: &also };
        reached = code::reach(&whole, site, &follow);
    }
    if let Some(salt) = salt {
        pieces.push(piece(&format!("the `salt` of {name}"), &salt.value()));
    }
    let own = pieces.len();
    pieces.extend(
        reached
            .pieces
            .into_iter()
            .map(|piece| Piece { through: piece.through.map(|through| through + own), ..piece }),
    );
    let options = reached.options.into_iter().map(|(option, through)| {
        let place = &pieces[through.map_or(0, |through| through + own)].label;
        let label = format!("cfg {option} in {place}");
        Condition { addend: addend(&option), option, label }
    });
    let options: Vec<Condition> = options.collect();
    Version { digest: digest(&pieces, &options), manifest: manifest(&pieces), options }
}

/// Signature, body and the attributes that may change what they do.
fn whole(function: &Function) -> TokenStream {
    let item = &function.item;
    let (attributes, signature, block) = (&item.attrs, &item.sig, &item.block);
    quote!(#(#attributes)* #signature #block)
}

/// The tokens of what the compiler handed over, read as all other code is read.
fn source(tokens: &TokenStream) -> Source {
    Source::new(tokens.to_string()).unwrap_or_default()
}

fn piece(label: &str, text: &str) -> Piece {
    Piece { label: label.into(), digest: blake3::hash(text.as_bytes()), through: None }
}

/// The same for the same pieces, in whatever order they were met.
fn digest(pieces: &[Piece], options: &[Condition]) -> [u8; 32] {
    let mut lines: Vec<String> =
        pieces.iter().map(|piece| format!("{} {}", piece.label, piece.digest)).collect();
    lines.extend(options.iter().map(|condition| format!("cfg {}", condition.option)));
    lines.sort_unstable();
    let mut hasher = Hasher::new();
    hasher.update(FORMAT);
    for line in lines {
        hasher.update(&(line.len() as u64).to_le_bytes());
        hasher.update(line.as_bytes());
    }
    hasher.finalize().into()
}

/// What an active option adds to a version.
fn addend(option: &str) -> [u8; 32] {
    blake3::derive_key("memento 2026 active option in a version", option.as_bytes())
}

fn manifest(pieces: &[Piece]) -> String {
    let mut manifest = String::new();
    for Piece { label, digest, through } in pieces {
        let through = through.map_or(0, |through| through + 1);
        // Writing to a text does not fail.
        let _ = writeln!(manifest, "{} {through} {label}", &digest.to_hex()[..16]);
    }
    manifest
}
