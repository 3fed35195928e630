//! How connections come about.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memento::{Error, ErrorKind, Result};
use redis::cluster::ClusterClient;
use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ConnectionLike,
    ErrorKind as RedisKind, IntoConnectionInfo, RedisConnectionInfo, RedisResult, TlsCertificates,
};

use crate::Options;
use crate::address::{Address, Node, Place, authority};

/// A connection to a server, or to a cluster.
pub(crate) type Connection = Box<dyn ConnectionLike + Send>;

/// How often a request to a cluster is sent once more, to where the cluster says that its keys are by now.
const REDIRECTIONS: u32 = 3;

/// What makes connections.
#[derive(Debug)]
pub(crate) struct Connector {
    address: Address,
    /// For TLS.
    certificates: Option<TlsCertificates>,
    /// How long it may take to connect, and to answer.
    limits: (Duration, Duration),
}

impl Connector {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let mut certificates = None;
        if options.address.is_tls {
            // Where another provider is installed, the program has chosen it.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let read_pair = |(certificate, key): &(PathBuf, PathBuf)| {
                Ok(ClientTlsConfig { client_cert: read(certificate)?, client_key: read(key)? })
            };
            certificates = Some(TlsCertificates {
                client_tls: options.tls_identity.as_ref().map(read_pair).transpose()?,
                root_cert: options.tls_ca.as_deref().map(read).transpose()?,
            });
        }
        let limits = (options.connect_timeout, options.response_timeout);
        Ok(Self { address: options.address.clone(), certificates, limits })
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> RedisResult<Connection> {
        match &self.address.place {
            Place::Server(node) => self.connect_to(node),
            Place::Unix(path) => {
                self.connect_by(ConnectionAddr::Unix(path.into())).map(|found| Box::new(found) as _)
            }
            Place::Sentinels(sentinels, service) => self.ask(sentinels, service),
            Place::Cluster(nodes) => self.connect_to_cluster(nodes),
        }
    }

    fn connect_to(&self, node: &Node) -> RedisResult<Connection> {
        self.connect_by(self.address_of(node)).map(|connection| Box::new(connection) as _)
    }

    fn address_of(&self, (host, port): &Node) -> ConnectionAddr {
        let (host, port) = (host.clone(), *port);
        if self.address.is_tls {
            return ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None };
        }
        ConnectionAddr::Tcp(host, port)
    }

    fn connect_by(&self, address: ConnectionAddr) -> RedisResult<redis::Connection> {
        let mut settings = RedisConnectionInfo::default().set_db(self.address.database);
        if let Some(user) = &self.address.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.address.password {
            settings = settings.set_password(password);
        }
        self.open(address.into_connection_info()?.set_redis_settings(settings))
    }

    fn open(&self, info: ConnectionInfo) -> RedisResult<redis::Connection> {
        let client = match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone())?,
            None => Client::open(info)?,
        };
        let connection = client.get_connection_with_timeout(self.limits.0)?;
        connection.set_read_timeout(Some(self.limits.1))?;
        connection.set_write_timeout(Some(self.limits.1))?;
        Ok(connection)
    }

    /// Asks the Sentinels, one after another, where the service is, and connects to it.
    fn ask(&self, sentinels: &[Node], service: &str) -> RedisResult<Connection> {
        let unknown = (RedisKind::MasterNameNotFoundBySentinel, "no Sentinel knows the service");
        let mut wrong = unknown.into();
        for sentinel in sentinels {
            match self.ask_one(sentinel, service) {
                Ok(Some(connection)) => return Ok(connection),
                Ok(None) => {}
                Err(error) => wrong = error,
            }
        }
        Err(wrong)
    }

    /// `None` where the Sentinel does not know, or names a server that is no longer the one to write to.
    fn ask_one(&self, sentinel: &Node, service: &str) -> RedisResult<Option<Connection>> {
        let mut sentinel = self.open(self.address_of(sentinel).into_connection_info()?)?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
        let Some(node) = question.query::<Option<Node>>(&mut sentinel)? else { return Ok(None) };
        let mut connection = self.connect_to(&node)?;
        let role: Vec<redis::Value> = redis::cmd("ROLE").query(&mut *connection)?;
        let is_master =
            matches!(role.first(), Some(redis::Value::BulkString(role)) if role == b"master");
        Ok(is_master.then_some(connection))
    }

    fn connect_to_cluster(&self, nodes: &[Node]) -> RedisResult<Connection> {
        let scheme = if self.address.is_tls { "rediss" } else { "redis" };
        let urls = nodes.iter().map(|node| format!("{scheme}://{}", authority(node)));
        let mut builder = ClusterClient::builder(urls)
            .retries(REDIRECTIONS)
            .connection_timeout(self.limits.0)
            .response_timeout(self.limits.1);
        if let Some(user) = &self.address.user {
            builder = builder.username(user);
        }
        if let Some(password) = &self.address.password {
            builder = builder.password(password);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder.certs(certificates.clone());
        }
        Ok(Box::new(builder.build()?.get_connection()?))
    }
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Error::new(ErrorKind::Configuration, "read a certificate or its key")
            .with("file", file.display())
            .source(error)
    })
}
