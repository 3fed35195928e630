//! What replaces the function: the function itself, which asks for its result, and a type that stands for it.

mod description;
mod repeat;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, FnArg, GenericParam, ItemFn, Lifetime, Pat, PatIdent, ReturnType, Type,
    TypeReference, parse_quote,
};

use crate::code::CallSite;
use crate::parse::{Codec, Errors, Function};
use crate::rustc;
use crate::version::{self, Version};

/// Attributes that set lint levels.
const LINTS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];

/// Whether the name of `attribute` is one of `names`.
fn is_one_of(attribute: &Attribute, names: &[&str]) -> bool {
    names.iter().any(|name| attribute.path().is_ident(name))
}

/// The function and the type that stands for it.
pub(crate) fn expand(function: &Function, site: &CallSite) -> TokenStream {
    let memento = match &function.options.krate {
        Some(path) => path.to_token_stream(),
        None => rustc::memento(),
    };
    let parts = Parts::new(function, version::of(function, site), memento);
    let (called, companion, implementation) =
        (parts.function(), parts.companion(), parts.implementation());
    quote!(#called #companion #implementation)
}

/// The name of the package that is being compiled.
pub(crate) fn package() -> String {
    std::env::var("CARGO_PKG_NAME").unwrap_or_default()
}

/// Whether a pattern is a name that can be used outside of the body. One with an underscore says that it is not used.
fn is_plain(pattern: &PatIdent) -> bool {
    let starts_with_underscore = pattern.ident.to_string().starts_with('_');
    pattern.by_ref.is_none() && pattern.subpat.is_none() && !starts_with_underscore
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
    /// What the arguments are called where they are passed on.
    names: Vec<Ident>,
    types: Vec<&'a Type>,
    output: Type,
    /// `cfg` attributes: what is not there has no companion.
    conditions: Vec<&'a Attribute>,
}

impl<'a> Parts<'a> {
    fn new(function: &'a Function, version: Version, memento: TokenStream) -> Self {
        let signature = &function.item.sig;
        let arguments = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(argument) => Some(argument),
            FnArg::Receiver(_) => None,
        });
        let named = arguments.enumerate().map(|(index, argument)| {
            let name = match &*argument.pat {
                Pat::Ident(name) if is_plain(name) => name.ident.clone(),
                _ => format_ident!("argument_{index}"),
            };
            (name, &*argument.ty)
        });
        let (names, types) = named.unzip();
        let output = match &signature.output {
            ReturnType::Default => parse_quote!(()),
            ReturnType::Type(_, output) => (**output).clone(),
        };
        Self {
            handle: function.options.handle.clone().unwrap_or_else(|| signature.ident.clone()),
            conditions: function.item.attrs.iter().filter(|a| is_one_of(a, &["cfg"])).collect(),
            function,
            version,
            internal: quote!(#memento::internal),
            memento,
            names,
            types,
            output,
        }
    }

    /// The function as it is called.
    fn function(&self) -> TokenStream {
        let Self { internal, handle, names, types, .. } = self;
        let ItemFn { attrs, vis, sig, .. } = &self.function.item;
        let (name, generics, output) = (&sig.ident, &sig.generics, &sig.output);
        let condition = &generics.where_clause;
        // An expectation is met where the body is.
        let attributes = attrs.iter().filter(|attribute| !is_one_of(attribute, &["expect"]));
        quote! {
            #(#attributes)*
            #vis fn #name #generics (#(#names: #types),*) #output #condition {
                #internal::call(
                    #handle::__function(),
                    #handle::__returns(),
                    #handle::__encode,
                    (#(#names,)*),
                    |(#(#names,)*)| #handle::__body(#(#names),*),
                )
            }
        }
    }

    /// The type that stands for the function.
    fn companion(&self) -> TokenStream {
        let Self { handle, conditions, .. } = self;
        let vis = &self.function.item.vis;
        let text =
            format!("What can be asked about [`{0}`](fn@{0}).", self.function.item.sig.ident);
        quote! {
            #(#conditions)*
            #[doc = #text]
            #[allow(non_camel_case_types, dead_code)]
            #vis enum #handle {}
        }
    }

    fn implementation(&self) -> TokenStream {
        let Self { internal, handle, conditions, .. } = self;
        let (link, encode) = (rustc::link_plugins(), self.encode());
        let (description, body, returns) = (self.description(), self.body(), self.returns());
        let (questions, modified) = (self.questions(), self.modified());
        let (notices, repeat) = (self.notices(), self.repeat());
        quote! {
            #(#conditions)*
            const _: () = {
                #link
                #notices
                #[allow(unexpected_cfgs)]
                static FUNCTION: #internal::Declaration = #internal::Declaration::new(#description);
                #internal::inventory::submit! { FUNCTION.function() }
                #[allow(dead_code, clippy::all, clippy::pedantic)]
                impl #handle {
                    #[inline(always)]
                    fn __function() -> &'static #internal::Declaration {
                        &FUNCTION
                    }
                    #returns
                    #encode
                    #repeat
                    #questions
                }

                impl #handle {
                    #body
                }

                #modified
            };
        }
    }

    /// The encoding of the arguments. It is the one place that asks anything of their types, so that a type which
    /// cannot be encoded is reported once, where it stands.
    fn encode(&self) -> TokenStream {
        let Self { internal, types, .. } = self;
        let generics = &self.function.item.sig.generics;
        let condition = &generics.where_clause;
        let names = types
            .iter()
            .enumerate()
            .map(|(index, argument)| format_ident!("argument_{index}", span = argument.span()));
        let names: Vec<Ident> = names.collect();
        let arguments =
            names.iter().map(|name| quote_spanned!(name.span()=> encoder.argument(#name)?;));
        quote! {
            #[inline]
            fn __encode #generics (
                (#(#names,)*): &(#(#types,)*),
                encoder: &mut #internal::Encoder<'_, '_>,
            ) -> #internal::EncodeResult #condition {
                #(#arguments)*
                #internal::EncodeResult::Ok(())
            }
        }
    }

    /// The body as it was written.
    fn body(&self) -> TokenStream {
        let ItemFn { attrs, sig, block, .. } = &self.function.item;
        let lints = attrs.iter().filter(|attribute| is_one_of(attribute, &LINTS));
        let (generics, inputs, output) = (&sig.generics, &sig.inputs, &sig.output);
        let condition = &generics.where_clause;
        quote! {
            #(#lints)*
            fn __body #generics (#inputs) #output #condition #block
        }
    }

    /// How the output is kept.
    fn returns(&self) -> TokenStream {
        let Self { internal, output, .. } = self;
        let codec = match &self.function.options.codec {
            Codec::BuiltIn(name) => {
                let name = Ident::new(name, Span::call_site());
                quote!(#internal::#name)
            }
            Codec::Path(path) => path.to_token_stream(),
        };
        let (method, span) = match self.function.options.errors {
            Errors::Retry => ("retry", output.span()),
            Errors::Replay(span) => ("replay", span),
        };
        let method = Ident::new(method, span);
        let probe =
            quote_spanned!(span=> (&&&&&#internal::Probe::<#output, #codec>::new()).#method());
        quote_spanned! {output.span()=>
            #[inline(always)]
            fn __returns() -> impl #internal::Returns<Output = #output> {
                #[allow(unused_imports)]
                use #internal::{
                    ProbeDebugged as _, ProbeDisplayed as _, ProbePortableDebugged as _,
                    ProbePortableDisplayed as _, ProbeWhole as _,
                };
                #probe
            }
        }
    }

    /// What can be asked about the function.
    fn questions(&self) -> TokenStream {
        let Self { memento, internal, names, types, output, .. } = self;
        let ItemFn { vis, sig, .. } = &self.function.item;
        let (generics, condition) = (&sig.generics, &sig.generics.where_clause);
        let arguments = quote!((#(#names,)*));
        let body = quote!(|(#(#names,)*)| Self::__body(#(#names),*));
        let map = self.map(&quote!(), &quote!(&#internal::With::default()));
        quote! {
            /// Calls the function; what keeps it from being run is an error instead of a panic.
            #vis fn try_call #generics (#(#names: #types),*) -> #memento::Result<#output> #condition {
                #internal::try_call(&FUNCTION, Self::__returns(), Self::__encode, #arguments, #body)
            }

            #map

            /// The record of this invocation, if there is one.
            #vis fn memento #generics (#(#names: #types),*)
                -> #memento::Result<#internal::Option<#memento::Memento>> #condition
            {
                #internal::memento(&FUNCTION, Self::__encode, &#arguments)
            }

            /// Hit, or the reason why a call would miss. Nothing is run.
            #vis fn explain #generics (#(#names: #types),*)
                -> #memento::Result<#memento::Explanation> #condition
            {
                #internal::explain(&FUNCTION, Self::__returns(), Self::__encode, &#arguments)
            }

            /// Drops the record of this invocation; whether there was one.
            #vis fn forget #generics (#(#names: #types),*) -> #memento::Result<bool> #condition {
                #internal::forget(&FUNCTION, Self::__encode, &#arguments)
            }

            /// Drops the records of all invocations of this function, of every version; how many there were.
            #vis fn forget_all() -> #memento::Result<u64> {
                #internal::forget_all(&FUNCTION)
            }

            /// The mementos of this function, of every version, the newest first.
            #vis fn list(query: &#memento::Query) -> #memento::Result<#memento::Mementos> {
                #internal::list(&FUNCTION, query)
            }

            /// The version in force.
            #vis fn version() -> #memento::Version {
                FUNCTION.function().version()
            }

            /// The code that the version was made of.
            #vis fn dependencies() -> #memento::Code {
                FUNCTION.function().code()
            }

            /// Begins a call that does something otherwise than usual.
            #vis fn with() -> With {
                With(#internal::With::default())
            }
        }
    }

    /// What `f::with()` returns.
    fn modified(&self) -> TokenStream {
        let Self { memento, internal, handle, names, types, output, .. } = self;
        let sig = &self.function.item.sig;
        let (generics, condition) = (&sig.generics, &sig.generics.where_clause);
        let arguments = quote!((#(#names,)*));
        let body = quote!(|(#(#names,)*)| #handle::__body(#(#names),*));
        let map = self.map(&quote!(&self,), &quote!(&self.0));
        quote! {
            /// A call that does something otherwise than usual.
            #[must_use = "nothing is called yet: end with `.call(…)`"]
            pub struct With(#internal::With);

            #[allow(dead_code, private_interfaces, clippy::all, clippy::pedantic)]
            impl With {
                #internal::with_methods!();

                /// Calls the function.
                pub fn call #generics (&self, #(#names: #types),*) -> #output #condition {
                    #internal::call_with(&FUNCTION, &self.0, #handle::__returns(), #handle::__encode, #arguments, #body)
                }

                /// Calls the function for the sake of its record: the result is not read.
                pub fn ignore_result #generics (&self, #(#names: #types),*)
                    -> #memento::Result<()> #condition
                {
                    #internal::ignore_result(&FUNCTION, &self.0, #handle::__returns(), #handle::__encode, #arguments, #body)
                }

                #map
            }
        }
    }

    /// A batch call.
    fn map(&self, receiver: &TokenStream, with: &TokenStream) -> TokenStream {
        let Self { memento, internal, handle, names, output, .. } = self;
        let vis = if receiver.is_empty() {
            self.function.item.vis.to_token_stream()
        } else {
            quote!(pub)
        };
        let lifetime: Lifetime = parse_quote!('memento);
        let declared: Vec<&GenericParam> = self.function.item.sig.generics.params.iter().collect();
        let condition = &self.function.item.sig.generics.where_clause;
        let types = self.types.iter().map(|argument| {
            let mut argument = (*argument).clone();
            NameLifetimes(&lifetime).visit_type_mut(&mut argument);
            argument
        });
        quote! {
            /// Calls the function with each tuple of arguments, through the runner. The results are in the order of
            /// the arguments; one that fails does not keep the others from being there.
            #vis fn map<'memento, #(#declared),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = (#(#types,)*)>,
            ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                #internal::map(&FUNCTION, #with, #handle::__returns(), #handle::__encode, arguments, |(#(#names,)*)| {
                    #handle::__body(#(#names),*)
                })
            }
        }
    }
}

/// Gives each elided lifetime a name.
struct NameLifetimes<'a>(&'a Lifetime);

impl VisitMut for NameLifetimes<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime.get_or_insert_with(|| self.0.clone());
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.0.clone();
        }
    }
}
