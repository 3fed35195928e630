//! What goes wrong with a service, and what to do about it.

use std::error::Error as StdError;

use memento::{Error, ErrorKind};
use object_store::Error as StoreError;
use object_store::client::{HttpError, HttpErrorKind};

use crate::Options;
use crate::address::Service;

/// How much is shown of what a service says.
const SHOWN: usize = 200;

/// The error of an operation on the store that `options` name.
pub(crate) fn failed(operation: &'static str, options: &Options, error: &StoreError) -> Error {
    let (kind, help) = meaning(error, options);
    let failed = Error::new(kind, operation)
        .with("store", options.location())
        .because(reason(error, options));
    match help {
        "" => failed,
        help => failed.help(help),
    }
}

/// The error of options that make no store.
pub(crate) fn invalid(operation: &'static str, options: &Options, error: &StoreError) -> Error {
    Error::new(ErrorKind::Configuration, operation)
        .with("store", options.location())
        .because(reason(error, options))
        .help("check the options beside `url`")
}

/// The error of a stored object that is none of ours, or not whole.
pub(crate) fn damaged(operation: &'static str, options: &Options, key: &str) -> Error {
    Error::new(ErrorKind::Damaged, operation)
        .with("store", options.location())
        .with("key", key)
        .because("it is not what was put there")
}

/// The error of what a later release has put, in a format of this number.
pub(crate) fn newer(operation: &'static str, options: &Options, number: char) -> Error {
    Error::new(ErrorKind::NewerFormat, operation)
        .with("store", options.location())
        .because(format!("the format of its head is {number}, this release knows 1"))
        .help("update this program")
}

pub(crate) fn is_missing(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound { .. })
}

/// Whether there is no such bucket or container. What is not about one object is not told apart.
fn is_bucket_missing(error: &StoreError) -> bool {
    let text = error.to_string();
    status(&text).is_some_and(|status| status.starts_with("404"))
        && matches!(code(&text), Some("NoSuchBucket" | "ContainerNotFound"))
}

/// Whether there is nothing that could be connected to: who is not trusted is there.
fn is_unreachable(error: &StoreError) -> bool {
    connection(error).is_some_and(|error| {
        error.kind() == HttpErrorKind::Connect && !connecting(error).contains("certificate")
    })
}

/// Whether the condition of a put was not met.
pub(crate) fn is_unmet(error: &StoreError) -> bool {
    matches!(error, StoreError::AlreadyExists { .. } | StoreError::Precondition { .. })
}

/// What went wrong, in the same words each time. What a service says beside its code may have parts of a signature in
/// it.
fn reason(error: &StoreError, options: &Options) -> String {
    if let Some(error) = connection(error) {
        let said = match error.kind() {
            HttpErrorKind::Connect => return connecting(error),
            HttpErrorKind::Timeout => "it does not answer in time",
            HttpErrorKind::Request | HttpErrorKind::Interrupted => "the connection was lost",
            _ => "its answer cannot be understood",
        };
        return said.to_owned();
    }
    let text = error.to_string();
    if let Some((code, status)) = code(&text).zip(status(&text)) {
        return format!("it answers {status}, {code}");
    }
    if let Some(status) = status(&text) {
        return format!("it answers {status}");
    }
    if options.address.service == Service::Files {
        return text.chars().take(SHOWN).collect();
    }
    let mut text = text;
    let login = &options.login;
    for secret in [&login.id, &login.secret, &login.token].into_iter().flatten() {
        text = text.replace(&**secret, "…");
    }
    // What stands behind `?` in a URL may be a signature.
    let words = text.split_whitespace().map(|word| word.split('?').next().unwrap_or_default());
    words.collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect()
}

/// What went wrong with the connection, if that is what did.
fn connection(error: &StoreError) -> Option<&HttpError> {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(found) = source {
        if let Some(error) = found.downcast_ref::<HttpError>() {
            return Some(error);
        }
        source = found.source();
    }
    None
}

