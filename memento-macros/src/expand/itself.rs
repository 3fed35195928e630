//! `Self` and `self` where they mean nothing: outside of the `impl` block that a function stands in.

use proc_macro2::{Delimiter, Group, Ident, Punct, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::Parse;
use syn::{GenericParam, Generics, Type, TypeParamBound, parse_quote};

use super::lifetimes::implied;
use crate::parse::Header;

/// What stands for `Self`.
pub(super) struct Itself {
    type_: TokenStream,
    /// Before `::`, in types.
    in_types: TokenStream,
    /// Before `::`, in expressions.
    in_expressions: TokenStream,
}

impl Itself {
    pub(super) fn new(header: &Header) -> Self {
        let type_ = match &header.type_ {
            // `&Self` is no `&dyn One + Two`, and what it refers to lives for as long as anything may.
            Type::TraitObject(object) => {
                let mut object = object.clone();
                if !object.bounds.iter().any(|bound| matches!(bound, TypeParamBound::Lifetime(_))) {
                    object.bounds.push(parse_quote!('static));
                }
                quote!((#object))
            }
            type_ => type_.to_token_stream(),
        };
        let in_types = match &header.trait_ {
            Some(of) => quote!(<#type_ as #of>),
            None => quote!(<#type_>),
        };
        let in_expressions = quote!(<#type_>);
        Self { type_, in_types, in_expressions }
    }

    /// What `Self` is.
    pub(super) fn type_(&self) -> &TokenStream {
        &self.type_
    }

    /// A part of a signature.
    pub(super) fn named_in<T: Parse + ToTokens + Clone>(&self, part: &T) -> T {
        let tokens = replace(part.to_token_stream(), &self.type_, &self.in_types, None);
        syn::parse2(tokens).unwrap_or_else(|_| part.clone())
    }

    /// An expression, with this name for `self`.
    pub(super) fn named_in_expression(
        &self,
        expression: &impl ToTokens,
        value: &Ident,
    ) -> TokenStream {
        replace(expression.to_token_stream(), &self.type_, &self.in_expressions, Some(value))
    }

    /// The parameters of block and function together, with the conditions of both.
    pub(super) fn generics(&self, header: &Header, own: &Generics) -> Generics {
        let all = [&with_implied(header), own];
        let parameters = all.iter().flat_map(|generics| &generics.params);
        let is_lifetime = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(_));
        let (mut lifetimes, others): (Vec<_>, Vec<_>) =
            parameters.map(|parameter| self.named_in(parameter)).partition(is_lifetime);
        lifetimes.extend(others);
        let params = lifetimes.into_iter().collect();
        let mut generics = Generics { params, ..Generics::default() };
        for condition in all.iter().filter_map(|generics| generics.where_clause.as_ref()) {
            let condition = self.named_in(condition);
            generics.make_where_clause().predicates.extend(condition.predicates);
        }
        generics
    }
}

/// The parameters of a block, with what its header says about their lifetimes without saying it.
pub(super) fn with_implied(header: &Header) -> Generics {
    let mut generics = header.generics.clone();
    let of = header.trait_.iter().map(|of| -> Type { parse_quote!(#of) });
    let types = of.chain([header.type_.clone()]);
    let implied: Vec<_> = types.flat_map(|type_| implied(&type_, &generics)).collect();
    if !implied.is_empty() {
        generics.make_where_clause().predicates.extend(implied);
    }
    generics
}

fn replace(
    tokens: TokenStream,
    type_: &TokenStream,
    qualifier: &TokenStream,
    value: Option<&Ident>,
) -> TokenStream {
    let mut replaced = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let leads_path =
                    matches!(tokens.peek(), Some(TokenTree::Punct(next)) if is_colon(next));
                replaced.extend(if leads_path { qualifier.clone() } else { type_.clone() });
            }
            TokenTree::Ident(ident) if ident == "self" && value.is_some() => {
                replaced.extend(value.map(ToTokens::to_token_stream));
            }
            TokenTree::Group(group) => {
                let inside = replace(group.stream(), type_, qualifier, value);
                let mut inner = Group::new(group.delimiter(), inside);
                inner.set_span(group.span());
                replaced.extend([TokenTree::Group(inner)]);
            }
            other => replaced.extend([other]),
        }
    }
    replaced
}

/// Whether this may be the first colon of `::`.
fn is_colon(punct: &Punct) -> bool {
    punct.as_char() == ':' && punct.spacing() == proc_macro2::Spacing::Joint
}

/// The code of a type or a trait, as it is written in paths: with spaces where they are needed.
pub(super) fn written(part: &impl ToTokens) -> String {
    fn write(tokens: TokenStream, text: &mut String) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::None => ("", ""),
                    };
                    text.push_str(open);
                    write(group.stream(), text);
                    text.push_str(close);
                }
                TokenTree::Punct(punct) => {
                    let spaced = matches!(punct.as_char(), '+' | '=');
                    text.push_str(if spaced { " " } else { "" });
                    text.push(punct.as_char());
                    text.push_str(if spaced || matches!(punct.as_char(), ',' | ';') {
                        " "
                    } else {
                        ""
                    });
                }
                word => {
                    if text.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
                        text.push(' ');
                    }
                    text.push_str(&word.to_string());
                }
            }
        }
    }
    let mut text = String::new();
    write(part.to_token_stream(), &mut text);
    text
}
