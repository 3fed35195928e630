//! References to the function.

use proc_macro2::TokenStream;
use quote::quote;

use super::Parts;
use super::repeat::Repeated;

impl Parts<'_> {
    /// What makes a reference to the function; what says that there is none, where there is none. The lifetime keeps
    /// the compiler from asking what nobody wants to know.
    pub(super) fn bind(&self) -> TokenStream {
        let Self { memento, internal, visibility, output, .. } = self;
        let Some(arguments) = self.repeated_arguments() else {
            return quote! {
                /// There is no reference to this function.
                #visibility fn bind<'__memento>() where #internal::CannotBeBound: #internal::CanBeBound<'__memento> {}
            };
        };
        let types = arguments.iter().map(|argument| match argument {
            Repeated::Owned(type_) => quote!(#type_),
            Repeated::Borrowed(type_) => {
                quote!(<#type_ as #internal::BoundBorrowed<'__memento>>::Owned)
            }
        });
        let conditions = arguments.iter().map(|argument| match argument {
            Repeated::Owned(type_) => quote!(#type_: #internal::BoundOwned<'__memento>),
            Repeated::Borrowed(type_) => quote!(#type_: #internal::BoundBorrowed<'__memento>),
        });
        quote! {
            /// A reference to the function, which can be an argument of other memento functions: `f::bind().fix(a)` has
            /// the first argument fixed.
            #visibility fn bind<'__memento>() -> #memento::Bound<fn(#(#types),*) -> #output>
            where
                #(#conditions,)*
            {
                #internal::bind(&__FUNCTION)
            }
        }
    }
}
