//! Telling the memento function that runs in this thread what it reads.

use std::time::SystemTime;

use super::{Resource, State, kind, reading};
use crate::{Result, stack};

/// Observes the state that `resource` is in now, for the memento function that runs in this thread, if one does.
///
/// Call it *before* what you read: if the resource changes in between, the result is computed again in vain. The other
/// way round, a result of the old state would pass for one of the new state. [`observe_with`] leaves no in-between.
///
/// # Errors
///
/// [`Ambiguous`](crate::ErrorKind::Ambiguous) where two kinds have the same name,
/// [`Configuration`](crate::ErrorKind::Configuration) where the kind is not [registered](super::register); also outside
/// of memento functions.
pub fn observe<R: Resource>(resource: &R) -> Result<()> {
    kind::check_registered::<R>()?;
    if is_observed() {
        stack::observe(reading::read(resource, R::state, |state| *state, SystemTime::now()).1);
    }
    Ok(())
}

/// Reads `resource`, and observes the state that `state` says it was in, going by what was read.
///
/// `read` is called again where the resource's [stamp](Resource::stamp) changed meanwhile, three times at most; what it
/// returned last is what counts. Outside of memento functions it is called once, and `state` is not.
///
/// ```
/// # use memento::resource::{self, Resource, State};
/// # struct Page(String);
/// # impl Page { fn get(&self) -> std::io::Result<Vec<u8>> { Ok(vec![]) } }
/// # impl Resource for Page {
/// #     const KIND: &'static str = "page";
/// #     fn name(&self) -> String { self.0.clone() }
/// #     fn from_name(name: &str) -> memento::Result<Self> { Ok(Self(name.to_owned())) }
/// #     fn state(&self) -> State { state_of(&self.get()) }
/// # }
/// # resource::register!(Page);
/// fn state_of(page: &std::io::Result<Vec<u8>>) -> State {
///     page.as_ref().map_or_else(State::failed, |bytes| State::of(bytes))
/// }
///
/// # fn main() -> memento::Result<()> {
/// let page = resource::observe_with(&Page("index".to_owned()), Page::get, state_of)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// As [`observe`].
pub fn observe_with<R: Resource, T>(
    resource: &R,
    read: impl FnMut(&R) -> T,
    state: impl FnMut(&T) -> State,
) -> Result<T> {
    kind::check_registered::<R>()?;
    Ok(read_observed(resource, read, state))
}

/// Does what [`observe_with`] does, for kinds that are known to be registered.
pub(super) fn read_observed<R: Resource, T>(
    resource: &R,
    mut read: impl FnMut(&R) -> T,
    state: impl FnMut(&T) -> State,
) -> T {
    if !is_observed() {
        return read(resource);
    }
    let (value, observation) = reading::read(resource, read, state, SystemTime::now());
    stack::observe(observation);
    value
}

/// Whether a memento function runs in this thread.
fn is_observed() -> bool {
    stack::with(|caller| caller.frame.is_some())
}
