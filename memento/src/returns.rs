//! What becomes of the output of a function: which part is kept, and how.
//!
//! `#[memento]` does not see whether a return type is a `Result`: it may be an alias. [`Probe`] finds out where the
//! compiler knows, by the order in which methods are looked up (dtolnay's "autoref specialization").

use std::any::Any;
use std::fmt::{Debug, Display};
use std::io;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, Bincode, Codec};
use crate::transient::Transient;

/// How the output of a function is kept.
pub trait Returns: Copy + Send + Sync + 'static {
    /// What the function returns.
    type Output: Send + 'static;
    /// The part of it that is kept.
    type Kept: Storable;
    /// What encodes that part.
    type Codec: Codec;

    /// The part of `output` that is kept; `None` where nothing is.
    fn kept(output: &Self::Output) -> Option<&Self::Kept>;

    /// The message, where `output` is an error.
    fn error(output: &Self::Output) -> Option<String>;

    /// The output that has this part.
    fn restore(kept: Self::Kept) -> Self::Output;

    /// What another process can make an `output` of that is not kept; `None` where it cannot.
    fn carry(_: &Self::Output) -> Option<Vec<u8>> {
        None
    }

    /// The output that was [carried](Self::carry).
    fn restore_carried(_: &[u8]) -> Option<Self::Output> {
        None
    }
}

/// What can be kept: encoded, decoded and cloned.
#[diagnostic::on_unimplemented(
    message = "a memento function cannot keep a result of type `{Self}`",
    label = "this result cannot be stored and read back",
    note = "add `#[derive(Clone, serde::Serialize, serde::Deserialize)]` to the type; it must own what it holds, \
            and be `Send + Sync`",
    note = "of a type parameter, the bounds are `Clone + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + \
            'static`"
)]
pub trait Storable: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static> Storable for T {}

/// What the error of a function can be.
#[diagnostic::on_unimplemented(
    message = "a memento function cannot return an error of type `{Self}`",
    label = "this error cannot go to another thread",
    note = "write `Box<dyn std::error::Error + Send + Sync>` for `Box<dyn std::error::Error>`; any error has to be \
            `Send` and own what it holds"
)]
pub trait Failing: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Send + 'static> Failing for E {}

/// Finds out how an output of type `R` is kept with the codec `C`.
pub struct Probe<R, C>(PhantomData<fn() -> (R, C)>);

/// The whole output is kept.
pub struct Whole<T, C>(PhantomData<fn() -> (T, C)>);
/// A value is kept, an error is not: its function runs again.
pub struct Retried<T, E, C, M>(Phantom<T, E, C, M>);
/// Value and error are kept, but for [transient](Transient) errors.
pub struct Replayed<T, E, C, M>(Phantom<T, E, C, M>);

type Phantom<T, E, C, M> = PhantomData<fn() -> (T, E, C, M)>;

/// How errors tell their message, and what else is to be known of them.
pub trait Message<E>: 'static {
    /// The message of `error`.
    fn of(error: &E) -> String;

    /// Whether `error` is not kept, whatever the function says of errors.
    fn is_transient(_: &E) -> bool {
        false
    }

    /// What another process can make the same error of; `None` where it cannot.
    fn carry(_: &E) -> Option<Vec<u8>> {
        None
    }

    /// The error that was [carried](Self::carry).
    fn restore(_: &[u8]) -> Option<E> {
        None
    }
}

/// By `Display`.
pub struct Displayed;
/// By `Debug`, where there is no `Display`.
pub struct Debugged;

/// As `M` says, for errors that are encoded as they are.
pub struct Portable<M>(PhantomData<M>);

/// As `M` says, for errors that say whether they are [transient](Transient).
pub struct Telling<M>(PhantomData<M>);

