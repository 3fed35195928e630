//! The type that stands for the function, and what can be asked about it.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use super::{Parts, lenient};
use crate::rustc;

impl Parts<'_> {
    /// The type that stands for the function, and all that comes along with it.
    pub(super) fn companion(&self) -> TokenStream {
        let Self { handle, conditions, visibility, .. } = self;
        let text = format!("What can be asked about {}.", self.link());
        let implementation = self.implementation();
        quote! {
            #(#conditions)*
            #[doc = #text]
            #[allow(non_camel_case_types, dead_code, unreachable_pub)]
            #visibility enum #handle {}

            #implementation
        }
    }

    /// The function, in documentation.
    fn link(&self) -> String {
        match &self.function.header {
            None => format!("[`{0}`](fn@{0})", self.function.item.sig.ident),
            Some(_) => format!("`{}`", self.name()),
        }
    }

    fn implementation(&self) -> TokenStream {
        let Self { internal, handle, conditions, .. } = self;
        let (link, encode) = (rustc::link_plugins(), self.encode());
        let (description, body, returns) = (self.description(), self.body(), self.returns());
        let (questions, modified) = (self.questions(), self.modified());
        let (notices, pieces) = (self.notices(), self.pieces());
        let (repeat, bind, lenient) = (self.repeat(), self.bind(), lenient());
        let repeatable = self.repeatable();
        quote! {
            #(#conditions)*
            const _: () = {
                #link
                #notices
                #pieces
                #[allow(unexpected_cfgs)]
                static __FUNCTION: #internal::Declaration = #internal::Declaration::new(#description);
                #internal::inventory::submit! { __FUNCTION.function() }
                #repeatable
                #lenient
                impl #handle {
                    #[inline(always)]
                    fn __function() -> &'static #internal::Declaration {
                        &__FUNCTION
                    }
                    #returns
                    #encode
                    #repeat
                    #questions
                    #bind
                }

                #body

                #modified
            };
        }
    }

    /// What can be asked about the function.
    fn questions(&self) -> TokenStream {
        let Self { memento, internal, visibility, names, output, generics, .. } = self;
        let (declared, condition, turbofish) =
            (self.declared(), self.condition(), self.turbofish());
        let arguments = quote!((#(#names,)*));
        let body = quote!(|(#(#names,)*)| Self::__body #turbofish (#(#names),*));
        let try_call = quote! {
            &__FUNCTION, Self::__returns #turbofish (), Self::__encode #turbofish, #arguments, #body
        };
        let try_call = self.call("try_call", &try_call);
        let asyncness = &self.function.item.sig.asyncness;
        let batches = self.batches(
            &visibility.to_token_stream(),
            &quote!(),
            &quote!(&#internal::With::default()),
        );
        let (invocations, of_all) = (self.invocations(), self.of_all());
        quote! {
            /// Calls the function; what keeps it from being run is an error instead of a panic.
            #visibility #asyncness fn try_call #generics (#declared) -> #memento::Result<#output> #condition {
                #try_call
            }

            #batches

            #invocations

            #of_all

            /// Begins a call that does something otherwise than usual.
            #visibility fn with() -> __With {
                __With(#internal::With::default())
            }
        }
    }

    /// What can be asked about one invocation.
    fn invocations(&self) -> TokenStream {
        let Self { memento, internal, visibility, names, generics, .. } = self;
        let (declared, condition, turbofish) =
            (self.declared(), self.condition(), self.turbofish());
        let arguments = quote!((#(#names,)*));
        quote! {
            /// The record of this invocation, if there is one.
            #visibility fn memento #generics (#declared)
                -> #memento::Result<#internal::Option<#memento::Memento>> #condition
            {
                #internal::memento(&__FUNCTION, Self::__encode #turbofish, &#arguments)
            }

            /// Hit, or the reason why a call would miss. Nothing is run.
            #visibility fn explain #generics (#declared)
                -> #memento::Result<#memento::Explanation> #condition
            {
                #internal::explain(&__FUNCTION, Self::__returns #turbofish (), Self::__encode #turbofish, &#arguments)
            }

            /// Drops the record of this invocation; whether there was one.
            ///
            /// What this environment computes of it meanwhile, and began before, is not recorded. Other environments
            /// and processes record what they compute; processes use what they have in memory until they end.
            #visibility fn forget #generics (#declared) -> #memento::Result<bool> #condition {
                #internal::forget(&__FUNCTION, Self::__encode #turbofish, &#arguments)
            }
        }
    }

    /// What can be asked about all invocations, and about the code.
    fn of_all(&self) -> TokenStream {
        let Self { memento, internal, visibility, .. } = self;
        quote! {
            /// Drops the records of all invocations of this function, of every version; how many there were.
            ///
            /// What runs meanwhile, and other processes, are as with `forget`.
            #visibility fn forget_all() -> #memento::Result<u64> {
                #internal::forget_all(&__FUNCTION)
            }

            /// The mementos of this function, of every version, the newest first.
            #visibility fn list(query: &#memento::Query) -> #memento::Result<#memento::Mementos> {
                #internal::list(&__FUNCTION, query)
            }

            /// The version in force.
            #visibility fn version() -> #memento::Version {
                __FUNCTION.function().version()
            }

            /// The code that the version was made of.
            #visibility fn dependencies() -> #memento::Code {
                __FUNCTION.function().code()
            }
        }
    }
}
