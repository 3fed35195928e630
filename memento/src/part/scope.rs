//! What encodes or decodes a result in this thread: where its parts go, or come from.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use super::{Home, Part};
use crate::storage::Contents;
use crate::{Digest, Error, Name, Result};

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
    /// How many parts and names this thread has met, in whatever scope.
    static MET: Cell<u64> = const { Cell::new(0) };
}

/// Appends the encoding of a value in the codec of a function.
pub(crate) type Encode = fn(&dyn erased_serde::Serialize, &mut Vec<u8>) -> Result<()>;

/// A result that is encoded or decoded.
pub(crate) struct Scope {
    /// Whether parts are kept, or looked for.
    keeps: bool,
    /// Where parts are; `None` where that is known later.
    contents: Option<Contents>,
    /// What all parts that are read back share, but for those that are known; `None` before there is one.
    home: Option<Arc<Home>>,
    known: HashMap<Digest, Arc<Home>>,
    /// Whether parts that are found are held.
    holds: bool,
    function: Option<&'static str>,
    encode: Option<Encode>,
    publish: Publish,
    found: Found,
}

/// Which names are given to what is found under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publish {
    All,
    /// Those that nothing has.
    Missing,
    None,
}

/// What was found while a result was encoded or decoded.
#[derive(Default)]
pub(crate) struct Found {
    /// The digests of its parts.
    pub(crate) parts: Vec<Digest>,
    /// The parts themselves, of a value that is one.
    pub(super) behind: Vec<Part>,
    /// Why one of them could not be kept.
    pub(crate) lost: Option<Error>,
    /// How many bytes of parts the value itself has in memory or in temporary files.
    pub(crate) held: u64,
    pub(crate) publications: Vec<Publication>,
    /// Whether anything has a name, published or not.
    pub(crate) is_named: bool,
}

impl Found {
    /// Whether the value is all there is: no parts, no names.
    pub(crate) fn is_all(&self) -> bool {
        self.parts.is_empty() && !self.is_named
    }
}

/// A content that gets a name.
pub(crate) struct Publication {
    pub(crate) name: Name,
    pub(crate) content: Published,
}

pub(crate) enum Published {
    Encoded(Vec<u8>),
    Part(Digest),
}

impl Scope {
    /// Encodes a result of `function`, whose parts are kept in `contents`.
    pub(crate) fn encoding(contents: &Contents, function: &'static str) -> Self {
        Self { keeps: true, ..Self::decoding(contents, function) }
    }

    /// Decodes a result of `function`, whose parts are in `contents`.
    pub(crate) fn decoding(contents: &Contents, function: &'static str) -> Self {
        Self { contents: Some(contents.clone()), function: Some(function), ..Self::of(None) }
    }

    /// Decodes arguments, whose parts are there.
    pub(crate) fn arguments(home: Arc<Home>) -> Self {
        Self::of(Some(home))
    }