impl<E: Display + 'static> Message<E> for Displayed {
    fn of(error: &E) -> String {
        error.to_string()
    }

    /// An error of the operating system is its number.
    fn carry(error: &E) -> Option<Vec<u8>> {
        let error = (error as &dyn Any).downcast_ref::<io::Error>()?;
        error.raw_os_error().map(|number| number.to_le_bytes().to_vec())
    }

    fn restore(bytes: &[u8]) -> Option<E> {
        let number = i32::from_le_bytes(bytes.try_into().ok()?);
        let mut error = Some(io::Error::from_raw_os_error(number));
        (&mut error as &mut dyn Any).downcast_mut::<Option<E>>()?.take()
    }
}

impl<E: Debug> Message<E> for Debugged {
    fn of(error: &E) -> String {
        format!("{error:?}")
    }
}

impl<E: Serialize + DeserializeOwned, M: Message<E>> Message<E> for Portable<M> {
    fn of(error: &E) -> String {
        M::of(error)
    }

    fn carry(error: &E) -> Option<Vec<u8>> {
        codec::encode_checked::<Bincode, E>(error).ok()
    }

    fn restore(bytes: &[u8]) -> Option<E> {
        Bincode::decode(bytes).ok()
    }
}

impl<E: Transient, M: Message<E>> Message<E> for Telling<M> {
    fn of(error: &E) -> String {
        M::of(error)
    }

    fn is_transient(error: &E) -> bool {
        error.is_transient()
    }

    fn carry(error: &E) -> Option<Vec<u8>> {
        M::carry(error)
    }

    fn restore(bytes: &[u8]) -> Option<E> {
        M::restore(bytes)
    }
}

impl<R, C> Probe<R, C> {
    /// A probe of `R`.
    #[allow(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// Implements `Copy` without asking it of the parameters.
macro_rules! copy {
    ($($name:ident<$($parameter:ident),+>),+) => {$(
        impl<$($parameter),+> Clone for $name<$($parameter),+> {
            fn clone(&self) -> Self {
                *self
            }
        }
        impl<$($parameter),+> Copy for $name<$($parameter),+> {}
    )+};
}

copy!(Whole<T, C>, Retried<T, E, C, M>, Replayed<T, E, C, M>);

/// Defines how a `Result` is found: a trait for each thing that its error may be able to do.
macro_rules! probes {
    ($($(#[$attribute:meta])* $name:ident: $probe:ty, $message:ty, ($($bound:tt)+);)+) => {$(
        $(#[$attribute])*
        pub trait $name {
            /// How it is kept with `errors = "retry"`.
            type Retried;
            /// How it is kept with `errors = "replay"`.
            type Replayed;
            /// With `errors = "retry"`.
            fn retry(&self) -> Self::Retried;
            /// With `errors = "replay"`.
            fn replay(&self) -> Self::Replayed;
        }

        impl<T, E: $($bound)+, C> $name for $probe {
            type Retried = Retried<T, E, C, $message>;
            type Replayed = Replayed<T, E, C, $message>;

            fn retry(&self) -> Self::Retried {
                Retried(PhantomData)
            }
            fn replay(&self) -> Self::Replayed {
                Replayed(PhantomData)
            }
        }
    )+};
}

probes! {
    /// Found first: a `Result` whose error tells a message, can go to another process, and says whether it is kept.
    ProbeTellingDisplayed:
        &&&&&&Probe<Result<T, E>, C>, Telling<Portable<Displayed>>,
        (Display + Transient + Serialize + DeserializeOwned);
    /// Found second: the same, where the error can only be debugged.
    ProbeTellingDebugged:
        &&&&&Probe<Result<T, E>, C>, Telling<Portable<Debugged>>,
        (Debug + Transient + Serialize + DeserializeOwned);
    /// Found third: a `Result` whose error tells a message and can go to another process.
    ProbePortableDisplayed:
        &&&&Probe<Result<T, E>, C>, Portable<Displayed>, (Display + Serialize + DeserializeOwned);
    /// Found fourth: a `Result` whose error can only be debugged, and can go to another process.
    ProbePortableDebugged:
        &&&Probe<Result<T, E>, C>, Portable<Debugged>, (Debug + Serialize + DeserializeOwned);
    /// Found fifth: a `Result` whose error tells a message.
    ProbeDisplayed: &&Probe<Result<T, E>, C>, Displayed, (Display);
    /// Found sixth: a `Result` whose error can only be debugged.
    ProbeDebugged: &Probe<Result<T, E>, C>, Debugged, (Debug);
}

/// Found last: anything else.
pub trait ProbeWhole {
    /// How it is kept.
    type Whole;
    /// What has no errors has none to retry.
    fn retry(&self) -> Self::Whole;
    /// What has no errors has none to replay: a mistake, which the bound tells of.
    fn replay(&self) -> Self::Whole
    where
        Self: ReturnsResult;
}

/// Never implemented: stands for the mistake of `errors = "replay"` on what is no `Result`.
#[diagnostic::on_unimplemented(
    message = "`errors = \"replay\"` needs a function that returns a `Result`",
    label = "this is no `Result` whose error is `Display` or `Debug`",
    note = "remove the option: a value that is no `Result` is kept as it is"
)]
pub trait ReturnsResult {}

impl<T, C> ProbeWhole for Probe<T, C> {
    type Whole = Whole<T, C>;

