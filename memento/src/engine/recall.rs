//! Many look-ups in the memory cache at once.

use parking_lot::Mutex;

use super::calls::runner;
use super::{CallerBinding, encode, lookup};
use crate::cache::MANY;
use crate::encoding::{Encode, Encoded};
use crate::modifiers::Modifiers;
use crate::progress::End;
use crate::returns::Returns;
use crate::stack::{self, FinishedCall};
use crate::{Caller, Result, engine::Ledger};

/// A chunk of the calls of a batch. What it holds is used again for the next one, so that a hit allocates nothing.
pub(crate) struct Chunk<'b, R: Returns, A> {
    bound: &'b CallerBinding,
    arguments: Vec<A>,
    outputs: Vec<Option<Result<R::Output>>>,
    /// The encodings of those that have no output, in order.
    missing: Vec<Encoded<'b>>,
    /// What the caller's frame has yet to record; empty where nobody calls.
    calls: Vec<Option<FinishedCall>>,
}

/// Where encodings are written. They are large to move and to hold, so those of each chunk are written where those of
/// the one before were.
type Encodings<'b> = Vec<Encoded<'b>>;

impl<'b, R: Returns, A> Chunk<'b, R, A> {
    pub(crate) fn new(bound: &'b CallerBinding) -> Self {
        let (arguments, outputs, missing, calls) = Default::default();
        Self { bound, arguments, outputs, missing, calls }
    }

    /// Takes up to [`MANY`] arguments and looks into the memory cache for them. `each` gets the index of each call,
    /// from `first` on, and its result or its arguments, in order. The encodings of those without a result.
    #[inline(always)]
    pub(crate) fn recall(
        &mut self,
        arguments: impl Iterator<Item = A>,
        modifiers: Modifiers<'_>,
        encode_arguments: &impl Encode<A>,
        ledger: &mut Ledger,
        first: usize,
        each: impl FnMut(usize, Recalled<R::Output, A>),
    ) -> Vec<Encoded<'b>> {
        self.arguments.extend(arguments.take(MANY));
        self.look_up(&mut Encodings::new(), modifiers, encode_arguments);
        self.give(ledger, first, each);
        std::mem::take(&mut self.missing)
    }

    /// Looks into the memory cache for the arguments that were taken.
    #[inline(always)]
    fn look_up(
        &mut self,
        encodings: &mut Encodings<'b>,
        modifiers: Modifiers<'_>,
        encode_arguments: &impl Encode<A>,
    ) {
        let bound = self.bound;
        for (at, arguments) in self.arguments.iter().enumerate() {
            encodings.push(bound.encoding());
            let encoding = modifiers
                .check_cancelled(bound.function)
                .and_then(|()| encode(bound, &mut encodings[at], encode_arguments, arguments));
            self.outputs.push(encoding.err().map(Err));
        }
        if !modifiers.refresh {
            self.find(encodings);
        }
        let missing = self.outputs.iter().zip(encodings.drain(..));
        self.missing
            .extend(missing.filter_map(|(found, encoded)| found.is_none().then_some(encoded)));
        if let Some(tracker) = modifiers.tracker {
            for result in self.outputs.iter().flatten() {
                tracker.count(if result.is_ok() { End::Hit } else { End::Failed });
            }
        }
    }

    /// Gives what was found.
    #[inline(always)]
    fn give(
        &mut self,
        ledger: &mut Ledger,
        first: usize,
        mut each: impl FnMut(usize, Recalled<R::Output, A>),
    ) {
        let calls = self.arguments.drain(..).zip(self.outputs.drain(..));
        for (at, (arguments, output)) in calls.enumerate() {
            let index = first + at;
            if let Some(result) = output {
                ledger.end(index, self.calls.get_mut(at).and_then(Option::take));
                each(index, Recalled::Ended(result));
            } else {
                ledger.begin(index);
                each(index, Recalled::Missing(arguments));
            }
        }
    }

    /// Looks into the memory cache for what has no output yet.
    #[inline(always)]
    fn find(&mut self, encodings: &Encodings<'b>) {
        let Self { bound, outputs, calls, .. } = self;
        let count = outputs.len();
        if bound.frame != 0 {
            calls.resize_with(count, || None);
        }
        let failed: [bool; MANY] =
            std::array::from_fn(|at| outputs.get(at).is_some_and(Option::is_some));
        bound.cluster.storage.cache.get_many::<R::Kept>(
            count,
            |at| (!failed[at]).then(|| encodings[at].identity(bound.number)),
            |at, mut found| {
                let is_valid = lookup::admits(&found);
                if is_valid && bound.frame != 0 && *found.recorded_by() != bound.frame {
                    calls[at] = Some(FinishedCall::new(bound.function, found.landed().clone()));
                }
                is_valid
            },
            |at, kept| outputs[at] = Some(Ok(R::restore(kept))),
        );
    }
}

