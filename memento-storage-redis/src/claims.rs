//! Which results are being computed, and by whom.
//!
//! A claim is a key of the server with the owner's token in it, which goes by itself when its lease ends. While the
//! owner lives, a thread renews it. Who was stopped for longer may find somebody else's token there: that one computes,
//! too. Nothing is renewed or given back that has another token, and what was computed under an earlier claim does not
//! take the place of what was computed under a later one: the numbers of claims grow, and go with each put
//! (`scripts/record.lua`).

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use memento::storage::{Claim, HeldClaim, HeldClaims};
use memento::{Key, Result};
use redis::Value;

use crate::format::digits;
use crate::scripts::command;
use crate::server::{Repeat, Server};
use crate::token;

const CLAIM: &str = "claim a result";
const RENEW: &str = "renew claims";
const RELEASE: &str = "give a claim back";
const WAIT: &str = "wait for another process";

/// The claims of this process on a server.
#[derive(Debug)]
pub(crate) struct Claims {
    shared: Arc<Shared>,
}

/// What claims and the thread that renews them have in common.
#[derive(Debug)]
struct Shared {
    server: Arc<Server>,
    /// With their tokens.
    held: HeldClaims<String>,
}

/// A claim of this process. Dropping it gives it back.
struct Leased {
    shared: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Claims {
    pub(crate) fn new(server: Arc<Server>) -> Self {
        Self { shared: Arc::new(Shared { server, held: HeldClaims::default() }) }
    }

    /// Claims a key; `None` where somebody else has it.
    pub(crate) fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        let server = &self.shared.server;
        let token = token::long();
        let keys =
            [claim_key(server, key), released_key(server, key), server.key("claims", "last")];
        let mut claim = command(&server.scripts.claim, &keys);
        claim.arg(&token).arg(server.options.lease_milliseconds());
        let number: Option<u64> = server.ask(CLAIM, Repeat::Yes, &claim)?;
        let Some(number) = number else { return Ok(None) };
        self.shared.hold(*key, number, token);
        Ok(Some(Box::new(Leased { shared: Arc::clone(&self.shared), key: *key, number })))
    }

    /// The number of the claim of a key that this process has, or 0 where it has none. It may have been overtaken.
    pub(crate) fn number_of(&self, key: &Key) -> u64 {
        self.shared.held.number_of(key).unwrap_or_default()
    }

    /// Waits until a claim of this key is given back, for at most `limit`.
    pub(crate) fn wait(&self, key: &Key, limit: Duration) {
        let server = &self.shared.server;
        let began = Instant::now();
        // A server takes 0 as forever.
        let time = limit.min(server.options.response_timeout / 2).max(Duration::from_millis(1));
        let mut pop = redis::cmd("BLPOP");
        pop.arg(released_key(server, key)).arg(time.as_secs_f64());
        match server.wait(WAIT, &pop) {
            Some(Ok(Value::Array(_))) => {}
            // Nothing was given back, the server cannot tell, or no connection is free to wait by.
            _ => thread::sleep(limit.saturating_sub(began.elapsed())),
        }
    }
}

fn claim_key(server: &Server, key: &Key) -> String {
    server.key("claim", &digits(key))
}

/// A list that has something in it when the claim has been given back.
fn released_key(server: &Server, key: &Key) -> String {
    server.key("released", &digits(key))
}

impl Shared {
    /// Notes a claim, and sees to it that it is renewed.
    fn hold(self: &Arc<Self>, key: Key, number: u64, token: String) {
        self.held.insert(key, number, token, || {
            let shared = Arc::clone(self);
            let builder = thread::Builder::new().name("memento-redis-claims".to_owned());
            let started = builder.spawn(move || shared.renew_all());
            if let Err(error) = &started {
                tracing::debug!(%error, "cannot renew claims: they end with their lease");
            }
            started.is_ok()
        });
    }

    /// Renews claims three times in a lease, until there are none. A round that takes a third is followed by the next
    /// one at once: one that nobody answers leaves time for one more.
    fn renew_all(&self) {
        let third = self.server.options.lease / 3;
        let mut left = third;
        loop {
            thread::sleep(left);
            let began = Instant::now();
            let Some(claims) = self.held.to_renew() else { return };
            self.renew(&claims);
            left = third.saturating_sub(began.elapsed());
        }
    }

    fn renew(&self, claims: &[(Key, u64, String)]) {
        let mut pipeline = redis::pipe();
        for (key, _, token) in claims {
            let mut renew = command(&self.server.scripts.renew, &[claim_key(&self.server, key)]);
            renew.arg(token).arg(self.server.options.lease_milliseconds());
            pipeline.add_command(renew);
        }
        match self.server.ask_all_aside(RENEW, &pipeline) {
            Ok(replies) => {
                let lost = replies.iter().filter(|reply| **reply == Value::Int(0)).count();
                if lost > 0 {
                    tracing::debug!(lost, "claims have ended before they were renewed");
                }
            }
            Err(error) => tracing::debug!(%error, "claims are not renewed"),
        }
    }

    /// Gives a claim back, unless that was done before.
    fn release(&self, key: &Key, token: Option<String>) {
        let Some(token) = token else { return };
        let server = &self.server;
        let keys = [claim_key(server, key), released_key(server, key)];
        let mut release = command(&server.scripts.release, &keys);
        release.arg(&token).arg(server.options.lease_milliseconds());
        if let Err(error) = server.ask::<()>(RELEASE, Repeat::Yes, &release) {
            tracing::debug!(%error, "a claim ends with its lease");
        }
    }
}

impl HeldClaim for Leased {
    fn end(&self) {
        self.shared.release(&self.key, self.shared.held.end(self.key, self.number));
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.shared.release(&self.key, self.shared.held.remove(self.key, self.number));
    }
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("key", &self.key).finish_non_exhaustive()
    }
}
