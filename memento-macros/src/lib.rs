//! The attributes of memento: `#[memento]` and `#[memento::main]`. Use them through the `memento` crate.
//!
//! The way of a function through here: `parse` reads the attribute and the function, `check` finds what cannot work,
//! `version` digests the code that it reaches, which `code` finds, and `expand` writes what replaces the function.
//! `program` is for `main`; `rustc` knows what the compiler was told about other crates.

mod check;
mod code;
mod expand;
mod mistakes;
mod parse;
mod program;
mod rustc;
mod version;

use proc_macro::TokenStream;
use quote::quote;

/// Keeps the results of a function, with the provenance of each.
///
/// The function is called as ever. What can be asked about it is in a type of the same name: `f::memento(…)`,
/// `f::map(…)`, `f::with()`, and others. Arguments need `serde::Serialize` and `Send`; the result needs
/// `serde::Serialize`, `serde::Deserialize`, `Clone`, `Send` and `Sync`. Of a `Result`, only the value needs them:
/// errors are recorded and not replayed, unless asked for.
///
/// | option               | meaning                                                                                    |
/// | -------------------- | ------------------------------------------------------------------------------------------ |
/// | `cluster = "name"`   | the cluster that it belongs to: where its results live, and what runs it                   |
/// | `version = "1"`      | stands for the function's code: results stay valid until it, or the signature, changes      |
/// | `salt = "text"`      | adds to the version: results of another salt are not used                                  |
/// | `code_hash = "1"`    | stands for the function's own code; what it reaches still counts                           |
/// | `dependencies(a, b)` | functions, types or modules that count, too                                                |
/// | `auto_dependencies = false` | only the function's own code and `dependencies(…)` count                            |
/// | `ignore(a, b)`       | arguments that are not part of the key; type and const parameters, too                     |
/// | `key(a = value, …)`  | what stands in the key for an argument: an expression over all arguments, as references    |
/// | `errors = "retry"`   | an error is recorded, and the function runs again; the default                             |
/// | `errors = "replay"`  | an error is a result like any other, unless it says that it is `memento::Transient`        |
/// | `ttl = "12h"`        | how long a result is valid, counted from the end of the computation                        |
/// | `codec = "bincode"`  | what encodes results: `"bincode"`, `"postcard"`, `"json"`, or the path of a `memento::Codec` |
/// | `handle = Name`      | the name of the type, where the function's own is taken; `handle = pub Name` its visibility |
/// | `crate = path`       | the path of the memento crate, where a macro of yours puts the attribute                   |
///
/// What is ignored, or has something else in its place, need not be `Serialize`.
///
/// # Async functions
///
/// They are awaited as ever, on any executor, and so are `f::try_call(…)`, `f::map(…)` and `f::with()….call(…)`; all
/// else that can be asked about the function is asked without an executor, and may block. The body need not be `Send`
/// unless the executor asks for it.
///
/// # Generic functions
///
/// Types and constants are part of the key, ahead of the arguments; types by their names.
///
/// # Methods
///
/// The attribute stands on the `impl` block, and on those functions in it whose results are to be kept. On the block,
/// it takes `cluster`, `ttl`, `errors`, `codec` and `crate`, for all functions that do not say otherwise.
///
/// ```ignore
/// #[memento(cluster = "prices")]
/// impl Pricer {
///     #[memento(ttl = "12h")]
///     fn price(&self, strike: f64) -> f64 {
///         self.rate * strike
///     }
/// }
///
/// let memento = PricerPrice::memento(&pricer, 7.0)?;
/// ```
///
/// The type that stands for a function is called after the block's type and the function, or by `handle = Name`. It is
/// as visible as the function; of a function of a trait, it is private, unless `handle = pub Name` says otherwise.
#[proc_macro_attribute]
pub fn memento(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    let span = proc_macro::Span::call_site();
    let site = code::CallSite::of(span);
    match parse::parse(options.into(), item.clone()).and_then(check::check) {
        Ok(annotated) => expand::expand(&annotated, &site).into(),
        // The plain function stays, so that one mistake gives one message.
        Err(error) => {
            let (error, item) = (error.into_compile_error(), parse::without_attributes(item));
            quote!(#error #item).into()
        }
    }
}

/// Marks the `main` of a program that calls memento functions.
///
/// It says whose results these are where no configuration says where they live, and keeps the plugins among the
/// program's dependencies linked. In a process that a runner started as a worker, it serves, and never comes to the
/// body: see `memento::worker`.
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    match parse::parse_main(&options.into(), item.clone()) {
        Ok(function) => program::expand(&function).into(),
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#error #item).into()
        }
    }
}
