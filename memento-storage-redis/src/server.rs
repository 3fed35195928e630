//! Requests to a server, over connections that may be gone.

use std::fmt;
use std::time::Instant;

use memento::{Error, ErrorKind, Result};
use redis::{
    Cmd, Connection, ErrorKind as RedisKind, FromRedisValue, Pipeline, RedisError, RedisResult,
    Value,
};

use crate::Options;
use crate::connect::Connector;
use crate::outage::Outage;
use crate::pool::{Place, Pool, with_one};
use crate::problem::{damaged, failed, is_elsewhere, is_lost, reason, silent};
use crate::scripts::Scripts;

/// How many connections there are for what must not wait for large objects: claims that are renewed, and threads that
/// wait for claims to be given back.
const ASIDE: usize = 4;

/// How many times as long as a request waits for a silent server nothing is asked of it then.
const SILENCE: u32 = 6;

/// How many commands of many are sent at once.
const GROUP: usize = 128;
/// How many such groups are sent before the first is answered: a server keeps what nobody reads.
const AHEAD: usize = 8;

/// What sends a request by a connection, and reads the reply.
type Exchange<'a, T> = &'a mut dyn FnMut(&mut Connection) -> RedisResult<T>;

/// A server, the connections to it, and what is the same for all requests.
pub(crate) struct Server {
    connector: Result<Connector>,
    pool: Pool,
    aside: Pool,
    outage: Outage,
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
        let patience = options.connect_timeout.saturating_add(options.response_timeout);
        let location = options.location();
        let pool = |size, help| Pool::new(size, patience, location.clone(), help);
        Self {
            pool: pool(
                options.connection_pool_size,
                "set `connection_pool_size` to how many threads use the server at once",
            ),
            aside: pool(ASIDE, "raise `response_timeout`, where the server is slow"),
            location,
            connector,
            outage: Outage::new(options.response_timeout.saturating_mul(SILENCE)),
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
        [&self.base, kind, ":", name].concat()
    }

    pub(crate) fn check_writable(&self, operation: &'static str) -> Result<()> {
        if !self.options.readonly {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ReadOnly, operation)
            .with("server", &self.location)
            .because("the storage is open for reading only"))
    }

    /// Refuses what is too long, to be kept or to be read at once.
    pub(crate) fn check_size(&self, operation: &'static str, size: u64) -> Result<()> {
        let most = self.options.max_object_size;
        if size <= most {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, operation)
            .with("server", &self.location)
            .with("size", format_args!("{size} bytes"))
            .with("max_object_size", format_args!("{most} bytes"))
            .help("raise `max_object_size`, or keep what is of this size in another store"))
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
        self.request(operation, repeat, self.pool.place()?, &mut |connection| {
            command.query(connection)
        })
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
        self.request(operation, repeat, self.pool.place()?, &mut |c| replies(commands, c))
    }

    /// Hands what `read` makes of the replies to the commands for `items`, which `pack` makes, to `take`, in their
    /// order, as they arrive. The server begins with the first commands while the others are made. Where the connection
    /// was lost, another one is asked for what has not come yet.
    pub(crate) fn stream<I, T>(
        &self,
        operation: &'static str,
        items: &[I],
        pack: impl Fn(&[I]) -> Vec<u8>,
        read: impl Fn(Value) -> Result<T>,
        take: &mut dyn FnMut(Vec<T>),
    ) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let (mut left, mut wrong) = (items, None);
        self.request(operation, Repeat::Yes, self.pool.place()?, &mut |connection| {
            let mut unasked = left.chunks(GROUP).map(&pack);
            for commands in unasked.by_ref().take(AHEAD) {
                connection.send_packed_command(&commands)?;
            }
            while !left.is_empty() {
                let (group, rest) = left.split_at(left.len().min(GROUP));
                let mut replies = Vec::with_capacity(group.len());
                // What follows something wrong is read all the same: the connection is used again.
                receive(connection, group.len(), |reply| match read(reply) {
                    Ok(reply) => replies.push(reply),
                    Err(error) => wrong = wrong.take().or(Some(error)),
                })?;
                left = rest;
                if wrong.is_none() {
                    with_one(|| take(replies));
                }
                if let Some(commands) = unasked.next() {
                    connection.send_packed_command(&commands)?;
                }
            }
            Ok(())
        })?;
        wrong.map_or(Ok(()), Err)
    }

    /// As [`ask_all`](Self::ask_all), for commands that must wait neither for large objects nor for the end of an
    /// outage: a silent server is asked all the same.
    pub(crate) fn ask_all_aside(
        &self,
        operation: &'static str,
        commands: &Pipeline,
    ) -> Result<Vec<Value>> {
        let place = self.aside.place()?;
        self.request_anyway(operation, Repeat::Yes, place, &mut |c| replies(commands, c))
    }

    /// The reply to a command that waits for something; `None` where there is no connection now to wait by.
    pub(crate) fn wait(&self, operation: &'static str, command: &Cmd) -> Option<Result<Value>> {
        let place = self.aside.try_place()?;
        Some(
            self.request(operation, Repeat::Yes, place, &mut |connection| {
                command.query(connection)
            }),
        )
    }

    /// Lets `send` talk to the server, unless the server was silent a moment ago.
    fn request<T>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        place: Place<'_>,
        send: Exchange<'_, T>,
    ) -> Result<T> {
        let checked = self.outage.check();
        checked.map_err(|reason| silent(operation, &self.location, reason))?;
        self.request_anyway(operation, repeat, place, send)
    }

    /// Lets `send` talk to the server, and notes whether it is silent.
    fn request_anyway<T>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        place: Place<'_>,
        send: Exchange<'_, T>,
    ) -> Result<T> {
        let connector = self.connector.as_ref().map_err(Clone::clone)?;
        let began = Instant::now();
        let sent = self.send_by(connector, place, repeat, send);
        match &sent {
            Err(error) if self.is_silent(error, began) => self.outage.begin(reason(error)),
            _ => self.outage.end(),
        }
        sent.map_err(|error| self.failed(operation, &error))
    }

    /// Whether a request failed since the server said nothing.
    fn is_silent(&self, error: &RedisError, began: Instant) -> bool {
        let limit = self.options.connect_timeout.min(self.options.response_timeout);
        // Errors of several servers tell no more than that they are.
        error.is_timeout() || is_lost(error) && began.elapsed() >= limit
    }

    /// A connection that was idle may be gone, as after a restart of the server; one that is new is not. So what may be
    /// repeated is sent again, once, and for what may not, the connection is tried before.
    fn send_by<T>(
        &self,
        connector: &Connector,
        mut place: Place<'_>,
        repeat: Repeat,
        send: Exchange<'_, T>,
    ) -> RedisResult<T> {
        if let Some(mut connection) = place.idle.take() {
            let mut is_repeatable = true;
            let tried = match repeat {
                Repeat::Yes => Ok(()),
                Repeat::No => redis::cmd("PING").query(&mut connection),
            };
            let sent = tried.and_then(|()| {
                is_repeatable = repeat == Repeat::Yes;
                self.send(&mut connection, send)
            });
            match sent {
                Err(error) if is_lost(&error) => {
                    self.forget_connections();
                    is_repeatable |= is_elsewhere(error.code());
                    if !is_repeatable || error.is_timeout() {
                        return Err(error);
                    }
                }
                sent => {
                    place.give_back(connection);
                    return sent;
                }
            }
        }
        let mut connection = connector.connect()?;
        let sent = self.send(&mut connection, send);
        match &sent {
            Err(error) if is_lost(error) => self.forget_connections(),
            _ => place.give_back(connection),
        }
        sent
    }

    /// Sends, and once more with all scripts where the server does not know them.
    fn send<T>(&self, connection: &mut Connection, send: Exchange<'_, T>) -> RedisResult<T> {
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

    fn forget_connections(&self) {
        self.pool.clear();
        self.aside.clear();
    }
}

