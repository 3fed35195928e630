//! Calls with many tuples of arguments at once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut as _;
use syn::{GenericParam, Lifetime, TypeParam, WhereClause, parse_quote};

use super::Parts;
use super::argument::Argument;
use super::lifetimes::{NameLifetimes, implied};
use crate::parse::parameter_name;

impl Parts<'_> {
    /// The batch calls.
    pub(super) fn batches(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        with: &TokenStream,
    ) -> TokenStream {
        let Self { handle, names, .. } = self;
        let turbofish = self.turbofish();
        let call = quote! {
            &__FUNCTION, #with, #handle::__returns #turbofish (), #handle::__encode #turbofish,
            arguments, |(#(#names,)*)| #handle::__body #turbofish (#(#names),*)
        };
        let in_order = self.in_order(visibility, receiver, &call);
        let each = self.each(visibility, receiver, &call);
        let as_completed = self.as_completed(visibility, receiver, &call);
        quote!(#in_order #each #as_completed)
    }

    /// How the documentation of a batch call begins.
    fn beginning(&self) -> &'static str {
        if self.is_async() {
            "Calls the function with each tuple of arguments, in this task, up to `in_flight` of them at the same time"
        } else {
            "Calls the function with each tuple of arguments, through the runner"
        }
    }

    /// Results in the order of the arguments.
    fn in_order(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        call: &TokenStream,
    ) -> TokenStream {
        let Self { memento, output, generics, .. } = self;
        let lifetime: Lifetime = parse_quote!('__memento);
        let (arguments, condition) = (self.tuple(&lifetime), self.lives_for(&lifetime));
        let parameters: Vec<&GenericParam> = generics.params.iter().collect();
        let (map, try_map) = (self.call("map", call), self.call("try_map", call));
        let asyncness = &self.function.item.sig.asyncness;
        let text = format!(
            "{}. The results are in the order of the arguments; one that fails does not keep the others from being \
            there.",
            self.beginning()
        );
        quote! {
            #[doc = #text]
            #visibility #asyncness fn map<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                #map
            }

            /// As `map`, up to the first failure, which is the error: calls that have not begun then are not begun
            /// any more, and no more arguments are taken. Of several failures, that of the first arguments counts.
            #visibility #asyncness fn try_map<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
            ) -> #memento::Result<::std::vec::Vec<#output>> #condition {
                #try_map
            }
        }
    }

    /// What is called with each result, as calls end.
    fn each(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        call: &TokenStream,
    ) -> TokenStream {
        let Self { memento, output, generics, .. } = self;
        let lifetime: Lifetime = parse_quote!('__memento);
        let (arguments, condition) = (self.tuple(&lifetime), self.lives_for(&lifetime));
        let parameters: Vec<&GenericParam> = generics.params.iter().collect();
        let call = quote!(#call, each);
        let (for_each, try_for_each) =
            (self.call("for_each", &call), self.call("try_for_each", &call));
        let asyncness = &self.function.item.sig.asyncness;
        let text = format!(
            "{}, and `each`, where this is called, with the index and the result of each call as calls end. Arguments \
            are taken, without end if need be, as there is room for calls on their way: see `in_flight`. Where no call \
            can be made, one error says so, and no more are taken.",
            self.beginning()
        );
        quote! {
            #[doc = #text]
            #visibility #asyncness fn for_each<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>),
            ) #condition {
                #for_each
            }

            /// As `for_each`, until `each` breaks: calls that have not begun then are not begun any more; those that
            /// run are waited for, and recorded.
            #visibility #asyncness fn try_for_each<#lifetime, #(#parameters,)* __Break>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = #arguments>,
                each: impl ::core::ops::FnMut(usize, #memento::Result<#output>) -> ::core::ops::ControlFlow<__Break>,
            ) -> ::core::ops::ControlFlow<__Break> #condition {
                #try_for_each
            }
        }
    }

    /// Results as calls end: an iterator, or a stream.
    fn as_completed(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        call: &TokenStream,
    ) -> TokenStream {
        let Self { memento, internal, output, generics, .. } = self;
        let forever: Lifetime = parse_quote!('static);
        let (owned, kept) = (self.tuple(&forever), self.lives_for(&forever));
        let parameters: Vec<&GenericParam> = generics.params.iter().collect();
        let source = quote!(::core::iter::IntoIterator<Item = #owned, IntoIter: 'static>);
        if !self.is_async() {
            return quote! {
                /// Calls the function with each tuple of arguments, through the runner: an iterator of the index and
                /// the result of each call, as calls end. It is lazy, as `for_each` is; dropping it cancels calls that
                /// have not begun, and waits for those that run.
                #visibility fn as_completed<#(#parameters),*>(
                    #receiver
                    arguments: impl #source,
                ) -> #memento::AsCompleted<#output> #kept {
                    #internal::as_completed(#call)
                }
            };
        }
        let stream = quote!(#internal::Stream<Item = (usize, #memento::Result<#output>)>);
        let text = "Calls the function with each tuple of arguments, up to `in_flight` of them at the same time: a stream of \
            the index and the result of each call, as calls end. It does nothing unless it is polled; dropping it drops \
            the calls that run.";
        // What it holds has to be said, since it is neither `with` nor, before edition 2024, a lifetime; to say it, all
        // parameters have to have names.
        if self.arguments.iter().any(Argument::hides_type) {
            return quote! {
                #[doc = #text]
                #visibility fn as_completed<#(#parameters),*>(
                    #receiver
                    arguments: impl #source,
                ) -> impl #stream #kept {
                    #internal::as_completed_async(#call)
                }
            };
        }
        let lifetime: Lifetime = parse_quote!('__memento);
        let (arguments, condition) = (self.tuple(&lifetime), self.lives_for(&lifetime));
        let lifetimes = generics.lifetimes().map(|parameter| &parameter.lifetime);
        let others = generics.params.iter().filter_map(parameter_name);
        quote! {
            #[doc = #text]
            #visibility fn as_completed<
                #lifetime, #(#parameters,)* __Arguments: ::core::iter::IntoIterator<Item = #arguments>
            >(
                #receiver
                arguments: __Arguments,
            ) -> impl #stream + use<#lifetime, #(#lifetimes,)* #(#others,)* __Arguments> #condition {
                #internal::as_completed_async(#call)
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
