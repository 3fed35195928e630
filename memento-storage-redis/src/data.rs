//! Objects on a Redis server.

mod listing;
mod reading;
mod staged;

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memento::{
    Capabilities, Condition, DataStore, Error, ErrorKind, ListOptions, Listing, Name, Prefix,
    Properties, PutOptions, Result, Source, Staged, StoreInfo, UserMetadata,
};
use redis::{Cmd, FromRedisValue, Pipeline, Value};

use crate::Options;
use crate::format::{CHUNK, HEAD, Head, content};
use crate::scripts::command;
use crate::server::{Repeat, Server};
use crate::token;
use staged::StagedObject;

/// How many bytes are sent at once, as far as objects are not longer.
const BATCH: usize = 8 << 20;
/// How many commands are sent at once.
const COMMANDS: usize = 1000;
/// How often something is begun again that others have changed meanwhile.
const TRIES: usize = 20;
/// The condition of a put that depends on nothing.
const ALWAYS: &str = "always";

const READ: &str = "read an object";
const LOOK_UP: &str = "look an object up";
const KEEP: &str = "keep an object";
const DROP: &str = "drop an object";

/// A data store on a Redis server, which many processes on many machines can use at once.
#[derive(Debug)]
pub struct RedisDataStore {
    server: Arc<Server>,
}

/// An object as it is put by the server, all but its content in chunks.
struct Put<'a> {
    name: &'a Name,
    condition: &'a str,
    size: u64,
    id: &'a str,
    content: &'a [u8],
    metadata: &'a UserMetadata,
}

/// What is found under a name.
enum Found {
    Whole(Vec<u8>),
    Chunked(Head),
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

    fn damaged(&self, name: &Name) -> Error {
        self.server.damaged(READ, &self.key(name))
    }

