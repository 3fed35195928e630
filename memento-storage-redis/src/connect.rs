//! How connections come about.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use memento::{Error, ErrorKind, Result};
use redis::{
    Client, ClientTlsConfig, Connection, ConnectionAddr, ConnectionInfo, ErrorKind as RedisKind,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
};

use crate::Options;
use crate::address::{Address, Node, Place};
use crate::problem::is_lost;

/// How many nodes of a cluster are asked where keys are, each where the one before has sent us.
const REDIRECTIONS: usize = 4;

/// What makes connections.
#[derive(Debug)]
pub(crate) struct Connector {
    address: Address,
    /// One of the keys, which are all in the same place.
    key: String,
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
        Ok(Self { address: options.address.clone(), key: options.base(), certificates, limits })
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> RedisResult<Connection> {
        match &self.address.place {
            Place::Server(node) => self.connect_to(node),
            Place::Unix(path) => self.connect_by(ConnectionAddr::Unix(path.into())),
            Place::Sentinels(sentinels, service) => self.ask(sentinels, service),
            Place::Cluster(nodes) => self.find_node(nodes),
        }
    }

    fn connect_to(&self, node: &Node) -> RedisResult<Connection> {
        self.connect_by(self.address_of(node))
    }

    fn address_of(&self, (host, port): &Node) -> ConnectionAddr {
        let (host, port) = (host.clone(), *port);
        if self.address.is_tls {
            return ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None };
        }
        ConnectionAddr::Tcp(host, port)
    }

    fn connect_by(&self, address: ConnectionAddr) -> RedisResult<Connection> {
        let mut settings = RedisConnectionInfo::default().set_db(self.address.database);
        if let Some(user) = &self.address.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.address.password {
            settings = settings.set_password(password);
        }
        self.open(address.into_connection_info()?.set_redis_settings(settings))
    }

    fn open(&self, info: ConnectionInfo) -> RedisResult<Connection> {
        let client = match &self.certificates {
            Some(certificates) => Client::build_with_tls(info, certificates.clone())?,
            None => Client::open(info)?,
        };
        let mut connection = client.get_connection_with_timeout(self.limits.0)?;
        connection.set_read_timeout(Some(self.limits.1))?;
        connection.set_write_timeout(Some(self.limits.1))?;
        // Who has not said who it is learns it now: of a long request, the server would just close the connection.
        match redis::cmd("PING").query::<()>(&mut connection) {
            Err(error) if is_lost(&error) || error.code() == Some("NOAUTH") => Err(error),
            _ => Ok(connection),
        }
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
        let role: Vec<redis::Value> = redis::cmd("ROLE").query(&mut connection)?;
        let is_master =
            matches!(role.first(), Some(redis::Value::BulkString(role)) if role == b"master");
        Ok(is_master.then_some(connection))
    }

    /// Connects to the node of a cluster that the keys are on, which is one: they have one tag.
    fn find_node(&self, nodes: &[Node]) -> RedisResult<Connection> {
        let mut wrong = (RedisKind::ClusterConnectionNotFound, "no node is named").into();
        for node in nodes {
            match self.follow(node.clone()) {
                Ok(connection) => return Ok(connection),
                Err(error) => wrong = error,
            }
        }
        Err(wrong)
    }

    /// Connects to `node`, or to the one that it says the keys are on.
    fn follow(&self, mut node: Node) -> RedisResult<Connection> {
        for _ in 0..REDIRECTIONS {
            let mut connection = self.connect_to(&node)?;
            let asked = redis::cmd("EXISTS").arg(&self.key).query::<()>(&mut connection);
            match asked.map_err(|error| (moved_to(&error, &node), error)) {
                Ok(()) => return Ok(connection),
                Err((Some(next), _)) => node = next,
                Err((None, error)) => return Err(error),
            }
        }
        Err((RedisKind::ClusterConnectionNotFound, "its nodes do not agree where keys are").into())
    }
}

/// Where keys are by now, as `node` says.
fn moved_to(error: &RedisError, node: &Node) -> Option<Node> {
    let (host, port) = error.redirect_node()?.0.rsplit_once(':')?;
    // Where a node does not know by which name it is reached, it names the port alone.
    let host = if host.is_empty() { &*node.0 } else { host.trim_matches(['[', ']']) };
    Some((host.to_owned(), port.parse().ok()?))
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).map_err(|error| {
        Error::new(ErrorKind::Configuration, "read a certificate or its key")
            .with("file", file.display())
            .because(error)
    })
}
