//! What the code that `#[memento]` generates calls. Nothing here is for people: it changes with the macro.

use std::panic::resume_unwind;

use serde::Serialize;

use crate::cache::Identity;
use crate::codec::Codec as _;
use crate::engine::{self, Ending, Item, Typed};
use crate::modifiers::Modifiers;
use crate::query::{Mementos, Query};
use crate::stack::{self, Call};
use crate::storage::Filter;
use crate::{Explanation, Memento, Result};

pub use crate::binding::Declaration;
pub use crate::codec::{Bincode, Json, Postcard};
pub use crate::encoding::{Encode, EncodeResult, Encoder};
pub use crate::function::Function;
pub use crate::modifiers::With;
pub use crate::returns::{
    Argument, Probe, ProbeDebugged, ProbeDisplayed, ProbeWhole, Returns, Storable,
};
pub use inventory;
pub use std::option::Option;
pub use std::time::Duration;

/// `f(…)`.
///
/// # Panics
///
/// With the function's own panic; and where the function could not be run, which `f::try_call` returns as an error.
#[inline]
#[track_caller]
pub fn call<R: Returns, A: Send>(
    function: &'static Declaration,
    _: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> R::Output {
    match engine::call::<R, A>(function, Modifiers::default(), encode, arguments, body) {
        Ok(output) => output,
        Err(ending) => raise(ending, function.function()),
    }
}

#[cold]
#[track_caller]
fn raise(ending: Ending, function: &Function) -> ! {
    match ending {
        Ending::Panicked(payload) => resume_unwind(payload),
        other => panic!("{}", other.into_error(function)),
    }
}

/// `f::try_call(…)`.
pub fn try_call<R: Returns, A: Send>(
    function: &'static Declaration,
    _: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<R::Output> {
    engine::call::<R, A>(function, Modifiers::default(), encode, arguments, body)
        .map_err(|ending| ending.into_error(function.function()))
}

/// `f::with()….call(…)`.
///
/// # Panics
///
/// As [`call`].
#[track_caller]
pub fn call_with<R: Returns, A: Send>(
    function: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> R::Output {
    let call = |modifiers| engine::call::<R, A>(function, modifiers, encode, arguments, body);
    match with.enter(call).unwrap_or_else(|error| Err(error.into())) {
        Ok(output) => output,
        Err(ending) => raise(ending, function.function()),
    }
}

/// `f::with()….ignore_result(…)`.
pub fn ignore_result<R: Returns, A: Send>(
    function: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<()> {
    let ensure = |mut modifiers: Modifiers| {
        modifiers.ignore_result = true;
        let binding = engine::bind(function)?;
        let encoded = engine::encode(&binding, &encode, &arguments)?;
        let mut task = Typed::<R, _>::new(move || body(arguments));
        let item = Item::new(encoded, &mut task);
        match engine::resolve(&binding, modifiers, vec![item]).pop() {
            Some(Ending::Found(_) | Ending::Computed(_)) => Ok(()),
            ending => Err(ending.unwrap_or(Ending::Pending).into_error(function.function())),
        }
    };
    with.enter(ensure)?
}

/// `f::map(…)`.
pub fn map<R: Returns, A: Send>(
    function: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> R::Output + Sync,
) -> Vec<Result<R::Output>> {
    let map = |modifiers| map_with::<R, A>(function, modifiers, &encode, items, &body);
    // Nothing that concerns all items is known before there are items, so each of them has the error.
    with.enter(map).unwrap_or_else(|error| vec![Err(error)])
}

fn map_with<R: Returns, A: Send>(
    function: &'static Declaration,
    modifiers: Modifiers,
    encode: &impl Encode<A>,
    arguments: impl IntoIterator<Item = A>,
    body: &(impl Fn(A) -> R::Output + Sync),
) -> Vec<Result<R::Output>> {
    let mut outputs = Vec::new();
    let mut calls = Vec::new();
    let frame = stack::with(|caller| caller.frame.clone());
    for arguments in arguments {
        let look = || {
            let binding = engine::bind(function)?;
            let encoded = engine::encode(&binding, encode, &arguments)?;
            let recalled =
                if modifiers.refresh { None } else { engine::recall::<R>(&binding, &encoded) };
            Ok((encoded, recalled))
        };
        match look() {
            Err(error) => outputs.push(Some(Err(error))),
            Ok((_, Some((output, landed)))) => {
                if let Some(frame) = &frame {
                    frame.record(Call::hit(function.function(), landed));
                }
                outputs.push(Some(Ok(output)));
            }
            Ok((encoded, None)) => {
                calls.push((outputs.len(), encoded, Typed::<R, _>::new(move || body(arguments))));
                outputs.push(None);
            }
        }
    }
    if let Ok(binding) = engine::bind(function)
        && !calls.is_empty()
    {
        let (positions, mut tasks): (Vec<_>, Vec<_>) =
            calls.into_iter().map(|(position, encoded, task)| ((position, encoded), task)).unzip();
        let (positions, encoded): (Vec<_>, Vec<_>) = positions.into_iter().unzip();
        let items =
            encoded.into_iter().zip(&mut tasks).map(|(e, task)| Item::new(e, task)).collect();
        let endings = engine::resolve(&binding, modifiers, items);
        for ((position, task), ending) in positions.into_iter().zip(tasks).zip(endings) {
            outputs[position] =
                Some(task.into_output().ok_or_else(|| ending.into_error(function.function())));
        }
    }
    outputs.into_iter().flatten().collect()
}

/// `f::memento(…)`.
pub fn memento<A>(
    function: &'static Declaration,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<Option<Memento>> {
    let binding = engine::bind(function)?;
    let key = engine::encode(&binding, &encode, arguments)?.key();
    binding.cluster.storage.memento(&key)
}

/// `f::forget(…)`.
pub fn forget<A>(
    function: &'static Declaration,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<bool> {
    let binding = engine::bind(function)?;
    let encoded = engine::encode(&binding, &encode, arguments)?;
    let storage = &binding.cluster.storage;
    let removed = storage.metadata.remove(&encoded.key());
    // Last, so that a call in another thread does not put back what it read before.
    storage.cache.remove(Identity { function: binding.number, arguments: encoded.identity() });
    removed
}

/// `f::forget_all()`.
pub fn forget_all(function: &'static Declaration) -> Result<u64> {
    let binding = engine::bind(function)?;
    let storage = &binding.cluster.storage;
    let filter = Filter { function: Some(function.function().path().to_owned()), failed: None };
    let removed = storage.metadata.remove_all(&filter);
    storage.cache.remove_function(binding.number);
    removed
}

/// `f::list(…)`.
pub fn list(function: &'static Declaration, query: &Query) -> Result<Mementos> {
    query.ask(&engine::bind(function)?.cluster.storage, function.function().path())
}

/// `f::explain(…)`.
pub fn explain<R: Returns, A>(
    function: &'static Declaration,
    _: R,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<Explanation> {
    let binding = engine::bind(function)?;
    let encoded = engine::encode(&binding, &encode, arguments)?;
    if binding.function.ttl().is_none() && engine::recall::<R>(&binding, &encoded).is_some() {
        return Ok(Explanation::Hit);
    }
    let found = engine::explain(&binding, R::Codec::NAME, &encoded.key())?;
    Ok(found.map_or_else(Explanation::Miss, |()| Explanation::Hit))
}

/// What `#[memento::main]` calls first.
pub fn start(package: &'static str) {
    crate::program::set_package(package);
}

/// Puts the modifiers of [`With`] onto the type that `f::with()` returns.
#[doc(hidden)]
#[macro_export]
macro_rules! __with_methods {
    () => {
        /// Runs the function in this process, whatever the runner is.
        pub fn local(self) -> Self {
            Self(self.0.local())
        }

        /// Runs the function even if there is a valid result, and keeps the new one.
        pub fn refresh(self) -> Self {
            Self(self.0.refresh())
        }

        /// Makes it an error for the function to call other memento functions.
        pub fn no_further_calls(self) -> Self {
            Self(self.0.no_further_calls())
        }

        /// Adds a context argument, which all functions called see, and which is part of their keys.
        pub fn context<Value: $crate::internal::Context>(self, name: &str, value: Value) -> Self {
            Self(self.0.context(name, value))
        }
    };
}

pub use crate::__with_methods as with_methods;

/// What can be a context argument.
pub trait Context: Serialize + Send + Sync + 'static {}

impl<T: Serialize + Send + Sync + 'static> Context for T {}
