//! Many calls, a bounded number of them on their way: results come as calls end.
//!
//! The thread that asks takes arguments, a chunk at a time, and looks into the memory cache. What is not there goes to
//! the runner's threads as a chunk, which is looked up and run as any batch; each call tells of its end through a
//! channel. Arguments and results are in nobody else's hands, so they need not be fit for other threads.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use super::calls::{CHUNK, runner};
use super::erased::{Done, Message, Outlet, TypedCall};
use super::ledger::Ledger;
use super::recall::{Chunk, Recalled};
use super::{CallerBinding, Item, bind, encode, resolve};
use crate::binding::Declaration;
use crate::encoding::Encode;
use crate::flight::while_waiting_for_pool;
use crate::modifiers::{Modifiers, With};
use crate::plugin::for_another;
use crate::progress::{End, Tracker};
use crate::returns::Returns;
use crate::runner::{Runner, Spawn};
use crate::{Caller, CancellationToken, Error, ErrorKind, Result, stack};

/// What all calls of a window have in common.
pub(crate) struct Job<E, B> {
    pub(super) bound: CallerBinding,
    pub(super) caller: Caller,
    with: With,
    /// Cancelled with the token of the call, and when the window stops.
    pub(super) cancel: CancellationToken,
    pub(super) encode: E,
    pub(super) body: B,
}

/// Calls with the arguments that a source gives, of which a bounded number are on their way.
///
/// Dropping it cancels what has not begun, and waits for what runs.
pub(crate) struct Window<R: Returns, A, I, E, B> {
    job: Result<Arc<Job<E, B>>>,
    /// `None` when it has given all that is wanted.
    source: Option<I>,
    /// The index of the arguments that come next.
    index: usize,
    /// How many calls are on their way at most.
    limit: usize,
    /// Arguments that are taken at once; empty between chunks.
    arguments: Vec<A>,
    /// Those of them that are not in memory, where this thread makes their calls itself: after what is ready.
    missing: Vec<(usize, A)>,
    /// Results that have not been asked for.
    ready: VecDeque<(usize, Result<R::Output>)>,
    /// Calls on their way.
    outstanding: usize,
    /// Chunks on their way.
    running: usize,
    sender: Sender<Message<R::Output>>,
    receiver: Receiver<Message<R::Output>>,
    ledger: Ledger,
    tracker: Option<Tracker>,
    has_stopped: bool,
}

impl<E, B> Job<E, B> {
    /// # Errors
    ///
    /// What keeps all calls from being made.
    pub(super) fn new(
        declaration: &'static Declaration,
        with: &With,
        encode: E,
        body: B,
    ) -> Result<Arc<Self>> {
        let caller = with.caller()?;
        let bound = caller.enter(|| bind(declaration))?;
        let cancel = CancellationToken::child_of(with.modifiers().cancel.cloned());
        Ok(Arc::new(Self { bound, caller, with: with.clone(), cancel, encode, body }))
    }

    pub(super) fn modifiers(&self) -> Modifiers<'_> {
        Modifiers { cancel: Some(&self.cancel), ..self.with.modifiers() }
    }

    /// What runs these calls.
    pub(crate) fn runner(&self) -> &dyn Runner {
        runner(&self.bound, self.with.modifiers())
    }

    /// What brings a chunk of calls that are not in memory to their ends, and tells of it.
    fn chunk<R, A>(
        self: &Arc<Self>,
        calls: Vec<(usize, A)>,
        sender: Sender<Message<R::Output>>,
    ) -> impl FnOnce() + Send + use<R, A, E, B>
    where
        R: Returns,
        A: Send,
        E: Encode<A> + Send,
        B: Fn(A) -> R::Output + Send + Sync,
    {
        let job = Arc::clone(self);
        move || {
            let run = || job.caller.enter(|| job.run::<R, A>(calls, &sender));
            let (ran, ends) = for_another(|| catch_unwind(AssertUnwindSafe(run)));
            // This may be the last that holds what the caller lent.
            drop(job);
            let _ = sender.send(Message::ChunkEnded(ran, ends));
        }
    }

    /// Brings a chunk of calls that are not in memory to their ends.
    fn run<R, A>(&self, chunk: Vec<(usize, A)>, sender: &Sender<Message<R::Output>>)
    where
        R: Returns,
        A: Send,
        E: Encode<A> + Send,
        B: Fn(A) -> R::Output + Send + Sync,
    {
        let (mut encodings, mut calls) = (Vec::new(), Vec::new());
        for (index, arguments) in chunk {
            let mut encoded = self.bound.encoding();
            match encode(&self.bound, &mut encoded, &self.encode, &arguments) {
                Ok(()) => {
                    let outlet = Outlet { index, sender: sender.clone() };
                    encodings.push(encoded);
                    let (encode, body) = (&self.encode, &self.body);
                    calls.push(TypedCall::<R, _, _, _>::with_outlet(
                        encode, arguments, body, outlet,
                    ));
                }
                Err(error) => {
                    let done = Done { index, result: Err(error), call: None, end: End::Failed };
                    // Where nobody listens any more, nobody needs to know.
                    let _ = sender.send(Message::Done(done));
                }
            }
        }
        let items = encodings.iter().zip(&mut calls);
        let mut items = items.map(|(encoded, call)| Item::new(&self.bound, encoded, call));
        resolve(&self.bound, self.modifiers(), &mut items);
    }
}

