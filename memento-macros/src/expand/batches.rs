//! Calls with many tuples of arguments at once.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{GenericParam, Lifetime, Type, TypeReference, parse_quote};

use super::Parts;

impl Parts<'_> {
    /// The batch calls.
    pub(super) fn batches(&self, receiver: &TokenStream, with: &TokenStream) -> TokenStream {
        let Self { memento, internal, handle, names, output, .. } = self;
        let vis = if receiver.is_empty() {
            self.function.item.vis.to_token_stream()
        } else {
            quote!(pub)
        };
        let declared: Vec<&GenericParam> = self.function.item.sig.generics.params.iter().collect();
        let condition = &self.function.item.sig.generics.where_clause;
        let types = |lifetime: Lifetime| {
            let mut types: Vec<Type> =
                self.types.iter().map(|argument| (*argument).clone()).collect();
            let mut name = NameLifetimes(&lifetime);
            for argument in &mut types {
                name.visit_type_mut(argument);
            }
            quote!((#(#types,)*))
        };
        let (arguments, owned) = (types(parse_quote!('memento)), types(parse_quote!('static)));
        let call = quote! {
            &FUNCTION, #with, #handle::__returns(), #handle::__encode, arguments,
            |(#(#names,)*)| #handle::__body(#(#names),*)
        };
        let lifetimes =
            self.function.item.sig.generics.lifetimes().map(|declared| &declared.lifetime);
        let predicates = condition.iter().flat_map(|condition| &condition.predicates);
        quote! {
            /// Calls the function with each tuple of arguments, through the runner. The results are in the order of
            /// the arguments; one that fails does not keep the others from being there.
            #vis fn map<'memento, #(#declared),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                #internal::map(#call)
            }

            /// As `map`, up to the first failure, which is the error: calls that have not begun then are not begun
            /// any more, and no more arguments are taken. Of several failures, that of the first arguments counts.
            #vis fn try_map<'memento, #(#declared),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> #memento::Result<::std::vec::Vec<#output>> #condition {
                #internal::try_map(#call)
            }

            /// Calls the function with each tuple of arguments, through the runner, and `each`, in this thread, with
            /// the index and the result of each call as calls end. Arguments are taken, without end if need be, as
            /// there is room for calls on their way: see `in_flight`.
            #vis fn for_each<'memento, #(#declared),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>),
            ) #condition {
                #internal::for_each(#call, each)
            }

            /// As `for_each`, until `each` breaks: calls that have not begun then are not begun any more; those that
            /// run are waited for, and recorded.
            #vis fn try_for_each<'memento, #(#declared,)* Break>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>) -> ::core::ops::ControlFlow<Break>,
            ) -> ::core::ops::ControlFlow<Break> #condition {
                #internal::try_for_each(#call, each)
            }

            /// Calls the function with each tuple of arguments, through the runner: an iterator of the index and the
            /// result of each call, as calls end. It is lazy, as `for_each` is; dropping it cancels calls that have not
            /// begun, and waits for those that run.
            #vis fn as_completed<#(#declared,)* Arguments>(
                #receiver
                arguments: Arguments,
            ) -> #memento::AsCompleted<#output>
            where
                Arguments: ::core::iter::IntoIterator<Item = #owned, IntoIter: 'static>,
                Arguments::Item: 'static,
                #(#lifetimes: 'static,)*
                #(#predicates,)*
            {
                #internal::as_completed(#call)
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
