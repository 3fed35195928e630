//! What passes between a process that has calls to make and one that makes them for it.
//!
//! Both run the same release of this crate, which they find out when they meet; so these bytes have no format of their
//! own. They are postcard.

mod claims;
mod data;
mod link;
mod objects;
mod question;
mod store;

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

pub(crate) use claims::ClaimAnswer;
pub(crate) use question::{ClusterFacts, Question, Session, answer};
pub(crate) use store::{open_storage, open_stores};

use crate::memento::{Correlation, Dependency};
use crate::resource::Observation;
use crate::validity::Period;
use crate::{Error, ErrorKind, Invocation, Result, Version};

/// A call that another process is asked to make.
#[derive(Serialize, Deserialize)]
pub(crate) struct Request<'a> {
    /// The path of the function.
    pub(crate) function: &'a str,
    pub(crate) version: Version,
    pub(crate) invocation: Invocation,
    /// The encoding of the arguments, and of the context arguments behind it.
    #[serde(borrow)]
    pub(crate) arguments: Bytes<'a>,
    /// Names and encodings of the context arguments.
    #[serde(borrow)]
    pub(crate) context: Vec<(&'a str, Bytes<'a>)>,
    pub(crate) correlation: Correlation,
    /// Whether the function may call other memento functions.
    pub(crate) further_calls: bool,
    /// How often a result that others may have been computed from changed in the process that asks.
    pub(crate) generation: u64,
}

/// What of a [`Request`] the function's frame has to know.
pub(crate) struct Errand {
    pub(crate) correlation: Correlation,
    pub(crate) further_calls: bool,
}

/// What came of a [`Request`], and of which one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Response<'a> {
    /// `None` where the request could not be read.
    pub(crate) invocation: Option<Invocation>,
    #[serde(borrow)]
    pub(crate) end: End<'a>,
}

impl<'a> Response<'a> {
    /// What came of the call of `invocation`.
    pub(crate) fn new(invocation: Invocation, end: End<'a>) -> Self {
        Self { invocation: Some(invocation), end }
    }
}

/// How a call ended that another process was asked to make.
#[derive(Serialize, Deserialize)]
pub(crate) enum End<'a> {
    #[serde(borrow)]
    Returned(Returned<'a>),
    /// The function panicked, with this message.
    Panicked(Cow<'a, str>),
    /// The function was not run.
    Failed(Error),
    /// The function has to run in the process that asked, for this reason.
    NotHere(Cow<'a, str>),
}

/// An outcome that another process came to.
#[derive(Serialize, Deserialize)]
pub(crate) struct Returned<'a> {
    /// The encoding of the result; `None` where the outcome is an error that is not kept.
    #[serde(borrow)]
    pub(crate) value: Option<Bytes<'a>>,
    /// The message of the error that the function returned.
    pub(crate) error: Option<Cow<'a, str>>,
    /// The error itself, where it is not kept.
    #[serde(borrow)]
    pub(crate) unkept: Option<Bytes<'a>>,
    pub(crate) dependencies: Vec<Dependency>,
    /// As in [`Validity`](crate::validity::Validity).
    pub(crate) period: Option<Period>,
    pub(crate) resources: Vec<Observation>,
    pub(crate) is_tentative: bool,
    /// Whether a call that the function made came to nothing, so that the outcome is not kept.
    pub(crate) has_failure: bool,
    pub(crate) total_time: Duration,
    pub(crate) own_time: Duration,
    pub(crate) host: &'a str,
    pub(crate) process: u32,
}

/// Bytes that are written and read as a whole.
#[derive(Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct Bytes<'a>(#[serde(borrow)] pub(crate) &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// The bytes of `message`.
pub(crate) fn write(message: &impl Serialize) -> Vec<u8> {
    // Nothing in a message fails to be encoded, and a vector takes any length.
    postcard::to_stdvec(message).unwrap_or_default()
}

/// The message that `bytes` are.
///
/// # Errors
///
/// [`ErrorKind::Damaged`] where they are none.
pub(crate) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|error| {
        Error::new(ErrorKind::Damaged, "read what another process wrote").because(error)
    })
}
