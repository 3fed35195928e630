//! References to memento functions, with their first arguments fixed: values that can be arguments themselves.

mod fixed;
mod signature;

use std::any::{Any, type_name};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::encoding::{self, Rendered};
use crate::engine::Ending;
use crate::function::{self, Function};
use crate::recorded::{Recorded, Repeated, Repetition, repeater};
use crate::{Error, ErrorKind, Result};

pub use fixed::{BoundBorrowed, BoundOwned, CanBeBound, CannotBeBound};
use signature::Signature;

/// The name that a reference has where it is encoded: that of no other type, since there are colons in it.
pub(crate) const NAME: &str = "memento::Bound";

/// A reference to a memento function, whose first arguments may be fixed: `f::bind().fix(a).fix(b)`.
///
/// `F` is the function that is left: what it still takes, and what it returns. It can be an argument of another memento
/// function, and part of what one returns. To call it is to call the memento function: its result is looked up,
/// computed where its runner says, and recorded for whoever calls.
///
/// As an argument, it is the path of the function and the fixed arguments. The function's version is not part of it: a
/// caller runs again if what it got from the function changes.
///
/// ```
/// use memento::{Bound, memento};
///
/// #[memento]
/// fn compound(rate: f64, years: u32) -> f64 {
///     (1.0 + rate).powf(f64::from(years))
/// }
///
/// #[memento]
/// fn sum(growth: Bound<fn(u32) -> f64>, years: u32) -> f64 {
///     (1..=years).map(|year| growth.call(year)).sum()
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| {
/// let growth = compound::bind().fix(0.5);
/// assert_eq!(sum(growth.clone(), 2), 1.5 + 2.25);
/// assert!(compound::memento(0.5, 2)?.is_some());
/// assert!(growth.to_string().ends_with("compound(0.5, ..)"));
/// # Ok::<(), memento::Error>(())
/// # }).unwrap();
/// ```
///
/// What a function takes by reference, `&str` or `&Table`, is taken as what owns it: `Bound<fn(String) -> …>`,
/// `Bound<fn(Table) -> …>`. Of a method, `self` is the first argument. There are no references to functions that, with
/// recorded arguments, run again only through their callers: those that are generic or async, or that have lifetimes of
/// their own, `ignore(…)` or `key(…)`.
pub struct Bound<F> {
    function: &'static Function,
    /// The encodings of the fixed arguments, one after another; why one of them has none.
    fixed: Result<Arc<[u8]>, Arc<str>>,
    left: PhantomData<F>,
}

impl<F> Bound<F> {
    /// A reference to `function` of which nothing is fixed.
    pub(crate) fn new(function: &'static Function) -> Self {
        Self { function, fixed: Ok(Arc::default()), left: PhantomData }
    }

    /// The function.
    pub fn function(&self) -> &'static Function {
        self.function
    }

    /// The same reference with one argument more that is fixed, of those that are left for `G`.
    fn fixing<A: Serialize, G>(&self, argument: &A) -> Bound<G> {
        let fixed = self.fixed.clone().and_then(|fixed| {
            let encoded = encoding::encode(argument).map_err(|error| error.to_string())?;
            Ok([&*fixed, &*encoded].concat().into())
        });
        Bound { function: self.function, fixed, left: PhantomData }
    }

    /// The encodings of the fixed arguments.
    fn arguments(&self) -> Result<Vec<u8>> {
        let fixed = self.fixed.as_deref();
        fixed.map(<[u8]>::to_vec).map_err(|reason| {
            Error::new(ErrorKind::Encoding, "fix an argument of a memento function")
                .with("function", self.function.path())
                .because(&**reason)
        })
    }

    /// Adds the encoding of one argument.
    fn push<A: Serialize>(&self, arguments: &mut Vec<u8>, argument: &A) -> Result<()> {
        let encoded = encoding::encode(argument);
        arguments.extend(encoded.map_err(|error| error.with("function", self.function.path()))?);
        Ok(())
    }

    /// Calls the function with the encodings of all of its arguments.
    fn run<R: 'static>(&self, arguments: Result<Vec<u8>>) -> Result<R, Ending> {
        let arguments = arguments?;
        let function = self.function;
        let repeat = repeater(function).ok_or_else(|| failure(function.path(), UNREADABLE))?;
        let Repeated(repetition) = repeat(Recorded::to_call(&arguments))?;
        let output: Option<Box<dyn Any>> = match repetition {
            Repetition::Ended(ended) => Some(ended.map_err(Ending::Panicked)??),
            Repetition::Known(..) | Repetition::Response(_) => None,
        };
        let output = output.and_then(|output| output.downcast::<R>().ok()).ok_or_else(|| {
            let reason = format!("it returns something else than `{}`", type_name::<R>());
            failure(function.path(), &reason)
        })?;
        Ok(*output)
    }
}

const UNREADABLE: &str = "its arguments cannot be read back";

fn failure(path: &str, reason: &str) -> Error {
    Error::new(ErrorKind::Configuration, "use a reference to a memento function")
        .with("function", path)
        .because(reason)
}

impl<F> Clone for Bound<F> {
    fn clone(&self) -> Self {
        Self { function: self.function, fixed: self.fixed.clone(), left: PhantomData }
    }
}

/// The same function with the same fixed arguments.
impl<F> PartialEq for Bound<F> {
    fn eq(&self, other: &Self) -> bool {
        self.function.path() == other.function.path() && self.fixed == other.fixed
    }
}

impl<F> Eq for Bound<F> {}

impl<F> fmt::Display for Bound<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match encoding::encode(self) {
            Ok(encoded) => Rendered(&encoded).fmt(f),
            Err(error) => write!(f, "{}(<{error}>)", self.function.path()),
        }
    }
}

impl<F> fmt::Debug for Bound<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A reference as it is encoded.
#[derive(Serialize, Deserialize)]
#[serde(rename = "memento::Bound")]
struct Encoded {
    function: String,
    arguments: fixed::Bytes,
}

impl<F> Serialize for Bound<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let arguments = fixed::Bytes(self.arguments().map_err(serde::ser::Error::custom)?);
        Encoded { function: self.function.path().to_owned(), arguments }.serialize(serializer)
    }
}

/// What is read has to be a function of this program that takes as many arguments as are fixed and left.
impl<'de, F: Signature> Deserialize<'de> for Bound<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Encoded { function: path, arguments: fixed::Bytes(fixed) } =
            Encoded::deserialize(deserializer)?;
        let function = find(&path, &fixed, F::ARITY).map_err(D::Error::custom)?;
        Ok(Self { function, fixed: Ok(fixed.into()), left: PhantomData })
    }
}

/// The function of this program with this path, if it takes these arguments and so many more.
fn find(path: &str, fixed: &[u8], left: usize) -> Result<&'static Function> {
    let function = function::find(path).ok_or_else(|| {
        failure(path, "this program has no such function, or more than one")
            .help("link the crate that has it; after a change of its name, make the reference anew")
    })?;
    if repeater(function).is_none() {
        return Err(failure(path, UNREADABLE));
    }
    let (mut rest, mut count) = (fixed, 0);
    while !rest.is_empty() {
        let (_, behind) = encoding::split_first(rest)
            .ok_or_else(|| failure(path, "its fixed arguments are damaged"))?;
        (rest, count) = (behind, count + 1);
    }
    let takes = function.arguments().len();
    if count + left != takes {
        let reason = format!("it takes {takes} arguments, not {count} that are fixed and {left}");
        return Err(failure(path, &reason));
    }
    Ok(function)
}
