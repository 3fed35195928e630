//! What rustc was told about other crates. Its arguments are those of this process.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

/// What the names of plugin crates begin with, as rustc writes them.
const PLUGINS: [&str; 2] = ["memento_storage_", "memento_runner_"];

/// A crate that this one can name.
pub(crate) struct Dependency {
    /// What this crate calls it.
    pub(crate) name: String,
    /// What it is called itself.
    pub(crate) original: String,
    /// What was compiled of it.
    pub(crate) artifact: PathBuf,
}

/// Whether a crate is a part of the framework, which does not change what functions compute.
pub(crate) fn is_framework(original: &str) -> bool {
    matches!(original, "memento" | "memento_macros") || is_plugin(original)
}

fn is_plugin(original: &str) -> bool {
    PLUGINS.iter().any(|prefix| original.starts_with(prefix))
}

/// The arguments of rustc; those of another program under tools that do not run it, such as rust-analyzer.
fn arguments() -> impl Iterator<Item = String> {
    std::env::args().flat_map(from_file)
}

/// The arguments in the file that `@file` stands for; any other argument itself.
fn from_file(argument: String) -> Vec<String> {
    let content = argument.strip_prefix('@').and_then(|file| std::fs::read_to_string(file).ok());
    content.map_or(vec![argument], |content| content.lines().map(str::to_owned).collect())
}

/// The file that the crate begins with, if there is one.
pub(crate) fn crate_root() -> Option<PathBuf> {
    let paths = arguments().skip(1).map(PathBuf::from);
    paths.filter(|path| path.extension().is_some_and(|end| end == "rs") && path.is_file()).last()
}

/// The name of the crate that is being compiled.
pub(crate) fn crate_name() -> Option<String> {
    std::env::var("CARGO_CRATE_NAME").ok()
}

/// What tells this compilation from those of other crates that may be linked into the same program.
pub(crate) fn compilation() -> String {
    let of_cargo = arguments().filter(|argument| argument.contains("metadata="));
    let parts: Vec<String> = crate_name().into_iter().chain(of_cargo).collect();
    blake3::hash(parts.join(" ").as_bytes()).to_hex()[..16].to_owned()
}

/// The values of an option of rustc.
fn values(option: &str) -> impl Iterator<Item = String> {
    let arguments: Vec<String> = arguments().collect();
    let next = arguments.clone().into_iter().skip(1).map(Some).chain([None]);
    arguments.into_iter().zip(next).filter_map(move |(argument, next)| {
        match argument.strip_prefix(option)? {
            "" => next,
            value => Some(value.strip_prefix('=').unwrap_or(value).to_owned()),
        }
    })
}

/// The folders where rustc looks for what other crates need.
pub(crate) fn folders() -> BTreeSet<PathBuf> {
    values("-L").filter_map(|value| Some(value.strip_prefix("dependency=")?.into())).collect()
}

/// The crates in rustc's `--extern` arguments.
pub(crate) fn dependencies() -> impl Iterator<Item = Dependency> {
    values("--extern").filter_map(|value| {
        let (name, artifact) = value.split_once('=')?;
        // `priv:name`, `noprelude:name`
        let name = name.rsplit_once(':').map_or(name, |(_, name)| name).to_owned();
        let artifact = PathBuf::from(artifact);
        let stem = artifact.file_stem()?.to_str()?;
        let original = stem.strip_prefix("lib").unwrap_or(stem);
        let original =
            original.split_once('-').map_or(original, |(original, _)| original).to_owned();
        Some(Dependency { name, original, artifact })
    })
}

/// The path of the memento crate, under whatever name this crate knows it.
pub(crate) fn memento() -> TokenStream {
    let renamed = dependencies().filter(|dependency| dependency.original == "memento");
    let names: Vec<String> = renamed.map(|dependency| dependency.name).collect();
    let name = match names.first() {
        Some(name) if !names.iter().any(|name| name == "memento") => name,
        _ => "memento",
    };
    let name = Ident::new(name, Span::call_site());
    quote!(::#name)
}

/// `extern crate` for each plugin among the dependencies. rustc leaves out crates that nobody names, and with them
/// what they register.
pub(crate) fn link_plugins() -> TokenStream {
    let names = dependencies()
        .filter(|dependency| is_plugin(&dependency.original))
        .map(|d| Ident::new(&d.name, Span::call_site()));
    quote!(#(extern crate #names as _;)*)
}
