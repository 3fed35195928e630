//! Where a storage is, as a URL says it.

use std::fmt;

use memento::{Error, ErrorKind, Result};
use percent_encoding::percent_decode_str;

/// What keeps objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Amazon S3, and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure Blob Storage.
    Azure,
    /// Files of this machine.
    Files,
}

/// Where a storage is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) service: Service,
    /// The bucket, or container; none for files.
    pub(crate) bucket: String,
    /// What all keys begin with, without `/` at either end; for files, the path of the folder.
    pub(crate) prefix: String,
}

impl Address {
    /// What `url` says. No error shows any of it: a secret may be in it, though none belongs there.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| invalid("it has no scheme with `://` behind it"))?;
        let service = match scheme {
            "s3" => Service::S3,
            "gs" => Service::Google,
            "az" => Service::Azure,
            "file" => Service::Files,
            _ => return Err(invalid("its scheme is none that is known here")),
        };
        if service == Service::Files {
            let path = rest.starts_with('/').then(|| percent_decode_str(rest).decode_utf8());
            let path = path.and_then(std::result::Result::ok);
            let prefix =
                path.ok_or_else(|| invalid("behind `file://`, a whole path is missing"))?;
            return Ok(Self { service, bucket: String::new(), prefix: prefix.into_owned() });
        }
        if rest.contains(['@', '?', '#']) {
            return Err(invalid("who uses it, and how, is said by options, not in the URL"));
        }
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if bucket.is_empty() || !bucket.chars().all(is_name) {
            return Err(invalid("it names no bucket"));
        }
        let address = Self { service, bucket: bucket.to_owned(), prefix: String::new() };
        address.below(prefix)
    }

    /// The same with another prefix.
    pub(crate) fn below(mut self, prefix: &str) -> Result<Self> {
        let prefix = prefix.trim_matches('/');
        let is_segment = |segment: &str| {
            !matches!(segment, "" | "." | "..") && !segment.chars().any(char::is_control)
        };
        if !prefix.is_empty() && !prefix.split('/').all(is_segment) {
            return Err(invalid("its prefix has an empty part, `.` or `..` in it"));
        }
        prefix.clone_into(&mut self.prefix);
        Ok(self)
    }

    pub(crate) fn scheme(&self) -> &'static str {
        match self.service {
            Service::S3 => "s3",
            Service::Google => "gs",
            Service::Azure => "az",
            Service::Files => "file",
        }
    }

    /// What all keys begin with.
    pub(crate) fn start(&self) -> String {
        match self.service {
            Service::Files => String::new(),
            _ if self.prefix.is_empty() => String::new(),
            _ => format!("{}/", self.prefix),
        }
    }
}

/// The URL of a service for people, the same for all that mean the same: without user, password and query.
pub(crate) fn service_at(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let is_ambiguous = rest.contains('@') && rest.contains(['?', '#']);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let scheme = scheme.to_lowercase();
    if is_ambiguous {
        // What is a password, and what is behind the host?
        return format!("{scheme}://…");
    }
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_lowercase();
    let port = if scheme == "http" { ":80" } else { ":443" };
    let host = host.strip_suffix(port).unwrap_or(&host);
    format!("{scheme}://{host}/{path}").trim_end_matches('/').to_owned()
}

fn invalid(wrong: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, "understand the URL of an object store")
        .because(wrong)
        .help(
            "write `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` or \
             `file:///path`; the prefix may be left out",
        )
}

/// As a URL.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.bucket.is_empty() || self.prefix.is_empty() { "" } else { "/" };
        write!(f, "{}://{}{slash}{}", self.scheme(), self.bucket, self.prefix)
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
    fn urls_say_where() {
        for (url, shown, bucket, start) in [
            ("s3://bucket", "s3://bucket", "bucket", ""),
            ("s3://bucket/", "s3://bucket", "bucket", ""),
            ("s3://bucket/a/b/", "s3://bucket/a/b", "bucket", "a/b/"),
            ("gs://my-bucket.x/a b", "gs://my-bucket.x/a b", "my-bucket.x", "a b/"),
            ("az://container/a", "az://container/a", "container", "a/"),
            ("file:///tmp/a%20b", "file:///tmp/a b", "", ""),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!((&*address.bucket, &*address.start()), (bucket, start));
        }
    }

    #[test]
    fn services_are_shown_without_secrets() {
        for (url, shown) in [
            ("https://host:9000", "https://host:9000"),
            ("HTTPS://Host:443/", "https://host"),
            ("http://host:80//", "http://host"),
            ("http://host:443/a/B/", "http://host:443/a/B"),
            ("http://[::1]:9000", "http://[::1]:9000"),
            ("https://me:secret@host", "https://host"),
            ("https://me:sec/ret@host/a", "https://host/a"),
            ("https://host/a?x=secret#secret", "https://host/a"),
            ("https://me:sec?ret@host", "https://…"),
            ("https://host/?x=me@secret", "https://…"),
        ] {
            assert_eq!(service_at(url), shown);
        }
    }

    #[test]
    fn errors_show_nothing_of_the_url() {
        for url in [
            "secret",
            "secret://bucket",
            "s3://",
            "s3:///secret",
            "s3://key:secret@bucket",
            "s3://bucket/secret?x=secret",
            "s3://bucket/../secret",
            "s3://bucket/a//secret",
            "file://secret/path",
            "file:///%ffsecret",
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(!format!("{error}{error:?}").contains("secret"), "{error}");
        }
    }
}
