//! What can be chosen.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use memento::{Error, Result};

use crate::address::{self, Address, Service};

/// How long a claim lasts at least, by configuration.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// Where the storage is and how it is used.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each says something else")]
pub struct Options {
    pub(crate) address: Address,
    pub(crate) login: Login,
    /// Where the service is, unless it is the public one; as a URL.
    pub endpoint: Option<String>,
    /// The region of the bucket; only for `s3://`.
    pub region: Option<String>,
    /// Whether the endpoint may be one without TLS.
    pub allow_http: bool,
    /// Whether the bucket is a part of the host's name, rather than of the path; only for `s3://`.
    pub virtual_hosted: bool,
    /// The file with the certificates, in PEM, that the service's certificate has to go back to; those of the system
    /// unless set.
    pub tls_ca: Option<PathBuf>,
    /// Whether the service puts objects conditionally.
    pub conditional: bool,
    /// How many requests each of the two stores makes at the same time, for what is asked together.
    pub parallel: usize,
    /// How long an object may be that is read or put as a whole, in bytes.
    pub max_object_size: u64,
    /// How long it may take to connect.
    pub connect_timeout: Duration,
    /// How long the service may be silent, and how long it may take to send it a part of an object.
    pub response_timeout: Duration,
    /// How often a request is sent again that failed, or that the service was too busy for.
    pub retries: usize,
    /// How long a claim lasts that its owner does not renew.
    pub lease: Duration,
    /// Whether nothing is kept, and what is there is used.
    pub readonly: bool,
}

/// As whom this process is known to the service. What is not set comes from the variables of the service's own tools.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    /// The identifier of the key; of Azure, the account.
    pub(crate) id: Option<String>,
    pub(crate) secret: Option<String>,
    /// What goes with keys that are valid for some time.
    pub(crate) token: Option<String>,
    /// The file with a key of Google's.
    pub(crate) file: Option<PathBuf>,
}