impl<R, A, I, E, B> Window<R, A, I, E, B>
where
    R: Returns,
    A: Send,
    I: Iterator<Item = A>,
    E: Encode<A> + Send,
    B: Fn(A) -> R::Output + Send + Sync,
{
    /// Calls that nothing is done for yet.
    pub(crate) fn new(
        declaration: &'static Declaration,
        with: &With,
        _: R,
        encode: E,
        source: I,
        body: B,
    ) -> Self {
        let job = Job::new(declaration, with, encode, body);
        let size_hint = source.size_hint();
        let (sender, receiver) = mpsc::channel();
        Self {
            job,
            source: Some(source),
            index: 0,
            limit: with.limit(),
            arguments: Vec::new(),
            missing: Vec::new(),
            ready: VecDeque::new(),
            outstanding: 0,
            running: 0,
            sender,
            receiver,
            ledger: Ledger::new(),
            tracker: with.tracker(declaration.function(), size_hint),
            has_stopped: false,
        }
    }

    /// What the calls have in common.
    ///
    /// # Errors
    ///
    /// What keeps all of them from being made.
    pub(crate) fn job(&self) -> Result<Arc<Job<E, B>>> {
        self.job.clone()
    }

    /// The next call that has ended, and what came of it. Chunks run in other threads through `spawn`, else in this
    /// one.
    ///
    /// # Panics
    ///
    /// With whatever panics but the function itself: the source, the encoding of arguments, the runner.
    pub(crate) fn next<'scope>(
        &mut self,
        spawn: Option<&dyn Spawn<'scope>>,
    ) -> Option<(usize, Result<R::Output>)>
    where
        R: 'scope,
        A: 'scope,
        E: 'scope,
        B: 'scope,
        R::Output: 'scope,
    {
        loop {
            if let Some((index, result)) = self.ready.pop_front() {
                if let Err(error) = &result {
                    self.ledger.note_error(error);
                }
                return Some((index, result));
            }
            if let Ok(message) = self.receiver.try_recv() {
                self.receive(message);
            } else if !self.missing.is_empty() {
                self.run_missing();
            } else if self.source.is_some() && self.outstanding + self.chunk() <= self.limit {
                match self.job.clone() {
                    Ok(job) => self.fill(&job, spawn),
                    Err(error) => self.refuse(error),
                }
            } else if self.running > 0 {
                self.wait();
            } else {
                return None;
            }
        }
    }

    /// How many arguments are taken at once: with half of the limit, one chunk waits while another one runs.
    fn chunk(&self) -> usize {
        self.limit.div_ceil(2).min(CHUNK)
    }

    /// Takes a chunk of arguments, and starts what is not in memory.
    fn fill<'scope>(&mut self, job: &Arc<Job<E, B>>, spawn: Option<&dyn Spawn<'scope>>)
    where
        R: 'scope,
        A: 'scope,
        E: 'scope,
        B: 'scope,
        R::Output: 'scope,
    {
        if let Err(error) = job.modifiers().check_cancelled(job.bound.function) {
            return self.refuse(error);
        }
        // Where the source panics, it is gone.
        let Some(mut source) = self.source.take() else { return };
        let chunk = self.chunk();
        self.arguments.extend(source.by_ref().take(chunk));
        if self.arguments.len() == chunk {
            self.source = Some(source);
        } else if let Some(tracker) = &self.tracker {
            tracker.set_total(self.index + self.arguments.len());
        }
        let missing = job.caller.enter(|| self.recall(job));
        if missing.is_empty() {
            return;
        }
        if let Some(tracker) = &self.tracker {
            tracker.begin_to_compute();
        }
        self.outstanding += missing.len();
        let Some(spawn) = spawn else {
            self.missing = missing;
            return;
        };
        self.running += 1;
        spawn.spawn(Box::new(job.chunk::<R, A>(missing, self.sender.clone())));
    }

    /// Makes the calls that wait for this thread.
    fn run_missing(&mut self) {
        let missing = std::mem::take(&mut self.missing);
        let Ok(job) = self.job.clone() else { return };
        self.running += 1;
        let chunk = job.chunk::<R, A>(missing, self.sender.clone());
        let began = Instant::now();
        chunk();
        self.ledger.add_waited(began.elapsed());
    }

    /// Looks into the memory cache for the arguments that were taken; those that it has nothing for.
    fn recall(&mut self, job: &Job<E, B>) -> Vec<(usize, A)> {
        let Self { arguments, ready, ledger, tracker, index: next, .. } = self;
        let modifiers = Modifiers { tracker: tracker.as_ref(), ..job.modifiers() };
        let (first, mut missing) = (*next, Vec::new());
        *next += arguments.len();
        let mut chunk = Chunk::<R, A>::new(&job.bound);
        chunk.recall(
            arguments.drain(..),
            modifiers,
            &job.encode,
            ledger,
            first,
            |index, recalled| match recalled {
                Recalled::Ended(result) => ready.push_back((index, result)),
                Recalled::Missing(arguments) => missing.push((index, arguments)),
            },
        );
        missing
    }

    /// Takes no more arguments, since nothing can be done for them: there may be no end of them. Where there are any,
    /// one error says that the rest is missing.
    fn refuse(&mut self, error: Error) {
        if self.source.take().and_then(|mut source| source.next()).is_some() {
            self.count(End::Failed);
            self.ready.push_back((self.index, Err(error)));
        }
    }
}

