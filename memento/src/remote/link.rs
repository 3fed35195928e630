//! The way from a worker to its parent.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::question::StoreRequest;
use super::{Question, read, write};
use crate::Result;
use crate::worker::Parent;

/// The way to a cluster of the parent.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) cluster: Arc<str>,
    pub(super) parent: Arc<dyn Parent>,
}

impl Link {
    pub(super) fn ask_bytes(&self, request: StoreRequest<'_>) -> Result<Vec<u8>> {
        self.parent.ask(&write(&Question { cluster: &self.cluster, request }))
    }

    pub(super) fn ask<T: DeserializeOwned>(&self, request: StoreRequest<'_>) -> Result<T> {
        read::<Result<T>>(&self.ask_bytes(request)?)?
    }

    pub(super) fn tell(&self, request: StoreRequest<'_>) -> Result<()> {
        self.parent.tell(&write(&Question { cluster: &self.cluster, request }))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("cluster", &self.cluster).finish_non_exhaustive()
    }
}
