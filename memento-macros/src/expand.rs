//! What replaces a function: the function itself, which asks for its result, and a type that stands for it.
//!
//! | file          | what                                                                              |
//! | ------------- | --------------------------------------------------------------------------------- |
//! | `function`    | the function as it is called, and the `impl` block that it stands in               |
//! | `body`        | what it was                                                                       |
//! | `companion`   | the type that stands for it, and what can be asked                                 |
//! | `modified`    | calls that do something otherwise than usual                                       |
//! | `bind`        | references to it                                                                  |
//! | `batches`     | calls with many tuples of arguments                                                |
//! | `encode`      | what its arguments are in a key                                                    |
//! | `returns`     | how its output is kept                                                             |
//! | `description` | what is known of it before it runs                                                 |
//! | `repeat`      | running it again with recorded arguments                                           |
//! | `argument`    | its arguments; `itself`: `Self` outside of the `impl` block; `lifetimes` |

mod argument;
mod batches;
mod bind;
mod body;
mod companion;
mod description;
mod encode;
mod function;
mod itself;
mod lifetimes;
mod modified;
mod repeat;
mod returns;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, Generics, ReturnType, Type, Visibility, WhereClause, parse_quote};

use crate::code::CallSite;
use crate::parse::{Annotated, Function, parameter_name};
use crate::rustc;
use crate::version::{self, Version};
use argument::Argument;
use itself::Itself;

/// Attributes that set lint levels.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// Whether the name of `attribute` is one of `names`.
fn is_one_of(attribute: &Attribute, names: &[&str]) -> bool {
    names.iter().any(|name| attribute.path().is_ident(name))
}

/// What is not said about code that nobody wrote.
fn lenient() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            private_bounds,
            private_interfaces,
            single_use_lifetimes,
            unreachable_pub,
            unused_lifetimes,
            clippy::all,
            clippy::pedantic
        )]
    }
}

/// The functions and the types that stand for them. The attribute stands at `site`.
pub(crate) fn expand(annotated: &Annotated, site: &CallSite) -> TokenStream {
    match annotated {
        Annotated::Function(function) => {
            let parts = Parts::new(function, version::of(function, site));
            let (called, companion) = (parts.function(), parts.companion());
            quote!(#called #companion)
        }
        Annotated::Block(block) => function::block(block),
    }
}

/// The name of the package that is being compiled.
pub(crate) fn package() -> String {
    std::env::var("CARGO_PKG_NAME").unwrap_or_default()
}

/// The parts of a function that stand in what is generated.
struct Parts<'a> {
    function: &'a Function,
    version: Version,
    /// The path of the memento crate.
    memento: TokenStream,
    /// The path of its module for generated code.
    internal: TokenStream,
    /// The name of the type.
    handle: Ident,
    visibility: &'a Visibility,
    arguments: Vec<Argument<'a>>,
    /// What the arguments are called where they are passed on.
    names: Vec<Ident>,
    types: Vec<Type>,
    output: Type,
    /// The parameters of the function, and of the block that it stands in.
    generics: Generics,
    /// What stands for `Self`, where it stands in an `impl` block.
    itself: Option<Itself>,
    /// `cfg` attributes: what is not there has no companion.
    conditions: Vec<&'a Attribute>,
}

impl<'a> Parts<'a> {
    fn new(function: &'a Function, version: Version) -> Self {
        let Function { options, item, header } = function;
        let memento = match &options.krate {
            Some(path) => path.to_token_stream(),
            None => rustc::memento(),
        };
        let itself = header.as_ref().map(Itself::new);
        let arguments = argument::arguments(function, itself.as_ref());
        let output = match &item.sig.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, output) => (**output).clone(),
        };
        let (output, generics) = match (&itself, header) {
            (Some(itself), Some(header)) => {
                (itself.named_in(&output), itself.generics(header, &item.sig.generics))
            }
            _ => (output, item.sig.generics.clone()),
        };
        let attributes = header.iter().flat_map(|header| &header.attributes).chain(&item.attrs);
        let visibility = options.handle.as_ref().and_then(|handle| handle.visibility.as_ref());
        Self {
            handle: handle(function),
            visibility: visibility.unwrap_or(&item.vis),
            conditions: attributes.filter(|attribute| is_one_of(attribute, &["cfg"])).collect(),
            internal: quote!(#memento::internal),
            names: arguments.iter().map(|argument| argument.name.clone()).collect(),
            types: arguments.iter().map(|argument| argument.type_.clone()).collect(),
            function,
            version,
            memento,
            arguments,
            output,
            generics,
            itself,
        }
    }

    /// The arguments as they are declared.
    fn declared(&self) -> TokenStream {
        let Self { names, types, .. } = self;
        quote!(#(#names: #types),*)
    }

    /// The conditions on the parameters.
    fn condition(&self) -> Option<&WhereClause> {
        self.generics.where_clause.as_ref()
    }

    /// Whether the function is async.
    fn is_async(&self) -> bool {
        self.function.item.sig.asyncness.is_some()
    }

    /// What is called in the module for generated code: for an async function, its twin that is awaited.
    fn call(&self, name: &str, arguments: &TokenStream) -> TokenStream {
        let internal = &self.internal;
        if self.is_async() {
            let name = format_ident!("{name}_async");
            return quote!(#internal::#name(#arguments).await);
        }
        let name = format_ident!("{name}");
        quote!(#internal::#name(#arguments))
    }

    /// The type and const parameters, as they are passed on.
    fn turbofish(&self) -> TokenStream {
        turbofish(&self.generics)
    }
}

/// The type and const parameters in `generics`, as they are passed on; nothing where there are none.
fn turbofish(generics: &Generics) -> TokenStream {
    let mut parameters = generics.params.iter().filter_map(parameter_name).peekable();
    if parameters.peek().is_none() {
        return TokenStream::new();
    }
    quote!(::<#(#parameters),*>)
}

/// The name of the type that stands for a function: its own; in an `impl` block, that of the block's type before it.
fn handle(function: &Function) -> Ident {
    let name = &function.item.sig.ident;
    match (&function.options.handle, &function.header) {
        (Some(handle), _) => handle.name.clone(),
        (None, None) => name.clone(),
        (None, Some(header)) => {
            let type_ = header.name().unwrap_or_default();
            Ident::new(&format!("{}{}", type_, camel_case(name)), name.span())
        }
    }
}

fn camel_case(name: &Ident) -> String {
    let name = name.unraw().to_string();
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split('_').map(word).collect()
}
