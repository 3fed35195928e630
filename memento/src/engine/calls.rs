//! Calls on their way.

use std::any::Any;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use parking_lot::Mutex;

use super::ending::Ending;
use super::item::Item;
use super::lookup;
use super::recorder::Recorder;
use super::share::share;
use crate::binding::Binding;
use crate::cache::MANY;
use crate::error::panic_message;
use crate::function::Function;
use crate::modifiers::Modifiers;
use crate::plugin::{Ends, for_another};
use crate::record::Head;
use crate::remote::Session;
use crate::runner::{Accepted, Batch, Handover, Runner, Waited};
use crate::{Caller, Environment, Error, ErrorKind, Invocation, Key, LocalRunner, Result, remote};

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
    /// Whether the function had run in this process.
    pub(super) ran_before: bool,
    /// What is held for the workers that make these calls.
    pub(super) session: Session,
    pub(super) items: Vec<Mutex<Item<'a>>>,
    /// What the threads that work for this one have to do at its end.
    ends: Mutex<Ends>,
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
        items: &mut dyn ExactSizeIterator<Item = Item<'a>>,
    ) -> Self {
        let storage = &binding.cluster.storage;
        let mut keys = Vec::with_capacity(items.len());
        // They are large to move, so they are made where they stay.
        let items = items.map(|item| {
            keys.push(item.key);
            Mutex::new(item)
        });
        let items: Vec<_> = items.collect();
        Self {
            binding,
            caller,
            modifiers,
            recorder: Recorder::new(storage, items.len()),
            session: Session::default(),
            ends: Mutex::default(),
            ran_before: binding.has_recorded.load(Ordering::Relaxed),
            keys,
            items,
            missing: Vec::new(),
        }
    }

    /// For one call that is kept elsewhere.
    pub(super) fn elsewhere(
        binding: &'a Binding,
        caller: Caller,
        modifiers: Modifiers<'a>,
    ) -> Self {
        Self::new(binding, caller, modifiers, &mut std::iter::empty())
    }

    /// One call that the stores have been asked for.
    pub(super) fn missing(
        binding: &'a Binding,
        caller: Caller,
        modifiers: Modifiers<'a>,
        item: Item<'a>,
    ) -> Self {
        let item = &mut std::iter::once(item);
        Self { missing: vec![0], ..Self::new(binding, caller, modifiers, item) }
    }

    /// Looks for all items in memory and asks the stores for those that are not there, and notes what is missing.
    pub(super) fn look_up(&mut self) {
        if !self.modifiers.refresh {
            let parts = self.items.len().div_ceil(LOOK_UP);
            let look_up = |part: usize| self.look_up_from(part * LOOK_UP);
            self.binding.cluster.runner.for_each(parts, &look_up);
        }
        let items = self.items.iter_mut().map(Mutex::get_mut).enumerate();
        let missing = items.filter(|(_, item)| matches!(item.ending, Ending::Pending));
        self.missing = missing.map(|(index, _)| index).collect();
    }

    /// Does so for as many items from `first` on as go together.
    fn look_up_from(&self, first: usize) {
        if self.modifiers.check_cancelled(self.binding.function).is_err() {
            return;
        }
        let end = self.items.len().min(first + LOOK_UP);
        let pending = self.find_in_memory(first..end);
        let keys: Vec<Key> = pending.iter().map(|&at| self.keys[at]).collect();
        let items: Vec<_> = pending.iter().map(|&at| &self.items[at]).collect();
        if items.is_empty() {
            return;
        }
        let (records, left) = self.read_records(&items, &keys);
        let dependent = self.find_independent(&items, &records, &left);
        let mut items: Vec<_> = items.into_iter().map(Mutex::lock).collect();
        if !dependent.is_empty() {
            let mut heads = dependent.into_iter().peekable();
            let pairs =
                items.iter_mut().zip(&records).enumerate().filter_map(|(at, (item, record))| {
                    let (_, head) = heads.next_if(|(index, _)| *index == at)?;
                    Some((&mut **item, head, record.as_deref()?))
                });
            let dependent = pairs.collect();
            let verify = || lookup::find_dependent(self.binding, self.modifiers, dependent);
            self.caller.enter(verify);
        }
        for item in &mut items {
            self.deliver(item);
        }
    }

    /// Ends those items of `range` that the memory cache has valid results for, though the quick look passed over them:
    /// what is outside of the program has to be asked. The indices of the others.
    fn find_in_memory(&self, range: Range<usize>) -> Vec<usize> {
        if !self.binding.reads.load(Ordering::Relaxed) {
            return range.collect();
        }
        let find = |chunk: usize| {
            for item in self.items[range.clone()].chunks(CHUNK).nth(chunk).unwrap_or_default() {
                let mut item = item.lock();
                if lookup::find_in_memory(self.binding, &mut item) {
                    self.deliver(&mut item);
                }
            }
        };
        self.share(range.len().div_ceil(CHUNK), &find);
        let is_pending = |at: &usize| matches!(self.items[*at].lock().ending, Ending::Pending);
        range.clone().filter(is_pending).collect()
    }

    /// Reads the records of `items`. Short results end their items in this thread, while other records are on their
    /// way. The records, and the indices of the items that are left.
    fn read_records(
        &self,
        items: &[&Mutex<Item<'a>>],
        keys: &[Key],
    ) -> (Vec<Option<Vec<u8>>>, Vec<usize>) {
        let (mut records, mut left) = (Vec::with_capacity(items.len()), Vec::new());
        let take = &mut |arrived: Vec<Option<Vec<u8>>>| {
            let waiting = &items[records.len()..];
            let are_all = arrived.len() >= waiting.len();
            for (record, item) in arrived.into_iter().zip(waiting) {
                let find = |record: &Vec<u8>| {
                    lookup::find_at_once(self.binding, self.modifiers, &mut item.lock(), record)
                };
                let is_found = !are_all && record.as_ref().is_some_and(find);
                if !is_found {
                    left.push(records.len());
                }
                records.push(record.filter(|_| !is_found));
            }
        };
        let storage = &self.binding.cluster.storage;
        storage.stream_records(keys, &mut |arrived| self.caller.enter(|| take(arrived)));
        left.extend(records.len()..items.len());
        records.resize(items.len(), None);
        (records, left)
    }

    /// Ends those items `left` for which `records` hold results that are known to be valid, in threads of the runner.
    /// The heads of those that have to be verified first, with their indices, in order.
    fn find_independent<'r>(
        &self,
        items: &[&Mutex<Item<'a>>],
        records: &'r [Option<Vec<u8>>],
        left: &[usize],
    ) -> Vec<(usize, Head<'r>)> {
        let dependent = Mutex::new(Vec::new());
        let find = |chunk: usize| {
            for &at in left.chunks(CHUNK).nth(chunk).unwrap_or_default() {
                let (mut item, record) = (items[at].lock(), records[at].as_deref());
                let found =
                    lookup::find_independent(self.binding, self.modifiers, &mut item, record);
                if let Some(head) = found {
                    dependent.lock().push((at, head));
                }
            }
        };
        self.share(left.len().div_ceil(CHUNK), &find);
        let mut dependent = dependent.into_inner();
        dependent.sort_unstable_by_key(|(at, _)| *at);
        dependent
    }

    /// Does `work` with the indices below `count`, for whoever asks, in threads of the runner, too.
    fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let work = |index| {
            let ((), ends) = for_another(|| self.caller.enter(|| work(index)));
            self.add_ends(ends);
        };
        share(&*self.binding.cluster.runner, count, &work);
    }

    /// Lets the runner compute what is missing.
    pub(super) fn run(&self) {
        if self.missing.is_empty() {
            return;
        }
        if let Some(tracker) = self.modifiers.tracker {
            tracker.begin_to_compute();
        }
        self.runner().run(self);
        self.recorder.flush();
        std::mem::take(&mut *self.ends.lock()).adopt();
    }

    /// What runs this batch.
    pub(super) fn runner(&self) -> &dyn Runner {
        runner(self.binding, self.modifiers)
    }

    /// Does something about a missing item, and tells those who want to know if it ends by that.
    fn bring_on<T>(&self, index: usize, work: impl FnOnce(&mut Item<'a>) -> T) -> T {
        let mut item = self.items[self.missing[index]].lock();
        let was_pending = matches!(item.ending, Ending::Pending);
        let (done, ends) = for_another(|| work(&mut item));
        self.add_ends(ends);
        if was_pending {
            self.deliver(&mut item);
        }
        done
    }

    /// Keeps what there is to do at the end of the thread that asked.
    fn add_ends(&self, ends: Ends) {
        if !ends.is_empty() {
            self.ends.lock().add(ends);
        }
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

/// The error of a call whose result came from another process, and was not read here.
fn unread(function: &Function, payload: &(dyn Any + Send)) -> Error {
    let message = panic_message(payload);
    Error::new(ErrorKind::Panicked, "take what another process made of a call")
        .with("function", function.path())
        .because(format!("its result panicked when it was read: {message}"))
        .help("have `Deserialize` of the result's type return an error")
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
        self.bring_on(index, |item| {
            let take = || self.take_response(item, response);
            match catch_unwind(AssertUnwindSafe(take)) {
                Ok(accepted) => accepted,
                // The result's own type reads it.
                Err(payload) => {
                    self.bring_home(item);
                    item.ending = Ending::Failed(unread(self.binding.function, &*payload));
                    Ok(Accepted::Ended)
                }
            }
        })
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let environment = match &self.caller.environment {
            Some(environment) => Ok(environment.clone()),
            None => Environment::of_process(),
        };
        let answer = || remote::answer(environment, &self.session, question);
        let (answer, ends) = for_another(answer);
        self.add_ends(ends);
        answer
    }

    fn worker_lost(&self) {
        self.session.claims.worker_lost();
    }
}
