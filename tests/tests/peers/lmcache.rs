//! Backends behind URLs, in order, with what keeps them from being in the way.

mod connectors;
mod eviction;
mod faults;
mod operations;
mod plugin;
mod tiers;

use memento::storage::DataStore as _;
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};

use crate::{environment, in_folder, runs};

fn redis(prefix: &str) -> String {
    format!("url = '{}'\nkey_prefix = '{prefix}'\n", RedisServer::shared().url())
}

fn in_s3(server: &S3Server, prefix: &str) -> String {
    format!(
        "url = 's3://{BUCKET}/{prefix}'\nendpoint = '{}'\nallow_http = true\n\
         access_key_id = '{}'\nsecret_access_key = '{}'\n",
        endpoint(server.port()),
        KEY.0,
        KEY.1
    )
}

/// What goes into a backend is transformed on its way, and back: compressed, and encrypted.
#[test]
fn contents_are_compressed_and_encrypted_on_their_way() {
    let store = "type = 'filesystem'\npath = 'sealed'\n";
    let layers =
        "[storage.compression]\n[storage.encryption]\nkey = '0123456789abcdef0123456789abcdef'\n";
    let (folder, sealed) = environment(&format!("{store}{layers}")).unwrap();
    assert_eq!((runs(&sealed), runs(&sealed)), (6, 0));
    let plain = memento_storage_fs::FileDataStore::new(&memento_storage_fs::Options::new(
        folder.path().join("sealed"),
    ));
    let info = plain.info().unwrap();
    assert!(info.objects >= 3 && info.bytes < 300_000, "{info:?}");
    let other = layers.replace("0123", "3210");
    let other = in_folder(&folder, &format!("{store}{other}")).unwrap();
    assert_eq!(runs(&other), 6, "nobody reads it with another key");
}
