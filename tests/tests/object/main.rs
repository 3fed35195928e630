//! Storage on an S3 server, which each test starts for itself, or which they share, and in folders.

mod conformance;
