//! What becomes of the output of a function: which part is kept, and how.
//!
//! `#[memento]` does not see whether a return type is a `Result`: it may be an alias. [`Probe`] finds out where the
//! compiler knows, by the order in which methods are looked up (dtolnay's "autoref specialization").

use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Codec;

/// How the output of a function is kept.
pub trait Returns: Copy + Send + Sync + 'static {
    /// What the function returns.
    type Output: Send;
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

/// Finds out how an output of type `R` is kept with the codec `C`.
pub struct Probe<R, C>(PhantomData<fn() -> (R, C)>);

/// The whole output is kept.
pub struct Whole<T, C>(PhantomData<fn() -> (T, C)>);
/// A value is kept, an error is not: its function runs again.
pub struct Retried<T, E, C, M>(Phantom<T, E, C, M>);
/// Value and error are kept.
pub struct Replayed<T, E, C, M>(Phantom<T, E, C, M>);

type Phantom<T, E, C, M> = PhantomData<fn() -> (T, E, C, M)>;

/// How errors tell their message.
pub trait Message<E>: 'static {
    /// The message of `error`.
    fn of(error: &E) -> String;
}

/// By `Display`.
pub struct Displayed;
/// By `Debug`, where there is no `Display`.
pub struct Debugged;

impl<E: Display> Message<E> for Displayed {
    fn of(error: &E) -> String {
        error.to_string()
    }
}

impl<E: Debug> Message<E> for Debugged {
    fn of(error: &E) -> String {
        format!("{error:?}")
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

/// Found first: a `Result` whose error tells a message.
pub trait ProbeDisplayed {
    /// How it is kept with `errors = "retry"`.
    type Retried;
    /// How it is kept with `errors = "replay"`.
    type Replayed;
    /// With `errors = "retry"`.
    fn retry(&self) -> Self::Retried;
    /// With `errors = "replay"`.
    fn replay(&self) -> Self::Replayed;
}

impl<T, E: Display, C> ProbeDisplayed for &&Probe<Result<T, E>, C> {
    type Retried = Retried<T, E, C, Displayed>;
    type Replayed = Replayed<T, E, C, Displayed>;

    fn retry(&self) -> Self::Retried {
        Retried(PhantomData)
    }
    fn replay(&self) -> Self::Replayed {
        Replayed(PhantomData)
    }
}

/// Found second: a `Result` whose error can only be debugged.
pub trait ProbeDebugged {
    /// How it is kept with `errors = "retry"`.
    type Retried;
    /// How it is kept with `errors = "replay"`.
    type Replayed;
    /// With `errors = "retry"`.
    fn retry(&self) -> Self::Retried;
    /// With `errors = "replay"`.
    fn replay(&self) -> Self::Replayed;
}

impl<T, E: Debug, C> ProbeDebugged for &Probe<Result<T, E>, C> {
    type Retried = Retried<T, E, C, Debugged>;
    type Replayed = Replayed<T, E, C, Debugged>;

    fn retry(&self) -> Self::Retried {
        Retried(PhantomData)
    }
    fn replay(&self) -> Self::Replayed {
        Replayed(PhantomData)
    }
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
    E: Send + 'static,
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
        Some(output)
    }
    fn error(output: &Self::Output) -> Option<String> {
        output.as_ref().err().map(M::of)
    }
    fn restore(kept: Self::Kept) -> Self::Output {
        kept
    }
}
