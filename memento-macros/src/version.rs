//! The version of a function: the digest of its code, and of all code that it reaches.

use blake3::Hasher;
use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{TraitBound, TypeImplTrait};

use crate::code::{self, CallSite, Chunk, Follow, Reached, Source};
use crate::parse::{Function, Header, Key, Options};

/// What versions are made of, and how.
const FORMAT: &[u8] = b"memento version 0003";

/// The version of a function, and what it is made of.
pub(crate) struct Version {
    /// The digest of all that is known while the macro runs.
    pub(crate) digest: [u8; 32],
    /// What changes the version when it is active.
    pub(crate) options: Vec<Condition>,
    /// What is the function's own: a line for each, with the beginning of its digest and what it is.
    pub(crate) own: String,
    /// What it leads to: numbers of pieces in the table of the crate.
    pub(crate) leads: Vec<u32>,
    /// What is new in that table.
    pub(crate) chunk: Chunk,
}

/// The option of a `cfg`.
pub(crate) struct Condition {
    /// As `unix` or `feature = "x"`.
    pub(crate) option: String,
    /// What it adds to the version when it is active.
    pub(crate) addend: [u8; 32],
}

/// The version of `function`, whose attribute stands at `site`.
///
/// It is that of signature and body, and all that they reach; or of signature and `version = "…"`.
pub(crate) fn of(function: &Function, site: &CallSite) -> Version {
    let Options { version, salt, code_hash, auto_dependencies, dependencies, .. } =
        &function.options;
    let signature = source(&signature(function));
    let name = &function.item.sig.ident;
    let mut pieces = Vec::new();
    if version.is_some() || code_hash.is_some() {
        pieces.push(Piece::new(format!("the signature of {name}"), &code::normal(&signature)));
    }
    let mut reached = Reached::default();
    if let Some(version) = version {
        pieces.push(Piece::new(format!("the `version` of {name}"), &version.value()));
    } else {
        let whole = source(&whole(function));
        match code_hash {
            Some(hash) => {
                pieces.push(Piece::new(format!("the `code_hash` of {name}"), &hash.value()));
            }
            None => pieces.push(Piece::new(format!("fn {name} (itself)"), &code::normal(&whole))),
        }
        let names = |path: &syn::Path| path.segments.iter().map(|s| s.ident.to_string()).collect();
        let also: Vec<Vec<String>> = dependencies.iter().map(names).collect();
        let bounds = bounds(function);
        let follow = Follow { automatically: *auto_dependencies, also: &also, bounds: &bounds };
        reached = code::reach(&whole, site, &follow);
    }
    if let Some(salt) = salt {
        pieces.push(Piece::new(format!("the `salt` of {name}"), &salt.value()));
    }
    let Reached { digest, options, leads, chunk } = reached;
    let digest = self::digest(&pieces, &options, digest);
    let options = options.into_iter();
    let options = options.map(|option| Condition { addend: addend(&option), option }).collect();
    Version { digest, options, own: lines(&pieces), leads, chunk }
}

/// The signature, and what stands around it and before the arguments in the key: the `impl` block, `key(…)`,
/// `ignore(…)`.
fn signature(function: &Function) -> TokenStream {
    let header = function.header.as_ref().map(|Header { generics, trait_, type_, .. }| {
        let of = trait_.as_ref().map(|of| quote!(#of for));
        let (declared, _, condition) = generics.split_for_impl();
        quote!(impl #declared #of #type_ #condition)
    });
    let Options { keys, ignore, .. } = &function.options;
    let keys = keys.iter().map(|Key { argument, value }| quote!((#argument = #value)));
    let signature = &function.item.sig;
    quote!(#header #(#keys)* #([#ignore])* #signature)
}

/// The names of the traits in the bounds on types that only callers know, and of that which keys are made by; nothing
/// where there are no such types.
fn bounds(function: &Function) -> Vec<String> {
    let mut found = Bounds::default();
    let header = function.header.iter().map(|header| &header.generics);
    for generics in header.chain([&function.item.sig.generics]) {
        found.is_generic |= generics.type_params().next().is_some();
        found.visit_generics_mut(&mut generics.clone());
    }
    for argument in &function.item.sig.inputs {
        found.visit_fn_arg_mut(&mut argument.clone());
    }
    if found.is_generic { found.traits } else { Vec::new() }
}

struct Bounds {
    is_generic: bool,
    traits: Vec<String>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { is_generic: false, traits: vec!["Serialize".to_owned()] }
    }
}

impl VisitMut for Bounds {
    fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
        self.is_generic = true;
        visit_mut::visit_type_impl_trait_mut(self, hidden);
    }

    fn visit_trait_bound_mut(&mut self, bound: &mut TraitBound) {
        self.traits.extend(bound.path.segments.last().map(|last| last.ident.to_string()));
        visit_mut::visit_trait_bound_mut(self, bound);
    }
}

/// Signature, body and the attributes that may change what they do.
fn whole(function: &Function) -> TokenStream {
    let around = function.header.iter().flat_map(|header| &header.attributes);
    let (attributes, block) = (&function.item.attrs, &function.item.block);
    let signature = signature(function);
    quote!(#(#around)* #(#attributes)* #signature #block)
}

/// The tokens of what the compiler handed over, read as all other code is read.
fn source(tokens: &TokenStream) -> Source {
    Source::new(tokens.to_string()).unwrap_or_default()
}

/// Something that is the function's own.
struct Piece {
    /// What it is, for people.
    label: String,
    digest: blake3::Hash,
}

impl Piece {
    fn new(label: String, text: &str) -> Self {
        Self { label, digest: blake3::hash(text.as_bytes()) }
    }
}

fn digest(own: &[Piece], options: &[String], reached: Option<blake3::Hash>) -> [u8; 32] {
    let mut hasher = Hasher::new();
    hasher.update(FORMAT);
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for Piece { label, digest } in own {
        part(label.as_bytes());
        part(digest.as_bytes());
    }
    part(b"");
    for option in options {
        part(option.as_bytes());
    }
    part(b"");
    part(reached.as_ref().map_or(b"", |digest| digest.as_bytes()));
    hasher.finalize().into()
}

/// What an active option adds to a version.
fn addend(option: &str) -> [u8; 32] {
    blake3::derive_key("memento 2026 active option in a version", option.as_bytes())
}

fn lines(own: &[Piece]) -> String {
    let line = |Piece { label, digest }: &Piece| format!("{} {label}\n", &digest.to_hex()[..16]);
    own.iter().map(line).collect()
}
