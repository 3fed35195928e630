//! `impl` blocks, whose attribute takes those of the functions in it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::{
    Attribute, Error, Generics, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl, Meta, Path, Result,
    Type, TypeParamBound,
};

use super::Function;
use super::options::{self, Options};
use crate::mistakes::Mistakes;

/// An `impl` block under `#[memento]`.
pub(crate) struct Block {
    /// The block, without the attributes of its functions that were taken.
    pub(crate) item: ItemImpl,
    /// The functions that had one.
    pub(crate) functions: Vec<Function>,
    /// Where they stand among the items of the block.
    pub(crate) places: Vec<usize>,
}

/// What stands before the braces of an `impl` block.
#[derive(Clone)]
pub(crate) struct Header {
    /// The attributes of the block.
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) generics: Generics,
    pub(crate) trait_: Option<Path>,
    /// The type that the block is about.
    pub(crate) type_: Type,
}

impl Header {
    /// The last name of the type, if it has one.
    pub(crate) fn name(&self) -> Option<String> {
        last_name(&self.type_)
    }
}

fn last_name(type_: &Type) -> Option<String> {
    let path = match type_ {
        Type::Path(type_) => &type_.path,
        Type::Reference(type_) => return last_name(&type_.elem),
        Type::Paren(type_) => return last_name(&type_.elem),
        Type::Group(type_) => return last_name(&type_.elem),
        Type::Slice(type_) => return last_name(&type_.elem),
        Type::Array(type_) => return last_name(&type_.elem),
        Type::TraitObject(type_) => type_.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        })?,
        _ => return None,
    };
    Some(path.segments.last()?.ident.unraw().to_string())
}

impl ToTokens for Header {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attributes, generics, trait_, type_ } = self;
        let condition = &generics.where_clause;
        let of = trait_.iter();
        tokens.extend(quote!(#(#attributes)* impl #generics #(#of for)* #type_ #condition));
    }
}

/// Reads the options of a block, and the functions in it that have the attribute.
pub(super) fn parse(tokens: TokenStream, mut item: ItemImpl) -> Result<Block> {
    let shared = options::parse_of_block(tokens)?;
    let header = Header {
        attributes: item.attrs.clone(),
        generics: item.generics.clone(),
        trait_: item.trait_.as_ref().map(|(path, _)| path.clone()),
        type_: (*item.self_ty).clone(),
    };
    let mut mistakes = Mistakes::default();
    let (mut functions, mut places) = (Vec::new(), Vec::new());
    for (place, item) in item.items.iter_mut().enumerate() {
        let ImplItem::Fn(function) = item else { continue };
        let attributes = take_attributes(&mut function.attrs);
        if let Some(again) = attributes.get(1) {
            mistakes.combine(second(again));
        }
        let options = attributes.first().map(|attribute| parse_inner(attribute, &shared));
        if let Some(options) = options.and_then(|options| mistakes.note(options)) {
            let ImplItemFn { attrs, vis, modifiers, sig, block } = function.clone();
            let item = ItemFn { attrs, vis, modifiers, sig, block: Box::new(block) };
            functions.push(Function { options, item, header: Some(header.clone()) });
            places.push(place);
        }
    }
    let block = mistakes.or(Block { item, functions, places })?;
    if block.functions.is_empty() {
        let message = "no function in this `impl` block has `#[memento]` on it: put it on those \
            whose results are to be kept";
        return Err(Error::new_spanned(block.item.impl_token, message));
    }
    Ok(block)
}

/// The options of a function in a block.
fn parse_inner(attribute: &Attribute, shared: &Options) -> Result<Options> {
    let tokens = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => {
            let message = "expected `#[memento]` or `#[memento(…)]`";
            return Err(Error::new_spanned(attribute, message));
        }
    };
    options::parse_in_block(tokens, shared)
}

/// Takes `#[memento]` from a function.
pub(super) fn take_attributes(attributes: &mut Vec<Attribute>) -> Vec<Attribute> {
    let is_taken = |attribute: &mut Attribute| {
        attribute.path().segments.last().is_some_and(|last| last.ident == "memento")
    };
    attributes.extract_if(.., is_taken).collect()
}

/// The mistake of a second attribute on a function.
pub(super) fn second(attribute: &Attribute) -> Error {
    Error::new_spanned(attribute, "`#[memento]` stands here twice")
}

/// What stood under `#[memento]`, without further ones, which nobody takes where there is a mistake.
pub(crate) fn without_attributes(item: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<Item>(item.clone()) else { return item };
    match &mut parsed {
        Item::Fn(function) => {
            take_attributes(&mut function.attrs);
        }
        Item::Impl(block) => {
            for item in &mut block.items {
                if let ImplItem::Fn(function) = item {
                    take_attributes(&mut function.attrs);
                }
            }
        }
        _ => return item,
    }
    parsed.into_token_stream()
}
