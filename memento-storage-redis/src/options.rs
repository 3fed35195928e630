//! What can be chosen.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use memento::Result;

use crate::address::{Address, Place};
use crate::format::LONGEST;

/// The server that is meant where no URL is given.
const URL: &str = "redis://localhost:6379/0";

/// What keys begin with where nothing is said.
const KEY_PREFIX: &str = "memento:";
/// The version of what is kept, which is behind the prefix of a key.
const FORMAT: &str = "1:";

/// How long a claim lasts at least, by configuration.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

/// Where the storage is and how it is used.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    pub(crate) address: Address,
    /// How many connections each of the two stores has at most.
    pub connection_pool_size: usize,
    /// What the names of all keys begin with.
    pub key_prefix: String,
    /// How long an object may be, in bytes.
    pub max_object_size: u64,
    /// After which time results are dropped; `None` where they stay.
    pub ttl: Option<Duration>,
    /// How long it may take to connect.
    pub connect_timeout: Duration,
    /// How long the server may be silent while it is to answer. Then nothing is asked of it for six times as long.
    pub response_timeout: Duration,
    /// After which time the claim of a process that was killed is free.
    pub lease: Duration,
    /// Whether nothing is kept, and what is there is used.
    pub readonly: bool,
    /// The file with the certificates, in PEM, that the server's certificate has to go back to; those of the system
    /// unless set.
    pub tls_ca: Option<PathBuf>,
    /// The files with certificate and key, in PEM, by which this process is known to the server.
    pub tls_identity: Option<(PathBuf, PathBuf)>,
}

impl Options {
    /// A storage on the server at `url`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](memento::ErrorKind::Configuration) where that is no URL of a Redis server. Nothing of the URL
    /// is in it.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            address: Address::parse(url)?,
            connection_pool_size: 10,
            key_prefix: KEY_PREFIX.to_owned(),
            max_object_size: 100_000_000,
            ttl: None,
            connect_timeout: Duration::from_secs(3),
            response_timeout: Duration::from_secs(5),
            lease: Duration::from_secs(10),
            readonly: false,
            tls_ca: None,
            tls_identity: None,
        })
    }

    /// Keys begin with this.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.key_prefix = prefix.into();
        self
    }

    /// At most this many connections for each of the two stores, and one at least.
    pub fn connection_pool_size(mut self, connections: usize) -> Self {
        self.connection_pool_size = connections;
        self
    }

    /// Refuses objects that are longer than this.
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Drops results when they are this old.
    pub fn ttl(mut self, age: Duration) -> Self {
        self.ttl = Some(age);
        self
    }

    /// Connects in this time, or not.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Gives a server up that is silent for this long.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }

    /// Frees claims of processes that were killed after this time.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Uses what is there, and keeps nothing.
    pub fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// Trusts certificates that go back to those in this file.
    pub fn tls_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.tls_ca = Some(file.into());
        self
    }

    /// Is known to the server by a certificate and its key.
    pub fn tls_identity(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.tls_identity = Some((certificate.into(), key.into()));
        self
    }

    /// What a configuration says.
    pub(crate) fn take(options: &mut memento::configuration::Options) -> Result<Self> {
        let url = options.take::<String>("url")?;
        let mut taken = Self::new(url.as_deref().unwrap_or(URL))
            .map_err(|error| error.with("set by", options.origin_of("url")))?;
        if let Some(size) = options.take_count("connection_pool_size")? {
            taken.connection_pool_size = size;
        }
        if let Some(prefix) = options.take("key_prefix")? {
            taken.key_prefix = prefix;
        }
        if let Some(size) = options.take_size_limit("max_object_size")? {
            if size > LONGEST {
                let wrong = format!("it is more than {LONGEST} bytes, the most that an object has");
                return Err(options.invalid("max_object_size", wrong));
            }
            taken.max_object_size = size;
        }
        taken.ttl = options.take_limit("ttl")?;
        let times = [
            ("connect_timeout", &mut taken.connect_timeout),
            ("response_timeout", &mut taken.response_timeout),
            ("lease", &mut taken.lease),
        ];
        for (name, time) in times {
            if let Some(taken) = options.take_limit(name)? {
                *time = taken;
            }
        }
        if taken.lease < SHORTEST_LEASE {
            let wrong = "it is renewed three times in its time, over the network";
            return Err(options.invalid("lease", wrong).help("write `100ms` at least"));
        }
        taken.readonly = options.take("readonly")?.unwrap_or_default();
        taken.tls_ca = options.take_path("tls_ca")?;
        let identity = (options.take_path("tls_certificate")?, options.take_path("tls_key")?);
        taken.tls_identity = match identity {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (certificate, _) => {
                let of_certificate = ("tls_certificate", "set `tls_key`, too");
                let of_key = ("tls_key", "set `tls_certificate`, too");
                let (name, help) = if certificate.is_some() { of_certificate } else { of_key };
                let wrong = "a certificate and its key belong together";
                return Err(options.invalid(name, wrong).help(help));
            }
        };
        let files = [("tls_ca", taken.tls_ca.is_some()), ("tls_key", taken.tls_identity.is_some())];
        match files.into_iter().find(|(_, is_said)| *is_said && !taken.address.is_tls) {
            Some((name, _)) => Err(options
                .invalid(name, "the URL is one without TLS")
                .help("write `rediss` in place of `redis` in `url`")),
            None => Ok(taken),
        }
    }

    /// What the names of all keys begin with, and the version of what is kept under them. In a cluster it is in braces,
    /// so that all keys are on one node, where they change together.
    pub(crate) fn base(&self) -> String {
        let prefix = &*self.key_prefix;
        if !matches!(self.address.place, Place::Cluster(_)) || has_tag(prefix) {
            return format!("{prefix}{FORMAT}");
        }
        let tagged = format!("{{{prefix}}}{FORMAT}");
        // What begins with `{}` has no tag: an empty prefix, or one that begins with `}`.
        if has_tag(&tagged) { tagged } else { format!("{{memento}}{prefix}{FORMAT}") }
    }

    /// Where the storage is, for people: another prefix than the usual one makes another storage of the same server.
    pub(crate) fn location(&self) -> String {
        let usual = self.clone().key_prefix(KEY_PREFIX).base();
        let base = self.base();
        if base == usual {
            return self.address.to_string();
        }
        let prefix = base.strip_suffix(FORMAT).unwrap_or(&base);
        format!("{} with key_prefix {prefix:?}", self.address)
    }

    /// After how many milliseconds results are dropped; 0 where they stay.
    pub(crate) fn ttl_milliseconds(&self) -> u64 {
        self.ttl.map_or(0, |ttl| milliseconds(ttl).max(1))
    }

    /// How many milliseconds a claim lasts that is not renewed.
    pub(crate) fn lease_milliseconds(&self) -> u64 {
        milliseconds(self.lease).max(1)
    }
}

