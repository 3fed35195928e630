//! How the output is kept.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::Parts;
use crate::parse::{Codec, Errors};

impl Parts<'_> {
    /// How the output is kept.
    pub(super) fn returns(&self) -> TokenStream {
        let Self { internal, output, generics, .. } = self;
        let condition = self.condition();
        let codec = match &self.function.options.codec {
            Codec::BuiltIn(name) => {
                let name = Ident::new(name, Span::call_site());
                quote!(#internal::#name)
            }
            Codec::Path(path) => path.to_token_stream(),
        };
        let (method, span) = match self.function.options.errors {
            Errors::Retry => ("retry", output.span()),
            Errors::Replay(span) => ("replay", span),
        };
        let method = Ident::new(method, span);
        let probe =
            quote_spanned!(span=> (&&&&&&&#internal::Probe::<#output, #codec>::new()).#method());
        quote_spanned! {output.span()=>
            #[inline(always)]
            fn __returns #generics () -> impl #internal::Returns<Output = #output> #condition {
                #[allow(unused_imports)]
                use #internal::{
                    ProbeDebugged as _, ProbeDisplayed as _, ProbePortableDebugged as _,
                    ProbePortableDisplayed as _, ProbeTellingDebugged as _, ProbeTellingDisplayed as _,
                    ProbeWhole as _,
                };
                #probe
            }
        }
    }
}