impl<R: Returns, A, I, E, B> Window<R, A, I, E, B> {
    /// Cancels what has not begun, and takes no more arguments. What runs still comes.
    pub(crate) fn stop(&mut self) {
        self.has_stopped = true;
        if let Ok(job) = &self.job {
            job.cancel.cancel();
        }
        self.source = None;
    }

    /// Waits for something to end.
    fn wait(&mut self) {
        let began = Instant::now();
        let message = while_waiting_for_pool(|| self.receiver.recv());
        self.ledger.add_waited(began.elapsed());
        if let Ok(message) = message {
            self.receive(message);
        }
    }

    fn count(&self, end: End) {
        if let Some(tracker) = &self.tracker {
            tracker.count(end);
        }
    }

    fn receive(&mut self, message: Message<R::Output>) {
        match message {
            Message::Done(Done { index, result, call, end }) => {
                self.count(end);
                self.outstanding -= 1;
                self.ledger.end(index, call);
                let is_cancelled = |result: &Result<_>| {
                    result.as_ref().is_err_and(|e| e.kind() == ErrorKind::Cancelled)
                };
                if !(self.has_stopped && is_cancelled(&result)) {
                    self.ready.push_back((index, result));
                }
            }
            Message::ChunkEnded(ran, ends) => {
                self.running -= 1;
                ends.adopt();
                if let Err(payload) = ran {
                    self.stop();
                    stack::note_failure();
                    resume_unwind(payload);
                }
            }
        }
    }
}

impl<R: Returns, A, I, E, B> Drop for Window<R, A, I, E, B> {
    fn drop(&mut self) {
        self.stop();
        while self.running > 0 {
            match while_waiting_for_pool(|| self.receiver.recv()) {
                Ok(Message::ChunkEnded(..)) => self.running -= 1,
                Ok(Message::Done(_)) => {}
                Err(_) => return,
            }
        }
    }
}
