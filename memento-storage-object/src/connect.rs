//! How the library's stores come about.

use std::ffi::OsString;
use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use memento::{Error, ErrorKind, Result};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use object_store::azure::{AzureAccessKey, AzureCredential, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::list::PaginatedListStore;
use object_store::local::LocalFileSystem;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, ObjectStore, Result as StoreResult, RetryConfig,
    StaticCredentialProvider,
};

use crate::Options;
use crate::address::Service;
use crate::problem;
use crate::wire::Connector;

const OPEN: &str = "open an object store";

/// The region of services that have none.
const REGION: &str = "us-east-1";

/// The longest pause before a request is sent again.
const PAUSE: Duration = Duration::from_secs(2);

/// A store of the library.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) objects: Arc<dyn ObjectStore>,
    once: Once,
    /// How long the service may be silent.
    pub(crate) response_timeout: Duration,
    /// What lists keys by pages; files are listed as a whole, in any order.
    pub(crate) pages: Option<Arc<dyn PaginatedListStore>>,
}

/// The same store, which sends no request a second time. Few ask for it, and to read certificates takes its time, so it
/// is made for the first of them.
#[derive(Clone)]
struct Once {
    made: Arc<OnceLock<Arc<dyn ObjectStore>>>,
    make: Arc<dyn Fn() -> StoreResult<Arc<dyn ObjectStore>> + Send + Sync>,
}

impl Once {
    fn by(make: impl Fn() -> StoreResult<Arc<dyn ObjectStore>> + Send + Sync + 'static) -> Self {
        Self { made: Arc::default(), make: Arc::new(make) }
    }
}

/// The store that a builder of the library makes: each service has a type of its own for that, and they have no trait.
macro_rules! built {
    ($builder:expr, $options:expr) => {{
        let builder = $builder;
        builder.clone().build().map(|store| {
            let credentials = Arc::clone(store.credentials());
            let once = builder.with_retry(never()).with_credentials(credentials);
            let once = Once::by(move || Ok(Arc::new(once.clone().build()?)));
            Self::of(store, once, $options.response_timeout)
        })
    }};
}

impl Store {
    /// One that sends each request once, for what may not be done twice: whether a request whose reply was lost has
    /// been executed is not known, and the same one again is refused for what the first one did.
    pub(crate) fn once(self) -> StoreResult<Self> {
        let objects = match self.once.made.get() {
            Some(made) => Arc::clone(made),
            None => {
                let made = (self.once.make)()?;
                Arc::clone(self.once.made.get_or_init(|| made))
            }
        };
        Ok(Self { objects, ..self })
    }

    /// The one that `options` name. Nothing is asked of it.
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let built = match options.address.service {
            Service::S3 => built!(s3(options)?, options),
            Service::Google => built!(google(options)?, options),
            Service::Azure => built!(azure(options)?, options),
            Service::Files => return files(options),
        };
        built.map_err(|error| problem::invalid(OPEN, options, &error))
    }

    fn of(
        store: impl ObjectStore + PaginatedListStore,
        once: Once,
        response_timeout: Duration,
    ) -> Self {
        let store = Arc::new(store);
        Self { objects: Arc::clone(&store) as _, once, response_timeout, pages: Some(store) }
    }
}

fn s3(options: &Options) -> Result<AmazonS3Builder> {
    let login = &options.login;
    let mut builder = s3_of_variables(login.secret.is_none())
        .with_bucket_name(&options.address.bucket)
        .with_virtual_hosted_style_request(options.virtual_hosted)
        // The framework checks what it reads by digests of its own.
        .with_unsigned_payload(true)
        .with_client_options(client(options)?)
        .with_http_connector(connector(options))
        .with_retry(retry(options));
    if !options.conditional {
        builder = builder.with_conditional_put(S3ConditionalPut::Disabled);
    }
    if let (Some(id), Some(secret)) = (&login.id, &login.secret) {
        builder = builder.with_access_key_id(id).with_secret_access_key(secret);
    }
    if let Some(token) = &login.token {
        builder = builder.with_token(token);
    }
    if let Some(endpoint) = &options.endpoint {
        // A variable of this service alone would be taken before what `with_endpoint` says.
        builder = builder.with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let has_region = std::env::var_os("AWS_REGION").or(std::env::var_os("AWS_DEFAULT_REGION"));
    match &options.region {
        Some(region) => builder = builder.with_region(region),
        None if has_region.is_none() => builder = builder.with_region(REGION),
        None => {}
    }
    Ok(builder)
}

/// What the variables say, as the library takes it; without a token, where that would go with another key than theirs.
fn s3_of_variables(takes_token: bool) -> AmazonS3Builder {
    let said = |(name, value): (OsString, OsString)| {
        let name = name.into_string().ok().filter(|name| name.starts_with("AWS_"))?;
        let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value.into_string().ok()?))
    };
    let is_taken = |key: &AmazonS3ConfigKey| takes_token || *key != AmazonS3ConfigKey::Token;
    let said = std::env::vars_os().filter_map(said).filter(|(key, _)| is_taken(key));
    said.fold(AmazonS3Builder::new(), |builder, (key, value)| builder.with_config(key, value))
}

