//! What goes wrong with a server, and what to do about it.

use memento::{Error, ErrorKind};
use redis::{ErrorKind as RedisKind, RedisError, ServerErrorKind};

/// The error of an operation on the server at `location`.
pub(crate) fn failed(operation: &'static str, location: &str, error: &RedisError) -> Error {
    let (kind, help) = meaning(error);
    let failed = Error::new(kind, operation).with("server", location).source(error.to_string());
    match help {
        "" => failed,
        help => failed.help(help),
    }
}

/// The error of a value that is none of ours, or not whole.
pub(crate) fn damaged(operation: &'static str, location: &str, key: &str) -> Error {
    Error::new(ErrorKind::Damaged, operation)
        .with("server", location)
        .with("key", key)
        .source("its value is not what was put there, or not all of it is there")
}

/// The kind of an error, and what to do.
fn meaning(error: &RedisError) -> (ErrorKind, &'static str) {
    match (error.kind(), error.code()) {
        (RedisKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
            (ErrorKind::Configuration, "check the user and the password in `url`")
        }
        (RedisKind::Server(ServerErrorKind::NoPerm), _) => (
            ErrorKind::Configuration,
            "let the user do this with all keys that begin with `key_prefix`: EVALSHA and SCRIPT LOAD among others",
        ),
        (RedisKind::InvalidClientConfig, _) => (ErrorKind::Configuration, ""),
        (_, Some("OOM")) => (
            ErrorKind::Storage,
            "give the server more memory (`maxmemory`), or set `ttl` so that old results make room",
        ),
        (_, Some("DAMAGED")) => (ErrorKind::Damaged, ""),
        _ if error.is_connection_refusal() => {
            (ErrorKind::Storage, "start the server, or check host and port in `url`")
        }
        _ => (ErrorKind::Storage, ""),
    }
}
