//! Where a property is checked.

use std::io::Read;
use std::ops::Deref;
use std::sync::Arc;

use memento::storage::{DataStore, ListOptions, Listing, Namespace, Prefix};
use memento::{Error, ErrorKind, Name, Result};
use tempfile::TempDir;

use super::DataStoreSuite;
use crate::suite::promised;

/// A store with nothing in it.
pub(super) struct Lab {
    store: Arc<dyn DataStore>,
    pub(super) suite: DataStoreSuite,
    folder: TempDir,
}

impl Deref for Lab {
    type Target = dyn DataStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl Lab {
    pub(super) fn new(suite: &DataStoreSuite) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { store: (suite.make)(folder.path()), suite: suite.clone(), folder }
    }

    /// Another way to the same objects, where there is one.
    pub(super) fn other(&self) -> Arc<dyn DataStore> {
        if self.suite.is_shared {
            (self.suite.make)(self.folder.path())
        } else {
            Arc::clone(&self.store)
        }
    }

    /// The same objects, open for reading only, where that can be.
    pub(super) fn read_only(&self) -> Option<Arc<dyn DataStore>> {
        self.suite.read_only.as_ref().map(|make| make(self.folder.path()))
    }

    /// Puts an object.
    #[track_caller]
    pub(super) fn keep(&self, text: &str, content: &[u8]) {
        done(self.put(&name(text), content), "an object can be put");
    }

    /// Checks what is there under a name, as far as all ways of reading it say.
    #[track_caller]
    pub(super) fn holds(&self, promise: &str, text: &str, content: Option<&[u8]>) {
        same(promise, text, done(self.get(&name(text)), promise).as_deref(), content);
        let mut stream = done(self.read(&name(text)), promise);
        let streamed = stream.as_mut().map(|stream| read_all(promise, stream));
        same(promise, text, streamed.as_deref(), content);
        let size = done(self.properties(&name(text)), promise).map(|properties| properties.size);
        let expected = content.map(|content| content.len() as u64);
        promised(size == expected, promise, || {
            format!("the size of `{text}` is {size:?}, not {expected:?}")
        });
        let there = self.contains(&[name(text)]).pop();
        let is_there = there.is_some_and(|there| done(there, promise));
        promised(is_there == content.is_some(), promise, || {
            format!("`contains` says {is_there} of `{text}`")
        });
    }

    /// All pages of a folder.
    #[track_caller]
    pub(super) fn pages(&self, prefix: &str, mut options: ListOptions) -> Vec<Listing> {
        let mut pages = Vec::new();
        let prefix = Prefix::new(prefix).expect("a folder");
        loop {
            let page = done(self.list(&prefix, &options), "a folder can be listed");
            promised(
                page.len() <= options.limit.max(1),
                "a page has no more than its limit",
                || format!("{} of at most {}", page.len(), options.limit),
            );
            let next = page.next.clone();
            pages.push(page);
            match next {
                None => return pages,
                Some(next) => options.from = Some(next),
            }
            promised(pages.len() <= 10_000, "a list comes to an end", || {
                "it did not in 10,000 pages".to_owned()
            });
        }
    }

    /// What is in a folder, sorted: objects by their names, folders with a `/` behind theirs.
    #[track_caller]
    pub(super) fn listed(&self, prefix: &str, options: ListOptions) -> Vec<String> {
        let mut found = Vec::new();
        for page in self.pages(prefix, options) {
            found.extend(page.objects.iter().map(|object| object.name.to_string()));
            found.extend(page.folders.iter().map(Prefix::start));
        }
        found.sort();
        found
    }
}

/// Whether a store says that it has a capability. Where not, `attempt` has to be an error that names it.
#[track_caller]
pub(super) fn can<T>(capability: &str, has: bool, attempt: impl FnOnce() -> Result<T>) -> bool {
    if !has {
        let error = attempt().err();
        let says = |error: &Error| {
            error.kind() == ErrorKind::Unsupported && error.to_string().contains(capability)
        };
        promised(
            error.as_ref().is_some_and(says),
            "what a store cannot do is an error of the kind `Unsupported` that names the capability",
            || format!("without `{capability}`: {error:?}"),
        );
    }
    has
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

pub(super) fn namespace(text: &str) -> Namespace {
    Namespace::new(text).expect("a namespace")
}

/// The value of what has to succeed.
#[track_caller]
pub(super) fn done<T>(result: Result<T>, promise: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("broken promise: {promise}\nfound: {error:?}"),
    }
}

#[track_caller]
pub(super) fn read_all(promise: &str, stream: &mut impl Read) -> Vec<u8> {
    let mut content = Vec::new();
    done(stream.read_to_end(&mut content).map_err(not_read), promise);
    content
}

fn not_read(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, "read a stream of the store").because(error)
}

/// Checks that a content is the one that it has to be.
#[track_caller]
pub(super) fn same(promise: &str, text: &str, found: Option<&[u8]>, expected: Option<&[u8]>) {
    promised(found == expected, promise, || {
        format!("`{text}` is {}, not {}", shown(found), shown(expected))
    });
}

fn shown(content: Option<&[u8]>) -> String {
    match content {
        None => "not there".to_owned(),
        Some(content) if content.len() <= 40 => format!("{:?}", String::from_utf8_lossy(content)),
        Some(content) => format!("a content of {} bytes", content.len()),
    }
}

/// A content of this length that is different for each seed, and in each part.
pub(super) fn content(seed: usize, length: usize) -> Vec<u8> {
    let mut state = seed as u64 + 1;
    let mut next = || {
        // The generator of Knuth's MMIX.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}
