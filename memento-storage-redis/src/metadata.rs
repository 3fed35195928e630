//! Mementos on a Redis server.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{ErrorKind, Key, Result, Version};
use redis::{Cmd, Script, Value, from_redis_value};

use crate::Options;
use crate::claims::Claims;
use crate::format::{DIGITS, MEMENTO_HEAD, digits, entry, from_digits, record, write_digits};
use crate::scripts::command;
use crate::server::{Repeat, Server};

/// How many entries a page has at most: the server does nothing else while it makes one.
const LONGEST: usize = 1000;
/// With how many bytes a page ends, whatever comes next.
const PAGE: usize = 8 << 20;

const LOOK_UP: &str = "look a memento up";
const KEEP: &str = "keep mementos";
const DROP: &str = "drop mementos";
const LIST: &str = "list mementos";

/// A metadata store on a Redis server, which many processes on many machines can use at once.
#[derive(Debug)]
pub struct RedisMetadataStore {
    server: Arc<Server>,
    claims: Claims,
    reads: Reads,
}

impl RedisMetadataStore {
    /// The metadata store on the server that `options` names. Nothing is asked of it before the first use.
    pub fn new(options: &Options) -> Self {
        let server = Arc::new(Server::new(options));
        Self { claims: Claims::new(Arc::clone(&server)), reads: Reads::new(&server), server }
    }

    /// What was read, if anything is there. That is as long as one may be, at most, and a byte more where it is longer.
    fn found(&self, value: Vec<u8>) -> Result<Option<Vec<u8>>> {
        self.server.check_size(LOOK_UP, value.len() as u64)?;
        Ok((!value.is_empty()).then(|| record(value)))
    }

    /// What one reply of many says. What is no string is none: the others are found.
    fn found_by(&self, reply: Value) -> Result<Option<Vec<u8>>> {
        let value = match reply {
            Value::BulkString(value) => Ok(value),
            other => other.extract_error().and_then(|reply| Ok(from_redis_value(reply)?)),
        };
        let found = value.map_err(|error| self.server.failed(LOOK_UP, &error));
        match found.and_then(|value| self.found(value)) {
            // An empty record is found out to be none.
            Err(error) if error.kind() == ErrorKind::Damaged => Ok(Some(Vec::new())),
            found => found,
        }
    }

    /// Refuses an entry that is too long to be kept.
    fn check_size(&self, entry: &Entry) -> Result<()> {
        let size = MEMENTO_HEAD + entry.function.len() + entry.record.len();
        self.server.check_size(KEEP, size as u64)
    }

    /// The command that does a script with mementos.
    fn script(&self, script: &Script) -> Cmd {
        let mut command = command(script, &[self.server.key("mementos", "succeeded")]);
        command.arg(&self.server.base);
        command
    }
}

/// The command that reads a memento, as far as it may be read at once.
fn read(server: &Server, key: &Key) -> Cmd {
    let mut read = redis::cmd("GETRANGE");
    read.arg(server.key("memento", &digits(key))).arg(0).arg(server.options.max_object_size);
    read
}

/// Commands that read mementos, as they are sent. A batch has a thousand of them, which differ in a key alone.
#[derive(Debug)]
struct Reads {
    /// The command for some key.
    command: Vec<u8>,
    /// Where the digits of the key are in it.
    digits: Range<usize>,
}

impl Reads {
    fn new(server: &Server) -> Self {
        let key = Key::from_bytes([0; 32]);
        let (command, digits) = (read(server, &key).get_packed_command(), digits(&key));
        let place = command.windows(DIGITS).rposition(|window| window == digits.as_bytes());
        let place = place.unwrap_or_default();
        Self { command, digits: place..place + DIGITS }
    }

    /// One for each of `keys`.
    fn pack(&self, keys: &[Key]) -> Vec<u8> {
        let mut commands = self.command.repeat(keys.len());
        for (command, key) in commands.chunks_exact_mut(self.command.len()).zip(keys) {
            write_digits(key, &mut command[self.digits.clone()]);
        }
        commands
    }
}

/// The arguments that are a filter.
fn add_filter(command: &mut Cmd, filter: &Filter) {
    command.arg(u8::from(filter.function.is_some()));
    command.arg(filter.function.as_deref().unwrap_or_default());
    command.arg(filter.failed.map_or("", |failed| if failed { "1" } else { "0" }));
}

