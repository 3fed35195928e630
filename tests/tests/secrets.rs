//! What is logged at any level, by whomever, while a Redis server is used: no password.

use std::fmt::{Debug, Write as _};

use memento_storage_redis::{Options, storage};
use memento_tests::certificates;
use memento_tests::redis::RedisServer;
use memento_tests::visit::Visitor;
use memento_tests::work::{expected_large, expected_small, large, runs, small};
use parking_lot::Mutex;
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// A password, what it is in a URL, and what both begin with.
const PASSWORD: (&str, &str) = ("s3cr3t@/:", "s3cr3t%40%2F%3A");
const SECRET: &str = "s3cr3t";

/// All that was logged.
static SAID: Mutex<String> = Mutex::new(String::new());

/// Takes down all events and spans, those of the crate `log` among them.
struct Collector;

struct Said<'a>(&'a mut String);

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0, "{}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Collector {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        attributes.record(&mut Said(&mut SAID.lock()));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut Said(&mut SAID.lock()));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = SAID.lock();
        writeln!(said, "target={} level={}", event.metadata().target(), event.metadata().level())
            .unwrap();
        event.record(&mut Said(&mut said));
    }
}

/// Makes two calls: how many of them are computed.
fn call(visitor: &Visitor) -> u64 {
    let before = runs();
    visitor.enter(|| {
        assert_eq!(small(1), expected_small(1));
        assert!(large(1) == expected_large(1));
    });
    runs() - before
}

/// A server without TLS and one with it, which know a user `me`, and their URLs, in which `LOGIN` is still to be
/// replaced.
fn servers() -> [(RedisServer, String); 2] {
    let folder = TempDir::new().unwrap();
    certificates::issue(folder.path());
    let durable = ["--appendonly", "yes", "--appendfsync", "no"];
    let me = ["--user", "me", "on", &format!(">{}", PASSWORD.0), "~*", "&*", "+@all"];
    let tls = ["--tls-port", "PORT", "--tls-auth-clients", "no", "--tls-ca-cert-file", "ca.pem"];
    let certificate = ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key"];
    let plain = RedisServer::with(&[&durable[..], &me].concat());
    let secure = RedisServer::in_folder(folder, &[&durable[..], &me, &tls, &certificate].concat());
    [("redis", plain), ("rediss", secure)].map(|(scheme, server)| {
        let url = format!("{scheme}://LOGIN@127.0.0.1:{}", server.port());
        (server, url)
    })
}

#[test]
fn no_level_of_any_log_shows_a_password() {
    tracing_subscriber::registry().with(Collector).init();
    tracing::trace!("the least of all is heard");
    for (mut server, url) in servers() {
        let visitor = |login: &str| {
            let options = Options::new(&url.replace("LOGIN", login)).unwrap();
            let authority = server.path("ca.pem");
            let options = if authority.exists() { options.tls_ca(authority) } else { options };
            Visitor::on(storage(&options).memory_cache(0))
        };
        let right = visitor(&format!("me:{}", PASSWORD.1));
        assert_eq!([call(&right), call(&right)], [2, 0]);
        for login in [format!("me:{}2", PASSWORD.1), format!("{SECRET}:{SECRET}")] {
            assert_eq!(call(&visitor(&login)), 2, "{login} is nobody");
        }
        server.kill();
        assert_eq!(call(&right), 2);
        server.start_again();
        assert_eq!(call(&right), 0);
    }
    let said = SAID.lock();
    for part in ["the least of all is heard", "level=WARN", "check the user and the password"] {
        assert!(said.contains(part), "no {part} in {said}");
    }
    assert!(!said.contains(SECRET), "{said}");
}