    /// Refuses an object that is too long.
    fn check_size(&self, size: u64) -> Result<()> {
        let most = self.server.options.max_object_size;
        if size <= most {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, KEEP)
            .with("server", self.server.location())
            .with("size", format_args!("{size} bytes"))
            .with("max_object_size", format_args!("{most} bytes"))
            .help("raise `max_object_size`, or keep objects of this size in another store"))
    }

    fn put_command(&self, put: &Put<'_>) -> Result<Cmd> {
        let mut metadata = String::new();
        if !put.metadata.is_empty() {
            metadata = serde_json::to_string(put.metadata)
                .map_err(|error| Error::new(ErrorKind::Encoding, KEEP).source(error))?;
        }
        let mut command = self.script(&self.server.scripts.put, put.name);
        command.arg(put.name.as_str()).arg(put.condition).arg(put.size).arg(token::short());
        command.arg(put.id).arg(put.content).arg(metadata);
        command.arg(self.server.options.ttl_milliseconds());
        Ok(command)
    }

    /// Keeps an object whose chunks, if it has any, are there; whether the condition was met.
    fn place(&self, put: &Put<'_>) -> Result<bool> {
        let repeat = if put.condition == ALWAYS { Repeat::Yes } else { Repeat::No };
        self.server.ask(KEEP, repeat, &self.put_command(put)?)
    }

    /// Keeps an object by `place` where the condition of `options` is met, which gets that condition as the server
    /// looks at it.
    fn place_where(
        &self,
        name: &Name,
        condition: &Condition,
        mut place: impl FnMut(&str) -> Result<bool>,
    ) -> Result<bool> {
        let expected = match condition {
            Condition::Always => return place(ALWAYS),
            Condition::Absent => return place("absent"),
            Condition::Content(expected) => expected,
        };
        for _ in 0..TRIES {
            let Some((revision, found)) = self.get_revision(name)? else { return Ok(false) };
            if found != *expected {
                return Ok(false);
            }
            if place(&revision)? {
                return Ok(true);
            }
            // Somebody was faster: what is there now may be the same again.
        }
        Err(self.busy(KEEP, name))
    }

    fn busy(&self, operation: &'static str, name: &Name) -> Error {
        Error::new(ErrorKind::Storage, operation)
            .with("server", self.server.location())
            .with("name", name)
            .source("others change it all the time")
    }

    /// What a value of the server is; `None` where it is nothing.
    fn found(&self, name: &Name, value: Value) -> Result<Option<(Head, Found)>> {
        let value = match value {
            Value::Nil => return Ok(None),
            Value::BulkString(value) => value,
            _ => return Err(self.damaged(name)),
        };
        let head = Head::read(&value).ok_or_else(|| self.damaged(name))?;
        if head.is_chunked {
            return Ok(Some((head.clone(), Found::Chunked(head))));
        }
        let content = content(value, &head).ok_or_else(|| self.damaged(name))?;
        Ok(Some((head, Found::Whole(content))))
    }

    fn find(&self, name: &Name) -> Result<Option<(Head, Found)>> {
        let mut get = redis::cmd("GET");
        get.arg(self.key(name));
        let value: Value = self.server.ask(READ, Repeat::Yes, &get)?;
        self.found(name, value)
    }

    /// The content of an object, and its revision.
    fn get_revision(&self, name: &Name) -> Result<Option<(String, Vec<u8>)>> {
        for _ in 0..TRIES {
            let Some((head, found)) = self.find(name)? else { return Ok(None) };
            match found {
                Found::Whole(content) => return Ok(Some((head.revision, content))),
                Found::Chunked(head) => {
                    if let Some(content) = self.chunks_of(&head)? {
                        return Ok(Some((head.revision, content)));
                    }
                    self.check_changed(name, &head)?;
                }
            }
        }
        Err(self.busy(READ, name))
    }

    /// An object lacks a chunk: an error where it is not since another one took its place.
    fn check_changed(&self, name: &Name, before: &Head) -> Result<()> {
        match self.find(name)? {
            Some((head, _)) if head == *before => Err(self.damaged(name)),
            _ => Ok(()),
        }
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
            let mut pipeline = pipeline();
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

/// One whose replies come one by one, errors among them.
fn pipeline() -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.ignore_errors();
    pipeline
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
        let get = |name: &Name| {
            let mut get = redis::cmd("GET");
            get.arg(self.key(name));
            get
        };
        let found = |name: &Name, value: Value| self.found(name, value);
        let found = self.ask_each(READ, Repeat::Yes, names, get, found);
        let whole = |(name, found): (&Name, Result<Option<(Head, Found)>>)| match found? {
            None => Ok(None),
            Some((_, Found::Whole(content))) => Ok(Some(content)),
            Some((_, Found::Chunked(_))) => self.get(name),
        };
        names.iter().zip(found).map(whole).collect()
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.server.check_writable(KEEP)?;
        self.check_size(content.len() as u64)?;
        if content.len() > CHUNK {
            let mut staged = StagedObject::new(self);
            staged.add(content)?;
            return Box::new(staged).keep(name, options);
        }
        self.put_whole(name, content, options)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        self.server.check_writable(KEEP)?;
        self.check_size(source.expected().unwrap_or_default())?;
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
        self.check_size(content.len() as u64)?;
        let mut append = self.script(&self.server.scripts.append, name);
        append.arg(name.as_str()).arg(token::short()).arg(token::long()).arg(content);
        append.arg(self.server.options.max_object_size).arg(self.server.options.ttl_milliseconds());
        let size: i64 = self.server.ask(APPEND, Repeat::No, &append)?;
        if size < 0 { self.check_size(size.unsigned_abs()) } else { Ok(()) }
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
        let mut pipeline = pipeline();
        pipeline.atomic();
        pipeline.cmd("GETRANGE").arg(self.key(name)).arg(0).arg(HEAD - 1);
        pipeline.cmd("GET").arg(self.server.key("about", name.as_str()));
        let mut replies = self.server.ask_all(LOOK_UP, Repeat::Yes, &pipeline)?.into_iter();
        let head: Vec<u8> = self.reply(LOOK_UP, replies.next().unwrap_or(Value::Nil))?;
        if head.is_empty() {
            return Ok(None);
        }
        let head = Head::read(&head).ok_or_else(|| self.damaged(name))?;
        let metadata: Option<Vec<u8>> =
            self.reply(LOOK_UP, replies.next().unwrap_or(Value::Nil))?;
        let metadata = match metadata {
            Some(text) => serde_json::from_slice(&text).map_err(|_| self.damaged(name))?,
            None => UserMetadata::new(),
        };
        Ok(Some(Properties { size: head.size, modified: Some(head.modified), metadata }))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        let exists = |name: &Name| {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(self.key(name));
            exists
        };
        self.ask_each(LOOK_UP, Repeat::Yes, names, exists, |_, value| self.reply(LOOK_UP, value))
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

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        listing::list(&self.server, prefix, options)
    }

    fn ping(&self) -> Result<()> {
        self.server.ask("reach a Redis server", Repeat::Yes, &redis::cmd("PING"))
    }

    fn info(&self) -> Result<StoreInfo> {
        let mut info = command(&self.server.scripts.info, &[format!("{}sizes", self.server.base)]);
        info.arg(&self.server.base).arg(u8::from(!self.server.options.readonly));
        loop {
            let (objects, bytes, left): (u64, i64, u64) =
                self.server.ask("count objects", Repeat::Yes, &info)?;
            if left == 0 {
                return Ok(StoreInfo { objects, bytes: u64::try_from(bytes).unwrap_or_default() });
            }
        }
    }
}

impl RedisDataStore {
    /// Keeps an object in one piece.
    fn put_whole(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        let (size, id, metadata) = (content.len() as u64, &*token::long(), &options.metadata);
        self.place_where(name, &options.condition, |condition| {
            self.place(&Put { name, condition, size, id, content, metadata })
        })
    }

    /// Keeps objects that are not long, in one round trip.
    fn put_together(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let put = || {
            self.server.check_writable(KEEP)?;
            let mut pipeline = pipeline();
            for (name, content) in objects {
                self.check_size(content.len() as u64)?;
                let (size, id) = (content.len() as u64, &*token::long());
                let metadata = &UserMetadata::new();
                let put = Put { name, condition: ALWAYS, size, id, content, metadata };
                pipeline.add_command(self.put_command(&put)?);
            }
            self.server.ask_all(KEEP, Repeat::Yes, &pipeline)
        };
        match put() {
            Ok(replies) => {
                replies.into_iter().map(|value| self.reply::<u64>(KEEP, value).map(drop)).collect()
            }
            Err(error) => objects.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}
