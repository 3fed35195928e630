//! Many calls of an async function, a bounded number of them on their way, in the task that asks.
//!
//! Arguments are taken a chunk at a time. The memory cache is asked for a chunk in the poll that takes it, the stores
//! with one request in a job. What has to be computed then waits for room among the calls that run; the next chunk is
//! taken when nothing waits any more.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::job::Blocking;
use super::{Asked, Pending};
use crate::binding::Declaration;
use crate::encoding::Encode;
use crate::engine::calls::CHUNK;
use crate::engine::ending::Ending;
use crate::engine::erased::{Done, OutputOnly};
use crate::engine::item::{Item, Suspended};
use crate::engine::lookup;
use crate::engine::window::Job;
use crate::engine::{Chunk, Ledger, Recalled};
use crate::modifiers::{Modifiers, With};
use crate::progress::{End, Tracker};
use crate::returns::Returns;
use crate::stack::Wait;
use crate::{Error, ErrorKind, Result};

/// Calls of an async function with the arguments that a source gives. Dropping it drops the calls that run, as dropping
/// any future does.
pub(crate) struct TaskWindow<R: Returns, A, I, E, B> {
    job: Result<Arc<Job<E, B>>>,
    tracker: Option<Arc<Tracker>>,
    /// `None` when it has given all that is wanted.
    source: Option<I>,
    /// Whether each of the arguments gets an error where no call can be made, as when they are cancelled; else one says
    /// that the rest is missing.
    takes_all: bool,
    /// The index of the arguments that come next.
    index: usize,
    /// How many results have come from memory since the task waited last.
    recalled: usize,
    /// How many calls run at the same time.
    limit: usize,
    /// Results that have not been asked for.
    ready: VecDeque<(usize, Result<R::Output>)>,
    looking_up: Option<LookUp<R, A>>,
    /// Calls that have to be computed, and for which there is no room.
    waiting: VecDeque<(usize, A, Pending<R>)>,
    ledger: Ledger,
    has_stopped: bool,
}

/// A chunk that the stores are being asked for.
struct LookUp<R: Returns, A> {
    asked: Arc<Asked>,
    arguments: Vec<(usize, A)>,
    found: Blocking<Vec<(Suspended, Option<R::Output>)>>,
    _wait: Wait,
}

/// What a window waits for.
enum Event<R: Returns> {
    Ended(Done<R::Output>),
    LookedUp(Vec<(Suspended, Option<R::Output>)>),
    /// Nothing is on its way.
    Nothing,
}

/// What brings one call to its end.
pub(crate) struct Begin<R: Returns, A, E, B> {
    job: Arc<Job<E, B>>,
    tracker: Option<Arc<Tracker>>,
    index: usize,
    arguments: A,
    pending: Pending<R>,
}

/// Brings one call to its end.
pub(crate) async fn finish<R, A, E, B, F>(call: Begin<R, A, E, B>) -> Done<R::Output>
where
    R: Returns,
    B: Fn(A) -> F,
    F: Future<Output = R::Output>,
{
    let Begin { job, tracker, index, arguments, pending } = call;
    let asked = Arc::clone(&pending.asked);
    let _wait = Wait::begin(asked.caller.frame.as_ref());
    let body = || (job.body)(arguments);
    let Pending { item, output, .. } = pending.settle(tracker.as_deref(), body).await;
    done::<R>(&asked, index, &item, output)
}

/// A call that has ended.
fn done<R: Returns>(
    asked: &Asked,
    index: usize,
    item: &Suspended,
    output: Option<R::Output>,
) -> Done<R::Output> {
    let function = asked.bound.function;
    let has_failed = || output.as_ref().is_none_or(|output| R::error(output).is_some());
    let (end, call) = (item.ending.end(has_failed), item.finished_call(function));
    Done { index, result: output.ok_or_else(|| item.ending.error(function)), call, end }
}

