//! What cannot work, said before the compiler says it about code that nobody wrote.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Error, FnArg, GenericParam, Result, ReturnType, Safety, Type, TypeImplTrait, TypeReference,
};

use crate::parse::Function;

/// The function, if all of it can be kept.
pub(crate) fn check(mut function: Function) -> Result<Function> {
    let mut mistakes = Mistakes::default();
    mistakes.find_in_signature(&mut function);
    match mistakes.0 {
        None => Ok(function),
        Some(error) => Err(error),
    }
}

/// All mistakes of one function, reported together.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn add(&mut self, span: Span, message: &str) {
        let error = Error::new(span, message);
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn find_in_signature(&mut self, function: &mut Function) {
        let signature = &mut function.item.sig;
        if let Some(token) = &signature.asyncness {
            self.add(
                token.span(),
                "a memento function cannot be `async` yet: keep the blocking part of it",
            );
        }
        if let Some(token) = &signature.constness {
            self.add(
                token.span(),
                "a memento function looks results up, which `const` code cannot; remove `const`",
            );
        }
        if let Safety::Unsafe(token) = &signature.safety {
            self.add(token.span(), "a memento function cannot be `unsafe`: nobody promises its conditions when it runs \
                again; keep a safe function around it");
        }
        if let Some(abi) = &signature.abi {
            self.add(
                abi.span(),
                "a memento function cannot be `extern`; keep a plain function around it",
            );
        }
        if let Some(variadic) = &signature.variadic {
            self.add(variadic.span(), "a memento function cannot be variadic; take a slice");
        }
        for parameter in &signature.generics.params {
            if !matches!(parameter, GenericParam::Lifetime(_)) {
                self.add(
                    parameter.span(),
                    "a memento function cannot be generic yet: write one for each type",
                );
            }
        }
        for input in &mut signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    self.add(
                        receiver.span(),
                        "`#[memento]` cannot stand on a method yet; take the value as an argument",
                    );
                }
                FnArg::Typed(argument) => self.visit_type_mut(&mut argument.ty),
            }
        }
        if let ReturnType::Type(_, result) = &mut signature.output {
            InResult(self).visit_type_mut(result);
        }
    }
}

/// Finds mistakes in the type of an argument.
impl VisitMut for Mistakes {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.mutability.is_some() {
            self.add(
                reference.span(),
                "a memento function cannot change what its caller owns: a hit would not; take \
                the value and return the changed one",
            );
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
        self.add(
            hidden.span(),
            "an argument of a memento function needs a type that can be named, not `impl Trait`",
        );
    }
}

/// Finds mistakes in the type of the result.
struct InResult<'a>(&'a mut Mistakes);

impl VisitMut for InResult<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.0.add(
            reference.span(),
            "a memento function cannot return a reference: a stored result has nothing to \
            refer to; return an owned value, such as `String` or `Vec`",
        );
    }

    fn visit_type_impl_trait_mut(&mut self, hidden: &mut TypeImplTrait) {
        self.0.add(
            hidden.span(),
            "the result of a memento function needs a type that can be read back, not \
            `impl Trait`",
        );
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
