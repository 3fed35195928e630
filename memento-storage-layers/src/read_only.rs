//! Keeps nothing.

use memento::storage::Capabilities;
use memento::{Error, ErrorKind, Result};

use crate::{Operation, Policy};

/// Uses what is there, and keeps nothing: whatever changes the store is an error of the kind
/// [`ReadOnly`](ErrorKind::ReadOnly), and [`Capabilities`] say so, which memento looks at before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadOnly;

impl Policy for ReadOnly {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if operation.writes {
            return Err(Error::new(ErrorKind::ReadOnly, operation.does)
                .because("the configuration opens this store for reading only"));
        }
        attempt()
    }

    fn capabilities(&self, of_store: Capabilities) -> Capabilities {
        of_store.not_writable()
    }
}
