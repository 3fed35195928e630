//! What encodes or decodes a result in this thread: where its parts go, or come from.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Home, Part};
use crate::storage::Contents;
use crate::{Digest, Error, Name, Result};

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Appends the encoding of a value in the codec of a function.
pub(crate) type Encode = fn(&dyn erased_serde::Serialize, &mut Vec<u8>) -> Result<()>;

/// A result that is encoded or decoded. There is one for each value, so it is small.
pub(crate) struct Scope {
    /// Whether parts are kept, or looked for.
    keeps: bool,
    /// Whether parts that are found are held.
    holds: bool,
    publish: Publish,
    /// Where parts are; `None` where that is known later.
    contents: Option<Contents>,
    function: Option<&'static str>,
    encode: Option<Encode>,
    /// `None` before there is any part or name: most values have none.
    met: Option<Box<Met>>,
}

/// The parts and names of a result.
#[derive(Default)]
struct Met {
    /// What all parts that are read back share, but for those that are known; `None` before there is one.
    home: Option<Arc<Home>>,
    known: HashMap<Digest, Arc<Home>>,
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
        Self::of(Some(Met { home: Some(home), ..Met::default() }))
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
        Self::of(Some(Met { known, ..Met::default() }))
    }

    fn of(met: Option<Met>) -> Self {
        Self {
            keeps: false,
            holds: false,
            publish: Publish::None,
            contents: None,
            function: None,
            encode: None,
            met: met.map(Box::new),
        }
    }

    /// Publishes what has names, in this codec.
    pub(crate) fn publishing(self, publish: Publish, encode: Encode) -> Self {
        Self { encode: Some(encode), publish, ..self }
    }

    /// Does `work` in this scope; what was found.
    pub(crate) fn enter<R>(self, work: impl FnOnce() -> R) -> (R, Found) {
        /// The scope around, which is put back also when `work` panics.
        struct Around(Option<Scope>);
        impl Around {
            fn put_back(&mut self) -> Option<Scope> {
                SCOPE.with(|scope| scope.replace(self.0.take()))
            }
        }
        impl Drop for Around {
            fn drop(&mut self) {
                self.put_back();
            }
        }
        let mut around = Around(SCOPE.with(|scope| scope.replace(Some(self))));
        let done = work();
        let scope = around.put_back();
        std::mem::forget(around);
        let met = scope.and_then(|scope| scope.met);
        (done, met.map(|met| met.found).unwrap_or_default())
    }

    fn met(&mut self) -> &mut Met {
        self.met.get_or_insert_default()
    }
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
    let target = SCOPE.with_borrow_mut(|scope| {
        let scope = scope.as_mut()?;
        let (keeps, holds) = (scope.keeps, scope.holds);
        let found = &mut scope.met().found;
        found.parts.push(part.digest);
        found.held += part.held();
        if holds {
            found.behind.push(part.clone());
        }
        let is_wanted = keeps && found.lost.is_none();
        scope.contents.as_ref().filter(|contents| is_wanted && contents.is_writable()).cloned()
    });
    let Some(Err(error)) = target.map(|contents| part.keep_in(&contents)) else { return };
    SCOPE.with_borrow_mut(|scope| {
        if let Some(scope) = scope {
            scope.met().found.lost.get_or_insert(error);
        }
    });
}

/// Notes that a result has a part with this digest; where it is.
pub(super) fn meet(digest: Digest) -> Arc<Home> {
    SCOPE.with_borrow_mut(|scope| {
        let Some(Scope { met, contents, function, .. }) = scope else { return Arc::default() };
        let met = met.get_or_insert_default();
        met.found.parts.push(digest);
        if let Some(home) = met.known.get(&digest) {
            return Arc::clone(home);
        }
        Arc::clone(met.home.get_or_insert_with(|| {
            let home = |contents: &Contents| Home::Store(contents.clone(), *function);
            Arc::new(contents.as_ref().map(home).unwrap_or_default())
        }))
    })
}

/// Notes that a value has a name, if it is to be published: `part` is its content, if it is one.
pub(crate) fn publish(name: &Name, part: Option<&Part>, value: &dyn erased_serde::Serialize) {
    let wanted = SCOPE.with_borrow_mut(|scope| {
        let scope = scope.as_mut()?;
        scope.met().found.is_named = true;
        Some((scope.publish, scope.contents.clone()?, scope.encode?))
    });
    let Some((publish, contents, encode)) = wanted else { return };
    let is_wanted = match publish {
        Publish::All => contents.is_writable(),
        Publish::Missing => contents.is_writable() && !contents.is_published(name),
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
            scope.met().found.publications.push(Publication { name: name.clone(), content });
        }
    });
}
