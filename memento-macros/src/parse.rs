//! From tokens to functions with options.

mod block;
mod options;
mod value;

use proc_macro2::{Ident, Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::{Error, GenericParam, Item, ItemFn, Result};

pub(crate) use block::{Block, Header, without_attributes};
pub(crate) use options::{Key, Options};
pub(crate) use value::{Codec, Errors};

/// A function under `#[memento]`.
pub(crate) struct Function {
    pub(crate) options: Options,
    pub(crate) item: ItemFn,
    /// The head of the `impl` block that it stands in.
    pub(crate) header: Option<Header>,
}

/// What stands under `#[memento]`.
pub(crate) enum Annotated {
    Function(Box<Function>),
    Block(Box<Block>),
}

impl Annotated {
    pub(crate) fn functions_mut(&mut self) -> impl Iterator<Item = &mut Function> {
        match self {
            Self::Function(function) => std::slice::from_mut(&mut **function).iter_mut(),
            Self::Block(block) => block.functions.iter_mut(),
        }
    }
}

/// The name of a type or const parameter.
pub(crate) fn parameter_name(parameter: &GenericParam) -> Option<&Ident> {
    match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    }
}

/// Reads the attribute and what stands below it.
pub(crate) fn parse(tokens: TokenStream, item: TokenStream) -> Result<Annotated> {
    match syn::parse2::<Item>(item) {
        Ok(Item::Fn(mut item)) => {
            if let Some(again) = block::take_attributes(&mut item.attrs).first() {
                return Err(block::second(again));
            }
            let options = options::parse(tokens)?;
            Ok(Annotated::Function(Box::new(Function { options, item, header: None })))
        }
        Ok(Item::Impl(item)) => {
            let block = block::parse(tokens, item)?;
            Ok(Annotated::Block(Box::new(block)))
        }
        Ok(other) => Err(misplaced(other.span(), "")),
        Err(error) => Err(misplaced(error.span(), &format!(": {error}"))),
    }
}

/// The mistake of an attribute that stands on something else.
fn misplaced(span: Span, why: &str) -> Error {
    let message =
        "`#[memento]` stands on a function, or on an `impl` block with functions that have it, too";
    Error::new(span, format!("{message}{why}"))
}

/// Reads `#[memento::main]` and the function below it.
pub(crate) fn parse_main(options: &TokenStream, item: TokenStream) -> Result<ItemFn> {
    if !options.is_empty() {
        return Err(Error::new(options.span(), "`#[memento::main]` has no options"));
    }
    let item = syn::parse2::<ItemFn>(item)?;
    if item.sig.ident != "main" {
        let message = "`#[memento::main]` stands on the program's `fn main`";
        return Err(Error::new(item.sig.ident.span(), message));
    }
    if item.sig.asyncness.is_some() {
        let message =
            "`#[memento::main]` stands on a plain `fn main`; start the executor inside of it";
        return Err(Error::new(item.sig.ident.span(), message));
    }
    Ok(item)
}
