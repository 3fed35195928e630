//! What a service says, before the library reads it.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use chrono::DateTime;
use futures_util::stream::{BoxStream, StreamExt as _};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService, ReqwestConnector,
};
use object_store::path::Path;
use object_store::{ClientOptions, Error as StoreError, Result as StoreResult};
use tokio::time::timeout;

/// How long any reply may be that is no content of an object. A page of a list has up to 1,000 keys.
const LONGEST: usize = 16 << 20;
/// How much has to come at least in the time for which a service may be silent.
const SLOWEST: u32 = 64 << 10;
/// How many times as long as it may be silent a service may take to copy an object, or to make one of its parts: while
/// it does, S3 sends a space now and then, so that the connection stays.
const LONG_WORK: u32 = 20;
/// The elements of lists that stand for an object or a folder, and of what is in them, that which has its key: those of
/// S3, which Google's service has, too, and those of Azure.
const ELEMENTS: [(&str, &str); 4] =
    [("Contents", "Key"), ("CommonPrefixes", "Prefix"), ("Blob", "Name"), ("BlobPrefix", "Name")];

/// Makes connections as the library does, and looks at what comes from them.
#[derive(Debug)]
pub(crate) struct Connector {
    /// How long the service may be silent.
    pub(crate) response_timeout: Duration,
}

/// When a reply was sent, by the clock of the service: the library passes it on with an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent(pub(crate) SystemTime);

/// Looks at replies that are read as a whole. The contents of objects pass.
#[derive(Debug)]
struct Wire {
    client: HttpClient,
    response_timeout: Duration,
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> StoreResult<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Wire { client, response_timeout: self.response_timeout }))
    }
}

impl Wire {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_get = request.method() == "GET";
        let is_list = is_get && request.uri().query().is_some_and(is_list);
        let work = if is_long_work(&request) { LONG_WORK } else { 1 };
        let (mut parts, body) = self.client.execute(request).await?.into_parts();
        let date = parts.headers.get("date").and_then(|date| date.to_str().ok());
        if let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            parts.extensions.insert(Sent(date.into()));
        }
        let is_done = parts.status.is_success();
        let patience = match (is_done, is_get, is_list) {
            (true, true, false) => return Ok(HttpResponse::from_parts(parts, body)),
            (true, true, true) => Patience::new(self.response_timeout),
            _ => Patience::in_all(self.response_timeout.saturating_mul(work)),
        };
        let body = whole(body, patience).await?;
        let body = match std::str::from_utf8(&body) {
            Ok(list) if is_done && is_list => without_foreign(list).into(),
            _ => body.into(),
        };
        Ok(HttpResponse::from_parts(parts, body))
    }
}

impl HttpService for Wire {
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.ask(request))
    }
}

/// Whether a request is one for a list: of S3 or Google, or of Azure.
fn is_list(query: &str) -> bool {
    query.split('&').any(|option| matches!(option, "list-type=2" | "comp=list"))
}

/// Whether a service has to read or write a whole object for a request: it is one to copy it, or the last one of an
/// object that came in parts.
fn is_long_work(request: &HttpRequest) -> bool {
    let is_last = request.method() == "POST"
        && request.uri().query().is_some_and(|query| query.starts_with("uploadId="));
    is_last || request.headers().keys().any(|name| name.as_str().ends_with("-copy-source"))
}

/// The whole of a body.
async fn whole(body: HttpResponseBody, mut patience: Patience) -> Result<Vec<u8>, HttpError> {
    let (mut parts, mut whole) = (body.bytes_stream(), Vec::new());
    while let Some(part) = patience.next(&mut parts).await {
        whole.extend_from_slice(&part?);
        if whole.len() > LONGEST {
            let long = std::io::Error::other("it is longer than any that a service sends");
            return Err(HttpError::new(HttpErrorKind::Decode, long));
        }
    }
    Ok(whole)
}

/// A list without the keys that are none of ours, whatever they are: the library has no name for some of them, which
/// would fail the whole list, and gives others, as of the folders that consoles make, the name of another object.
fn without_foreign(list: &str) -> String {
    let without = |list: String, (element, key)| without_foreign_in(&list, element, key);
    ELEMENTS.into_iter().fold(list.to_owned(), without)
}

fn without_foreign_in(list: &str, element: &str, key: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    let (mut kept, mut rest) = (String::with_capacity(list.len()), list);
    while let Some((before, behind)) = rest.split_once(&open) {
        let Some((inside, after)) = behind.split_once(&close) else { break };
        kept += before;
        if has_name(inside, key, element.contains("Prefix")) {
            kept.extend([&open, inside, &close]);
        }
        rest = after;
    }
    kept + rest
}

