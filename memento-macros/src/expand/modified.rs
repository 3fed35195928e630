//! Calls that do something otherwise than usual.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Parts, lenient};

impl Parts<'_> {
    /// What `f::with()` returns.
    pub(super) fn modified(&self) -> TokenStream {
        let Self { memento, internal, handle, names, output, generics, .. } = self;
        let (declared, condition, turbofish) =
            (self.declared(), self.condition(), self.turbofish());
        let (arguments, lenient) = (quote!((#(#names,)*)), lenient());
        let body = quote!(|(#(#names,)*)| #handle::__body #turbofish (#(#names),*));
        let batches = self.batches(&quote!(pub), &quote!(&self,), &quote!(&self.0));
        let call = quote! {
            &__FUNCTION, &self.0, #handle::__returns #turbofish (), #handle::__encode #turbofish,
            #arguments, #body
        };
        let [call, try_call, ignore_result] =
            ["call_with", "try_call_with", "ignore_result"].map(|name| self.call(name, &call));
        let asyncness = &self.function.item.sig.asyncness;
        quote! {
            /// A call that does something otherwise than usual.
            #[must_use = "nothing is called yet: end with `.call(…)`"]
            pub struct __With(#internal::With);

            #lenient
            impl __With {
                #internal::with_methods!();

                /// Calls the function.
                pub #asyncness fn call #generics (&self, #declared) -> #output #condition {
                    #call
                }

                /// Calls the function; what keeps it from being run is an error instead of a panic.
                pub #asyncness fn try_call #generics (&self, #declared) -> #memento::Result<#output> #condition {
                    #try_call
                }

                /// Calls the function for the sake of its record: the result is not read.
                pub #asyncness fn ignore_result #generics (&self, #declared)
                    -> #memento::Result<()> #condition
                {
                    #ignore_result
                }

                #batches
            }
        }
    }
}
