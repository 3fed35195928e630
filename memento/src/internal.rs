//! What the code that `#[memento]` generates calls. Nothing here is for people: it changes with the macro.

use std::panic::resume_unwind;

use serde::Serialize;

use crate::codec::{Codec as _, Encoding};
use crate::engine::{self, Ending, Item, TypedCall};
use crate::modifiers::{Modifiers, Wants};
use crate::query::{Mementos, Query};
use crate::recorded::{Purpose, Repetition};
use crate::{Bound, Error, ErrorKind, Explanation, Memento, Result, stack};

pub use crate::argument::{Argument, KeyPart, Unencoded};
pub use crate::asynchronous::{
    as_completed as as_completed_async, call as call_async, call_with as call_with_async,
    for_each as for_each_async, ignore_result as ignore_result_async, map as map_async,
    try_call as try_call_async, try_call_with as try_call_with_async,
    try_for_each as try_for_each_async, try_map as try_map_async,
};
pub use crate::batch::{as_completed, for_each, map, try_for_each, try_map};
pub use crate::binding::Declaration;
pub use crate::bound::{BoundBorrowed, BoundOwned, CanBeBound, CannotBeBound};
pub use crate::code::{CodeTable, FunctionCode};
pub use crate::codec::{Bincode, Json, Postcard};
pub use crate::encoding::{Encode, EncodeResult, Encoder};
pub use crate::function::Function;
pub use crate::modifiers::With;
pub use crate::recorded::{
    Borrowed, Held, Owned, ReadBorrowed, ReadNoBorrowed, ReadNoOwned, ReadOwned, Recorded,
    Repeatable, Repeated,
};
pub use crate::returns::{
    Probe, ProbeDebugged, ProbeDisplayed, ProbePortableDebugged, ProbePortableDisplayed,
    ProbeTellingDebugged, ProbeTellingDisplayed, ProbeWhole, Returns, Storable,
};
pub use futures_util::Stream;
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
    declaration: &'static Declaration,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> R::Output {
    match engine::call(declaration, Modifiers::default(), returns, encode, arguments, body) {
        Ok(output) => output,
        Err(ending) => raise(ending, declaration.function()),
    }
}

#[cold]
#[track_caller]
pub(crate) fn raise(ending: Ending, function: &Function) -> ! {
    match ending {
        Ending::Panicked(payload) => {
            stack::note_failure();
            resume_unwind(payload)
        }
        other => panic!("{}", failure(other, function)),
    }
}

/// The error of a call that has no output, for whoever made it.
#[cold]
pub(crate) fn failure(ending: impl Into<Ending>, function: &Function) -> Error {
    let error = ending.into().error(function);
    stack::note_error(&error);
    error
}

/// `f::try_call(…)`.
pub fn try_call<R: Returns, A: Send>(
    declaration: &'static Declaration,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<R::Output> {
    engine::call(declaration, Modifiers::default(), returns, encode, arguments, body)
        .map_err(|ending| failure(ending, declaration.function()))
}

/// `f::with()….call(…)`.
///
/// # Panics
///
/// As [`call`].
#[track_caller]
pub fn call_with<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> R::Output {
    let call = |modifiers: Modifiers<'_>| {
        engine::call(declaration, modifiers, returns, encode, arguments, body)
    };
    match with.enter(call).unwrap_or_else(|error| Err(error.into())) {
        Ok(output) => output,
        Err(ending) => raise(ending, declaration.function()),
    }
}

/// `f::with()….try_call(…)`.
pub fn try_call_with<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<R::Output> {
    let call = |modifiers: Modifiers<'_>| {
        engine::call(declaration, modifiers, returns, encode, arguments, body)
    };
    let ended = with.enter(call).unwrap_or_else(|error| Err(error.into()));
    ended.map_err(|ending| failure(ending, declaration.function()))
}

/// `f::with()….ignore_result(…)`.
pub fn ignore_result<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<()> {
    let ensure = |mut modifiers: Modifiers<'_>| {
        modifiers.wants = Wants::Presence;
        let bound = engine::bind(declaration)?;
        let mut encoded = bound.encoding();
        engine::encode(&bound, &mut encoded, &encode, &arguments)?;
        let mut call = TypedCall::new(returns, &encode, arguments, body);
        match engine::resolve_one(&bound, modifiers, Item::new(&bound, &encoded, &mut call)) {
            Ending::Found(_) | Ending::Computed(_) => Ok(()),
            ending => Err(ending.error(bound.function)),
        }
    };
    stack::noting_panics(|| with.enter(ensure))
        .flatten()
        .map_err(|error| failure(error, declaration.function()))
}

/// `f::memento(…)`.
pub fn memento<A>(
    declaration: &'static Declaration,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<Option<Memento>> {
    let bound = engine::bind(declaration)?;
    let mut encoded = bound.encoding();
    engine::encode(&bound, &mut encoded, &encode, arguments)?;
    bound.cluster.storage.memento(&encoded.invocation().key(&bound.function.version()))
}

