//! What is known of a function before it runs.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;
use syn::LitByteStr;

use super::itself::written;
use super::{Parts, package};
use crate::code::{self, Chunk};
use crate::parse::{Header, Options};
use crate::rustc;
use crate::version::{Condition, Version};

impl Parts<'_> {
    pub(super) fn description(&self) -> TokenStream {
        let internal = &self.internal;
        let Options { cluster, ttl, .. } = &self.function.options;
        let (name, arguments) = (self.name(), self.labels());
        let is_async = self.is_async();
        let package = package();
        let package_version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
        let (version, code) = (self.version_expression(), self.code());
        let cluster = cluster.as_ref().map(syn::LitStr::value).unwrap_or_default();
        let ttl = match ttl {
            Some(ttl) => {
                let (seconds, nanoseconds) = (ttl.as_secs(), ttl.subsec_nanos());
                quote!(#internal::Option::Some(#internal::Duration::new(#seconds, #nanoseconds)))
            }
            None => quote!(#internal::Option::None),
        };
        quote! {
            #internal::Function {
                path: ::core::concat!(#package, "::", ::core::module_path!(), "::", #name),
                version: #version,
                code: #code,
                is_async: #is_async,
                arguments: &[#(#arguments),*],
                cluster: #cluster,
                ttl: #ttl,
                package_version: #package_version,
                file: ::core::file!(),
                line: ::core::line!(),
            }
        }
    }

    /// What the version is made of.
    fn code(&self) -> TokenStream {
        let internal = &self.internal;
        let Version { own, leads, options, .. } = &self.version;
        let compilation = rustc::compilation();
        let leads = leads.iter().map(|number| Literal::u32_unsuffixed(*number));
        let options = options.iter().map(|Condition { option, .. }| {
            let condition = tokens(option);
            quote!((#option, ::core::cfg!(#condition)))
        });
        quote! {
            #internal::FunctionCode {
                own: #own,
                compilation: #compilation,
                leads: &[#(#leads),*],
                options: &[#(#options),*],
            }
        }
    }

    /// The pieces of code that no other function of this crate has told of.
    pub(super) fn pieces(&self) -> TokenStream {
        let internal = &self.internal;
        let Chunk { first, lines } = &self.version.chunk;
        if lines.is_empty() {
            return TokenStream::new();
        }
        let compilation = rustc::compilation();
        quote! {
            #internal::inventory::submit! {
                #internal::CodeTable { compilation: #compilation, first: #first, lines: #lines }
            }
        }
    }

    /// What the function is called in its module: `name`, `Type::name` or `<Type as Trait>::name`.
    pub(super) fn name(&self) -> String {
        let name = &self.function.item.sig.ident;
        match &self.function.header {
            None => name.to_string(),
            Some(Header { trait_: None, type_, .. }) => format!("{}::{name}", written(type_)),
            Some(Header { trait_: Some(of), type_, .. }) => {
                format!("<{} as {}>::{name}", written(type_), written(of))
            }
        }
    }

    /// The version: what is known here, and which options are active, which the compiler knows.
    fn version_expression(&self) -> TokenStream {
        let memento = &self.memento;
        let digest = LitByteStr::new(&self.version.digest, Span::call_site());
        let options = self.version.options.iter().map(|Condition { option, addend, .. }| {
            let condition = tokens(option);
            let addend = LitByteStr::new(addend, Span::call_site());
            quote!(.when(::core::cfg!(#condition), #addend))
        });
        quote!(#memento::Version::from_bytes(*#digest) #(#options)*)
    }

    /// What makes the compiler notice when the version would be another one: `dependencies(…)` that are not there, and
    /// the variable that says how versions of crates count.
    pub(super) fn notices(&self) -> TokenStream {
        let variable = code::EXACTNESS;
        let paths = &self.function.options.dependencies;
        quote! {
            #[allow(unused_imports)]
            const _: () = {
                #(use #paths as _;)*
                let _ = ::core::option_env!(#variable);
            };
        }
    }
}

/// The option of a `cfg`, as tokens.
fn tokens(option: &str) -> TokenStream {
    option.parse().unwrap_or_default()
}
