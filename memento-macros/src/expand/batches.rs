//! Calls with many tuples of arguments at once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut as _;
use syn::{GenericParam, Lifetime, TypeParam, WhereClause, parse_quote};

use super::Parts;
use super::lifetimes::{NameLifetimes, implied};

impl Parts<'_> {
    /// The batch calls.
    pub(super) fn batches(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        with: &TokenStream,
    ) -> TokenStream {
        let Self { memento, internal, handle, names, output, generics, .. } = self;
        let (lifetime, forever): (Lifetime, Lifetime) =
            (parse_quote!('__memento), parse_quote!('static));
        let (arguments, owned) = (self.tuple(&lifetime), self.tuple(&forever));
        let (condition, turbofish) = (self.lives_for(&lifetime), self.turbofish());
        let kept = self.lives_for(&forever);
        let parameters: Vec<&GenericParam> = generics.params.iter().collect();
        let call = quote! {
            &__FUNCTION, #with, #handle::__returns #turbofish (), #handle::__encode #turbofish,
            arguments, |(#(#names,)*)| #handle::__body #turbofish (#(#names),*)
        };
        if self.is_async() {
            let map = self.call("map", &call);
            return quote! {
                /// Calls the function with each tuple of arguments, in this task, up to `in_flight` of them at the same
                /// time. The results are in the order of the arguments; one that fails does not keep the others from
                /// being there.
                #visibility async fn map<#lifetime, #(#parameters),*>(
                    #receiver
                    arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                    #map
                }
            };
        }
        quote! {
            /// Calls the function with each tuple of arguments, through the runner. The results are in the order of
            /// the arguments; one that fails does not keep the others from being there.
            #visibility fn map<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                #internal::map(#call)
            }

            /// As `map`, up to the first failure, which is the error: calls that have not begun then are not begun
            /// any more, and no more arguments are taken. Of several failures, that of the first arguments counts.
            #visibility fn try_map<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> #memento::Result<::std::vec::Vec<#output>> #condition {
                #internal::try_map(#call)
            }

            /// Calls the function with each tuple of arguments, through the runner, and `each`, in this thread, with
            /// the index and the result of each call as calls end. Arguments are taken, without end if need be, as
            /// there is room for calls on their way: see `in_flight`.
            #visibility fn for_each<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>),
            ) #condition {
                #internal::for_each(#call, each)
            }

            /// As `for_each`, until `each` breaks: calls that have not begun then are not begun any more; those that
            /// run are waited for, and recorded.
            #visibility fn try_for_each<#lifetime, #(#parameters,)* __Break>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>) -> ::core::ops::ControlFlow<__Break>,
            ) -> ::core::ops::ControlFlow<__Break> #condition {
                #internal::try_for_each(#call, each)
            }

            /// Calls the function with each tuple of arguments, through the runner: an iterator of the index and the
            /// result of each call, as calls end. It is lazy, as `for_each` is; dropping it cancels calls that have not
            /// begun, and waits for those that run.
            #visibility fn as_completed<#(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #owned, IntoIter: 'static>,
            ) -> #memento::AsCompleted<#output> #kept {
                #internal::as_completed(#call)
            }
        }
    }

    /// The types of the arguments, with each elided lifetime named.
    fn tuple(&self, lifetime: &Lifetime) -> TokenStream {
        let types = self.types.iter().map(|argument| {
            let mut argument = argument.clone();
            NameLifetimes(lifetime).visit_type_mut(&mut argument);
            argument
        });
        quote!((#(#types,)*))
    }

    /// The conditions on the parameters, and that each lives for `lifetime`, and for the references to it.
    fn lives_for(&self, lifetime: &Lifetime) -> Option<WhereClause> {
        let mut generics = self.generics.clone();
        let mut predicates = Vec::new();
        for parameter in &self.generics.params {
            match parameter {
                GenericParam::Type(TypeParam { ident, .. }) => {
                    predicates.push(parse_quote!(#ident: #lifetime));
                }
                GenericParam::Lifetime(parameter) => {
                    let name = &parameter.lifetime;
                    predicates.push(parse_quote!(#name: #lifetime));
                }
                GenericParam::Const(_) => {}
            }
        }
        predicates.extend(self.types.iter().flat_map(|type_| implied(type_, &generics)));
        if !predicates.is_empty() {
            generics.make_where_clause().predicates.extend(predicates);
        }
        generics.where_clause
    }
}