/// `f::forget(…)`.
pub fn forget<A>(
    declaration: &'static Declaration,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<bool> {
    let bound = engine::bind(declaration)?;
    let mut encoded = bound.encoding();
    engine::encode(&bound, &mut encoded, &encode, arguments)?;
    engine::forget(&bound, &encoded)
}

/// `f::forget_all()`.
pub fn forget_all(declaration: &'static Declaration) -> Result<u64> {
    engine::forget_all(&*engine::bind(declaration)?)
}

/// Runs a function with arguments that were read from their encodings, unless there is a valid result.
///
/// # Errors
///
/// Where it did not come to an end; [`ErrorKind::Encoding`] where the arguments are not those that were recorded,
/// because their type does not read what it writes.
pub fn repeat<R: Returns, A: Send>(
    declaration: &'static Declaration,
    recorded: &Recorded<'_>,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<Repeated> {
    let bound = engine::bind(declaration)?;
    let mut encoded = bound.encoding();
    engine::encode(&bound, &mut encoded, &encode, &arguments)?;
    let is_what_was_written = match recorded.purpose {
        Purpose::Verification(invocation) | Purpose::Errand(invocation, _) => {
            encoded.invocation() == invocation
        }
        Purpose::Call(bytes) => {
            let mut given = bound.encoding();
            let put = |(): &(), encoder: &mut Encoder<'_, '_>| {
                encoder.encoded(bytes);
                Ok(())
            };
            engine::encode(&bound, &mut given, &put, &())?;
            encoded.bytes() == given.bytes()
        }
    };
    if !is_what_was_written {
        return Err(Error::new(ErrorKind::Encoding, "read recorded arguments")
            .with("function", bound.function.path())
            .because("a type among them does not read what it writes"));
    }
    if let Purpose::Call(_) = recorded.purpose {
        let modifiers = Modifiers::default();
        let ended = engine::call(declaration, modifiers, returns, encode, arguments, body);
        return Ok(Repeated(Repetition::Ended(match ended {
            Ok(output) => Ok(Ok(Box::new(output))),
            Err(Ending::Panicked(payload)) => Err(payload),
            Err(ending) => Ok(Err(ending.error(bound.function))),
        })));
    }
    recorded.check_parts(&bound.cluster.storage.contents)?;
    let mut call = TypedCall::new(returns, &encode, arguments, body);
    if let Purpose::Errand(_, errand) = recorded.purpose {
        let item = Item::new(&bound, &encoded, &mut call);
        return Ok(Repeated(Repetition::Response(engine::perform(&bound, errand, item))));
    }
    let modifiers = Modifiers { wants: Wants::Digest, ..Modifiers::default() };
    let item = Item::new(&bound, &encoded, &mut call);
    match engine::resolve_one(&bound, modifiers, item) {
        Ending::Found(known) | Ending::Computed(known) => {
            Ok(Repeated(Repetition::Known(known.digest, known.validity)))
        }
        ending => Err(ending.error(bound.function)),
    }
}

/// `f::bind()`.
pub fn bind<F>(declaration: &'static Declaration) -> Bound<F> {
    Bound::new(declaration.function())
}

/// `f::list(…)`.
pub fn list(declaration: &'static Declaration, query: &Query) -> Result<Mementos> {
    query.ask(&engine::bind(declaration)?.cluster.storage, declaration.function().path())
}

/// `f::explain(…)`.
pub fn explain<R: Returns, A>(
    declaration: &'static Declaration,
    _: R,
    encode: impl Encode<A>,
    arguments: &A,
) -> Result<Explanation> {
    let bound = engine::bind(declaration)?;
    let mut encoded = bound.encoding();
    engine::encode(&bound, &mut encoded, &encode, arguments)?;
    let decode = |encoding: Encoding<'_>| encoding.decode::<R::Codec, R::Kept>().map(drop);
    engine::explain(&bound, R::Codec::NAME, decode, &encoded)
}

/// What `#[memento::main]` calls first. In a worker process it does not return.
pub fn start(package: &'static str) {
    crate::program::set_package(package);
    crate::worker::enter();
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

        /// Cancels calls that have not begun when `token` is cancelled: they end with
        /// [`ErrorKind::Cancelled`]($crate::ErrorKind::Cancelled). What runs goes on, and is recorded.
        pub fn cancel(self, token: &$crate::CancellationToken) -> Self {
            Self(self.0.cancel(token))
        }

        /// Bounds the calls that are on their way at the same time, where results come as calls end: at least 1, and
        /// 256 unless told otherwise. Half of them, up to 128, are looked up at once.
        pub fn in_flight(self, calls: usize) -> Self {
            Self(self.0.in_flight(calls))
        }

        /// Shows how far a batch is: a bar where standard error is a terminal and memento was built with its feature
        /// `progress`, one at a time; else as [`ProgressEvents`]($crate::ProgressEvents).
        pub fn progress(self) -> Self {
            Self(self.0.progress())
        }

        /// Tells `observer` how far a batch is.
        pub fn observe(self, observer: impl $crate::ProgressObserver + 'static) -> Self {
            Self(self.0.observe(observer))
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
