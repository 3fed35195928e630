//! What cannot work, said before the compiler says it about code that nobody wrote.

mod arguments;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, FnArg, PathSegment, Receiver, ReceiverKind, Result, ReturnType, Safety, Signature, Type,
    TypeFnPtr, TypeImplTrait, TypeParamBound, TypeReference,
};

use crate::mistakes::Mistakes;
use crate::parse::{Annotated, Function};

/// The functions, if all of each can be kept.
pub(crate) fn check(mut annotated: Annotated) -> Result<Annotated> {
    let mut mistakes = Mistakes::default();
    for function in annotated.functions_mut() {
        find_place(function, &mut mistakes);
        find_in_qualifiers(&function.item.sig, &mut mistakes);
        find_in_types(&mut function.item.sig, &mut mistakes);
        arguments::find(function, &mut mistakes);
    }
    mistakes.or(annotated)
}

/// Finds a function in an `impl` block that has no attribute, and one whose type cannot get a name.
fn find_place(function: &Function, mistakes: &mut Mistakes) {
    let signature = &function.item.sig;
    let Some(header) = &function.header else {
        if signature.receiver().is_some() || mentions_self(signature.to_token_stream()) {
            let message = "`#[memento]` on a function in an `impl` block needs `#[memento]` on the block, \
                too; a function that a trait provides cannot have it";
            mistakes.combine(Error::new_spanned(&signature.ident, message));
        }
        return;
    };
    if function.options.handle.is_none() && header.name().is_none() {
        let message = format!(
            "a type without a name cannot name what stands for `{0}`: add `handle = Name` to the \
            `#[memento]` of `{0}`",
            signature.ident
        );
        mistakes.combine(Error::new_spanned(&header.type_, message));
    }
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Group(group) => mentions_self(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Finds mistakes in the words around `fn`.
fn find_in_qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(token) = &signature.constness {
        mistakes.add(
            token.span(),
            "a memento function looks results up, which `const` code cannot; remove `const`",
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        mistakes.add(
            token.span(),
            "a memento function cannot be `unsafe`: nobody promises its conditions when it runs \
            again; keep a safe function around it",
        );
    }
    if let Some(abi) = &signature.abi {
        mistakes.add(
            abi.span(),
            "a memento function cannot be `extern`; keep a plain function around it",
        );
    }
    if let Some(variadic) = &signature.variadic {
        mistakes.add(variadic.span(), "a memento function cannot be variadic; take a slice");
    }
}

/// Finds mistakes in the types of arguments and result.
fn find_in_types(signature: &mut Signature, mistakes: &mut Mistakes) {
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(Receiver { kind, .. }) => match kind {
                ReceiverKind::Reference(reference, _, Some(_)) => {
                    mistakes.add(reference.span(), CHANGES);
                }
                ReceiverKind::Typed(_, type_) => InArgument(mistakes).visit_type_mut(type_),
                _ => {}
            },
            FnArg::Typed(argument) => InArgument(mistakes).visit_type_mut(&mut argument.ty),
        }
    }
    if let ReturnType::Type(_, result) = &mut signature.output {
        InResult(mistakes).visit_type_mut(result);
    }
}

const CHANGES: &str = "a memento function cannot change what its caller owns: a hit would not; take the \
    value and return the changed one";

/// Finds mistakes in the type of an argument.
struct InArgument<'a>(&'a mut Mistakes);

impl VisitMut for InArgument<'_> {
    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        find_in_bound(segment, self.0);
        visit_mut::visit_path_segment_mut(self, segment);
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.mutability.is_some() {
            self.0.add(reference.span(), CHANGES);
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }
}

/// Finds a mistake in `Bound<fn(…)>`.
fn find_in_bound(segment: &mut PathSegment, mistakes: &mut Mistakes) {
    struct InSignature<'a>(&'a mut Mistakes);

    impl VisitMut for InSignature<'_> {
        fn visit_type_fn_ptr_mut(&mut self, pointer: &mut TypeFnPtr) {
            let references = pointer.inputs.iter().filter_map(|input| match &input.ty {
                Type::Reference(reference) => Some(reference.span()),
                _ => None,
            });
            for reference in references {
                self.0.add(
                    reference,
                    "a reference to a memento function owns its arguments: write `String` for `&str`, \
                    `Vec<T>` for `&[T]`, `T` for `&T`",
                );
            }
        }
    }

    if segment.ident == "Bound" {
        InSignature(mistakes).visit_path_segment_mut(segment);
    }
}

/// Finds mistakes in the type of the result.
struct InResult<'a>(&'a mut Mistakes);

impl VisitMut for InResult<'_> {
    fn visit_path_segment_mut(&mut self, segment: &mut PathSegment) {
        // A reference to a memento function can be read back, and names its type as a pointer.
        if segment.ident == "Bound" {
            find_in_bound(segment, self.0);
        } else {
            visit_mut::visit_path_segment_mut(self, segment);
        }
    }

    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.0.add(
            reference.span(),
            "a memento function cannot return a reference: a stored result has nothing to \
            refer to; return an owned value, such as `String` or `Vec`",
        );
    }

    fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
        let is_future = hidden.bounds.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => {
                bound.path.segments.last().is_some_and(|last| last.ident == "Future")
            }
            _ => false,
        });
        let message = if is_future {
            "a memento function cannot return a future, which cannot be read back; write \
            `async fn`, and what the future returns"
        } else {
            "the result of a memento function needs a type that can be read back, not \
            `impl Trait`"
        };
        self.0.add(hidden.span(), message);
    }

    fn visit_type_mut(&mut self, result: &mut Type) {
        if let Type::FnPtr(pointer) = result {
            self.0.add(
                pointer.span(),
                "a memento function cannot return a function pointer: it means nothing to \
                another process",
            );
        }
        visit_mut::visit_type_mut(self, result);
    }
}
