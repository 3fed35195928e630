//! Which results are being computed, and by whom.
//!
//! A claim is a key of the server with the owner's token in it, which goes by itself when its lease ends. While the owner
//! lives, a thread renews it. Who was stopped for longer may find somebody else's token there: that one computes, too, and
//! both write a right value of the same key. Nothing is renewed or given back that has another token.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use memento::{Claim, Result};
use parking_lot::{Condvar, Mutex};
use redis::ConnectionLike;

use crate::scripts::command;
use crate::server::{Repeat, Server};
use crate::token;

const CLAIM: &str = "claim a result";
const RENEW: &str = "renew claims";
const RELEASE: &str = "give a claim back";
const WAIT: &str = "wait for another process";

/// How long is waited at once for a claim to be given back: for less than the server may be silent.
const WAIT_AT_ONCE: Duration = Duration::from_secs(5);
/// How long is waited where no connection is free to wait by.
const PAUSE: Duration = Duration::from_millis(20);

/// The claims of this process on a server.
#[derive(Debug)]
pub(crate) struct Claims {
    shared: Arc<Shared>,
}

/// What claims and the thread that renews them have in common.
struct Shared {
    server: Arc<Server>,
    held: Mutex<Held>,
    /// Tells the thread that there is nothing left to renew.
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    /// Keys by token.
    claims: HashMap<String, String>,
    is_renewing: bool,
}

/// A claim of this process. Dropping it gives it back.
struct Leased {
    shared: Arc<Shared>,
    token: String,
    key: String,
}

impl Claims {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        let shared = Shared { server, held: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Claims a key; `None` where somebody else has it.
    pub(crate) fn try_claim(&self, key: &str) -> Result<Option<Claim>> {
        let server = &self.shared.server;
        let token = token::long();
        let mut set = redis::cmd("SET");
        set.arg(server.key("claim", key)).arg(&token).arg("NX");
        set.arg("PX").arg(server.options.lease_milliseconds());
        let is_granted: Option<String> = server.ask(CLAIM, Repeat::No, &set)?;
        if is_granted.is_none() {
            return Ok(None);
        }
        self.shared.hold(&token, key);
        let shared = Arc::clone(&self.shared);
        Ok(Some(Box::new(Leased { shared, token, key: key.to_owned() })))
    }

    /// Waits until a claim of this key is given back or has ended, for at most `limit`; whether it is.
    pub(crate) fn wait(&self, key: &str, limit: Duration) -> Result<bool> {
        let server = &self.shared.server;
        let began = Instant::now();
        loop {
            let mut left = redis::cmd("PTTL");
            left.arg(server.key("claim", key));
            let left: i64 = server.ask(WAIT, Repeat::Yes, &left)?;
            let Ok(left) = u64::try_from(left) else { return Ok(true) };
            let Some(remaining) = limit.checked_sub(began.elapsed()) else { return Ok(false) };
            // A server takes 0 as forever.
            let most = WAIT_AT_ONCE.min(server.options.response_timeout / 2);
            let time = Duration::from_millis(left.max(1)).min(remaining).min(most);
            let mut pop = redis::cmd("BLPOP");
            pop.arg(server.key("released", key)).arg(time.as_secs_f64().max(0.001));
            let mut wait = |connection: &mut dyn ConnectionLike| {
                pop.query::<Option<(String, String)>>(connection)
            };
            match server.wait(WAIT, &mut wait) {
                Some(woken) => {
                    if woken?.is_some() {
                        return Ok(true);
                    }
                }
                None => thread::sleep(PAUSE.min(time)),
            }
        }
    }
}

impl Shared {
    /// Notes a claim, and sees to it that it is renewed.
    fn hold(self: &Arc<Self>, token: &str, key: &str) {
        let mut held = self.held.lock();
        held.claims.insert(token.to_owned(), key.to_owned());
        if held.is_renewing {
            return;
        }
        let shared = Arc::clone(self);
        let builder = thread::Builder::new().name("memento-redis-claims".to_owned());
        match builder.spawn(move || shared.renew_all()) {
            Ok(_) => held.is_renewing = true,
            Err(error) => tracing::debug!(%error, "cannot renew claims: they end with their lease"),
        }
    }

    /// Renews claims three times in a lease, until a whole third passes with none.
    fn renew_all(&self) {
        let mut held = self.held.lock();
        loop {
            let due = Instant::now() + self.server.options.lease / 3;
            while !self.changed.wait_until(&mut held, due).timed_out() {}
            if held.claims.is_empty() {
                held.is_renewing = false;
                return;
            }
            let claims: Vec<_> = held.claims.clone().into_iter().collect();
            parking_lot::MutexGuard::unlocked(&mut held, || self.renew(&claims));
        }
    }

    fn renew(&self, claims: &[(String, String)]) {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        for (token, key) in claims {
            let key = self.server.key("claim", key);
            let mut renew = command(&self.server.scripts.renew, &[key]);
            renew.arg(token).arg(self.server.options.lease_milliseconds());
            pipeline.add_command(renew);
        }
        match self.server.ask_all(RENEW, Repeat::Yes, &pipeline) {
            Ok(replies) => {
                let lost = replies.iter().filter(|reply| **reply == redis::Value::Int(0)).count();
                if lost > 0 {
                    tracing::debug!(lost, "claims have ended before they were renewed");
                }
            }
            Err(error) => tracing::debug!(%error, "claims are not renewed"),
        }
    }

    fn release(&self, token: &str, key: &str) -> Result<()> {
        let keys = [self.server.key("claim", key), self.server.key("released", key)];
        let mut release = command(&self.server.scripts.release, &keys);
        release.arg(token).arg(self.server.options.lease_milliseconds());
        self.server.ask(RELEASE, Repeat::Yes, &release)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.shared.held.lock().claims.remove(&self.token);
        if let Err(error) = self.shared.release(&self.token, &self.key) {
            tracing::debug!(%error, "a claim ends with its lease");
        }
    }
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held.lock().claims.len();
        f.debug_struct("Shared").field("held", &held).finish_non_exhaustive()
    }
}
