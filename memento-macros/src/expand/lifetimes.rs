//! Lifetimes that the compiler knows of where a function is written, and that have to be said elsewhere.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Generics, Lifetime,
    ParenthesizedGenericArguments, Type, TypeFnPtr, TypeImplTrait, TypeParamBound, TypeReference,
    WherePredicate, parse_quote,
};

/// Gives each elided lifetime a name.
pub(super) struct NameLifetimes<'a>(pub(super) &'a Lifetime);

impl VisitMut for NameLifetimes<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime.get_or_insert_with(|| self.0.clone());
        visit_mut::visit_type_reference_mut(self, reference);
        if let hidden @ Type::ImplTrait(_) = &*reference.elem {
            *reference.elem = parse_quote!((#hidden));
        }
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.0.clone();
        }
    }

    fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
        visit_mut::visit_type_impl_trait_mut(self, hidden);
        hidden.bounds.push(TypeParamBound::Lifetime(self.0.clone()));
    }

    // `Fn(&str)` and `fn(&str)` take text of any lifetime.
    fn visit_parenthesized_generic_arguments_mut(&mut self, _: &mut ParenthesizedGenericArguments) {
    }

    fn visit_type_fn_ptr_mut(&mut self, _: &mut TypeFnPtr) {}
}

/// What holds for the parameters because there is this type: what is behind a reference lives as long as the reference,
/// and types beside a lifetime live for it.
pub(super) fn implied(type_: &Type, generics: &Generics) -> Vec<WherePredicate> {
    let mut implied = Implied { generics, found: Vec::new() };
    implied.visit_type_mut(&mut type_.clone());
    implied.found
}

struct Implied<'a> {
    generics: &'a Generics,
    found: Vec<WherePredicate>,
}

impl Implied<'_> {
    /// All types in `part` live for `lifetime`.
    fn types(&mut self, part: &impl ToTokens, lifetime: &Lifetime) {
        let names = identifiers(part.to_token_stream());
        let types = self.generics.type_params().map(|parameter| &parameter.ident);
        let types = types.filter(|name| names.contains(name));
        self.found.extend(types.map(|name| -> WherePredicate { parse_quote!(#name: #lifetime) }));
    }

    /// All lifetimes in `part` are as long as `lifetime`.
    fn lifetimes(&mut self, part: &impl ToTokens, lifetime: &Lifetime) {
        let names = identifiers(part.to_token_stream());
        let lifetimes = self.generics.lifetimes().map(|parameter| &parameter.lifetime);
        let others = lifetimes.filter(|name| *name != lifetime && names.contains(&name.ident));
        self.found.extend(others.map(|name| -> WherePredicate { parse_quote!(#name: #lifetime) }));
    }
}

impl VisitMut for Implied<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if let Some(lifetime) = &reference.lifetime {
            self.types(&reference.elem, lifetime);
            self.lifetimes(&reference.elem, lifetime);
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_angle_bracketed_generic_arguments_mut(
        &mut self,
        arguments: &mut AngleBracketedGenericArguments,
    ) {
        for argument in &arguments.args {
            if let GenericArgument::Lifetime(lifetime) = argument
                && lifetime.ident != "_"
            {
                self.types(arguments, lifetime);
            }
        }
        visit_mut::visit_angle_bracketed_generic_arguments_mut(self, arguments);
    }
}

/// All names in `tokens`, of lifetimes as well.
fn identifiers(tokens: TokenStream) -> Vec<Ident> {
    let names = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(ident) => vec![ident],
        TokenTree::Group(group) => identifiers(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    });
    names.collect()
}
