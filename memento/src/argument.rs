//! What arguments have to be, said in the words of `#[memento]`.

use serde::Serialize;

/// What can be an argument: it is encoded for the key, and may go to another thread.
#[diagnostic::on_unimplemented(
    message = "a memento function cannot take an argument of type `{Self}`",
    label = "this argument cannot be part of a key",
    note = "add `#[derive(serde::Serialize)]` to the type, or `serde::Serialize + Send` to the bounds of a parameter; \
            it must be `Send`, and `Sync` behind a reference",
    note = "or say what is in the key instead: `#[memento(ignore(argument))]`, `#[memento(key(argument = value))]`"
)]
pub trait Argument: Serialize + Send {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + Send> Argument for T {}

/// What can be an argument that is not encoded itself: it may go to another thread.
#[diagnostic::on_unimplemented(
    message = "a memento function cannot take an argument of type `{Self}`",
    label = "this argument cannot go to another thread",
    note = "it must be `Send`, and `Sync` behind a reference: a runner may run the function in another thread"
)]
pub trait Unencoded: Send {}

#[diagnostic::do_not_recommend]
impl<T: Send> Unencoded for T {}

/// What can stand in a key for an argument.
#[diagnostic::on_unimplemented(
    message = "a value of type `{Self}` cannot stand in a key for an argument",
    label = "this value cannot be part of a key",
    note = "`key(argument = value)` takes any value that is `serde::Serialize`"
)]
pub trait KeyPart: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> KeyPart for T {}
