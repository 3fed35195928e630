//! Running a function again with arguments that were recorded.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Type, TypeReference};

use super::Parts;
use super::argument::{Argument, Role, own_name};

/// How an argument is read from a record.
pub(super) enum Repeated<'a> {
    Owned(&'a Type),
    /// It refers to one of these.
    Borrowed(&'a Type),
}

/// Whether a type says of nothing in it that it is borrowed.
fn owns_all(type_: &Type) -> bool {
    fn has_lifetime(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\'' | '*'),
            TokenTree::Ident(ident) => ident == "dyn",
            TokenTree::Group(group) => has_lifetime(group.stream()),
            TokenTree::Literal(_) => false,
        })
    }
    !has_lifetime(type_.to_token_stream())
}

impl Parts<'_> {
    /// How each argument is read from a record, where all of them can be: as what it is, or as what it is borrowed
    /// from.
    pub(super) fn repeated_arguments(&self) -> Option<Vec<Repeated<'_>>> {
        let is_recorded = |argument: &Argument<'_>| {
            matches!(argument.role, Role::Itself) && !argument.hides_type()
        };
        // Whoever looks a result up has nothing that could await one.
        if self.is_async()
            || !self.generics.params.is_empty()
            || !self.arguments.iter().all(is_recorded)
        {
            return None;
        }
        let repeated = self.types.iter().map(|argument| match argument {
            Type::Reference(TypeReference { elem, .. }) => {
                owns_all(elem).then_some(Repeated::Borrowed(elem))
            }
            owned => owns_all(owned).then_some(Repeated::Owned(owned)),
        });
        repeated.collect()
    }

    /// Runs the function with the arguments in a record.
    pub(super) fn repeat(&self) -> TokenStream {
        let Self { memento, internal, names, .. } = self;
        let Some(arguments) = self.repeated_arguments() else { return TokenStream::new() };
        let recorded = own_name("recorded");
        let reads = names.iter().zip(&arguments).map(|(name, argument)| match argument {
            Repeated::Owned(type_) => {
                quote!(let #name = (&&#internal::Owned::<#type_>::new()).read(&mut #recorded)?;)
            }
            Repeated::Borrowed(type_) => {
                quote!(let #name = (&&#internal::Borrowed::<#type_>::new()).read(&mut #recorded)?;)
            }
        });
        let uses = names.iter().zip(&arguments).map(|(name, argument)| match argument {
            Repeated::Owned(_) => quote!(#internal::Held::take(#name)),
            Repeated::Borrowed(type_) => quote!(::core::borrow::Borrow::<#type_>::borrow(&#name)),
        });
        quote! {
            fn __repeat(mut #recorded: #internal::Recorded<'_>) -> #memento::Result<#internal::Repeated> {
                #[allow(unused_imports)]
                use #internal::{ReadBorrowed as _, ReadNoBorrowed as _, ReadNoOwned as _, ReadOwned as _};
                #(#reads)*
                #internal::repeat(
                    &__FUNCTION,
                    &#recorded,
                    Self::__returns(),
                    Self::__encode,
                    (#(#uses,)*),
                    |(#(#names,)*)| Self::__body(#(#names),*),
                )
            }
        }
    }
}
