//! What the function was.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{FnArg, GenericParam, ItemFn};

use super::function::{receiver, relaxed};
use super::itself::with_implied;
use super::{LINTS, Parts, is_one_of, lenient, turbofish};
use crate::parse::Header;

impl Parts<'_> {
    /// The body as it was written.
    pub(super) fn body(&self) -> TokenStream {
        let ItemFn { attrs, sig, block, .. } = &self.function.item;
        let lints = attrs.iter().filter(|attribute| is_one_of(attribute, &LINTS));
        let (generics, inputs, output) = (&sig.generics, &sig.inputs, &sig.output);
        let asyncness = &sig.asyncness;
        let condition = &generics.where_clause;
        let body = quote! {
            #(#lints)*
            #asyncness fn __body #generics (#inputs) #output #condition #block
        };
        match &self.function.header {
            None => {
                let handle = &self.handle;
                quote!(impl #handle { #body })
            }
            Some(header) => self.body_in_block(header, &body),
        }
    }

    /// The body of a function in an `impl` block: in one of a trait that nobody else sees, so that `self`, `Self` and
    /// all that goes by them mean what they meant.
    fn body_in_block(&self, header: &Header, body: &TokenStream) -> TokenStream {
        let Self { handle, names, types, output, .. } = self;
        let sig = &self.function.item.sig;
        let Header { attributes, trait_, type_, .. } = header;
        let lints = attributes.iter().filter(|attribute| is_one_of(attribute, &LINTS)).map(relaxed);
        let generics = &with_implied(header);
        let (condition, own_condition) = (&generics.where_clause, &sig.generics.where_clause);
        let passed = generics.params.iter().map(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => parameter.lifetime.to_token_stream(),
            GenericParam::Type(parameter) => parameter.ident.to_token_stream(),
            GenericParam::Const(parameter) => parameter.ident.to_token_stream(),
        });
        let of = quote!(__Body<#(#passed),*>);
        let inputs = sig.inputs.iter().zip(names.iter().zip(types));
        let inputs = inputs.map(|(input, (name, type_))| match input {
            FnArg::Receiver(given) => receiver(given).into_token_stream(),
            FnArg::Typed(_) => quote!(#name: #type_),
        });
        let (declared, all_generics, all_conditions) =
            (self.declared(), &self.generics, self.condition());
        let (own_generics, own_turbofish) = (&sig.generics, turbofish(&sig.generics));
        // What the trait provides is found by method calls in its own impls only.
        let mut in_scope = trait_.clone();
        if let Some(last) = in_scope.as_mut().and_then(|path| path.segments.last_mut()) {
            last.arguments = syn::PathArguments::None;
        }
        let in_scope = in_scope.iter();
        let (supertrait, lenient) = (trait_.iter(), lenient());
        let asyncness = &sig.asyncness;
        let awaited = self.is_async().then(|| quote!(.await));
        quote! {
            #(#[allow(unused_imports)] use #in_scope as _;)*

            #lenient
            trait __Body #generics: #(#supertrait)* #condition {
                #asyncness fn __body #own_generics (#(#inputs),*) -> #output #own_condition;
            }

            #(#lints)*
            impl #generics #of for #type_ #condition {
                #body
            }

            #lenient
            impl #handle {
                #[inline]
                #asyncness fn __body #all_generics (#declared) -> #output #all_conditions {
                    <#type_ as #of>::__body #own_turbofish (#(#names),*) #awaited
                }
            }
        }
    }
}