    fn retry(&self) -> Self::Whole {
        Whole(PhantomData)
    }
    fn replay(&self) -> Self::Whole
    where
        Self: ReturnsResult,
    {
        Whole(PhantomData)
    }
}

impl<T: Storable, C: Codec> Returns for Whole<T, C> {
    type Output = T;
    type Kept = T;
    type Codec = C;

    fn kept(output: &T) -> Option<&T> {
        Some(output)
    }
    fn error(_: &T) -> Option<String> {
        None
    }
    fn restore(kept: T) -> T {
        kept
    }
}

impl<T, E, C, M> Returns for Retried<T, E, C, M>
where
    T: Storable,
    E: Failing,
    C: Codec,
    M: Message<E>,
{
    type Output = Result<T, E>;
    type Kept = T;
    type Codec = C;

    fn kept(output: &Self::Output) -> Option<&T> {
        output.as_ref().ok()
    }
    fn error(output: &Self::Output) -> Option<String> {
        output.as_ref().err().map(M::of)
    }
    fn restore(kept: T) -> Self::Output {
        Ok(kept)
    }
    fn carry(output: &Self::Output) -> Option<Vec<u8>> {
        output.as_ref().err().and_then(M::carry)
    }
    fn restore_carried(bytes: &[u8]) -> Option<Self::Output> {
        M::restore(bytes).map(Err)
    }
}

impl<T, E, C, M> Returns for Replayed<T, E, C, M>
where
    T: Storable,
    E: Storable,
    C: Codec,
    M: Message<E>,
{
    type Output = Result<T, E>;
    type Kept = Result<T, E>;
    type Codec = C;

    fn kept(output: &Self::Output) -> Option<&Self::Kept> {
        let is_kept = output.as_ref().err().is_none_or(|error| !M::is_transient(error));
        is_kept.then_some(output)
    }
    fn error(output: &Self::Output) -> Option<String> {
        output.as_ref().err().map(M::of)
    }
    fn restore(kept: Self::Kept) -> Self::Output {
        kept
    }
    fn carry(output: &Self::Output) -> Option<Vec<u8>> {
        output.as_ref().err().and_then(M::carry)
    }
    fn restore_carried(bytes: &[u8]) -> Option<Self::Output> {
        M::restore(bytes).map(Err)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// bincode counts the variant that is never written when it writes, and not when it reads.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Trouble {
        #[serde(skip)]
        #[expect(dead_code, reason = "the others are counted from it")]
        None,
        Small,
        Large,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Code(u64);

    #[test]
    fn an_error_that_would_arrive_as_another_one_is_not_carried() {
        fn carried<E: Debug + Serialize + DeserializeOwned>(error: &E) -> Option<E> {
            let bytes = Portable::<Debugged>::carry(error)?;
            Portable::<Debugged>::restore(&bytes)
        }
        assert_eq!(carried(&Code(7)), Some(Code(7)));
        assert_eq!([Trouble::Small, Trouble::Large].map(|error| carried(&error)), [None, None]);
    }
}
