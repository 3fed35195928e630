//! Calls on their way.

use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::ending::Ending;
use super::item::Item;
use super::lookup;
use super::recorder::Recorder;
use crate::binding::Binding;
use crate::cache::MANY;
use crate::function::Function;
use crate::modifiers::Modifiers;
use crate::remote::Session;
use crate::{
    Accepted, Batch, Caller, Environment, Error, Handover, Invocation, Key, LocalRunner, Result,
    Runner, Waited, remote,
};

/// How many calls go their way together.
pub(super) const CHUNK: usize = MANY;
/// How many records are asked for at once.
const LOOK_UP: usize = 8 * CHUNK;

/// What runs calls that ask for this process.
static LOCAL: LocalRunner = LocalRunner::new();

/// Calls of one function, from the look-up in the stores to their ends. To a runner it shows those that miss.
pub(crate) struct Calls<'a> {
    pub(super) binding: &'a Binding,
    pub(super) caller: Caller,
    pub(super) modifiers: Modifiers<'a>,
    pub(super) recorder: Recorder<'a>,
    /// How many values the memory cache had lost when the stores were asked.
    pub(super) losses: u64,
    /// Whether the function had run in this process.
    pub(super) ran_before: bool,
    /// What is held for the workers that make these calls.
    pub(super) session: Session,
    pub(super) items: Vec<Mutex<Item<'a>>>,
    /// The keys of all items.
    keys: Vec<Key>,
    /// The indices of the items that have to be computed.
    missing: Vec<usize>,
}

impl<'a> Calls<'a> {
    pub(super) fn new(
        binding: &'a Binding,
        caller: Caller,
        modifiers: Modifiers<'a>,
        items: Vec<Item<'a>>,
    ) -> Self {
        let storage = &binding.cluster.storage;
        Self {
            binding,
            caller,
            modifiers,
            recorder: Recorder::new(storage, items.len()),
            losses: storage.cache.losses(),
            session: Session::default(),
            ran_before: binding.has_recorded.load(Ordering::Relaxed),
            keys: items.iter().map(|item| item.key).collect(),
            items: items.into_iter().map(Mutex::new).collect(),
            missing: Vec::new(),
        }
    }

    /// For one call that is kept elsewhere, and that the stores were asked for when the memory cache had lost `losses`
    /// values.
    pub(super) fn elsewhere(
        binding: &'a Binding,
        caller: Caller,
        modifiers: Modifiers<'a>,
        losses: u64,
    ) -> Self {
        Self { losses, ..Self::new(binding, caller, modifiers, Vec::new()) }
    }

    /// One call that the stores have been asked for, when the memory cache had lost `losses` values.
    pub(super) fn missing(
        binding: &'a Binding,
        caller: Caller,
        modifiers: Modifiers<'a>,
        item: Item<'a>,
        losses: u64,
    ) -> Self {
        Self { losses, missing: vec![0], ..Self::new(binding, caller, modifiers, vec![item]) }
    }

    /// Asks the stores for all items, and notes what is missing.
    pub(super) fn look_up(&mut self) {
        if !self.modifiers.refresh {
            let storage = &self.binding.cluster.storage;
            let look_up = |part: usize| {
                if self.modifiers.check_cancelled(self.binding.function).is_err() {
                    return;
                }
                let items = &self.items[part * LOOK_UP..];
                let keys = &self.keys[part * LOOK_UP..];
                let keys = &keys[..keys.len().min(LOOK_UP)];
                let records = storage.records(keys);
                let mut items: Vec<_> =
                    items.iter().zip(keys).map(|(item, _)| item.lock()).collect();
                let looked_up = items.iter_mut().map(|item| &mut **item);
                self.caller
                    .enter(|| lookup::find(self.binding, self.modifiers, looked_up, &records));
                for item in &mut items {
                    self.deliver(item);
                }
            };
            self.binding.cluster.runner.for_each(self.items.len().div_ceil(LOOK_UP), &look_up);
        }
        let is_missing =
            |index: &usize| matches!(self.items[*index].lock().ending, Ending::Pending);
        self.missing = (0..self.items.len()).filter(is_missing).collect();
    }

    /// Has the runner compute what is missing.
    pub(super) fn run(&self) {
        if self.missing.is_empty() {
            return;
        }
        if let Some(tracker) = self.modifiers.tracker {
            tracker.begin_to_compute();
        }
        self.runner().run(self);
        self.recorder.flush();
    }

    /// What runs this batch.
    pub(super) fn runner(&self) -> &dyn Runner {
        runner(self.binding, self.modifiers)
    }

    /// Does something about a missing item, and tells those who want to know if it ends by that.
    fn bring_on<T>(&self, index: usize, work: impl FnOnce(&mut Item<'a>) -> T) -> T {
        let mut item = self.items[self.missing[index]].lock();
        let was_pending = matches!(item.ending, Ending::Pending);
        let done = work(&mut item);
        if was_pending {
            self.deliver(&mut item);
        }
        done
    }

    /// Tells those who want to know what became of `item`, if it has ended.
    fn deliver(&self, item: &mut Item<'_>) {
        if !matches!(item.ending, Ending::Pending) {
            item.deliver(self.binding.function, self.modifiers.tracker);
        }
    }

    /// What each item asked for, and how it ended.
    pub(super) fn finish(self) -> impl Iterator<Item = (Invocation, Ending)> {
        let (function, tracker) = (self.binding.function, self.modifiers.tracker);
        self.items.into_iter().map(move |item| {
            let mut item = item.into_inner();
            if matches!(item.ending, Ending::Pending) {
                item.deliver(function, tracker);
            }
            (item.invocation, item.ending)
        })
    }
}

/// What runs calls with these modifiers.
pub(super) fn runner<'b>(binding: &'b Binding, modifiers: Modifiers<'_>) -> &'b dyn Runner {
    if modifiers.local { &LOCAL } else { &*binding.cluster.runner }
}

impl Batch for Calls<'_> {
    fn len(&self) -> usize {
        self.missing.len()
    }

    fn function(&self) -> &'static Function {
        self.binding.function
    }

    fn key(&self, index: usize) -> Key {
        self.keys[self.missing[index]]
    }

    fn run_local(&self, index: usize) {
        self.bring_on(index, |item| {
            if matches!(item.ending, Ending::Pending) {
                item.ending = self.execute(item).unwrap_or_else(Ending::Failed);
            }
        });
    }

    fn refuse(&self, index: usize, error: Error) {
        self.bring_on(index, |item| {
            self.bring_home(item);
            item.ending = Ending::Failed(error);
        });
    }

    fn request(&self, index: usize, alone: bool) -> Handover {
        self.bring_on(index, |item| self.hand_over(item, alone))
    }

    fn put_back(&self, index: usize) {
        self.bring_on(index, |item| drop(self.bring_home(item)));
    }

    fn wait(&self, index: usize) -> Waited {
        self.bring_on(index, |item| self.wait_for_others(item))
    }

    fn is_awaited(&self) -> bool {
        self.caller.frame.is_some()
    }

    fn accept(&self, index: usize, response: &[u8]) -> Result<Accepted> {
        self.bring_on(index, |item| self.take_response(item, response))
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let environment = match &self.caller.environment {
            Some(environment) => Ok(environment.clone()),
            None => Environment::of_process(),
        };
        remote::answer(environment, &self.session, question)
    }

    fn worker_lost(&self) {
        self.session.claims.worker_lost();
    }
}
