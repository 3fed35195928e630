//! The function as it is called.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Attribute, FnArg, ImplItem, ItemFn, Meta, MetaList, Receiver, parse_quote};

use super::{Parts, is_one_of};
use crate::code::CallSite;
use crate::parse::Block;
use crate::version;

/// An `impl` block, and the types that stand for its functions.
pub(super) fn block(block: &Block) -> TokenStream {
    let mut item = block.item.clone();
    item.attrs = item.attrs.iter().map(relaxed).collect();
    let mut companions = TokenStream::new();
    for (function, &place) in block.functions.iter().zip(&block.places) {
        let site = CallSite::of(function.item.sig.ident.span().unwrap());
        let parts = Parts::new(function, version::of(function, &site));
        item.items[place] = ImplItem::Verbatim(parts.function());
        companions.extend(parts.companion());
    }
    quote!(#item #companions)
}

/// `#[expect(…)]` as `#[allow(…)]`: what a block expects may be in the body of one of its functions, or not.
pub(super) fn relaxed(attribute: &Attribute) -> Attribute {
    match &attribute.meta {
        Meta::List(MetaList { path, tokens, .. }) if path.is_ident("expect") => {
            parse_quote!(#[allow(#tokens)])
        }
        _ => attribute.clone(),
    }
}

/// `self`, as it is declared where it is only passed on.
pub(super) fn receiver(receiver: &Receiver) -> Receiver {
    let mut receiver = receiver.clone();
    receiver.attrs.clear();
    receiver.mutability = None;
    receiver
}

impl Parts<'_> {
    /// The function as it is called.
    pub(super) fn function(&self) -> TokenStream {
        let Self { handle, names, arguments, .. } = self;
        let ItemFn { attrs, vis, modifiers, sig, .. } = &self.function.item;
        let (asyncness, name, generics, output) =
            (&sig.asyncness, &sig.ident, &sig.generics, &sig.output);
        let condition = &generics.where_clause;
        let (default, turbofish) = (&modifiers.defaultness, self.turbofish());
        let inputs = sig.inputs.iter().zip(names).map(|(input, name)| match input {
            FnArg::Receiver(given) => receiver(given).into_token_stream(),
            FnArg::Typed(argument) => {
                let type_ = &argument.ty;
                quote!(#name: #type_)
            }
        });
        let given = arguments.iter().map(|argument| match &argument.written {
            Some(own) if argument.is_self() => own,
            _ => &argument.name,
        });
        // An expectation is met where the body is.
        let attributes = attrs.iter().filter(|attribute| !is_one_of(attribute, &["expect"]));
        let call = quote! {
            #handle::__function(),
            #handle::__returns #turbofish (),
            #handle::__encode #turbofish,
            (#(#given,)*),
            |(#(#names,)*)| #handle::__body #turbofish (#(#names),*),
        };
        let call = self.call("call", &call);
        quote! {
            #(#attributes)*
            #vis #default #asyncness fn #name #generics (#(#inputs),*) #output #condition {
                #call
            }
        }
    }
}
