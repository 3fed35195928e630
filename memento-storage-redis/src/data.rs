//! Objects on a Redis server.

mod keeping;
mod listing;
mod reading;
mod staged;

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, Prefix, Properties, PutOptions, Source, Staged,
    StoreInfo, UserMetadata,
};
use memento::{Error, ErrorKind, Name, Result};
use redis::{Cmd, FromRedisValue, Value};

use crate::Options;
use crate::format::{CHUNK, HEAD, Head};
use crate::scripts::command;
use crate::server::{Repeat, Server};
use crate::token;
use reading::Found;
use staged::StagedObject;

/// How many bytes are sent at once, as far as objects are not longer.
const BATCH: usize = 8 << 20;
/// How many commands are sent at once.
const COMMANDS: usize = 1000;
/// How often something is begun again that others have changed meanwhile.
const TRIES: usize = 20;

const READ: &str = "read an object";
const LOOK_UP: &str = "look an object up";
const KEEP: &str = "keep an object";
const DROP: &str = "drop an object";

/// A data store on a Redis server, which many processes on many machines can use at once.
#[derive(Debug)]
pub struct RedisDataStore {
    server: Arc<Server>,
}

impl RedisDataStore {
    /// The data store on the server that `options` names. Nothing is asked of it before the first use.
    pub fn new(options: &Options) -> Self {
        Self { server: Arc::new(Server::new(options)) }
    }

    fn key(&self, name: &Name) -> String {
        self.server.key("object", name.as_str())
    }

    /// The command that does a script with an object.
    fn script(&self, script: &redis::Script, name: &Name) -> Cmd {
        let mut command = command(script, &[self.key(name)]);
        command.arg(&self.server.base);
        command
    }

    /// What an object begins with: something else after each change. Nothing where it is no string.
    fn beginning(&self, name: &Name) -> Result<Vec<u8>> {
        let mut read = redis::cmd("GETRANGE");
        read.arg(self.key(name)).arg(0).arg(HEAD - 1);
        match self.server.ask(READ, Repeat::Yes, &read) {
            Err(error) if error.kind() == ErrorKind::Damaged => Ok(Vec::new()),
            found => found,
        }
    }

    fn damaged(&self, name: &Name) -> Error {
        self.server.damaged(READ, &self.key(name))
    }

    fn busy(&self, operation: &'static str, name: &Name) -> Error {
        Error::new(ErrorKind::Storage, operation)
            .with("server", self.server.location())
            .with("name", name)
            .because("others change it all the time")
    }

    /// The replies to one command for each name, in parts of bounded length.
    fn ask_each<T>(
        &self,
        operation: &'static str,
        repeat: Repeat,
        names: &[Name],
        command: impl Fn(&Name) -> Cmd,
        read: impl Fn(&Name, Value) -> Result<T>,
    ) -> Vec<Result<T>> {
        let mut results = Vec::with_capacity(names.len());
        for names in names.chunks(COMMANDS) {
            let mut pipeline = redis::pipe();
            for name in names {
                pipeline.add_command(command(name));
            }
            match self.server.ask_all(operation, repeat, &pipeline) {
                Ok(replies) => {
                    let replies = names.iter().zip(replies);
                    results.extend(replies.map(|(name, reply)| read(name, reply)));
                }
                Err(error) => results.extend(names.iter().map(|_| Err(error.clone()))),
            }
        }
        results
    }

    /// A reply as what it has to be.
    fn reply<T: FromRedisValue>(&self, operation: &'static str, value: Value) -> Result<T> {
        let value = value.extract_error();
        let value = value.and_then(|value| Ok(redis::from_redis_value(value)?));
        value.map_err(|error| self.server.failed(operation, &error))
    }
}

