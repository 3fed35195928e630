//! A call whose types the engine need not know.

use std::any::{Any, type_name};
use std::sync::Arc;

use crate::cache::Shared;
use crate::codec::Codec;
use crate::returns::Returns;
use crate::{Error, ErrorKind, Result};

/// One call: the function's body with its arguments, then its output.
pub(crate) trait Task: Send {
    /// Runs the body. Done at most once.
    fn run(&mut self);

    /// The message of the error that the body returned, if it returned one.
    fn error(&self) -> Option<String>;

    /// Appends the encoding of the output; `None` where the output is not kept.
    fn encode(&self, bytes: &mut Vec<u8>) -> Option<Result<()>>;

    /// A clone of the output for others; `None` where the output is not kept.
    fn share(&self) -> Option<Shared>;

    /// Takes the output from bytes.
    fn decode(&mut self, bytes: &[u8]) -> Result<()>;

    /// Takes the output from a clone; whether it is of the right type.
    fn adopt(&mut self, shared: &Shared) -> bool;

    /// The name of the codec.
    fn codec(&self) -> &'static str;

    /// The type of the output.
    fn result_type(&self) -> &'static str;
}

/// A call of a function that returns what `R` says.
pub(crate) struct Typed<R: Returns, F> {
    body: Option<F>,
    output: Option<R::Output>,
}

impl<R: Returns, F: FnOnce() -> R::Output> Typed<R, F> {
    pub(crate) fn new(body: F) -> Self {
        Self { body: Some(body), output: None }
    }

    pub(crate) fn into_output(self) -> Option<R::Output> {
        self.output
    }

    fn kept(&self) -> Option<&R::Kept> {
        self.output.as_ref().and_then(R::kept)
    }
}

impl<R: Returns, F: FnOnce() -> R::Output + Send> Task for Typed<R, F> {
    fn run(&mut self) {
        self.output = self.body.take().map(|body| body());
    }

    fn error(&self) -> Option<String> {
        self.output.as_ref().and_then(R::error)
    }

    fn encode(&self, bytes: &mut Vec<u8>) -> Option<Result<()>> {
        self.kept().map(|kept| R::Codec::encode(kept, bytes))
    }

    fn share(&self) -> Option<Shared> {
        self.kept().map(|kept| Arc::new(kept.clone()) as Shared)
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<()> {
        // The bytes are whole: what does not decode was written for another type of the same function.
        self.output = Some(R::restore(R::Codec::decode(bytes)?));
        Ok(())
    }

    fn adopt(&mut self, shared: &Shared) -> bool {
        let kept = (&**shared as &dyn Any).downcast_ref::<R::Kept>();
        self.output = kept.map(|kept| R::restore(kept.clone()));
        self.output.is_some()
    }

    fn codec(&self) -> &'static str {
        R::Codec::NAME
    }

    fn result_type(&self) -> &'static str {
        type_name::<R::Output>()
    }
}

/// The error that stands for a panic of a function.
pub(crate) fn panicked(function: &'static str, payload: &(dyn Any + Send)) -> Error {
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::new(ErrorKind::Panicked, "run a memento function")
        .with("function", function)
        .source(format!("it panicked: {}", message.unwrap_or("with a value that is no text")))
}