impl MetadataStore for RedisMetadataStore {
    fn location(&self) -> String {
        self.server.location()
    }

    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::default().conditional();
        if self.server.options.readonly { all.not_writable() } else { all }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.found(self.server.ask(LOOK_UP, Repeat::Yes, &read(&self.server, key))?)
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut records = Vec::with_capacity(keys.len());
        self.stream(keys, &mut |mut arrived| records.append(&mut arrived))?;
        Ok(records)
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let pack = |keys: &[Key]| self.reads.pack(keys);
        let read = |reply| match self.found_by(reply) {
            Err(error) if !error.kind().is_of_one() => Err(error),
            found => Ok(found),
        };
        let mut records = Vec::with_capacity(keys.len());
        let mut take = |mut arrived| records.append(&mut arrived);
        self.server.stream(LOOK_UP, keys, pack, read, &mut take)?;
        Ok(records)
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let pack = |keys: &[Key]| self.reads.pack(keys);
        self.server.stream(LOOK_UP, keys, pack, |reply| self.found_by(reply), take)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.server.check_writable(KEEP)?;
        if entries.is_empty() {
            return Ok(());
        }
        let mut record = self.script(&self.server.scripts.record);
        record.arg(self.server.options.ttl_milliseconds());
        for entry in entries {
            self.check_size(entry)?;
            record.arg(digits(&entry.key)).arg(u8::from(entry.failed)).arg(u8::from(entry.hidden));
            record.arg(entry.version.as_bytes().as_slice()).arg(&entry.function);
            record.arg(format!("{:016}", self.claims.number_of(&entry.key))).arg(&entry.record);
        }
        let overtaken: u64 = self.server.ask(KEEP, Repeat::Yes, &record)?;
        if overtaken > 0 {
            tracing::debug!(overtaken, "others were faster after claims had ended: theirs stay");
        }
        Ok(())
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.server.check_writable(KEEP)?;
        if replacements.is_empty() {
            return Ok(());
        }
        let mut replace = self.script(&self.server.scripts.replace);
        for Replacement { seen, entry } in replacements {
            self.check_size(entry)?;
            replace.arg(digits(&entry.key)).arg(seen).arg(&entry.record);
        }
        self.server.ask(KEEP, Repeat::Yes, &replace)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.server.check_writable(DROP)?;
        let mut drop = self.script(&self.server.scripts.drop);
        drop.arg(digits(key));
        self.server.ask(DROP, Repeat::No, &drop)
    }

    /// What is put meanwhile stays.
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.server.check_writable(DROP)?;
        let (mut removed, mut until) = (0, String::new());
        loop {
            let mut drop_all = self.script(&self.server.scripts.drop_all);
            add_filter(&mut drop_all, filter);
            drop_all.arg(&until);
            let (dropped, more, upto): (u64, u64, String) =
                self.server.ask(DROP, Repeat::No, &drop_all)?;
            (removed, until) = (removed + dropped, upto);
            if more == 0 {
                return Ok(removed);
            }
        }
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let mut page = self.script(&self.server.scripts.page);
        add_filter(&mut page, filter);
        page.arg(from.map_or_else(|| "+inf".to_owned(), |from| from.to_string()));
        page.arg(limit.clamp(1, LONGEST)).arg(u8::from(!self.server.options.readonly)).arg(PAGE);
        page.arg(self.server.options.max_object_size);
        let found: Vec<Vec<u8>> = self.server.ask(LIST, Repeat::Yes, &page)?;
        let mut found = found.into_iter();
        let next = found.next().and_then(|next| String::from_utf8(next).ok()?.parse().ok());
        let mut page = Page { entries: Vec::new(), next };
        while let (Some(key), Some(value)) = (found.next(), found.next()) {
            let key = str::from_utf8(&key).ok().and_then(from_digits);
            page.entries.extend(key.and_then(|key| entry(key, value)));
        }
        Ok(page)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut versions = redis::cmd("ZREVRANGE");
        versions.arg(self.server.key("versions", function)).arg(0).arg(limit - 1);
        let found: Vec<Vec<u8>> = self.server.ask("look versions up", Repeat::Yes, &versions)?;
        let version = |found: Vec<u8>| found.try_into().ok().map(Version::from_bytes);
        Ok(found.into_iter().filter_map(version).collect())
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        if self.server.options.readonly {
            return Ok(Some(Box::new(())));
        }
        self.claims.try_claim(key)
    }

    /// The server wakes who waits; of several, one after another, as each gives back what it has claimed.
    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        self.claims.wait(key, limit);
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        const SET_ASIDE: &str = "move a damaged memento aside";
        self.server.check_writable(SET_ASIDE)?;
        let mut set_aside = self.script(&self.server.scripts.set_aside);
        set_aside.arg(digits(key)).arg(damaged);
        self.server.ask(SET_ASIDE, Repeat::Yes, &set_aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_packed_as_one_by_one() {
        for prefix in ["memento:", &"0".repeat(100)] {
            let options = Options::new("redis://127.0.0.1").unwrap().key_prefix(prefix);
            let server = Server::new(&options);
            let keys: Vec<Key> = (0..=255).map(|byte| Key::from_bytes([byte; 32])).collect();
            let one_by_one = keys.iter().flat_map(|key| read(&server, key).get_packed_command());
            assert_eq!(Reads::new(&server).pack(&keys), one_by_one.collect::<Vec<_>>());
        }
    }
}
