//! The way of a call of an async function.
//!
//! memory cache → look-up → flight → claim → body → record
//!
//! It is the way of every call, cut into steps. What may touch the stores is a [job] in a pool of threads, which owns
//! what it works on; the first step and the body run in the task that asks, wherever that is polled.

mod job;
mod window;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use super::calls::{Calls, runner};
use super::claim::{AmongProcesses, Claimed, Waiter};
use super::ending::Ending;
use super::erased::{ErasedCall as _, OutputOnly};
use super::item::{Item, Suspended};
use super::{CallerBinding, bind, encode, lookup, recall};
use crate::binding::Declaration;
use crate::cache::Shared;
use crate::cancellation::CancellationToken;
use crate::encoding::Encode;
use crate::flight::{Arrival, Claim};
use crate::modifiers::{Modifiers, Wants};
use crate::progress::Tracker;
use crate::returns::Returns;
use crate::runner::refusal;
use crate::stack::{self, UnderWay, Wait};
use crate::validity::Validity;
use crate::{Caller, Key, Result};
use job::{Blocking, HeldRight, Unstoppable};
pub(crate) use window::{TaskWindow, finish};

/// A call that has begun.
pub(crate) enum Begun<R: Returns> {
    /// The memory cache has its output.
    Found(R::Output),
    Missing(Box<Pending<R>>),
}

/// A call that the memory cache has no answer for.
pub(crate) struct Pending<R: Returns> {
    asked: Arc<Asked>,
    item: Suspended,
    output: Option<R::Output>,
}

/// What is asked for, and by whom: the same in all jobs of one call.
struct Asked {
    bound: CallerBinding,
    caller: Caller,
    modifiers: Modifiers<'static>,
    cancel: Option<CancellationToken>,
}

impl Asked {
    /// For whoever calls in this thread.
    fn new(bound: CallerBinding, modifiers: Modifiers<'_>) -> Self {
        let (modifiers, cancel) = modifiers.detach();
        Self { bound, caller: Caller::current(), modifiers, cancel }
    }

    fn modifiers(&self) -> Modifiers<'_> {
        Modifiers { cancel: self.cancel.as_ref(), ..self.modifiers }
    }

    /// What works on the call. The body runs here, whatever the runner is.
    fn calls(&self) -> Calls<'_> {
        let modifiers = Modifiers { local: true, ..self.modifiers() };
        Calls::elsewhere(&self.bound, self.caller.clone(), modifiers)
    }

    /// Claims the key among the tasks of this process.
    async fn claim(&self, key: Key) -> Claim {
        let frames = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        let callers: Vec<Key> = frames.map(|frame| frame.key).collect();
        self.bound.cluster.task_flights.claim(key, &callers).await
    }

    /// Whether the function may run.
    fn check_runner(&self, key: Key) -> Result<()> {
        let runner = runner(&self.bound, self.modifiers());
        if runner.executes() {
            return Ok(());
        }
        Err(refusal(runner.name(), self.bound.function, key))
    }
}

/// Begins a call. It ends here where the memory cache has a valid result.
#[inline(always)]
pub(crate) fn begin<R: Returns, A>(
    declaration: &'static Declaration,
    modifiers: Modifiers<'_>,
    encode_arguments: &impl Encode<A>,
    arguments: &A,
) -> Result<Begun<R>> {
    stack::noting_panics(|| {
        let bound = bind(declaration)?;
        modifiers.check_cancelled(bound.function)?;
        let mut encoded = bound.encoding();
        encode(&bound, &mut encoded, encode_arguments, arguments)?;
        if !modifiers.refresh
            && modifiers.wants == Wants::Value
            && let Some(output) = recall::<R>(&bound, &encoded)
        {
            return Ok(Begun::Found(output));
        }
        let item = Suspended::new(&bound, encoded);
        Ok(Begun::Missing(Pending::new(bound, modifiers, item)))
    })
}

impl<R: Returns> Pending<R> {
    #[inline(never)]
    fn new(bound: CallerBinding, modifiers: Modifiers<'_>, item: Suspended) -> Box<Self> {
        let asked = Arc::new(Asked::new(bound, modifiers));
        Box::new(Self { asked, item, output: None })
    }

