//! Requests to a server, over connections that may be gone.

use std::fmt;

use memento::{Error, ErrorKind, Result};
use redis::{Cmd, ConnectionLike, FromRedisValue, Pipeline, RedisError, RedisResult, Value};

use crate::Options;
use crate::connect::{Connection, Connector};
use crate::pool::{Place, Pool};
use crate::problem::{damaged, failed};
use crate::scripts::Scripts;

/// How many threads at once wait by connections of their own for claims to be given back.
const WAITING: usize = 4;

/// A server, the connections to it, and what is the same for all requests.
pub(crate) struct Server {
    connector: Result<Connector>,
    pool: Pool,
    waiting: Pool,
    pub(crate) scripts: Scripts,
    pub(crate) options: Options,
    /// What all keys begin with.
    pub(crate) base: String,
    location: String,
}

/// Whether a request may be sent again that the server may have got before the connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice does and says the same as once.
    Yes,
    /// It would say, or do, something else.
    No,
}

impl Server {
    /// The server that `options` names. Nothing is asked of it before the first request.
    pub(crate) fn new(options: &Options) -> Self {
        let connector = Connector::new(options);
        let patience = options.connect_timeout + options.response_timeout;
        Self {
            location: options.address.to_string(),
            connector,
            pool: Pool::new(options.connection_pool_size, patience),
            waiting: Pool::new(WAITING, patience),
            scripts: Scripts::new(),
            base: options.base(),
            options: options.clone(),
        }
    }

    pub(crate) fn location(&self) -> String {
        self.location.clone()
    }

    /// The name of a key.
    pub(crate) fn key(&self, kind: &str, name: &str) -> String {
        format!("{}{kind}:{name}", self.base)
    }

    pub(crate) fn check_writable(&self, operation: &'static str) -> Result<()> {
        if !self.options.readonly {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ReadOnly, operation)
            .with("server", &self.location)
            .source("the storage is open for reading only"))
    }

    pub(crate) fn failed(&self, operation: &'static str, error: &RedisError) -> Error {
        failed(operation, &self.location, error)
    }

    pub(crate) fn damaged(&self, operation: &'static str, key: &str) -> Error {
        damaged(operation, &self.location, key)
    }

    /// The reply to one command.
    pub(crate) fn ask<T: FromRedisValue>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        command: &Cmd,
    ) -> Result<T> {
        self.request(operation, repeat, &mut |connection| command.query(connection))
    }

    /// The replies to several commands, in one round trip, as values; errors are among them.
    pub(crate) fn ask_all(
        &self,
        operation: &'static str,
        repeat: Repeat,
        commands: &Pipeline,
    ) -> Result<Vec<Value>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        self.request(operation, repeat, &mut |connection| {
            let replies: Vec<Value> = commands.query(connection)?;
            // Where the scripts are not known, no command was run that needs one.
            let unknown = replies.iter().find_map(|reply| match reply {
                Value::ServerError(error) if error.code() == "NOSCRIPT" => Some(error.clone()),
                _ => None,
            });
            unknown.map_or(Ok(replies), |error| Err(error.into()))
        })
    }

    /// Has `send` talk to the server by a connection of the pool.
    pub(crate) fn request<T>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        send: &mut dyn FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> Result<T> {
        self.send_by(self.pool.place()?, operation, repeat, send)
    }

    /// The same by a connection that is kept for waiting; `None` where all of these are in use.
    pub(crate) fn wait<T>(
        &self,
        operation: &'static str,
        send: &mut dyn FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> Option<Result<T>> {
        let place = self.waiting.try_place()?;
        Some(self.send_by(place, operation, Repeat::Yes, send))
    }

    /// A connection that was idle may be gone, as after a restart of the server; one that is new is not. So what may be
    /// repeated is sent again, once, and for what may not, the connection is tried before.
    fn send_by<T>(
        &self,
        mut place: Place<'_>,
        operation: &'static str,
        repeat: Repeat,
        send: &mut dyn FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> Result<T> {
        let mut idle = place.idle.take();
        if repeat == Repeat::No {
            idle = idle.and_then(|connection| self.alive(connection));
        }
        if let Some(mut connection) = idle {
            match self.send(&mut *connection, send) {
                Err(error) if is_lost(&error) => {
                    self.forget_connections();
                    if repeat == Repeat::No || error.is_timeout() {
                        return Err(self.failed(operation, &error));
                    }
                }
                sent => {
                    place.give_back(connection);
                    return sent.map_err(|error| self.failed(operation, &error));
                }
            }
        }
        let mut connection = self.connect()?;
        let sent = self.send(&mut *connection, send);
        match &sent {
            Err(error) if is_lost(error) => self.forget_connections(),
            _ => place.give_back(connection),
        }
        sent.map_err(|error| self.failed(operation, &error))
    }

    fn connect(&self) -> Result<Connection> {
        match &self.connector {
            Ok(connector) => connector.connect(),
            Err(error) => Err(error.clone()),
        }
    }

    /// Sends, and once more with all scripts where the server does not know them.
    fn send<T>(
        &self,
        connection: &mut dyn ConnectionLike,
        send: &mut dyn FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> RedisResult<T> {
        match send(connection) {
            Err(error) if error.code() == Some("NOSCRIPT") => {
                for script in self.scripts.all() {
                    script.load(connection)?;
                }
                send(connection)
            }
            sent => sent,
        }
    }

    /// The connection, if it answers.
    fn alive(&self, mut connection: Connection) -> Option<Connection> {
        if connection.check_connection() {
            return Some(connection);
        }
        self.forget_connections();
        None
    }

    fn forget_connections(&self) {
        self.pool.clear();
        self.waiting.clear();
    }
}

/// Whether a connection is not to be used again: it is broken, a late reply may still come, or the server has become one
/// that is only read from.
fn is_lost(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || error.code() == Some("READONLY")
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("location", &self.location)
            .field("key_prefix", &self.options.key_prefix)
            .finish_non_exhaustive()
    }
}
