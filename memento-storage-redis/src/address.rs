//! Where a server is, as a URL says it.

use std::fmt;

use memento::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;

/// The port that servers have unless a URL says otherwise, and that of Sentinels.
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// Where a server is, and what it asks for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) place: Place,
    pub(crate) is_tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: i64,
}

/// A host and its port.
pub(crate) type Node = (String, u16);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Server(Node),
    /// A socket of this machine.
    Unix(String),
    /// Sentinels, which know where the service is.
    Sentinels(Vec<Node>, String),
    /// Some nodes of a cluster, which know the others.
    Cluster(Vec<Node>),
}

impl Address {
    /// What `url` says. No error shows any of it: a password may be in it, in any place.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once(':').ok_or_else(|| invalid("it has no scheme"))?;
        let (scheme, is_tls) = match scheme {
            "redis" | "redis+sentinel" | "redis+cluster" | "redis+unix" => (scheme, false),
            "unix" => ("redis+unix", false),
            "rediss" => ("redis", true),
            "rediss+sentinel" => ("redis+sentinel", true),
            "rediss+cluster" => ("redis+cluster", true),
            _ => return Err(invalid("its scheme is none that is known here")),
        };
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (login, rest),
            None => ("", rest),
        };
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let mut address = Self {
            place: Place::Unix(rest.to_owned()),
            is_tls,
            user: text(user)?,
            password: text(password)?,
            database: 0,
        };
        if scheme == "redis+unix" {
            if !rest.starts_with('/') {
                return Err(invalid("a socket is named by its whole path"));
            }
            for option in query.split('&').filter(|option| !option.is_empty()) {
                address.set(option)?;
            }
            return Ok(address);
        }
        if !query.is_empty() {
            return Err(invalid("options such as `?db=1` are for sockets only"));
        }
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (place, database) = place(scheme, hosts, path)?;
        address.database = self::database(database)?;
        if matches!(place, Place::Cluster(_)) && address.database != 0 {
            return Err(invalid("a cluster has no databases"));
        }
        address.place = place;
        Ok(address)
    }

    /// Sets what stands behind the path of a socket.
    fn set(&mut self, option: &str) -> Result<()> {
        match option.split_once('=') {
            Some(("db", value)) => self.database = database(value)?,
            Some(("user", value)) => self.user = text(value)?,
            Some(("pass" | "password", value)) => self.password = text(value)?,
            _ => return Err(invalid("the options of a socket are `db`, `user` and `pass`")),
        }
        Ok(())
    }
}

/// The place that hosts and path are, and the part of the path that is a database.
fn place<'a>(scheme: &str, hosts: &str, path: &'a str) -> Result<(Place, &'a str)> {
    Ok(match scheme {
        "redis+sentinel" => {
            let (service, database) = path.split_once('/').unwrap_or((path, ""));
            let service = text(service)?;
            let service = service
                .ok_or_else(|| invalid("behind the Sentinels, the name of a service is missing"))?;
            (Place::Sentinels(nodes(hosts, SENTINEL_PORT)?, service), database)
        }
        "redis+cluster" => (Place::Cluster(nodes(hosts, PORT)?), path),
        _ => {
            let mut nodes = nodes(hosts, PORT)?;
            let first = nodes.pop().filter(|_| nodes.is_empty());
            let first = first.ok_or_else(|| {
                invalid("several hosts are for `redis+sentinel://` and `redis+cluster://`")
            })?;
            (Place::Server(first), path)
        }
    })
}

fn nodes(hosts: &str, port: u16) -> Result<Vec<Node>> {
    hosts.split(',').map(|node| self::node(node, port)).collect()
}

fn node(node: &str, default: u16) -> Result<Node> {
    // An IPv6 address has colons of its own, and so it is in brackets.
    let (host, port) = match node.strip_prefix('[').and_then(|node| node.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or(rest)),
        None => node.split_once(':').unwrap_or((node, "")),
    };
    let host = text(host)?.ok_or_else(|| invalid("it names no host"))?;
    let port = match port {
        "" => default,
        port => port.parse().map_err(|_| invalid("behind a host, there is no valid port"))?,
    };
    Ok((host, port))
}

fn database(text: &str) -> Result<i64> {
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<u32>().map_err(|_| invalid("its database is not a number"))?;
    Ok(number.into())
}

/// A host and its port as they stand in a URL.
fn authority((host, port): &Node) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A part of the URL with its `%40` and the like replaced; `None` where it is empty.
fn text(part: &str) -> Result<Option<String>> {
    let text = percent_decode_str(part).decode_utf8();
    let text = text.map_err(|_| invalid("it has `%` in it that stands for no character"))?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}

fn invalid(wrong: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, "understand the URL of a Redis server")
        .because(wrong)
        .help(
            "write `redis://user:password@host:6379/0`, with `rediss://` for TLS; \
             `redis+sentinel://host,host/service/0`; `redis+cluster://host,host`; or \
             `redis+unix:///path/to/socket?db=0`; and `%40` and the like for characters of a password that mean something in a URL",
        )
}

/// As a URL, without user and password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = if self.is_tls { "s" } else { "" };
        let written = |nodes: &[Node]| nodes.iter().map(authority).collect::<Vec<_>>().join(",");
        let database = self.database;
        match &self.place {
            Place::Server(node) => {
                write!(f, "redis{tls}://{}/{database}", written(std::slice::from_ref(node)))
            }
            Place::Unix(path) => write!(f, "redis+unix://{path}?db={database}"),
            Place::Sentinels(nodes, service) => {
                write!(f, "redis{tls}+sentinel://{}/{service}/{database}", written(nodes))
            }
            Place::Cluster(nodes) => write!(f, "redis{tls}+cluster://{}", written(nodes)),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_and_as_whom() {
        for (url, shown, user, password) in [
            ("redis://cache", "redis://cache:6379/0", None, None),
            ("redis://:a%40b@cache:1/2", "redis://cache:1/2", None, Some("a@b")),
            ("rediss://me:p/w@[::1]:7/3", "rediss://[::1]:7/3", Some("me"), Some("p/w")),
            ("unix:/run/redis", "redis+unix:///run/redis?db=0", None, None),
            (
                "redis+unix:///run/redis?db=4&user=me&pass=pw",
                "redis+unix:///run/redis?db=4",
                Some("me"),
                Some("pw"),
            ),
            (
                "redis+sentinel://me:pw@one,two:5/prices/6",
                "redis+sentinel://one:26379,two:5/prices/6",
                Some("me"),
                Some("pw"),
            ),
            ("rediss+cluster://one,two:5", "rediss+cluster://one:6379,two:5", None, None),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!((address.user.as_deref(), address.password.as_deref()), (user, password));
            assert_eq!(format!("{address:?}"), format!("Address({shown})"));
        }
    }

    #[test]
    fn errors_show_nothing_of_the_url() {
        for url in [
            "secret",
            "secret://host",
            "redis://:secret",
            "redis://:secret@",
            "redis://host:secret",
            "redis://host/secret",
            "redis://one,secret/0",
            "redis://host?secret=secret",
            "unix:secret",
            "unix:/path?secret=secret",
            "redis+sentinel://:secret@host",
            "redis+cluster://:secret@host/1",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error:?}").contains("secret"), "{url}: {error}");
        }
    }
}
