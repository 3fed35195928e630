//! `#[memento::main]`: what stands in front of a program.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::expand::package;
use crate::rustc;

/// `fn main`, after the program has said what it is.
pub(crate) fn expand(function: &ItemFn) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    let (memento, link) = (rustc::memento(), rustc::link_plugins());
    let package = package();
    quote! {
        #(#attrs)* #vis #sig {
            #link
            #memento::internal::start(#package);
            #block
        }
    }
}