/// Chunks of a batch that are looked up at the same time, in threads of its runner.
pub(crate) struct Block<'b, R: Returns, A> {
    bound: &'b CallerBinding,
    chunks: Vec<Mutex<Chunk<'b, R, A>>>,
    /// One for each thread that looks chunks up.
    encodings: Mutex<Vec<Encodings<'b>>>,
    /// How many chunks are filled next.
    next: usize,
    missing: Vec<Encoded<'b>>,
}

/// How many chunks are looked up at the same time at most. To have threads begin and end takes as long as hundreds of
/// hits do, so that there are many for each time; at first there are few, since most batches are short.
const CHUNKS: usize = 256;
/// How many times as many chunks are filled after each time.
const GROWTH: usize = 16;

impl<'b, R: Returns, A: Send> Block<'b, R, A> {
    pub(crate) fn new(bound: &'b CallerBinding) -> Self {
        let (chunks, encodings, missing) = Default::default();
        Self { bound, chunks, encodings, next: 1, missing }
    }

    /// As [`Chunk::recall`], for more arguments; how many were taken.
    pub(crate) fn recall(
        &mut self,
        mut arguments: impl Iterator<Item = A>,
        modifiers: Modifiers<'_>,
        encode_arguments: &impl Encode<A>,
        ledger: &mut Ledger,
        first: usize,
        mut each: impl FnMut(usize, Recalled<R::Output, A>),
    ) -> usize {
        let bound = self.bound;
        self.chunks.resize_with(self.next, || Mutex::new(Chunk::new(bound)));
        let (mut taken, mut filled) = (0, 0);
        for chunk in &mut self.chunks {
            let chunk = &mut chunk.get_mut().arguments;
            chunk.extend(arguments.by_ref().take(MANY));
            taken += chunk.len();
            filled += usize::from(!chunk.is_empty());
        }
        let chunks = &self.chunks;
        let look_up = |at: usize| {
            let mut encodings = self.encodings.lock().pop().unwrap_or_default();
            chunks[at].lock().look_up(&mut encodings, modifiers, encode_arguments);
            self.encodings.lock().push(encodings);
        };
        if filled <= GROWTH {
            // Threads that were woken for so little would only be in the way of what comes next.
            (0..filled).for_each(look_up);
        } else {
            let caller = stack::with(Caller::clone);
            runner(bound, modifiers).for_each(filled, &|at| caller.enter(|| look_up(at)));
        }
        let mut index = first;
        for chunk in &mut self.chunks[..filled] {
            let chunk = chunk.get_mut();
            let count = chunk.arguments.len();
            chunk.give(ledger, index, &mut each);
            self.missing.append(&mut chunk.missing);
            index += count;
        }
        self.next = CHUNKS.min(self.next * GROWTH);
        taken
    }

    /// The encodings of all calls that had no result, in order.
    pub(crate) fn into_missing(self) -> Vec<Encoded<'b>> {
        self.missing
    }
}

/// What the memory cache has for a call.
pub(crate) enum Recalled<T, A> {
    /// Its result, or why it cannot be made.
    Ended(Result<T>),
    /// Nothing: its arguments.
    Missing(A),
}