    /// Brings the call to its end: its output, if there is one, and how it ended. `body` makes what is polled to run
    /// the function.
    pub(crate) async fn complete<F>(self, body: impl FnOnce() -> F) -> (Option<R::Output>, Ending)
    where
        F: Future<Output = R::Output>,
    {
        let asked = Arc::clone(&self.asked);
        let frame = asked.caller.frame.as_ref();
        let (_wait, under_way) = (Wait::begin(frame), UnderWay::begin());
        let Self { item, output, .. } = self.resolve(body).await;
        under_way.end();
        if let (Some(frame), Some(call)) = (frame, item.finished_call(asked.bound.function)) {
            frame.record(call);
        }
        (output, item.ending)
    }

    /// The call, brought to its end.
    async fn resolve<F>(self, body: impl FnOnce() -> F) -> Self
    where
        F: Future<Output = R::Output>,
    {
        let looked_up = self.look_up().await;
        if !matches!(looked_up.item.ending, Ending::Pending) {
            return looked_up;
        }
        looked_up.settle(None, body).await
    }

    /// The call, which the stores have no result for, brought to its end.
    async fn settle<F>(self, tracker: Option<&Tracker>, body: impl FnOnce() -> F) -> Self
    where
        F: Future<Output = R::Output>,
    {
        let (claimed, right) = self.claim().await;
        match right {
            Some(right) => {
                tracker.inspect(|tracker| tracker.begin_to_compute());
                claimed.run(right, body).await
            }
            None => claimed,
        }
    }

    /// Asks the stores.
    async fn look_up(self) -> Self {
        if self.asked.modifiers.refresh {
            return self;
        }
        let find = |calls: &Calls<'_>, item: &mut Item<'_>| {
            lookup::find_one(calls.binding, calls.modifiers, item);
        };
        self.in_job(find).await.0
    }

    /// Claims the call, unless another task, or another process, has brought it to its end: then there is no right.
    async fn claim(self) -> (Self, Option<HeldRight>) {
        let (asked, key) = (Arc::clone(&self.asked), self.item.key);
        let may_run = asked.modifiers().check_cancelled(asked.bound.function);
        if let Err(error) = may_run.and_then(|()| asked.check_runner(key)) {
            return (self.end(Ending::Failed(error)), None);
        }
        let (waiting, mut claim) = self.claim_among_tasks().await;
        if let Claim::Landed(Arrival { value, landed, .. }) = &claim {
            if let Some(output) = adopt::<R>(value) {
                asked.bound.cluster.counters.count_store_hit(landed.took);
                let found = Self { output: Some(output), ..waiting };
                return (found.end(Ending::Found(landed.clone().into())), None);
            }
            claim = Claim::Alone(asked.bound.cluster.task_flights.go_alone(key));
        }
        let (mut waiting, mut turn) = (waiting, Turn::Ask(claim, Waiter::task()));
        loop {
            match turn {
                Turn::Ask(claim, waiter) => {
                    let ask = move |calls: &Calls<'_>, item: &mut Item<'_>| {
                        Turn::take(calls, item, claim, waiter)
                    };
                    (waiting, turn) = waiting.in_job(ask).await;
                }
                Turn::Run(right) => return (waiting, Some(right)),
                Turn::End(ending) => return (waiting.end(ending), None),
            }
        }
    }

    /// Claims the call among the tasks of this process. What has landed is what it asks for.
    async fn claim_among_tasks(self) -> (Self, Claim) {
        let (asked, mut waiting) = (Arc::clone(&self.asked), self);
        loop {
            let arrival = match asked.claim(waiting.item.key).await {
                Claim::Landed(arrival) => arrival,
                claim => return (waiting, claim),
            };
            let reads = |validity: &Arc<Validity>| !validity.resources.is_empty();
            let is_admitted;
            if arrival.landed.validity.as_ref().is_some_and(reads) {
                // To look at files may take long.
                let arrival = arrival.clone();
                let admit = move |calls: &Calls<'_>, item: &mut Item<'_>| {
                    item.findings.admit(calls.modifiers, &arrival)
                };
                (waiting, is_admitted) = waiting.in_job(admit).await;
            } else {
                is_admitted = waiting.item.findings.admit(asked.modifiers(), &arrival);
            }
            if is_admitted {
                return (waiting, Claim::Landed(arrival));
            }
        }
    }

