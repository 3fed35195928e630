//! What the arguments are in a key.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Expr, GenericParam, Type};

use super::Parts;
use super::argument::{Argument, Role, own_name};
use crate::parse::parameter_name;

impl Parts<'_> {
    /// The encoding of the arguments. It is the one place that asks anything of their types, so that a type which
    /// cannot be encoded is reported once, where it stands.
    pub(super) fn encode(&self) -> TokenStream {
        let Self { internal, types, generics, arguments, .. } = self;
        let (condition, encoder) = (self.condition(), format_ident!("__encoder"));
        let names = arguments
            .iter()
            .enumerate()
            .map(|(index, argument)| format_ident!("__argument_{index}", span = argument.span));
        let names: Vec<Ident> = names.collect();
        let given: Vec<_> = arguments.iter().zip(&names).collect();
        let parameters = self.encoded_parameters().map(|parameter| match parameter {
            GenericParam::Const(parameter) => {
                let name = &parameter.ident;
                quote!(#encoder.argument(&#name)?;)
            }
            parameter => {
                let name = parameter_name(parameter);
                quote!(#encoder.type_parameter::<#name>()?;)
            }
        });
        let hidden = given.iter().filter(|(argument, _)| argument.has_type_in_key());
        let hidden = hidden.map(|(_, name)| quote!(#encoder.type_of(#name)?;));
        let encoded = given.iter().map(|(argument, name)| match argument.role {
            Role::Itself => quote_spanned!(name.span()=> #encoder.argument(#name)?;),
            Role::Nothing => quote_spanned!(name.span()=> #encoder.unencoded(#name);),
            Role::Value(value) => {
                let value = self.value(value, &encoder, &given);
                quote_spanned!(name.span()=> #encoder.unencoded(#name); #value)
            }
        });
        quote! {
            #[inline]
            fn __encode #generics (
                (#(#names,)*): &(#(#types,)*),
                #encoder: &mut #internal::Encoder<'_, '_>,
            ) -> #internal::EncodeResult #condition {
                #(#parameters)*
                #(#hidden)*
                #(#encoded)*
                #internal::EncodeResult::Ok(())
            }
        }
    }

    /// What stands in the key for an argument, with all arguments in scope, each as a reference.
    fn value(
        &self,
        value: &Expr,
        encoder: &Ident,
        given: &[(&Argument<'_>, &Ident)],
    ) -> TokenStream {
        let itself = own_name("this");
        let arguments = given.iter().filter_map(|(argument, name)| {
            let written = if argument.is_self() { &itself } else { argument.written.as_ref()? };
            let is_reference = matches!(argument.type_, Type::Reference(_));
            let reference = if is_reference { quote!(*#name) } else { name.to_token_stream() };
            Some(quote!(#[allow(unused_variables)] let #written = #reference;))
        });
        let span = value.span();
        let value = match &self.itself {
            Some(of) => of.named_in_expression(value, &itself),
            None => value.to_token_stream(),
        };
        let put = quote_spanned!(span=> #encoder.key(&(#value))?;);
        quote!({ #(#arguments)* #put })
    }

    /// The type and const parameters that are part of the key.
    pub(super) fn encoded_parameters(&self) -> impl Iterator<Item = &GenericParam> {
        let ignored = &self.function.options.ignore;
        let is_encoded = |name: &Ident| !ignored.contains(name);
        let parameters = self.generics.params.iter();
        parameters.filter(move |parameter| parameter_name(parameter).is_some_and(is_encoded))
    }

    /// What stands in a key, as records call it.
    pub(super) fn labels(&self) -> Vec<String> {
        let parameters = self.encoded_parameters();
        let parameters = parameters.filter_map(parameter_name).map(Ident::to_string);
        let hidden = self.arguments.iter().filter(|argument| argument.has_type_in_key());
        let hidden = hidden.map(|argument| format!("type of {}", argument.label));
        let arguments = self.arguments.iter();
        let arguments = arguments.filter(|argument| !matches!(argument.role, Role::Nothing));
        let arguments = arguments.map(|argument| argument.label.clone());
        parameters.chain(hidden).chain(arguments).collect()
    }
}