fn google(options: &Options) -> Result<GoogleCloudStorageBuilder> {
    let mut builder = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(&options.address.bucket)
        .with_client_options(client(options)?)
        .with_http_connector(connector(options))
        .with_retry(retry(options));
    if let Some(file) = &options.login.file {
        builder = builder.with_service_account_path(file.to_string_lossy());
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    Ok(builder)
}

fn azure(options: &Options) -> Result<MicrosoftAzureBuilder> {
    let mut builder = MicrosoftAzureBuilder::from_env()
        .with_container_name(&options.address.bucket)
        .with_client_options(client(options)?)
        .with_http_connector(connector(options))
        .with_allow_http(options.allow_http)
        .with_retry(retry(options));
    if let Some(account) = &options.login.id {
        builder = builder.with_account(account);
    }
    if let Some(key) = &options.login.secret {
        // The variables may say otherwise who this process is, which would be taken before the key.
        let key = AzureAccessKey::try_new(key);
        let key = key.map_err(|error| problem::invalid(OPEN, options, &error.into()))?;
        let said = StaticCredentialProvider::new(AzureCredential::AccessKey(key));
        builder = builder.with_credentials(Arc::new(said));
    }
    if let Some(endpoint) = &options.endpoint {
        builder = builder.with_endpoint(endpoint.clone());
    }
    Ok(builder)
}

fn files(options: &Options) -> Result<Store> {
    let folder = &options.address.prefix;
    let made = if options.readonly { Ok(()) } else { fs::create_dir_all(folder) };
    let opened =
        made.map_err(|error| Error::new(ErrorKind::Storage, OPEN).because(error)).and_then(|()| {
            let files = LocalFileSystem::new_with_prefix(folder);
            files.map_err(|error| problem::invalid(OPEN, options, &error))
        });
    let files = opened.map_err(|error| error.with("folder", folder))?;
    let objects: Arc<dyn ObjectStore> = Arc::new(files.with_automatic_cleanup(false));
    let same = Arc::clone(&objects);
    let once = Once::by(move || Ok(Arc::clone(&same)));
    Ok(Store { objects, once, response_timeout: options.response_timeout, pages: None })
}

fn client(options: &Options) -> Result<ClientOptions> {
    // Where another provider is installed, the program has chosen it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = ClientOptions::new()
        .with_allow_http(options.allow_http)
        .with_connect_timeout(options.connect_timeout)
        .with_read_timeout(options.response_timeout)
        // Long objects take long: what counts is silence, and the pace at which they come.
        .with_timeout_disabled()
        .with_no_system_certificates(options.tls_ca.is_some() || needs_no_certificates(options));
    if let Some(file) = &options.tls_ca {
        let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorKind::Configuration, "read certificates")
                .with("file", file.display())
                .because(error)
        };
        let pem = fs::read(file).map_err(|error| unreadable(error.into()))?;
        let found = Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(error.into()))?;
        for certificate in found {
            client = client.with_root_certificate(certificate);
        }
    }
    Ok(client)
}

/// Whether nothing that is asked speaks TLS. To read the certificates of the system takes longer than many a request.
fn needs_no_certificates(options: &Options) -> bool {
    let is_plain = options.endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
    is_plain && options.login.secret.is_some()
}

fn connector(options: &Options) -> Connector {
    Connector { response_timeout: options.response_timeout }
}

fn never() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

fn retry(options: &Options) -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { max_backoff: PAUSE, ..BackoffConfig::default() },
        max_retries: options.retries,
        // A service that has been silent for so long is not asked again.
        retry_timeout: options.response_timeout,
    }
}
