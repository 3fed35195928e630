//! A call whose types the engine need not know.

use std::any::{Any, type_name};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use super::ending::Ending;
use crate::cache::Shared;
use crate::codec::{self, Codec, Encoding};
use crate::encoding::{Encode, EncodeResult, Encoder};
use crate::function::Function;
use crate::part;
use crate::plugin::Ends;
use crate::progress::End;
use crate::returns::Returns;
use crate::stack::FinishedCall;
use crate::{Invocation, Result};

/// One call: the function's body with its arguments, then its output.
pub(crate) trait ErasedCall: Send {
    /// Runs the body. Done at most once.
    fn run(&mut self);

    /// Writes the arguments, which the body has not taken yet.
    fn encode_arguments(&self, encoder: &mut Encoder<'_, '_>) -> EncodeResult;

    /// The message of the error that the body returned, if it returned one.
    fn error(&self) -> Option<String>;

    /// Appends the encoding of the output; `None` where the output is not kept.
    fn encode(&self, bytes: &mut Vec<u8>) -> Option<Result<()>>;

    /// Sees to it that the output is read from its encoding as what it is: [`codec::check_read`].
    fn check_read(&self, bytes: &[u8], is_all: bool) -> Result<()>;

    /// What encodes any value as the output is encoded.
    fn encoder(&self) -> part::Encode;

    /// A clone of the output for others; `None` where the output is not kept.
    fn share(&self) -> Option<Shared>;

    /// Takes the output from its encoding.
    fn decode(&mut self, encoding: Encoding<'_>) -> Result<()>;

    /// Drops the output: parts of it are missing.
    fn discard(&mut self);

    /// What another process can make an output of that is not kept; `None` where it cannot.
    fn carry(&self) -> Option<Vec<u8>>;

    /// Takes an output that was [carried](Self::carry); whether it could be.
    fn take_carried(&mut self, bytes: &[u8]) -> bool;

    /// Takes the output from a clone; whether it is of the right type.
    fn adopt(&mut self, shared: &Shared) -> bool;

    /// The name of the codec.
    fn codec(&self) -> &'static str;

    /// The type of the output.
    fn result_type(&self) -> &'static str;

    /// Is told how the call ended, as soon as it has.
    fn deliver(&mut self, function: &'static Function, invocation: Invocation, ending: &Ending);
}

/// A call of a function that returns what `R` says.
pub(crate) struct TypedCall<'e, R: Returns, A, E, F> {
    call: Option<(A, F)>,
    encode: &'e E,
    output: Option<R::Output>,
    /// Where the output goes at once, if anywhere.
    outlet: Option<Outlet<R::Output>>,
}

/// Where the output of one call goes as soon as it has ended.
pub(crate) struct Outlet<T> {
    /// Which of many calls this is.
    pub(crate) index: usize,
    pub(crate) sender: Sender<Message<T>>,
}

/// What threads that compute have to tell.
pub(crate) enum Message<T> {
    Done(Done<T>),
    /// A chunk of calls has ended; what came of it where it was no call that panicked, and what there is to do at the
    /// end of whoever asked for them.
    ChunkEnded(std::thread::Result<()>, Ends),
}

/// A call that has ended.
pub(crate) struct Done<T> {
    pub(crate) index: usize,
    pub(crate) result: Result<T>,
    /// What the caller's frame has yet to record.
    pub(crate) call: Option<FinishedCall>,
    pub(crate) end: End,
}

/// What encodes no arguments.
type EncodeNothing = fn(&(), &mut Encoder<'_, '_>) -> EncodeResult;

/// The output of a call whose body runs elsewhere.
pub(crate) type OutputOnly<R> =
    TypedCall<'static, R, (), EncodeNothing, fn(()) -> <R as Returns>::Output>;

impl<R: Returns> OutputOnly<R> {
    pub(crate) fn of_output(output: Option<R::Output>) -> Self {
        const ENCODE: &EncodeNothing = &((|(), _| Ok(())) as EncodeNothing);
        Self { call: None, encode: ENCODE, output, outlet: None }
    }
}

impl<'e, R: Returns, A, E: Encode<A>, F: FnOnce(A) -> R::Output> TypedCall<'e, R, A, E, F> {
    pub(crate) fn new(_: R, encode: &'e E, arguments: A, body: F) -> Self {
        Self { call: Some((arguments, body)), encode, output: None, outlet: None }
    }

    /// A call whose output goes through `outlet`.
    pub(crate) fn with_outlet(
        encode: &'e E,
        arguments: A,
        body: F,
        outlet: Outlet<R::Output>,
    ) -> Self {
        Self { call: Some((arguments, body)), encode, output: None, outlet: Some(outlet) }
    }

    pub(crate) fn into_output(self) -> Option<R::Output> {
        self.output
    }

    fn kept(&self) -> Option<&R::Kept> {
        self.output.as_ref().and_then(R::kept)
    }
}

impl<R, A, E, F> ErasedCall for TypedCall<'_, R, A, E, F>
where
    R: Returns,
    A: Send,
    E: Encode<A>,
    F: FnOnce(A) -> R::Output + Send,
{
    fn run(&mut self) {
        self.output = self.call.take().map(|(arguments, body)| body(arguments));
    }

    fn encode_arguments(&self, encoder: &mut Encoder<'_, '_>) -> EncodeResult {
        self.call.as_ref().map_or(Ok(()), |(arguments, _)| (self.encode)(arguments, encoder))
    }

    fn error(&self) -> Option<String> {
        self.output.as_ref().and_then(R::error)
    }

    fn encode(&self, bytes: &mut Vec<u8>) -> Option<Result<()>> {
        self.kept().map(|kept| R::Codec::encode(kept, bytes))
    }

    fn check_read(&self, bytes: &[u8], is_all: bool) -> Result<()> {
        let check = |kept| codec::check_read::<R::Codec, R::Kept>(kept, bytes, is_all);
        self.kept().map_or(Ok(()), check)
    }

    fn encoder(&self) -> part::Encode {
        |value, bytes| R::Codec::encode(value, bytes)
    }

    fn share(&self) -> Option<Shared> {
        self.kept().map(|kept| Arc::new(kept.clone()) as Shared)
    }

    fn decode(&mut self, encoding: Encoding<'_>) -> Result<()> {
        // The bytes are whole: what does not decode was written for another type of the same function.
        self.output = Some(R::restore(encoding.decode::<R::Codec, _>()?));
        Ok(())
    }

    fn discard(&mut self) {
        self.output = None;
    }

    fn carry(&self) -> Option<Vec<u8>> {
        self.output.as_ref().and_then(R::carry)
    }

    fn take_carried(&mut self, bytes: &[u8]) -> bool {
        self.output = R::restore_carried(bytes);
        self.output.is_some()
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

    fn deliver(&mut self, function: &'static Function, invocation: Invocation, ending: &Ending) {
        if let Some(Outlet { index, sender }) = self.outlet.take() {
            let end = ending.end(|| self.error().is_some());
            let result = self.output.take().ok_or_else(|| ending.error(function));
            let call = ending.finished_call(function, invocation);
            // Where nobody listens any more, nobody needs to know.
            let _ = sender.send(Message::Done(Done { index, result, call, end }));
        }
    }
}
