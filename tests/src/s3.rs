//! An S3 server for one test, or for all of a program, on a port of its own.
//!
//! What speaks the protocol and checks signatures is the crate `s3s`; objects are in memory, and kept when the server
//! is killed. One that runs in this process is told what to do with single requests; one that is a
//! [process](S3Process) of its own is killed and stopped like any other.

mod bucket;
mod journal;
mod process;
mod protocol;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use memento_storage_object::Options;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use s3s::auth::SimpleAuth;
use s3s::dto::{Timestamp, TimestampFormat};
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

pub use bucket::{Buckets, Stored};
pub use process::S3Process;

use crate::processes::wait_until_some;

/// Who may use the server.
pub const KEY: (&str, &str) = ("AKIDEXAMPLE", "s3cr3t-of-the-tests");
/// The bucket of a server's own storage.
pub const BUCKET: &str = "bucket";
/// The bucket that is not there; all others are as soon as somebody names them.
pub const MISSING: &str = "missing";

const INTERNAL_ERROR: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error>\
    <Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";

const SLOW_DOWN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>SlowDown</Code>\
    <Message>Please reduce your request rate.</Message></Error>";

/// A server that runs. It ends when it is dropped.
#[derive(Debug)]
pub struct S3Server {
    port: u16,
    buckets: Arc<Buckets>,
    mood: Arc<Mood>,
    tls: Option<Arc<ServerConfig>>,
    runtime: Option<Runtime>,
}

/// What a server does with requests.
#[derive(Debug, Default)]
struct Mood {
    requests: AtomicU64,
    /// Of so many requests, one is served, and the others are to come again later.
    busy: AtomicU64,
    is_paused: AtomicBool,
    /// By how many seconds its clock is behind.
    behind: AtomicU64,
    /// What the path of the next request to put an object ends with that is executed and then said to have failed.
    fails_late: Mutex<Option<String>>,
    /// The same of the next one that is neither executed nor answered.
    loses: Mutex<Option<String>>,
}

/// Whether it is this path that is waited for; from now on, none is.
fn is_awaited(key: &Mutex<Option<String>>, path: &str) -> bool {
    key.lock().take_if(|key| path.ends_with(&**key)).is_some()
}

impl S3Server {
    /// One with nothing on it.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// One that speaks TLS, with a certificate and its key.
    ///
    /// # Panics
    ///
    /// Where they are none.
    pub fn secure(certificate: &Path, key: &Path) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let chain = CertificateDer::pem_file_iter(certificate).expect("a certificate");
        let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(key).expect("a key");
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        Self::with(Some(Arc::new(config.expect("they belong together"))))
    }

    fn with(tls: Option<Arc<ServerConfig>>) -> Self {
        Self::on(0, Buckets::default(), tls).expect("a free port")
    }

    /// One with what this file says that was put and dropped, which says it of all that comes; `None` where the port is
    /// taken.
    pub fn durable(changes: &Path, port: u16) -> Option<Self> {
        Self::on(port, Buckets::durable(changes), None)
    }

    fn on(port: u16, buckets: Buckets, tls: Option<Arc<ServerConfig>>) -> Option<Self> {
        let (buckets, mood) = (Arc::new(buckets), Arc::<Mood>::default());
        let (runtime, port) = listen(port, &buckets, &mood, tls.clone())?;
        Some(Self { port, buckets, mood, tls, runtime: Some(runtime) })
    }

    /// The server that the tests of this program share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<S3Server> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Where it is.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What a worker knows it by.
    pub fn url(&self) -> String {
        format!("s3://127.0.0.1:{}", self.port)
    }

    /// A storage in its bucket.
    pub fn options(&self) -> Options {
        options(self.port, BUCKET)
    }

    /// What is on it.
    pub fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// How many requests have come.
    pub fn requests(&self) -> u64 {
        self.mood.requests.load(Ordering::SeqCst)
    }

    /// Serves one of so many requests, and asks for the others to come again later; 0 and 1 serve all.
    pub fn throttle(&self, one_of: u64) {
        self.mood.busy.store(one_of, Ordering::SeqCst);
    }

    /// Executes the next request to put an object whose key ends with this, and then says that it failed.
    pub fn fail_late(&self, key: &str) {
        *self.mood.fails_late.lock() = Some(key.to_owned());
    }

    /// Whether one is still to fail.
    pub fn is_to_fail(&self) -> bool {
        self.mood.fails_late.lock().is_some()
    }

    /// Neither executes nor answers the next request to put an object whose key ends with this.
    pub fn lose(&self, key: &str) {
        *self.mood.loses.lock() = Some(key.to_owned());
    }

    /// Whether one is still to be lost.
    pub fn is_to_lose(&self) -> bool {
        self.mood.loses.lock().is_some()
    }

    /// Sets the clock that replies are dated by, so long behind that of this machine. What is there keeps its time.
    pub fn set_clock_back(&self, by: Duration) {
        self.mood.behind.store(by.as_secs(), Ordering::SeqCst);
    }

    /// Answers nothing any more.
    pub fn pause(&self) {
        self.mood.is_paused.store(true, Ordering::SeqCst);
    }

    /// Answers again, also what has come meanwhile.
    pub fn resume(&self) {
        self.mood.is_paused.store(false, Ordering::SeqCst);
    }

    /// Ends it, in the middle of whatever it does. Its objects stay.
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    pub fn start_again(&mut self) {
        self.runtime = Some(wait_until_some("the port is free again", || {
            let tls = self.tls.clone();
            listen(self.port, &self.buckets, &self.mood, tls).map(|(runtime, _)| runtime)
        }));
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A storage in a bucket of the server at this port.
///
/// # Panics
///
/// Where that is no name of a bucket.
pub fn options(port: u16, bucket: &str) -> Options {
    let options = Options::new(&format!("s3://{bucket}")).expect("a URL");
    options.endpoint(endpoint(port)).allow_http().key(KEY.0, KEY.1)
}

/// The URL of the server at this port.
pub fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Starts a server; `None` where the port is taken.
fn listen(
    port: u16,
    buckets: &Arc<Buckets>,
    mood: &Arc<Mood>,
    tls: Option<Arc<ServerConfig>>,
) -> Option<(Runtime, u16)> {
    let mut builder = S3ServiceBuilder::new(protocol::Bucketed(Arc::clone(buckets)));
    builder.set_auth(SimpleAuth::from_single(KEY.0, KEY.1));
    let service = builder.build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads for the server");
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port))).ok()?;
    let port = listener.local_addr().expect("an address").port();
    runtime.spawn(accept(listener, service, Arc::clone(mood), tls.map(TlsAcceptor::from)));
    Some((runtime, port))
}

