//! Objects on their way to the server, in one piece or with chunks that are there already.

use memento::storage::{Condition, PutOptions, UserMetadata};
use memento::{Error, ErrorKind, Name, Result};
use redis::{Cmd, Value};

use super::{KEEP, RedisDataStore, TRIES};
use crate::server::Repeat;
use crate::token;

/// The condition of a put that depends on nothing.
const ALWAYS: &str = "always";

/// An object as it is put by the server, all but its content in chunks.
pub(super) struct Put<'a> {
    pub(super) name: &'a Name,
    pub(super) condition: &'a str,
    pub(super) size: u64,
    pub(super) id: &'a str,
    pub(super) content: &'a [u8],
    pub(super) metadata: &'a UserMetadata,
}

impl RedisDataStore {
    /// Keeps an object in one piece.
    pub(super) fn put_whole(
        &self,
        name: &Name,
        content: &[u8],
        options: &PutOptions,
    ) -> Result<bool> {
        let (size, id, metadata) = (content.len() as u64, &*token::long(), &options.metadata);
        self.place_where(name, &options.condition, |condition| {
            self.place(&Put { name, condition, size, id, content, metadata })
        })
    }

    /// Keeps objects that are not long, in one round trip, each with its own result.
    pub(super) fn put_together(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let mut pipeline = redis::pipe();
        let mut add = |(name, content): &(Name, &[u8])| {
            pipeline.add_command(self.put_alone(name, content)?);
            Ok(())
        };
        let added: Vec<Result<()>> = objects.iter().map(&mut add).collect();
        let replies = self.server.ask_all(KEEP, Repeat::Yes, &pipeline);
        let mut replies = replies.map(Vec::into_iter);
        let mut put = || match &mut replies {
            Ok(replies) => self.reply::<u64>(KEEP, replies.next().unwrap_or(Value::Nil)).map(drop),
            Err(error) => Err(error.clone()),
        };
        added.into_iter().map(|added| added.and_then(|()| put())).collect()
    }

    /// The command that keeps an object that is not long, whatever is there.
    fn put_alone(&self, name: &Name, content: &[u8]) -> Result<Cmd> {
        self.server.check_writable(KEEP)?;
        let size = content.len() as u64;
        self.server.check_size(KEEP, size)?;
        let (id, metadata) = (&*token::long(), &UserMetadata::new());
        self.put_command(&Put { name, condition: ALWAYS, size, id, content, metadata })
    }

    fn put_command(&self, put: &Put<'_>) -> Result<Cmd> {
        let mut metadata = String::new();
        if !put.metadata.is_empty() {
            metadata = serde_json::to_string(put.metadata)
                .map_err(|error| Error::new(ErrorKind::Encoding, KEEP).because(error))?;
            self.server.check_size(KEEP, metadata.len() as u64)?;
        }
        let mut command = self.script(&self.server.scripts.put, put.name);
        command.arg(put.name.as_str()).arg(put.condition).arg(put.size).arg(token::short());
        command.arg(put.id).arg(put.content).arg(metadata);
        command.arg(self.server.options.ttl_milliseconds());
        Ok(command)
    }

    /// Keeps an object whose chunks, if it has any, are there; whether the condition was met.
    pub(super) fn place(&self, put: &Put<'_>) -> Result<bool> {
        let repeat = if put.condition == ALWAYS { Repeat::Yes } else { Repeat::No };
        self.server.ask(KEEP, repeat, &self.put_command(put)?)
    }

    /// Keeps an object by `place` where the condition of `options` is met, which gets that condition as the server
    /// looks at it.
    pub(super) fn place_where(
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
}