/// Whether the key in an element comes back from the library as it is; that of a folder, without the `/` at its end.
fn has_name(inside: &str, key: &str, is_folder: bool) -> bool {
    let found = inside.split_once(&format!("<{key}>"));
    let found = found.and_then(|(_, found)| found.split_once(&format!("</{key}>")));
    let Some((found, _)) = found else { return true };
    let found = unescaped(found);
    let found = found.strip_suffix('/').filter(|_| is_folder).unwrap_or(&found);
    Path::parse(found).is_ok_and(|path| path.as_ref() == found)
}

/// A text of XML with the characters in it that stand there by their numbers.
fn unescaped(text: &str) -> String {
    let mut pieces = text.split("&#");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, behind) = piece.split_once(';').unwrap_or(("", piece));
        let number = match number.strip_prefix('x') {
            Some(digits) => u32::from_str_radix(digits, 16),
            None => number.parse(),
        };
        // What is none is of no key that has a name.
        whole.push(number.ok().and_then(char::from_u32).unwrap_or_default());
        whole += behind;
    }
    whole
}

/// How long is still waited for what comes in parts. Silence ends it, and so does a service that sends a byte now and
/// then, where each would begin the time anew: what comes gives time by its length alone, and none to be saved up.
pub(crate) struct Patience {
    most: Duration,
    left: Duration,
    /// What [`SLOWEST`] gives.
    earned: Duration,
}

impl Patience {
    /// Waits for this long at a time, and for 64 KiB no longer.
    pub(crate) fn new(most: Duration) -> Self {
        Self { most, left: most, earned: most }
    }

    /// Waits for this long, whatever comes.
    fn in_all(most: Duration) -> Self {
        Self { earned: Duration::ZERO, ..Self::new(most) }
    }

    /// The next part. Time in which nobody asks for it does not count.
    pub(crate) async fn next<E: From<Late>>(
        &mut self,
        parts: &mut BoxStream<'_, Result<Bytes, E>>,
    ) -> Option<Result<Bytes, E>> {
        let began = Instant::now();
        let Ok(part) = timeout(self.left, parts.next()).await else {
            return Some(Err(Late.into()));
        };
        if let Some(Ok(part)) = &part {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let earned = self.earned.saturating_mul(length) / SLOWEST;
            self.left = self.most.min(self.left.saturating_sub(began.elapsed()) + earned);
        }
        part
    }
}

/// What a service is that takes too long for what it sends.
#[derive(Debug)]
pub(crate) struct Late;

impl From<Late> for HttpError {
    fn from(_: Late) -> Self {
        Self::new(HttpErrorKind::Timeout, std::io::Error::from(std::io::ErrorKind::TimedOut))
    }
}

impl From<Late> for StoreError {
    fn from(late: Late) -> Self {
        Self::Generic { store: "memento", source: HttpError::from(late).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_without_keys_that_are_nobodys_names() {
        let object = |key: &str| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
        let folder = |key: &str| format!("<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>");
        let blob = |key: &str| format!("<Blob><Name>{key}</Name></Blob>");
        let list = |objects: &[&str], folders: &[&str]| {
            let objects = objects.iter().flat_map(|key| [object(key), blob(key)]);
            let all: String = objects.chain(folders.iter().map(|key| folder(key))).collect();
            format!(
                "<List><Name>bucket</Name><Prefix>a//b</Prefix>{all}<Marker>a//b</Marker></List>"
            )
        };
        let ours = ["a/b", "a/b&amp;c", "a/b&#39;c", "a/...", "é"];
        let foreign =
            ["a//b", "/a", "a/", "a/b/", "..", "a/../b", "a/./b", "a&#13;b", "a&#x7f;b", "a\u{1}b"];
        let all = [ours.as_slice(), &foreign].concat();
        let folders = ["a/", "a//", "a/../", "a/b&#39;/"];
        let found = without_foreign(&list(&all, &folders));
        assert_eq!(found, list(&ours, &["a/", "a/b&#39;/"]));
    }

    #[test]
    fn lists_that_are_none_stay_as_they_are() {
        for list in ["", "<Contents>", "<Contents></Contents>", "<Contents><Key>a//b</Contents>"] {
            assert_eq!(without_foreign(list), list);
        }
        for (query, expected) in [
            ("list-type=2&prefix=a", true),
            ("restype=container&comp=list", true),
            ("comp=blocklist", false),
            ("prefix=list-type=2", false),
            ("", false),
        ] {
            assert_eq!(is_list(query), expected, "{query}");
        }
    }
}
