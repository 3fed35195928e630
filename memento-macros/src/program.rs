//! `#[memento::main]`: what stands in front of a program.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::crates;
use crate::expand::package;

/// `fn main`, after the program has said what it is.
pub(crate) fn expand(function: &ItemFn) -> TokenStream {
    let ItemFn { attrs, vis, sig, block, .. } = function;
    let (memento, link) = (crates::memento(), crates::link_plugins());
    let package = package();
    quote! {
        #(#attrs)* #vis #sig {
            #link
            #memento::internal::start(#package);
            #block
        }
    }
}
