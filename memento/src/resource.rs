//! What a result depends on outside of the program: files, directories, environment variables, kinds of one's own.
//!
//! A memento function that reads through this module gets what it reads, and its record notes what that was: the
//! *observation*. A later look-up checks whether the resource is still in the same state; where it is not, the function
//! runs again. Outside of memento functions all of this reads, and observes nothing.
//!
//! ```
//! use memento::{memento, resource};
//!
//! #[memento]
//! fn count_lines(path: String) -> std::io::Result<usize> {
//!     Ok(resource::text(path)?.lines().count())
//! }
//! ```
//!
//! | kind        | read by                     | name                        | state                                | stamp |
//! | ----------- | --------------------------- | --------------------------- | ------------------------------------ | ----- |
//! | `file`      | [`file`](file()), [`text`]  | the path, as it was given   | the content                          | yes   |
//! | `directory` | [`directory`](directory())  | the pattern and the path    | which files match, not what they hold | no    |
//! | `variable`  | [`env_var`]                 | the variable's name         | the value, of which a digest is kept | no    |
//!
//! That a resource is not there, or cannot be read, is a state like any other: what was computed without a file is
//! computed again when the file appears.
//!
//! A relative path stays relative: it means what it would mean to the function if it ran now, and a record is as good
//! in another checkout as in the one that it was made in.
//!
//! # Stamps
//!
//! To compare contents, a file has to be read. A [`Stamp`] spares that: a few bytes that can be had quickly, and that
//! differ wherever the content does. That of a file is made of its length, modification time, change time, inode and
//! device (elsewhere than on unix: of length, modification and creation time, and of where a relative path starts). An
//! equal stamp means that nothing changed; with another one, contents are compared, so that `touch` computes nothing
//! again.
//!
//! Times pass in steps. A file that is read and then written within one step, at the same length, keeps its stamp with
//! another content: it is "racily clean", as git's technical note on its index has it ([racy-git]). git looks into
//! files no older than its index; here, a stamp is kept only of what last changed more than two seconds before it was
//! read, which is the coarsest step in common use (FAT). Of anything younger, or with a time in the future, the content
//! is compared next time. A stamp is taken before and after reading; where the two differ, the resource is read again,
//! three times at most, and then gets none.
//!
//! What no stamp shows, this does not see either: a write through a memory map before the system has noted its time.
//! `make`, git and rsync do not see it any more than this does.
//!
//! # Kinds of one's own
//!
//! A [`Resource`] is registered with [`register!`](register), then [`observe`]d, or read with [`observe_with`]:
//!
//! ```
//! use memento::resource::{self, Resource, State};
//!
//! /// The version of an installed program.
//! struct Program(String);
//!
//! impl Resource for Program {
//!     const KIND: &'static str = "program";
//!
//!     fn name(&self) -> String {
//!         self.0.clone()
//!     }
//!     fn from_name(name: &str) -> memento::Result<Self> {
//!         Ok(Self(name.to_owned()))
//!     }
//!     fn state(&self) -> State {
//!         match std::process::Command::new(&self.0).arg("--version").output() {
//!             Ok(output) => State::of(&output.stdout),
//!             Err(error) => State::failed(&error),
//!         }
//!     }
//! }
//!
//! resource::register!(Program);
//!
//! # fn main() -> memento::Result<()> {
//! resource::observe(&Program("rustc".to_owned()))?;
//! # Ok(())
//! # }
//! ```
//!
//! [racy-git]: https://git-scm.com/docs/racy-git

mod check;
mod content;
mod directory;
mod file;
mod kind;
mod memo;
mod name;
mod observation;
mod observe;
mod pattern;
mod reading;
mod state;
#[cfg(test)]
mod tests;
mod variable;

use std::time::SystemTime;

use crate::Result;

pub(crate) use check::{Check, check};
pub use content::FileContent;
pub use directory::directory;
pub use file::{file, text};
#[doc(hidden)]
pub use kind::Kind;
pub use observation::{Observation, Stamp};
pub use observe::{observe, observe_with};
pub use state::State;
pub use variable::env_var;

#[doc(inline)]
pub use crate::__register_resource as register;

/// Something outside of the program that results depend on.
///
/// The record of a result keeps kind, name, and digests of what was seen. A later process, which may be on another
/// machine, makes the resource again [from its name](Self::from_name) and looks at it.
pub trait Resource: Sized + 'static {
    /// The name of the kind: no two kinds of a program have the same. `file`, `directory` and `variable` are taken.
    const KIND: &'static str;

    /// What tells this resource from others of its kind. It is stored and shown, so it holds no secrets.
    fn name(&self) -> String;

    /// The resource with this [name](Self::name).
    ///
    /// # Errors
    ///
    /// Where no resource has it. The name comes from a store: it may be anything.
    fn from_name(name: &str) -> Result<Self>;

    /// The state that the resource is in now.
    ///
    /// It tells all that a function can see of the resource: where two states are equal, so is what a function
    /// computes. That the resource is not there, or cannot be read, is a state, too.
    fn state(&self) -> State;

    /// A stamp of the state that the resource is in now, and when it last changed; `None` where there is none.
    ///
    /// To get it should cost far less than the state. Where two stamps of a resource are equal, so are the states; only
    /// changes within one step of the clock, of up to two seconds, may be missed, unless the time given is
    /// [`UNIX_EPOCH`](SystemTime::UNIX_EPOCH). That is right for a stamp that no two states ever share, such as a
    /// revision number.
    fn stamp(&self) -> Option<(Stamp, SystemTime)> {
        None
    }
}
