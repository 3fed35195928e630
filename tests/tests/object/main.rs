//! Storage on an S3 server, which each test starts for itself, or which they share, and in folders.

mod claims;
mod clocks;
mod configuration;
mod conformance;
mod cut;
mod damaged;
mod down;
mod endless;
mod hostile;
mod memory;
mod once;
mod secure;
mod too_long;
mod transactions;
mod wrapped;

use memento_storage_object::storage;
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::{Call, Visit, Visitor};

/// What a process that comes now sees.
fn visit(server: &S3Server, calls: &[Call]) -> Visit {
    Visitor::on(storage(&server.options())).visit(calls)
}

/// The keys of a server whose names begin with this.
fn keys(server: &S3Server, beginning: &str) -> Vec<String> {
    server.buckets().keys(BUCKET, beginning)
}