impl Options {
    /// A storage at `url`.
    ///
    /// # Errors
    ///
    /// [`Configuration`](memento::ErrorKind::Configuration) where that is no URL of an object store. Nothing of the URL
    /// is in it.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            address: Address::parse(url)?,
            login: Login::default(),
            endpoint: None,
            region: None,
            allow_http: false,
            virtual_hosted: false,
            tls_ca: None,
            conditional: true,
            parallel: 32,
            max_object_size: 1_000_000_000,
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(30),
            retries: 3,
            lease: Duration::from_secs(15),
            readonly: false,
        })
    }

    /// Keys begin with this, in place of what the URL says.
    ///
    /// # Errors
    ///
    /// [`Configuration`](memento::ErrorKind::Configuration) where it has an empty part, `.` or `..` in it.
    pub fn prefix(mut self, prefix: &str) -> Result<Self> {
        self.address = self.address.below(prefix)?;
        Ok(self)
    }

    /// Is known by the identifier of a key and its secret: the access key of S3, the account of Azure.
    pub fn key(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.login.id = Some(id.into());
        self.login.secret = Some(secret.into());
        self
    }

    /// Sends a token with a key that is valid for some time; only for `s3://`.
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.login.token = Some(token.into());
        self
    }

    /// Is known by the key in this file, of a service account; only for `gs://`.
    pub fn service_account(mut self, file: impl Into<PathBuf>) -> Self {
        self.login.file = Some(file.into());
        self
    }

    /// Asks the service at this URL. One that begins with `http://` has to be allowed.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Names the region of the bucket.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Allows an endpoint without TLS.
    pub fn allow_http(mut self) -> Self {
        self.allow_http = true;
        self
    }

    /// Names the bucket in the host's name.
    pub fn virtual_hosted(mut self) -> Self {
        self.virtual_hosted = true;
        self
    }

    /// Trusts certificates that go back to those in this file.
    pub fn tls_ca(mut self, file: impl Into<PathBuf>) -> Self {
        self.tls_ca = Some(file.into());
        self
    }

    /// Makes no conditional puts, which not every service has: nothing is appended or claimed.
    pub fn unconditional(mut self) -> Self {
        self.conditional = false;
        self
    }

    /// Makes at most this many requests at the same time, and one at least.
    pub fn parallel(mut self, requests: usize) -> Self {
        self.parallel = requests;
        self
    }

    /// Refuses to read or put longer objects as a whole. Streams may be longer.
    pub fn max_object_size(mut self, bytes: u64) -> Self {
        self.max_object_size = bytes;
        self
    }

    /// Connects in this time, or not.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Gives a request up when the service is silent for this long.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }

    /// Sends a request again this many times.
    pub fn retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// Frees claims that are not renewed for this time.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Uses what is there, and keeps nothing.
    pub fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// What a configuration says.
    pub(crate) fn take(options: &mut memento::configuration::Options) -> Result<Self> {
        let Some(url) = options.take::<String>("url")? else {
            let wrong = "it is not set, and says where the storage is";
            return Err(options
                .invalid("url", wrong)
                .help("write `url = \"s3://bucket/prefix\"`, or `gs://…`, `az://…`, `file:///…`"));
        };
        let by = |error: Error, name: &str, options: &memento::configuration::Options| {
            error.with("set by", options.origin_of(name))
        };
        let mut taken = Self::new(&url).map_err(|error| by(error, "url", options))?;
        taken.take_place(options)?;
        if taken.address.service != Service::Files {
            if let Some(prefix) = options.take::<String>("prefix")? {
                taken = taken.prefix(&prefix).map_err(|error| by(error, "prefix", options))?;
            }
            taken.take_service(options)?;
        }
        if let Some(size) = options.take_size_limit("max_object_size")? {
            taken.max_object_size = size;
        }
        if let Some(parallel) = options.take_count("parallel")? {
            taken.parallel = parallel;
        }
        taken.readonly = options.take("readonly")?.unwrap_or_default();
        Ok(taken)
    }

    /// As whom, of the service that the URL names.
    fn take_place(&mut self, options: &mut memento::configuration::Options) -> Result<()> {
        let (id, secret) = match self.address.service {
            Service::S3 => {
                self.region = options.take("region")?;
                self.virtual_hosted = options.take("virtual_hosted")?.unwrap_or_default();
                self.login.token = options.take("session_token")?;
                ("access_key_id", "secret_access_key")
            }
            Service::Azure => ("account", "access_key"),
            Service::Google => {
                self.login.file = options.take_path("service_account")?;
                return Ok(());
            }
            Service::Files => return Ok(()),
        };
        self.login.id = options.take(id)?;
        self.login.secret = options.take(secret)?;
        if self.address.service == Service::S3
            && self.login.id.is_some()
            && self.login.secret.is_none()
        {
            return Err(options
                .invalid(id, "its secret is not said")
                .help(format!("set `{secret}`, too")));
        }
        if self.login.secret.is_some() && self.login.id.is_none() {
            return Err(options
                .invalid(secret, "it is the secret of nobody")
                .help(format!("set `{id}`, too")));
        }
        if self.login.token.is_some() && self.login.id.is_none() {
            return Err(options
                .invalid("session_token", "the key that it goes with is not said")
                .help(format!("set `{id}` and `{secret}`, too")));
        }
        Ok(())
    }

    /// What is the same for all services.
    fn take_service(&mut self, options: &mut memento::configuration::Options) -> Result<()> {
        self.endpoint = options.take("endpoint")?;
        self.allow_http = options.take("allow_http")?.unwrap_or_default();
        self.tls_ca = options.take_path("tls_ca")?;
        self.conditional = options.take("conditional")?.unwrap_or(true);
        if let Some(retries) = options.take("retries")? {
            self.retries = retries;
        }
        let endpoint = self.endpoint.as_deref().unwrap_or("https://");
        if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
            return Err(options
                .invalid("endpoint", "it is no URL of a service")
                .help("write `https://host:port`"));
        }
        if endpoint.starts_with("http://") && !self.allow_http {
            return Err(options
                .invalid("endpoint", "what goes there could be read on its way")
                .help("write `https://…`, or set `allow_http = true`"));
        }
        let times = [
            ("connect_timeout", &mut self.connect_timeout),
            ("response_timeout", &mut self.response_timeout),
            ("lease", &mut self.lease),
        ];
        for (name, time) in times {
            if let Some(taken) = options.take_limit(name)? {
                *time = taken;
            }
        }
        if self.lease < SHORTEST_LEASE {
            let wrong = "it is renewed three times in its time, each time by a request";
            return Err(options.invalid("lease", wrong).help("write `1s` at least"));
        }
        Ok(())
    }

    /// Where the storage is, for people: buckets of one name are others where the services are.
    pub(crate) fn location(&self) -> String {
        let address = &self.address;
        let said = self.endpoint.clone().filter(|_| address.service != Service::Files);
        // As the library finds them where nothing is said.
        let (endpoints, accounts): (&[&str], &[&str]) = match address.service {
            Service::S3 => (&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"], &[]),
            Service::Azure => {
                (&["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"], &["AZURE_STORAGE_ACCOUNT_NAME"])
            }
            Service::Google | Service::Files => (&[], &[]),
        };
        let found = |names: &[&str]| names.iter().find_map(|name| std::env::var(name).ok());
        let mut location = address.to_string();
        // Each account has containers of its own.
        let account = self.login.id.clone().filter(|_| address.service == Service::Azure);
        if let Some(account) = account.or_else(|| found(accounts)) {
            location = format!("{location} of account {account:?}");
        }
        if let Some(endpoint) = said.or_else(|| found(endpoints)) {
            location = format!("{location} at {}", address::service_at(&endpoint));
        }
        location
    }

    /// Whether a put can depend on what is there.
    pub(crate) fn is_conditional(&self) -> bool {
        self.conditional && self.address.service != Service::Files
    }
}

/// Without secrets, and without the endpoint, in which one may stand.
impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("url", &self.address.to_string()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_one_name_are_told_apart_by_their_services() {
        let at = |endpoint| Options::new("s3://bucket/a").unwrap().endpoint(endpoint).location();
        assert_eq!(at("https://Host:9000/"), "s3://bucket/a at https://host:9000");
        assert_eq!(at("https://me:secret@host"), "s3://bucket/a at https://host");
        let files = Options::new("file:///a").unwrap().endpoint("https://host");
        assert_eq!(files.location(), "file:///a");
        let of = |account| Options::new("az://box/a").unwrap().key(account, "c2VjcmV0");
        assert_eq!(of("mine").location(), "az://box/a of account \"mine\"");
        assert_ne!(of("mine").location(), of("yours").location());
        let at = of("mine").endpoint("https://host");
        assert_eq!(at.location(), "az://box/a of account \"mine\" at https://host");
        let of_s3 = Options::new("s3://bucket/a").unwrap().key("id", "secret");
        assert!(!of_s3.location().contains("id"));
    }
}
