//! Results on an S3 server in this process, beside the library's own client with objects of the same size.

use divan::Bencher;
use divan::counter::BytesCount;
use memento_benches::calls::{self, BYTES};
use memento_benches::object::{Client, uncached};
use memento_benches::random::SplitMix;
use memento_tests::s3::{BUCKET, S3Server};

/// How many mementos are on the server that single hits go to.
const STORED: u64 = 1_000;

fn main() {
    divan::main();
}

/// A server on which small results are stored.
fn stored() -> S3Server {
    let server = S3Server::start();
    uncached(&server).enter(|| calls::store_small(STORED));
    server
}

/// One small hit.
mod hit {
    use super::{BUCKET, Bencher, Client, STORED, SplitMix, calls, stored, uncached};

    #[divan::bench(sample_count = 100, sample_size = 10)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = stored();
        let client = Client::of(&server);
        let keys = server.buckets().keys(BUCKET, "mementos/");
        let mut random = SplitMix::new(1);
        bencher
            .with_inputs(|| usize::try_from(random.below(STORED)).expect("it is small"))
            .bench_local_values(|index| client.get(&keys[index]));
    }

    #[divan::bench(sample_count = 100, sample_size = 10)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = stored();
        let mut random = SplitMix::new(1);
        uncached(&server).enter(|| {
            bencher.with_inputs(|| random.below(STORED)).bench_local_values(calls::small);
        });
    }
}

/// 1,000 hits at once.
mod hits {
    use super::{Bencher, STORED, calls, stored, uncached};

    /// `small::map`
    #[divan::bench(sample_count = 10, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = stored();
        uncached(&server).enter(|| calls::hits(bencher, STORED));
    }
}

/// A result of 64 MB that is read.
mod large_hit {
    use super::{BYTES, Bencher, BytesCount, Client, S3Server, calls, uncached};

    /// One object, which is neither checked nor decoded.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let client = Client::of(&server);
        client.put("large", &vec![1; BYTES]);
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| client.get("large"));
    }

    /// The same, checked and decoded by hand.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let client = Client::of(&server);
        let config = bincode::config::standard().with_fixed_int_encoding();
        let encoded = calls::encoded(0);
        let digest = blake3::hash(&encoded);
        client.put("large", &encoded);
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| -> Vec<f64> {
            let content = client.get("large");
            assert_eq!(blake3::hash(&content), digest);
            let (value, _) = bincode::serde::decode_from_slice(&content, config).expect("a value");
            value
        });
    }

    /// Checked and decoded.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        uncached(&server).enter(|| calls::large_hits(bencher));
    }
}

/// A result of 64 MB that is a file, and is read as one.
mod large_file {
    use super::{Bencher, S3Server, calls, uncached};

    /// Checked while it is streamed, of which a megabyte or two are in memory.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        uncached(&server).enter(|| calls::file_hits(bencher));
    }
}

/// A result of 64 MB that is computed and stored.
mod large_miss {
    use super::{Bencher, Client, S3Server, calls, uncached};

    /// Computed, encoded and put by the plain client.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let client = Client::of(&server);
        calls::misses(bencher, |seed: u64| client.put(&seed.to_string(), &calls::encoded(seed)));
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        uncached(&server).enter(|| calls::misses(bencher, calls::large));
    }
}

/// A result of 64 MB that is written into a file and stored.
mod large_file_miss {
    use super::{BYTES, Bencher, Client, S3Server, calls, uncached};

    /// Put, without a file, by the plain client.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let client = Client::of(&server);
        calls::misses(bencher, |seed: u8| client.put(&seed.to_string(), &vec![seed; BYTES]));
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        uncached(&server).enter(|| calls::misses(bencher, calls::file));
    }
}

/// An object of 64 MB, as results are kept.
mod large_object {
    use std::io;

    use memento::Name;
    use memento::storage::DataStore as _;
    use memento_storage_object::ObjectDataStore;

    use super::{BYTES, Bencher, BytesCount, Client, S3Server};

    fn name() -> Name {
        Name::new("a/b").expect("a name")
    }

    /// By the client, in one piece.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn client_put(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let (client, content) = (Client::of(&server), vec![1; BYTES]);
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| client.put("large", &content));
    }

    /// In parts.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn put(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let (store, content) = (ObjectDataStore::new(&server.options()), vec![1; BYTES]);
        bencher
            .counter(BytesCount::new(BYTES))
            .bench_local(|| store.put(&name(), &content).expect("it is kept"));
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let store = ObjectDataStore::new(&server.options());
        store.put(&name(), &vec![1; BYTES]).expect("it is kept");
        bencher
            .counter(BytesCount::new(BYTES))
            .bench_local(|| store.get(&name()).expect("it is read"));
    }

    /// As a stream, of which a megabyte or two are in memory.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn read(bencher: Bencher<'_, '_>) {
        let server = S3Server::start();
        let store = ObjectDataStore::new(&server.options());
        store.put(&name(), &vec![1; BYTES]).expect("it is kept");
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
            let mut stream = store.read(&name()).expect("it is read").expect("it is there");
            io::copy(&mut stream, &mut io::sink()).expect("all of it")
        });
    }
}
