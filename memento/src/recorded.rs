//! Running a function again with arguments that were recorded.
//!
//! `#[memento]` does not see whether a type can be read back. [`Owned`] and [`Borrowed`] find out where the compiler
//! knows, as [`Probe`](crate::returns::Probe) does for results; a type that cannot be is an error when it is tried.

use std::any::{Any, type_name};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};

use serde::de::DeserializeOwned;

use crate::encoding;
use crate::function::Function;
use crate::part::{Home, Scope};
use crate::remote::Errand;
use crate::storage::Contents;
use crate::validity::Validity;
use crate::{Digest, Error, ErrorKind, Invocation, Result};

/// The arguments in a record, on their way back into a function.
pub struct Recorded<'a> {
    /// The encodings of the arguments that have not been read yet, one after another.
    rest: &'a [u8],
    pub(crate) purpose: Purpose<'a>,
    /// The digests of the parts of the arguments that have been read.
    parts: Vec<Digest>,
    /// Where they are, as soon as that is known.
    home: Arc<Home>,
}

/// What a function is run for, and what its arguments have to come to.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// The result of this invocation has to be there.
    Verification(Invocation),
    /// Another process asks for this invocation.
    Errand(Invocation, &'a Errand),
    /// A reference to it is called, with arguments that have these encodings.
    Call(&'a [u8]),
}

/// Runs a function with recorded arguments.
pub(crate) type Repeat = fn(Recorded<'_>) -> Result<Repeated>;

/// A function that can be run so.
pub struct Repeatable {
    #[doc(hidden)]
    pub function: &'static Function,
    #[doc(hidden)]
    pub repeat: Repeat,
}

inventory::collect!(Repeatable);

/// By the address of the function: there is one for each.
static REPEATERS: LazyLock<HashMap<usize, Repeat, foldhash::fast::RandomState>> =
    LazyLock::new(|| {
        let all = inventory::iter::<Repeatable>.into_iter();
        all.map(|repeatable| (address(repeatable.function), repeatable.repeat)).collect()
    });

fn address(function: &'static Function) -> usize {
    std::ptr::from_ref(function).addr()
}

/// What runs a function with recorded arguments; `None` where nothing can.
pub(crate) fn repeater(function: &'static Function) -> Option<Repeat> {
    REPEATERS.get(&address(function)).copied()
}

/// How running a function again ended.
pub struct Repeated(pub(crate) Repetition);

/// What came of running a function again.
pub(crate) enum Repetition {
    /// What is known of the result, which is there.
    Known(Option<Digest>, Option<Arc<Validity>>),
    /// What came of the errand of another process.
    Response(Vec<u8>),
    /// What came of the call: its output, or why there is none, or what it panicked with.
    Ended(std::thread::Result<Result<Box<dyn Any + Send>>>),
}

impl<'a> Recorded<'a> {
    /// The arguments of `invocation`, whose encodings follow each other in `arguments`.
    pub(crate) fn new(invocation: Invocation, arguments: &'a [u8]) -> Self {
        Self::with_purpose(arguments, Purpose::Verification(invocation))
    }

    /// The same, for another process.
    pub(crate) fn for_errand(
        invocation: Invocation,
        arguments: &'a [u8],
        errand: &'a Errand,
    ) -> Self {
        Self::with_purpose(arguments, Purpose::Errand(invocation, errand))
    }

    /// The arguments of a call.
    pub(crate) fn to_call(arguments: &'a [u8]) -> Self {
        Self::with_purpose(arguments, Purpose::Call(arguments))
    }

    fn with_purpose(arguments: &'a [u8], purpose: Purpose<'a>) -> Self {
        Self { rest: arguments, purpose, parts: Vec::new(), home: Arc::default() }
    }

    fn next<T: DeserializeOwned>(&mut self) -> Result<T> {
        let Some((first, rest)) = encoding::split_first(self.rest) else {
            return Err(Error::new(ErrorKind::Damaged, "read a recorded argument")
                .with("type", type_name::<T>())
                .because("there are fewer arguments than the function has"));
        };
        self.rest = rest;
        let (argument, found) =
            Scope::arguments(Arc::clone(&self.home)).enter(|| encoding::decode(first));
        self.parts.extend(found.parts);
        argument
    }

    /// Fails if the arguments have parts that the function, whose contents these are, would not find. From now on they
    /// are read from there, whoever reads them.
    pub(crate) fn check_parts(&self, contents: &Contents) -> Result<()> {
        match contents.missing_content(&self.parts) {
            None => {
                self.home.is_in(contents);
                Ok(())
            }
            Some(part) => Err(Error::new(ErrorKind::Encoding, "read recorded arguments")
                .with("part", part)
                .with("store", contents.location())
                .because("a part of an argument is not in the data store of the function")),
        }
    }
}

fn unreadable<T: ?Sized>() -> Error {
    Error::new(ErrorKind::Encoding, "read a recorded argument")
        .with("type", type_name::<T>())
        .because("the type cannot be deserialized")
        .help("derive `serde::Deserialize` for it, and callers need not run again when only the code changed")
}

/// Reads arguments that a function takes as they are.
pub struct Owned<T>(PhantomData<fn() -> T>);
/// Reads arguments that a function borrows.
pub struct Borrowed<T: ?Sized>(PhantomData<fn() -> Box<T>>);

/// An argument that was read.
pub trait Held<T> {
    /// The argument.
    fn take(self) -> T;
}

/// One that could be.
pub struct Read<T>(T);
/// One that never is.
pub struct NeverRead<T: ?Sized>(Infallible, PhantomData<fn() -> Box<T>>);

impl<T> Held<T> for Read<T> {
    fn take(self) -> T {
        self.0
    }
}

impl<T> Held<T> for NeverRead<T> {
    fn take(self) -> T {
        match self.0 {}
    }
}

impl<T: ?Sized> Borrow<T> for NeverRead<T> {
    fn borrow(&self) -> &T {
        match self.0 {}
    }
}

impl<T> Owned<T> {
    /// A reader of `T`.
    #[allow(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: ?Sized> Borrowed<T> {
    /// A reader of what a `T` is borrowed from.
    #[allow(clippy::new_without_default, reason = "only generated code makes one")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// Found first: a type that can be deserialized.
pub trait ReadOwned<T> {
    /// The next argument.
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<Read<T>>;
}

impl<T: DeserializeOwned> ReadOwned<T> for &Owned<T> {
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<Read<T>> {
        recorded.next().map(Read)
    }
}

/// Found last: any other type.
pub trait ReadNoOwned<T> {
    /// An error.
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<NeverRead<T>>;
}

impl<T> ReadNoOwned<T> for Owned<T> {
    fn read(&self, _: &mut Recorded<'_>) -> Result<NeverRead<T>> {
        Err(unreadable::<T>())
    }
}

/// Found first: a type that is borrowed from one that can be deserialized.
pub trait ReadBorrowed<T: ?Sized + ToOwned> {
    /// The next argument.
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<T::Owned>;
}

impl<T: ?Sized + ToOwned<Owned: DeserializeOwned>> ReadBorrowed<T> for &Borrowed<T> {
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<T::Owned> {
        recorded.next()
    }
}

/// Found last: any other type.
pub trait ReadNoBorrowed<T: ?Sized> {
    /// An error.
    fn read(&self, recorded: &mut Recorded<'_>) -> Result<NeverRead<T>>;
}

impl<T: ?Sized> ReadNoBorrowed<T> for Borrowed<T> {
    fn read(&self, _: &mut Recorded<'_>) -> Result<NeverRead<T>> {
        Err(unreadable::<T>())
    }
}
