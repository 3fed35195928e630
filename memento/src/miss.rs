//! Why a function runs.

use std::fmt;

use crate::{CodeChange, Digest, Invocation};

/// What a call would find.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explanation {
    /// There is a valid result.
    Hit,
    /// There is none.
    Miss(Miss),
    /// There is a result, but whether it is valid is not known until a callee has run: it is valid if the callee's
    /// result is the same as before.
    Undecided(Undecided),
}

/// A callee that a call would run, to see whether its result is the same as before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undecided {
    /// The path of the callee.
    pub function: String,
    /// The name of its invocation.
    pub invocation: Invocation,
    /// Why it would run.
    pub why: Box<Miss>,
}

/// Why there was no valid result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// There is no record of the function at all, under any version.
    NeverRun,
    /// There is a result of another version of the function: these pieces of code are not what they were. Empty where
    /// the store has lost what the other version was made of.
    CodeChanged(Vec<CodeChange>),
    /// The function has not run with these arguments. Of the recorded arguments that are nearest, these differ.
    ArgumentsDiffer(Vec<ArgumentDifference>),
    /// What a callee returns is not what it returned.
    CalleeChanged(Box<CalleeChange>),
    /// What was read outside of the program is not what it was: its kind and name.
    ResourceChanged(String),
    /// It returned an error, with this message, and errors are not replayed.
    Failed(String),
    /// The result is older than the function's `ttl` allows.
    Expired,
    /// The result was dropped by `f::forget`, or all results of the function were by `f::forget_all`.
    Forgotten,
    /// The result was encoded by this codec, which the function no longer uses.
    OtherCodec(String),
    /// The record is of a newer release of this crate. It stays as it is, and the result of this call is not kept.
    Newer,
    /// The record, or the result that it names, is gone or not what was written.
    Unreadable,
    /// A part of the result, a content of its own with this digest, is gone or was found damaged.
    PartMissing(Digest),
    /// The call asked for the function to run.
    Refreshed,
}

/// An argument that is not what it is in the nearest record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentDifference {
    /// The name of the argument; `context` for the context arguments.
    pub name: String,
    /// What was asked for.
    pub asked: String,
    /// What is recorded.
    pub recorded: String,
}

/// A callee whose result is not, or not known to be, what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalleeChange {
    /// The path of the callee.
    pub function: String,
    /// The name of its invocation.
    pub invocation: Invocation,
    /// What is known of it.
    pub cause: Cause,
}

/// What is known of a callee whose result is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Its result is another one now.
    OtherResult,
    /// There is no such function in this program.
    Gone,
    /// It has to run again, for the first reason, and cannot be run without its caller, for the second one.
    NotRepeatable(Miss, String),
    /// It did not come to an end when it was run again, with this message.
    Failed(String),
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hit => f.write_str("hit"),
            Self::Miss(miss) => miss.fmt(f),
            Self::Undecided(Undecided { function, why, .. }) => {
                write!(f, "depends on what its callee {function} returns, which would run: {why}")
            }
        }
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => f.write_str("it has never run"),
            Self::CodeChanged(changes) => list(f, "its code changed", changes),
            Self::ArgumentsDiffer(differences) => {
                list(f, "it has not run with these arguments", differences)
            }
            Self::CalleeChanged(change) => change.fmt(f),
            Self::ResourceChanged(resource) => write!(f, "{resource} changed"),
            Self::Failed(message) => write!(f, "it failed, and errors are retried: {message}"),
            Self::Expired => f.write_str("the result has expired"),
            Self::Forgotten => f.write_str("the result was forgotten"),
            Self::OtherCodec(codec) => write!(f, "the result was encoded by {codec}"),
            Self::Newer => f.write_str("the record is of a newer release"),
            Self::Unreadable => f.write_str("its record, or what that names, is gone or damaged"),
            Self::PartMissing(digest) => {
                write!(f, "a part of the result, {digest:#}, is gone or damaged")
            }
            Self::Refreshed => f.write_str("the call asked for it"),
        }
    }
}

/// How many things are named in a message.
const NAMED: usize = 8;

fn list(f: &mut fmt::Formatter<'_>, what: &str, all: &[impl fmt::Display]) -> fmt::Result {
    f.write_str(what)?;
    for (index, one) in all.iter().take(NAMED).enumerate() {
        write!(f, "{}{one}", if index == 0 { ": " } else { ", " })?;
    }
    match all.len().saturating_sub(NAMED) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

impl fmt::Display for ArgumentDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, asked, recorded } = self;
        write!(f, "{name} is {asked}, was {recorded}")
    }
}

impl fmt::Display for CalleeChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = &self.function;
        match &self.cause {
            Cause::OtherResult => write!(f, "the result of its callee {function} changed"),
            Cause::Gone => write!(f, "its callee {function} is not in this program"),
            Cause::NotRepeatable(why, reason) => {
                write!(f, "its callee {function} has to run again ({why}), and {reason}")
            }
            Cause::Failed(error) => write!(f, "its callee {function} failed: {error}"),
        }
    }
}