impl DataStore for RedisDataStore {
    fn location(&self) -> String {
        self.server.location()
    }

    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::default().conditional().metadata().modified().streams();
        if self.server.options.readonly { all.not_writable() } else { all }
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        Ok(self.get_revision(name)?.map(|(_, content)| content))
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let found = |name: &Name, reply| self.found(name, self.reply(READ, reply)?);
        let found = self.ask_each(READ, Repeat::Yes, names, |name| self.read_command(name), found);
        let whole = |(name, found): (&Name, Result<Option<Found>>)| match found? {
            None => Ok(None),
            Some(Found::Whole(_, content)) => Ok(Some(content)),
            Some(Found::Chunked(_)) => self.get(name),
        };
        names.iter().zip(found).map(whole).collect()
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.server.check_writable(KEEP)?;
        self.server.check_size(KEEP, content.len() as u64)?;
        if content.len() > CHUNK {
            let mut staged = StagedObject::new(self);
            staged.add(content)?;
            return Box::new(staged).keep(name, options);
        }
        self.put_whole(name, content, options)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        self.server.check_writable(KEEP)?;
        self.server.check_size(KEEP, source.expected().unwrap_or_default())?;
        let mut staged = StagedObject::new(self);
        staged.add_all(source)?;
        Box::new(staged).keep(name, options)
    }

    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let mut results = Vec::with_capacity(objects.len());
        let mut rest = objects;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = |(_, content): &&(Name, &[u8])| {
                bytes += content.len();
                bytes <= BATCH && content.len() <= CHUNK
            };
            let count = rest.iter().take(COMMANDS).take_while(fits).count();
            if count <= 1 {
                results.push(self.put(&rest[0].0, rest[0].1));
            } else {
                results.extend(self.put_together(&rest[..count]));
            }
            rest = &rest[count.max(1)..];
        }
        results
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        self.server.check_writable(KEEP)?;
        Ok(Box::new(StagedObject::new(self)))
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        const APPEND: &str = "append to an object";
        self.server.check_writable(APPEND)?;
        self.server.check_size(APPEND, content.len() as u64)?;
        let mut append = self.script(&self.server.scripts.append, name);
        append.arg(name.as_str()).arg(token::short()).arg(token::long()).arg(content);
        append.arg(self.server.options.max_object_size).arg(self.server.options.ttl_milliseconds());
        let size: i64 = self.server.ask(APPEND, Repeat::No, &append)?;
        if size < 0 { self.server.check_size(APPEND, size.unsigned_abs()) } else { Ok(()) }
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        const COPY: &str = "copy an object";
        self.server.check_writable(COPY)?;
        let mut copy = self.script(&self.server.scripts.copy, from);
        copy.arg(from.as_str()).arg(to.as_str()).arg(token::short()).arg(token::long());
        copy.arg(self.server.options.ttl_milliseconds());
        self.server.ask(COPY, Repeat::Yes, &copy)
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.open(name)
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.read_range(name, &range)
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline.cmd("GETRANGE").arg(self.key(name)).arg(0).arg(HEAD - 1);
        let most = self.server.options.max_object_size;
        pipeline.cmd("GETRANGE").arg(self.server.key("about", name.as_str())).arg(0).arg(most);
        let mut replies = self.server.ask_all(LOOK_UP, Repeat::Yes, &pipeline)?.into_iter();
        let head: Vec<u8> = self.reply(LOOK_UP, replies.next().unwrap_or(Value::Nil))?;
        if head.is_empty() {
            return Ok(None);
        }
        let head = Head::read(&head).ok_or_else(|| self.damaged(name))?;
        let metadata: Vec<u8> = self.reply(LOOK_UP, replies.next().unwrap_or(Value::Nil))?;
        self.server.check_size(LOOK_UP, metadata.len() as u64)?;
        let metadata = match &*metadata {
            [] => UserMetadata::new(),
            text => serde_json::from_slice(text).map_err(|_| self.damaged(name))?,
        };
        Ok(Some(Properties { size: head.size, modified: Some(head.modified), metadata }))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        let begin = |name: &Name| {
            let mut begin = redis::cmd("GETRANGE");
            begin.arg(self.key(name)).arg(0).arg(0);
            begin
        };
        // What is empty is nothing to those who read it either.
        let is_there = |value| self.reply(LOOK_UP, value).map(|begin: Vec<u8>| !begin.is_empty());
        self.ask_each(LOOK_UP, Repeat::Yes, names, begin, |_, value| is_there(value))
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.remove_many(std::slice::from_ref(name)).pop().unwrap_or(Ok(false))
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        if let Err(error) = self.server.check_writable(DROP) {
            return names.iter().map(|_| Err(error.clone())).collect();
        }
        let remove = |name: &Name| {
            let mut remove = self.script(&self.server.scripts.remove, name);
            remove.arg(name.as_str());
            remove
        };
        self.ask_each(DROP, Repeat::No, names, remove, |_, value| self.reply(DROP, value))
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        const SET_ASIDE: &str = "move a damaged object aside";
        self.server.check_writable(SET_ASIDE)?;
        let mut remove = self.script(&self.server.scripts.remove, name);
        // Looked at before the content: what another process puts from here on stays.
        remove.arg(name.as_str()).arg(self.beginning(name)?);
        match self.get(name) {
            Ok(None) => return Ok(()),
            Ok(Some(content)) if name.is_whole(&*content) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::Damaged => return Err(error),
            _ => {}
        }
        match self.copy(name, &name.of_damaged()) {
            Err(error) if error.kind() != ErrorKind::Damaged => return Err(error),
            _ => {}
        }
        self.server.ask(SET_ASIDE, Repeat::Yes, &remove)
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        listing::list(&self.server, prefix, options)
    }

    fn ping(&self) -> Result<()> {
        self.server.ask("reach a Redis server", Repeat::Yes, &redis::cmd("PING"))
    }

    fn info(&self) -> Result<StoreInfo> {
        const COUNT: &str = "count objects";
        let mut info = command(&self.server.scripts.info, &[format!("{}sizes", self.server.base)]);
        info.arg(&self.server.base).arg(u8::from(!self.server.options.readonly));
        let (objects, bytes) = loop {
            let (objects, bytes, left): (u64, i64, u64) =
                self.server.ask(COUNT, Repeat::Yes, &info)?;
            if left == 0 {
                break (objects, u64::try_from(bytes).unwrap_or_default());
            }
        };
        // Who may do no more than use its own keys is not told.
        let mut memory = redis::pipe();
        memory.cmd("INFO").arg("memory");
        let told = self.server.ask_all(COUNT, Repeat::Yes, &memory)?.into_iter().next();
        let told = told.and_then(|told| redis::from_redis_value::<redis::InfoDict>(told).ok());
        let used = told.and_then(|told| told.get("used_memory"));
        Ok(StoreInfo { objects, bytes, used })
    }
}
