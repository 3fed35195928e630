//! The kinds of resources that this program knows.

use std::any::{TypeId, type_name};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::SystemTime;

use super::{Resource, Stamp, State};
use crate::{Error, ErrorKind, Result};

/// A kind of resource that [`register!`](super::register) made known: what a process that has only names needs.
#[derive(Debug)]
pub struct Kind {
    name: &'static str,
    registered_by: &'static str,
    type_id: TypeId,
    open: fn(&str) -> Result<Box<dyn Opened>>,
}

inventory::collect!(Kind);

/// A resource of whatever kind.
pub(super) trait Opened {
    fn state(&self) -> State;
    fn stamp(&self) -> Option<(Stamp, SystemTime)>;
}

impl<R: Resource> Opened for R {
    fn state(&self) -> State {
        Resource::state(self)
    }
    fn stamp(&self) -> Option<(Stamp, SystemTime)> {
        Resource::stamp(self)
    }
}

impl Kind {
    /// The kind of the resources `R`, which are defined at the path `registered_by`.
    pub const fn of<R: Resource>(registered_by: &'static str) -> Self {
        Self {
            name: R::KIND,
            registered_by,
            type_id: TypeId::of::<R>(),
            open: |name| Ok(Box::new(R::from_name(name)?)),
        }
    }

    /// The resource with this name.
    pub(super) fn open(&self, name: &str) -> Result<Box<dyn Opened>> {
        (self.open)(name)
    }
}

/// Makes a kind of [resource](trait@crate::resource::Resource) known to processes that have only its name.
///
/// It is called once for each kind, where an item may stand:
///
/// ```ignore
/// memento::resource::register!(MyKind);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __register_resource {
    ($kind:ty) => {
        const _: () = {
            $crate::plugin::inventory::submit! {
                $crate::resource::Kind::of::<$kind>(::core::concat!(
                    ::core::module_path!(),
                    "::",
                    ::core::stringify!($kind)
                ))
            }
        };
    };
}

/// All kinds that are linked into this program, by name. A type that is registered twice is one kind.
static REGISTERED: LazyLock<BTreeMap<&'static str, Vec<&'static Kind>>> = LazyLock::new(|| {
    let mut registered = BTreeMap::<_, Vec<&Kind>>::new();
    for kind in inventory::iter::<Kind> {
        let same = registered.entry(kind.name).or_default();
        if !same.iter().any(|other| other.type_id == kind.type_id) {
            same.push(kind);
        }
    }
    registered
});

/// The kind with this name, or `None` where there is none.
///
/// # Errors
///
/// [`ErrorKind::Ambiguous`] where two kinds have it.
pub(super) fn find(name: &str) -> Result<Option<&'static Kind>> {
    match REGISTERED.get(name).map(Vec::as_slice) {
        None | Some([]) => Ok(None),
        Some([kind]) => Ok(Some(kind)),
        Some(several) => {
            let places: Vec<&str> = several.iter().map(|kind| kind.registered_by).collect();
            Err(ambiguous(name, &places.join(" and ")))
        }
    }
}

/// The error for a name that several kinds have.
fn ambiguous(name: &str, registered_by: &str) -> Error {
    Error::new(ErrorKind::Ambiguous, "tell two kinds of resources apart")
        .with("kind", name)
        .with("registered by", registered_by)
        .help("give one of them another name, in `Resource::KIND`")
}

/// Fails where a later process could not check a resource of this type.
///
/// # Errors
///
/// [`ErrorKind::Ambiguous`], [`ErrorKind::Configuration`].
pub(super) fn check_registered<R: Resource>() -> Result<()> {
    match find(R::KIND)? {
        Some(kind) if kind.type_id == TypeId::of::<R>() => Ok(()),
        Some(other) => {
            let both = format!("{}; not registered: {}", other.registered_by, type_name::<R>());
            Err(ambiguous(R::KIND, &both))
        }
        None => Err(Error::new(ErrorKind::Configuration, "observe a resource")
            .with("kind", R::KIND)
            .with("type", type_name::<R>())
            .because("a later process could not check it: its kind is not registered")
            .help("write `memento::resource::register!(…);` with the type's name beside the type")),
    }
}