/// Why there is no connection.
fn connecting(error: &HttpError) -> String {
    let mut source: Option<&(dyn StdError + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(found) = source {
        if let Some(error) = found.downcast_ref::<std::io::Error>()
            && error.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return "nobody listens there".to_owned();
        }
        last = found.to_string();
        source = found.source();
    }
    format!("it cannot be connected to: {}", last.chars().take(SHOWN).collect::<String>())
}

/// The code in what a service says in XML.
fn code(text: &str) -> Option<&str> {
    let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
    (code.len() < 100 && code.chars().all(|c| c.is_ascii_alphanumeric())).then_some(code)
}

fn status(text: &str) -> Option<&str> {
    let status = text.split_once("status code: ")?.1;
    let status = status.split([':', '\n']).next().unwrap_or_default().trim();
    (status.len() < 60).then_some(status)
}

/// Whether a service does not let this process do what it asked for.
fn is_refusal(error: &StoreError) -> bool {
    match error {
        StoreError::Unauthenticated { .. } | StoreError::PermissionDenied { .. } => true,
        // What is not about one object is not told apart.
        StoreError::Generic { .. } => {
            let text = error.to_string();
            status(&text)
                .is_some_and(|status| status.starts_with("401") || status.starts_with("403"))
        }
        _ => false,
    }
}

/// The kind of an error, and what to do.
fn meaning(error: &StoreError, options: &Options) -> (ErrorKind, &'static str) {
    let service = options.address.service;
    match error {
        _ if is_refusal(error) => {
            let help = match service {
                Service::S3 => {
                    "check `access_key_id`, `secret_access_key` and `region`, and what the key may do in the bucket"
                }
                Service::Google => {
                    "check `service_account`, and what the account may do in the bucket"
                }
                Service::Azure => {
                    "check `account` and `access_key`, and what they may do in the container"
                }
                Service::Files => "let this process read and write there",
            };
            (ErrorKind::Configuration, help)
        }
        _ if is_missing(error) || is_bucket_missing(error) => {
            (ErrorKind::Configuration, "make the bucket, or check its name in `url`")
        }
        _ if is_unreachable(error) && options.endpoint.is_some() => {
            (ErrorKind::Storage, "start the service, or check host and port in `endpoint`")
        }
        _ if is_unreachable(error) => (
            ErrorKind::Storage,
            "check the network, or set `endpoint` where it is not the public service",
        ),
        StoreError::NotImplemented { .. } | StoreError::NotSupported { .. } => (
            ErrorKind::Unsupported,
            "where the service lacks conditional puts, set `conditional = false`",
        ),
        StoreError::InvalidPath { .. } => (ErrorKind::Damaged, ""),
        _ => (ErrorKind::Storage, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_in_an_error() {
        let options =
            Options::new("s3://bucket").unwrap().key("me", "s3cr3t").session_token("t0k3n");
        for text in [
            "the key s3cr3t is wrong",
            "Error performing GET http://host/a?sig=s3cr3t&x=t0k3n in 3ms",
            "Server returned non-2xx status code: 403 Forbidden: <Error><Code>AccessDenied</Code>\
             <StringToSign>s3cr3t t0k3n</StringToSign></Error>",
        ] {
            let error = StoreError::Generic { store: "S3", source: text.into() };
            for failed in [failed("look", &options, &error), invalid("look", &options, &error)] {
                let shown = format!("{failed} {failed:?} {:?}", failed.reason());
                assert!(!shown.contains("s3cr3t") && !shown.contains("t0k3n"), "{shown}");
            }
        }
    }

    #[test]
    fn what_a_service_says_is_shown_by_its_code() {
        let options = Options::new("s3://bucket").unwrap();
        let text = "Server returned non-2xx status code: 503 Service Unavailable: \
                    <?xml version=\"1.0\"?><Error><Code>SlowDown</Code></Error>";
        let error = StoreError::Generic { store: "S3", source: text.into() };
        assert_eq!(reason(&error, &options), "it answers 503 Service Unavailable, SlowDown");
    }
}
