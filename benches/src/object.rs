//! The library's own client of an S3 server, which memento is compared with.

use std::sync::Arc;

use memento::{Environment, LocalRunner};
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use tokio::runtime::Runtime;

/// A client, and the runtime that drives it.
#[derive(Debug)]
pub struct Client {
    runtime: Runtime,
    store: Arc<dyn ObjectStore>,
}

impl Client {
    /// One of this server, which signs what memento signs.
    ///
    /// # Panics
    ///
    /// Where there are no threads for it.
    pub fn of(server: &S3Server) -> Self {
        // It makes TLS available, which the client looks for.
        drop(storage(server));
        let runtime = Runtime::new().expect("threads");
        let store = AmazonS3Builder::new()
            .with_endpoint(endpoint(server.port()))
            .with_allow_http(true)
            .with_bucket_name(BUCKET)
            .with_access_key_id(KEY.0)
            .with_secret_access_key(KEY.1)
            .with_unsigned_payload(true)
            .build()
            .expect("a client");
        Self { runtime, store: Arc::new(store) }
    }

    /// The content of an object.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn get(&self, key: &str) -> Vec<u8> {
        let path = Path::parse(key).expect("a key");
        let content = self.runtime.block_on(async { self.store.get(&path).await?.bytes().await });
        content.expect("it is there").into()
    }

    /// Puts an object, in one piece.
    ///
    /// # Panics
    ///
    /// Where it is not kept.
    pub fn put(&self, key: &str, content: &[u8]) {
        let path = Path::parse(key).expect("a key");
        let put = self.runtime.block_on(self.store.put(&path, content.to_vec().into()));
        put.expect("it is kept");
    }
}

fn storage(server: &S3Server) -> memento::Storage {
    memento_storage_object::storage(&server.options()).memory_cache(0)
}

/// An environment on a server without a memory cache: every hit comes from there.
pub fn uncached(server: &S3Server) -> Environment {
    Environment::new(storage(server), LocalRunner::new())
}