    /// Runs the function in the task that asks, and records what it returns, even if nobody waits for that any more.
    async fn run<F>(self, right: HeldRight, body: impl FnOnce() -> F) -> Self
    where
        F: Future<Output = R::Output>,
    {
        let asked = Arc::clone(&self.asked);
        let further_calls = !asked.modifiers.no_further_calls;
        let (frame, caller) = asked.calls().frame(self.item.key, None, further_calls);
        let began = Instant::now();
        match poll_in(&caller, body).await {
            Ok(output) => {
                let took = began.elapsed();
                let ran = Self { output: Some(output), ..self };
                let conclude = move |calls: &Calls<'_>, item: &mut Item<'_>| {
                    calls.conclude(item, right.take(), &frame, took)
                };
                let (recorded, ending) = Unstoppable::new(ran.in_job(conclude)).await;
                recorded.end(ending)
            }
            Err(payload) => {
                asked.bound.cluster.counters.count_panic();
                self.end(Ending::Panicked(payload))
            }
        }
    }

    fn end(mut self, ending: Ending) -> Self {
        self.item.ending = ending;
        self
    }

    /// Does `work` with the call in a thread that may be blocked.
    fn in_job<T: Send + 'static>(
        self,
        work: impl FnOnce(&Calls<'_>, &mut Item<'_>) -> T + Send + 'static,
    ) -> Blocking<(Self, T)> {
        Blocking::begin(move || {
            let Self { asked, mut item, output } = self;
            let mut call = OutputOnly::<R>::of_output(output);
            let mut resumed = item.resume(&mut call);
            let done = asked.caller.enter(|| work(&asked.calls(), &mut resumed));
            let state = resumed.into_state();
            item.put_back(state);
            (Self { asked, item, output: call.into_output() }, done)
        })
    }
}

/// What is to be done about a call that has been claimed among tasks.
enum Turn {
    /// To ask for the claim among processes. Who waits for another process does so in one short job after another: long
    /// ones would keep others from recording what that process may be waiting for.
    Ask(Claim, Waiter),
    Run(HeldRight),
    End(Ending),
}

impl Turn {
    /// Asks once, and goes on with the call if nobody else has it.
    fn take(calls: &Calls<'_>, item: &mut Item<'_>, claim: Claim, mut waiter: Waiter) -> Self {
        let mut among_processes = AmongProcesses::Unclaimed;
        if let Claim::Lead(_) = &claim {
            match calls.ask_among_processes(item, true, &mut waiter) {
                Some(asked) => among_processes = asked,
                None => return Self::Ask(claim, waiter),
            }
        }
        let claimed = calls.claimed(item, claim, |_| among_processes, true);
        match claimed.unwrap_or_else(Claimed::from) {
            Claimed::Run(right) => {
                calls.miss(item);
                Self::Run(HeldRight::new(right))
            }
            Claimed::Ended(ending) => Self::End(ending),
            Claimed::Busy => Self::End(Ending::Pending),
        }
    }
}

/// The output that has this value as the part of it that is kept.
fn adopt<R: Returns>(shared: &Shared) -> Option<R::Output> {
    let mut call = OutputOnly::<R>::of_output(None);
    call.adopt(shared);
    call.into_output()
}

/// Polls what `body` makes to its end, as called by `caller`; what it panicked with, if it did.
async fn poll_in<F: Future>(
    caller: &Caller,
    body: impl FnOnce() -> F,
) -> std::thread::Result<F::Output> {
    let mut body = pin!(async { body().await });
    poll_fn(|context| {
        let poll = || catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context)));
        match caller.enter(poll) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    })
    .await
}