/// The replies to `commands`, errors among them, unless the server lacks a script, or is not the right one.
fn replies(commands: &Pipeline, connection: &mut Connection) -> RedisResult<Vec<Value>> {
    connection.send_packed_command(&commands.get_packed_pipeline())?;
    // Those to `MULTI` and `EXEC` are around them.
    let count = commands.len() + if commands.is_transaction() { 2 } else { 0 };
    let mut replies = Vec::with_capacity(count);
    receive(connection, count, |reply| replies.push(reply))?;
    // Then none of them was run, or none that needs a script.
    let is_refused = |code: &str| commands.is_transaction() || code == "NOSCRIPT";
    replies.iter().try_for_each(|reply| check(reply, is_refused))?;
    if !commands.is_transaction() {
        return Ok(replies);
    }
    match replies.pop() {
        Some(Value::Array(replies)) => Ok(replies),
        _ => Err((RedisKind::UnexpectedReturnType, "a transaction has no replies").into()),
    }
}

/// Hands so many replies to `take`, as they arrive. Behind one that does not come, or tells that it is for another
/// server to give, nothing is waited for: the connection is not used again.
fn receive(
    connection: &mut Connection,
    count: usize,
    mut take: impl FnMut(Value),
) -> RedisResult<()> {
    for _ in 0..count {
        let reply = connection.recv_response()?;
        check(&reply, |code| is_elsewhere(Some(code)))?;
        take(reply);
    }
    Ok(())
}

/// Refuses a reply that is an error with such a code.
fn check(reply: &Value, is_refused: impl Fn(&str) -> bool) -> RedisResult<()> {
    match reply {
        Value::ServerError(error) if is_refused(error.code()) => Err(error.clone().into()),
        _ => Ok(()),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("location", &self.location)
            .field("key_prefix", &self.options.key_prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_waits_for_a_place_in_vain_is_told_what_is_taken() {
        let (url, moment) = ("redis://host:7/0", Duration::from_millis(1));
        let options = Options::new(url).unwrap().connect_timeout(moment).response_timeout(moment);
        let server = Server::new(&options.connection_pool_size(1));
        let wrong = |pool: &Pool, size| {
            let _taken: Vec<_> = (0..size).map(|_| pool.place().unwrap()).collect();
            pool.place().map(drop).unwrap_err().to_string()
        };
        let (usual, aside) = (wrong(&server.pool, 1), wrong(&server.aside, ASIDE));
        assert!(usual.contains(url) && usual.contains("`connection_pool_size`"), "{usual}");
        assert!(aside.contains(url) && aside.contains("`response_timeout`"), "{aside}");
        assert!(!aside.contains("connection_pool_size"), "{aside}");
    }
}
