//! The arguments of a function, as generated code passes them on.

use proc_macro2::{Ident, Span};
use quote::{format_ident, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, FnArg, Pat, PatIdent, Receiver, ReceiverKind, Type, TypeImplTrait, parse_quote};

use super::itself::Itself;
use crate::parse::{Function, Options};

/// An argument of a function.
pub(super) struct Argument<'a> {
    /// The name that it was given; `None` for another pattern.
    pub(super) written: Option<Ident>,
    /// What it is called where it is passed on.
    pub(super) name: Ident,
    /// What records call it.
    pub(super) label: String,
    pub(super) type_: Type,
    /// Where it stands in the signature.
    pub(super) span: Span,
    pub(super) role: Role<'a>,
}

/// What an argument is in the key.
pub(super) enum Role<'a> {
    Itself,
    Nothing,
    /// This stands for it.
    Value(&'a Expr),
}

/// A name that no name in the user's code is the same as.
pub(super) fn own_name(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Whether a pattern is a name that can be used outside of the body. One with an underscore says that it is not used.
fn is_plain(pattern: &PatIdent) -> bool {
    let starts_with_underscore = pattern.ident.to_string().starts_with('_');
    pattern.by_ref.is_none() && pattern.subpat.is_none() && !starts_with_underscore
}

/// The arguments of a function, in order.
pub(super) fn arguments<'a>(function: &'a Function, itself: Option<&Itself>) -> Vec<Argument<'a>> {
    let inputs = &function.item.sig.inputs;
    let has_receiver = usize::from(function.item.sig.receiver().is_some());
    let arguments = inputs.iter().enumerate().map(|(index, input)| match input {
        FnArg::Receiver(receiver) => of_receiver(function, receiver, itself),
        FnArg::Typed(argument) => {
            let written = match &*argument.pat {
                Pat::Ident(name) => Some(name.ident.clone()),
                _ => None,
            };
            let (name, label) = match &*argument.pat {
                Pat::Ident(name) if is_plain(name) => (name.ident.clone(), name.ident.to_string()),
                _ => {
                    let name = format_ident!("argument_{}", index - has_receiver);
                    (own_name(&name.to_string()), name.to_string())
                }
            };
            let type_ = (*argument.ty).clone();
            let type_ = itself.map_or_else(|| type_.clone(), |itself| itself.named_in(&type_));
            let (role, span) = (role(&function.options, written.as_ref()), argument.ty.span());
            Argument { written, name, label, type_, span, role }
        }
    });
    arguments.collect()
}

/// `self`, which is called otherwise outside of its `impl` block.
fn of_receiver<'a>(
    function: &'a Function,
    receiver: &Receiver,
    itself: Option<&Itself>,
) -> Argument<'a> {
    let (span, own) = (receiver.self_token.span, receiver.self_token);
    let type_ = match &receiver.kind {
        ReceiverKind::Reference(reference, lifetime, _) => {
            let type_ = itself.map(Itself::type_);
            parse_quote!(#reference #lifetime #type_)
        }
        ReceiverKind::Typed(_, type_) => {
            itself.map_or_else(|| (**type_).clone(), |itself| itself.named_in(&**type_))
        }
        _ => {
            let type_ = itself.map(Itself::type_);
            syn::parse2(quote_spanned!(span=> #type_)).unwrap_or_else(|_| parse_quote!(Self))
        }
    };
    let written = Ident::from(own);
    let role = role(&function.options, Some(&written));
    let label = "self".to_owned();
    Argument { written: Some(written), name: own_name("this"), label, type_, span, role }
}

fn role<'a>(options: &'a Options, written: Option<&Ident>) -> Role<'a> {
    let Some(written) = written else { return Role::Itself };
    if options.ignore.contains(written) {
        return Role::Nothing;
    }
    let key = options.keys.iter().find(|key| key.argument == *written);
    key.map_or(Role::Itself, |key| Role::Value(&key.value))
}

impl Argument<'_> {
    /// Whether it is `self`.
    pub(super) fn is_self(&self) -> bool {
        self.written.as_ref().is_some_and(|name| name == "self")
    }

    /// Whether its type is part of the key.
    pub(super) fn has_type_in_key(&self) -> bool {
        !matches!(self.role, Role::Nothing) && self.hides_type()
    }

    /// Whether its type is written as `impl Trait`, and so can only be named by whoever has the argument.
    pub(super) fn hides_type(&self) -> bool {
        struct Hides(bool);

        impl VisitMut for Hides {
            fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
                self.0 = true;
                visit_mut::visit_type_impl_trait_mut(self, hidden);
            }
        }

        let mut hides = Hides(false);
        hides.visit_type_mut(&mut self.type_.clone());
        hides.0
    }
}
