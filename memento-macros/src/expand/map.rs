//! Batch calls.

use proc_macro2::TokenStream;
use quote::quote;
use syn::visit_mut::VisitMut as _;
use syn::{GenericParam, Lifetime, TypeParam, WhereClause, parse_quote};

use super::Parts;
use super::lifetimes::{NameLifetimes, implied};

impl Parts<'_> {
    /// A batch call.
    pub(super) fn map(
        &self,
        visibility: &TokenStream,
        receiver: &TokenStream,
        with: &TokenStream,
    ) -> TokenStream {
        let Self { memento, internal, handle, names, output, generics, .. } = self;
        let lifetime: Lifetime = parse_quote!('__memento);
        let (condition, turbofish) = (self.lives_for(&lifetime), self.turbofish());
        let parameters = generics.params.iter();
        let types = self.types.iter().map(|argument| {
            let mut argument = argument.clone();
            NameLifetimes(&lifetime).visit_type_mut(&mut argument);
            argument
        });
        quote! {
            /// Calls the function with each tuple of arguments, through the runner. The results are in the order of
            /// the arguments; one that fails does not keep the others from being there.
            #visibility fn map<#lifetime, #(#parameters),*>(
                #receiver
                arguments: impl ::core::iter::IntoIterator<Item = (#(#types,)*)>,
            ) -> ::std::vec::Vec<#memento::Result<#output>> #condition {
                #internal::map(&__FUNCTION, #with, #handle::__returns #turbofish (), #handle::__encode #turbofish, arguments, |(#(#names,)*)| {
                    #handle::__body #turbofish (#(#names),*)
                })
            }
        }
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