/// Whether a cluster places a key by what is in braces in it.
fn has_tag(key: &str) -> bool {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    tag.is_some_and(|(tag, _)| !tag.is_empty())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX >> 12)
}

/// Without user and password.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.address.to_string())
            .field("key_prefix", &self.key_prefix)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storages_of_one_server_are_told_apart_by_their_prefixes() {
        let server = "redis://me:hunter2@host";
        for (url, prefix, location) in [
            (server, "memento:", "redis://host:6379/0"),
            (server, "a:", "redis://host:6379/0 with key_prefix \"a:\""),
            (server, "", "redis://host:6379/0 with key_prefix \"\""),
            (server, "a\n", "redis://host:6379/0 with key_prefix \"a\\n\""),
            ("redis+cluster://host", "memento:", "redis+cluster://host:6379"),
            // The same keys: braces are put around what has none.
            ("redis+cluster://host", "{memento:}", "redis+cluster://host:6379"),
            ("redis+cluster://host", "a", "redis+cluster://host:6379 with key_prefix \"{a}\""),
        ] {
            assert_eq!(Options::new(url).unwrap().key_prefix(prefix).location(), location);
        }
    }

    #[test]
    fn in_a_cluster_all_keys_have_one_tag() {
        for (prefix, base) in [
            ("memento:", "{memento:}1:"),
            ("a{b}c", "a{b}c1:"),
            ("a{}c", "{a{}c}1:"),
            ("a{b", "{a{b}1:"),
            ("", "{memento}1:"),
            ("}x", "{memento}}x1:"),
        ] {
            let base_at = |url| Options::new(url).unwrap().key_prefix(prefix).base();
            assert_eq!(base_at("redis+cluster://host"), base);
            assert!(has_tag(base));
            assert_eq!(base_at("redis://host"), format!("{prefix}1:"));
        }
    }
}
