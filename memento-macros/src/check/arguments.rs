//! `ignore(…)` and `key(…)`: the arguments that they name.

use proc_macro2::Ident;
use syn::{Error, FnArg, Pat, Signature};

use crate::mistakes::Mistakes;
use crate::parse::{Function, Key, parameter_name};

/// Finds names of arguments that are not there, or that are named twice.
pub(super) fn find(function: &Function, mistakes: &mut Mistakes) {
    let signature = &function.item.sig;
    let arguments = arguments(signature);
    let known: Vec<String> = arguments.iter().cloned().chain(parameters(function)).collect();
    let ignored = &function.options.ignore;
    for (index, name) in ignored.iter().enumerate() {
        if !known.contains(&name.to_string()) {
            mistakes.combine(unknown(signature, name, &known));
        } else if ignored[..index].contains(name) {
            mistakes.add(name.span(), &format!("`{name}` is ignored twice"));
        }
    }
    let keys = &function.options.keys;
    for (index, Key { argument: name, .. }) in keys.iter().enumerate() {
        if !arguments.contains(&name.to_string()) {
            mistakes.combine(unknown(signature, name, &arguments));
        } else if ignored.contains(name) {
            let message = format!(
                "`{name}` is ignored: nothing stands in the key for it; remove one of both"
            );
            mistakes.add(name.span(), &message);
        } else if keys[..index].iter().any(|key| key.argument == *name) {
            mistakes.add(name.span(), &format!("`{name}` has a value in the key already"));
        }
    }
}

fn unknown(signature: &Signature, name: &Ident, known: &[String]) -> Error {
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let known = if known.is_empty() { "none that has a name".to_owned() } else { known.join(", ") };
    let message = format!("`{}` has no argument `{name}`; it has {known}", signature.ident);
    Error::new(name.span(), message)
}

/// The arguments that have a name.
fn arguments(signature: &Signature) -> Vec<String> {
    let names = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => Some("self".to_owned()),
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(name) => Some(name.ident.to_string()),
            _ => None,
        },
    });
    names.collect()
}

/// The type and const parameters, of the `impl` block around it as well.
fn parameters(function: &Function) -> impl Iterator<Item = String> {
    let of_block = function.header.iter().flat_map(|header| &header.generics.params);
    let all = of_block.chain(&function.item.sig.generics.params);
    all.filter_map(parameter_name).map(Ident::to_string)
}