impl<R, A, I, E, B> TaskWindow<R, A, I, E, B>
where
    R: Returns,
    I: Iterator<Item = A>,
    E: Encode<A>,
{
    /// Calls that nothing is done for yet.
    pub(crate) fn new(
        declaration: &'static Declaration,
        with: &With,
        encode: E,
        source: I,
        body: B,
    ) -> Self {
        let tracker = with.tracker(declaration.function(), source.size_hint());
        Self {
            job: Job::new(declaration, with, encode, body),
            tracker: tracker.map(Arc::new),
            source: Some(source),
            takes_all: false,
            index: 0,
            recalled: 0,
            limit: with.limit(),
            ready: VecDeque::new(),
            looking_up: None,
            waiting: VecDeque::new(),
            ledger: Ledger::new(),
            has_stopped: false,
        }
    }

    /// The same, with a result for each of the arguments.
    pub(crate) fn of_all(self) -> Self {
        Self { takes_all: true, ..self }
    }

    /// Cancels what has not begun, and takes no more arguments. What runs still comes.
    pub(crate) fn stop(&mut self) {
        self.has_stopped = true;
        self.source = None;
        if let Ok(job) = &self.job {
            job.cancel.cancel();
        }
    }

    /// The next call that has ended, and what came of it. `running` holds the calls that run, which `finish` makes.
    pub(crate) async fn next<F: Future<Output = Done<R::Output>>>(
        &mut self,
        running: &mut FuturesUnordered<F>,
        finish: impl Fn(Begin<R, A, E, B>) -> F,
    ) -> Option<(usize, Result<R::Output>)> {
        loop {
            if let Some((index, result)) = self.ready.pop_front() {
                if let Err(error) = &result {
                    self.ledger.note_error(error);
                }
                return Some((index, result));
            }
            let job = match &self.job {
                Ok(job) => Arc::clone(job),
                Err(error) => {
                    self.refuse(error.clone())?;
                    continue;
                }
            };
            while running.len() < self.limit
                && let Some((index, arguments, pending)) = self.waiting.pop_front()
            {
                let (job, tracker) = (Arc::clone(&job), self.tracker.clone());
                running.push(finish(Begin { job, tracker, index, arguments, pending }));
            }
            let has_room =
                self.waiting.is_empty() && self.looking_up.is_none() && self.source.is_some();
            if has_room && self.recalled < CHUNK {
                self.fill(&job);
                continue;
            }
            let event = if has_room {
                self.give_way(running).await
            } else {
                poll_fn(|context| self.poll(running, context)).await
            };
            match event {
                Event::Ended(done) => self.end(done),
                Event::LookedUp(found) => self.take(found),
                Event::Nothing if has_room => {}
                Event::Nothing => return None,
            }
        }
    }

    /// Lets others in this thread have their turn, and the calls that run: what is in memory has nobody wait. What has
    /// happened meanwhile, if anything has.
    async fn give_way<F: Future<Output = Done<R::Output>>>(
        &mut self,
        running: &mut FuturesUnordered<F>,
    ) -> Event<R> {
        let mut has_waited = false;
        poll_fn(|context| match self.poll(running, context) {
            Poll::Ready(Event::Nothing) | Poll::Pending if has_waited => {
                Poll::Ready(Event::Nothing)
            }
            Poll::Ready(Event::Nothing) | Poll::Pending => {
                has_waited = true;
                self.recalled = 0;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            happened @ Poll::Ready(_) => happened,
        })
        .await
    }

    /// Waits for something to happen.
    fn poll<F: Future<Output = Done<R::Output>>>(
        &mut self,
        running: &mut FuturesUnordered<F>,
        context: &mut Context<'_>,
    ) -> Poll<Event<R>> {
        if let Some(LookUp { found, .. }) = &mut self.looking_up
            && let Poll::Ready(found) = Pin::new(found).poll(context)
        {
            return Poll::Ready(Event::LookedUp(found));
        }
        match running.poll_next_unpin(context) {
            Poll::Ready(Some(done)) => Poll::Ready(Event::Ended(done)),
            Poll::Ready(None) if self.looking_up.is_none() => Poll::Ready(Event::Nothing),
            Poll::Ready(None) | Poll::Pending => {
                self.recalled = 0;
                Poll::Pending
            }
        }
    }

    /// Takes a chunk of arguments, and has the stores asked for what is not in memory.
    fn fill(&mut self, job: &Arc<Job<E, B>>) {
        if !self.takes_all
            && let Err(error) = job.modifiers().check_cancelled(job.bound.function)
        {
            self.refuse(error);
            return;
        }
        // Where the source panics, it is gone.
        let Some(mut source) = self.source.take() else { return };
        let chunk = self.limit.min(CHUNK);
        let arguments: Vec<A> = source.by_ref().take(chunk).collect();
        if arguments.len() == chunk {
            self.source = Some(source);
        } else if let Some(tracker) = &self.tracker {
            tracker.set_total(self.index + arguments.len());
        }
        let (arguments, items) = job.caller.enter(|| self.recall(job, arguments));
        if items.is_empty() {
            return;
        }
        let asked = job.caller.enter(|| Arc::new(Asked::new(job.bound.clone(), job.modifiers())));
        let wait = Wait::begin(asked.caller.frame.as_ref());
        let found = look_up::<R>(Arc::clone(&asked), items);
        self.looking_up = Some(LookUp { asked, arguments, found, _wait: wait });
    }

    /// Looks into the memory cache for the arguments that were taken; those that it has nothing for.
    fn recall(&mut self, job: &Job<E, B>, arguments: Vec<A>) -> (Vec<(usize, A)>, Vec<Suspended>) {
        let Self { ready, recalled: ended, ledger, tracker, index: next, .. } = self;
        let modifiers = Modifiers { tracker: tracker.as_deref(), ..job.modifiers() };
        let (first, mut missing) = (*next, Vec::new());
        *next += arguments.len();
        let (mut chunk, arguments) = (Chunk::<R, A>::new(&job.bound), arguments.into_iter());
        let each = |index, recalled| match recalled {
            Recalled::Ended(result) => {
                *ended += 1;
                ready.push_back((index, result));
            }
            Recalled::Missing(arguments) => missing.push((index, arguments)),
        };
        let encodings = chunk.recall(arguments, modifiers, &job.encode, ledger, first, each);
        let items = encodings.into_iter().map(|encoded| Suspended::new(&job.bound, encoded));
        (missing, items.collect())
    }

    /// Gives an error in the place of the next result, if there is one: nothing can be done for arguments any more.
    fn refuse(&mut self, error: Error) -> Option<()> {
        let mut source = self.source.take()?;
        source.next()?;
        self.count(End::Failed);
        self.ready.push_back((self.index, Err(error)));
        self.index += 1;
        self.source = Some(source).filter(|_| self.takes_all);
        Some(())
    }

    /// Takes what the stores had for a chunk.
    fn take(&mut self, found: Vec<(Suspended, Option<R::Output>)>) {
        let Some(LookUp { asked, arguments, .. }) = self.looking_up.take() else { return };
        for ((index, arguments), (item, output)) in arguments.into_iter().zip(found) {
            if let Ending::Pending = item.ending {
                let pending = Pending { asked: Arc::clone(&asked), item, output };
                self.waiting.push_back((index, arguments, pending));
            } else {
                self.end(done::<R>(&asked, index, &item, output));
            }
        }
    }

    /// A call has ended.
    fn end(&mut self, Done { index, result, call, end }: Done<R::Output>) {
        self.count(end);
        self.ledger.end(index, call);
        let is_cancelled = |error: &Error| error.kind() == ErrorKind::Cancelled;
        if !(self.has_stopped && result.as_ref().is_err_and(is_cancelled)) {
            self.ready.push_back((index, result));
        }
    }

    fn count(&self, end: End) {
        if let Some(tracker) = &self.tracker {
            tracker.count(end);
        }
    }
}

/// Looks a chunk up, in the stores with one request, in a thread that may be blocked.
fn look_up<R: Returns>(
    asked: Arc<Asked>,
    mut items: Vec<Suspended>,
) -> Blocking<Vec<(Suspended, Option<R::Output>)>> {
    Blocking::begin(move || {
        let outputs = items.iter().map(|_| OutputOnly::<R>::of_output(None));
        let mut outputs: Vec<_> = outputs.collect();
        let resumed = items.iter_mut().zip(&mut outputs);
        let mut resumed: Vec<_> = resumed.map(|(item, output)| item.resume(output)).collect();
        let modifiers = asked.modifiers();
        if !modifiers.refresh && modifiers.check_cancelled(asked.bound.function).is_ok() {
            let find = || lookup::find_all(&asked.bound, modifiers, &mut resumed);
            asked.caller.enter(find);
        }
        let states: Vec<_> = resumed.into_iter().map(Item::into_state).collect();
        items.iter_mut().zip(states).for_each(|(item, state)| item.put_back(state));
        items.into_iter().zip(outputs.into_iter().map(OutputOnly::<R>::into_output)).collect()
    })
}