async fn accept(
    listener: TcpListener,
    service: S3Service,
    mood: Arc<Mood>,
    tls: Option<TlsAcceptor>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let (service, mood, tls) = (service.clone(), Arc::clone(&mood), tls.clone());
        tokio::spawn(async move {
            match tls {
                None => connect(stream, service, mood).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connect(stream, service, mood).await;
                    }
                }
            }
        });
    }
}

async fn connect(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: S3Service,
    mood: Arc<Mood>,
) {
    let serve = service_fn(move |request| serve(service.clone(), Arc::clone(&mood), request));
    // Clients may go whenever they like.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), serve).await;
}

async fn serve(
    service: S3Service,
    mood: Arc<Mood>,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, Infallible> {
    let number = mood.requests.fetch_add(1, Ordering::SeqCst);
    while mood.is_paused.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (is_put, path) = (request.method() == Method::PUT, request.uri().path());
    if is_put && is_awaited(&mood.loses, path) {
        // Until whoever asks has gone.
        std::future::pending::<()>().await;
    }
    let fails = is_put && is_awaited(&mood.fails_late, path);
    let busy = mood.busy.load(Ordering::SeqCst).max(1);
    let served = if number.is_multiple_of(busy) {
        service.call(request.map(s3s::Body::from)).await.ok()
    } else {
        None
    };
    let said = |text: &str, status| {
        let mut response = Response::new(s3s::Body::from(text.to_owned()));
        *response.status_mut() = status;
        response
    };
    let mut served = match served {
        Some(_) if fails => said(INTERNAL_ERROR, StatusCode::INTERNAL_SERVER_ERROR),
        Some(served) => served,
        None => said(SLOW_DOWN, StatusCode::SERVICE_UNAVAILABLE),
    };
    let behind = Duration::from_secs(mood.behind.load(Ordering::SeqCst));
    served.headers_mut().insert("date", date(SystemTime::now() - behind));
    Ok(served)
}

/// A time as it stands in the head of a reply.
fn date(time: SystemTime) -> HeaderValue {
    let mut date = Vec::new();
    Timestamp::from(time).format(TimestampFormat::HttpDate, &mut date).expect("a date");
    HeaderValue::from_bytes(&date).expect("a value")
}