    /// Encodes a value that is a part, whose own parts are kept in `home`.
    pub(super) fn nested(home: Option<&(Contents, &'static str)>) -> Self {
        let scope = match home {
            Some((contents, function)) => Self::encoding(contents, function),
            None => Self::of(None),
        };
        Self { holds: true, ..scope }
    }

    /// Decodes a value that is a part, whose own parts are these.
    pub(super) fn behind(parts: &[Part]) -> Self {
        let known = parts.iter().map(|part| (part.digest, Arc::clone(&part.home))).collect();
        Self { known, ..Self::of(None) }
    }

    fn of(home: Option<Arc<Home>>) -> Self {
        Self {
            keeps: false,
            contents: None,
            home,
            known: HashMap::new(),
            holds: false,
            function: None,
            encode: None,
            publish: Publish::None,
            found: Found::default(),
        }
    }

    /// Publishes what has names, in this codec.
    pub(crate) fn publishing(self, publish: Publish, encode: Encode) -> Self {
        let is_writable = || self.contents.as_ref().is_some_and(Contents::is_writable);
        let publish =
            if publish != Publish::None && is_writable() { publish } else { Publish::None };
        Self { encode: Some(encode), publish, ..self }
    }

    /// Does `work` in this scope; what was found.
    pub(crate) fn enter<R>(self, work: impl FnOnce() -> R) -> (R, Found) {
        /// Puts the former scope back, also when `work` panics.
        struct Restore(Option<Scope>);
        impl Drop for Restore {
            fn drop(&mut self) {
                SCOPE.set(self.0.take());
            }
        }
        let restore = Restore(SCOPE.replace(Some(self)));
        let done = work();
        let found = SCOPE
            .with_borrow_mut(|scope| scope.as_mut().map(|scope| std::mem::take(&mut scope.found)));
        drop(restore);
        (done, found.unwrap_or_default())
    }
}

/// What comes of `work`, which decodes a value that is likely to be all there is: no scope is made for it. `None` where
/// it is not, or where this thread is in a scope, which is another value's.
pub(crate) fn decode_alone<R>(work: impl FnOnce() -> R) -> Option<R> {
    if SCOPE.with_borrow(Option::is_some) {
        return None;
    }
    let met = MET.get();
    let done = work();
    (MET.get() == met).then_some(done)
}

/// Tells the scope of this thread, if there is one, of a part or a name.
fn tell<R>(take: impl FnOnce(&mut Option<Scope>) -> R) -> R {
    MET.set(MET.get().wrapping_add(1));
    SCOPE.with_borrow_mut(take)
}

/// Gives contents their names. Trouble with that is no trouble of the result.
pub(crate) fn publish_all(contents: &Contents, publications: Vec<Publication>) {
    for Publication { name, content } in publications {
        let published = match content {
            Published::Part(digest) => contents.publish(&name, &digest),
            Published::Encoded(bytes) => contents.publish_bytes(&name, &bytes),
        };
        contents.note(published.map_err(|error| {
            Error::new(error.kind(), "publish a result under a name")
                .with("name", &name)
                .because(error)
        }));
    }
}

/// Notes that a result has `part`, and keeps it where the scope says.
pub(super) fn keep(part: &Part) {
    // Copying reads and writes contents, so nothing is borrowed meanwhile.
    let target = tell(|scope| {
        let scope = scope.as_mut()?;
        scope.found.parts.push(part.digest);
        scope.found.held += part.held();
        if scope.holds {
            scope.found.behind.push(part.clone());
        }
        let contents =
            scope.contents.as_ref().filter(|_| scope.keeps && scope.found.lost.is_none());
        contents.filter(|contents| contents.is_writable()).cloned()
    });
    let Some(Err(error)) = target.map(|contents| part.keep_in(&contents)) else { return };
    SCOPE.with_borrow_mut(|scope| {
        if let Some(scope) = scope {
            scope.found.lost.get_or_insert(error);
        }
    });
}

/// Notes that a result has a part with this digest; where it is.
pub(super) fn meet(digest: Digest) -> Arc<Home> {
    tell(|scope| match scope {
        Some(scope) => {
            scope.found.parts.push(digest);
            if let Some(home) = scope.known.get(&digest) {
                return Arc::clone(home);
            }
            Arc::clone(scope.home.get_or_insert_with(|| {
                let home = |contents: &Contents| Home::Store(contents.clone(), scope.function);
                Arc::new(scope.contents.as_ref().map(home).unwrap_or_default())
            }))
        }
        None => Arc::default(),
    })
}

/// Notes that a value has a name, if it is to be published: `part` is its content, if it is one.
pub(crate) fn publish(name: &Name, part: Option<&Part>, value: &dyn erased_serde::Serialize) {
    let wanted = tell(|scope| {
        let scope = scope.as_mut()?;
        scope.found.is_named = true;
        Some((scope.publish, scope.contents.clone()?, scope.encode?))
    });
    let Some((publish, contents, encode)) = wanted else { return };
    let is_wanted = match publish {
        Publish::All => true,
        Publish::Missing => !contents.is_published(name),
        Publish::None => false,
    };
    if !is_wanted {
        return;
    }
    let content = match part {
        Some(part) => Some(Published::Part(part.digest)),
        None => {
            let mut bytes = Vec::new();
            // In a scope of its own: its parts are those of the result, which has kept them.
            let (encoded, _) = Scope::arguments(Arc::default()).enter(|| encode(value, &mut bytes));
            contents.note(encoded).map(|()| Published::Encoded(bytes))
        }
    };
    SCOPE.with_borrow_mut(|scope| {
        if let (Some(scope), Some(content)) = (scope, content) {
            scope.found.publications.push(Publication { name: name.clone(), content });
        }
    });
}
