//! What goes wrong with a server, and what to do about it.

use memento::{Error, ErrorKind};
use redis::{ErrorKind as RedisKind, RedisError, ServerErrorKind};

/// How much is shown of what a server says.
const SHOWN: usize = 200;

/// What to do where a server is silent that TLS is spoken to: one that does not speak it waits for the end of a line.
const SILENT_BY_TLS: &str = "check that the server speaks TLS on this port: where it does not, write `redis` in place of \
                             `rediss`; nothing is asked of it for six times `response_timeout`";

/// The error of an operation on the server at `location`.
pub(crate) fn failed(operation: &'static str, location: &str, error: &RedisError) -> Error {
    let (kind, mut help) = meaning(error);
    if error.is_timeout() && location.starts_with("rediss") {
        help = SILENT_BY_TLS;
    }
    let failed = Error::new(kind, operation).with("server", location).because(reason(error));
    match help {
        "" => failed,
        help => failed.help(help),
    }
}

/// The error of a server that was silent a moment ago, for the same reason.
pub(crate) fn silent(operation: &'static str, location: &str, reason: String) -> Error {
    Error::new(ErrorKind::Storage, operation).with("server", location).because(reason)
}

/// The error of a value that is none of ours, or not whole.
pub(crate) fn damaged(operation: &'static str, location: &str, key: &str) -> Error {
    Error::new(ErrorKind::Damaged, operation)
        .with("server", location)
        .with("key", key)
        .because("its value is not what was put there, or not all of it is there")
}

/// Whether a connection is not to be used again: it is broken, a late reply may still come, or the server is not the
/// right one any more.
pub(crate) fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || is_elsewhere(error.code())
}

/// Whether this code of an error says that it is for another server to do, and nothing was done.
pub(crate) fn is_elsewhere(code: Option<&str>) -> bool {
    matches!(code, Some("READONLY" | "MOVED" | "ASK" | "CLUSTERDOWN"))
}

/// What went wrong, in the same words each time, whatever it was that the system noticed first.
pub(crate) fn reason(error: &RedisError) -> String {
    if error.is_timeout() {
        return "it does not answer in time".to_owned();
    }
    if error.is_connection_refusal() {
        return "nobody listens there".to_owned();
    }
    if error.is_connection_dropped() {
        return "the connection was lost".to_owned();
    }
    error.to_string().chars().take(SHOWN).collect()
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
        (_, Some("MISCONF")) => (
            ErrorKind::Storage,
            "make room on the server's disk, or see in its log why it cannot write files: until then it keeps nothing",
        ),
        (_, Some("DAMAGED" | "WRONGTYPE")) => (ErrorKind::Damaged, ""),
        _ if error.is_connection_refusal() => {
            (ErrorKind::Storage, "start the server, or check host and port in `url`")
        }
        _ if error.is_timeout() => {
            (ErrorKind::Storage, "nothing is asked of it for six times `response_timeout`")
        }
        _ => (ErrorKind::Storage, ""),
    }
}
