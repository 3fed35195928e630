//! Results on a Redis server, beside the plain client with values of the same size, through the same socket.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use memento_benches::calls::{self, BYTES};
use memento_benches::random::SplitMix;
use memento_benches::redis::Server;
use redis::{Commands, Connection};

/// How many mementos are on the server that single hits go to.
const STORED: u64 = 10_000;
/// How many calls a batch has.
const BATCH: u64 = 1_000;

fn main() {
    divan::main();
}

/// A server on which `count` small results are stored.
fn stored(count: u64) -> Server {
    let server = Server::start();
    server.uncached().enter(|| calls::store_small(count));
    server
}

/// The keys of all mementos.
fn keys(connection: &mut Connection) -> Vec<String> {
    connection.keys("memento:1:memento:*").expect("a list")
}

/// One small hit.
mod hit {
    use super::{Bencher, Commands, STORED, SplitMix, calls, keys, stored};

    #[divan::bench(sample_count = 100, sample_size = 100)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = stored(STORED);
        let mut connection = server.connect();
        let keys = keys(&mut connection);
        let mut random = SplitMix::new(1);
        bencher
            .with_inputs(|| usize::try_from(random.below(STORED)).expect("it is small"))
            .bench_local_values(|index| -> Vec<u8> {
                connection.get(&keys[index]).expect("a value")
            });
    }

    #[divan::bench(sample_count = 100, sample_size = 100)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = stored(STORED);
        let mut random = SplitMix::new(1);
        server.uncached().enter(|| {
            bencher.with_inputs(|| random.below(STORED)).bench_local_values(calls::small);
        });
    }
}

/// 1,000 hits at once.
mod hits {
    use super::{BATCH, Bencher, ItemsCount, calls, keys, stored};

    #[divan::bench(sample_count = 100, sample_size = 1)]
    fn pipeline(bencher: Bencher<'_, '_>) {
        let server = stored(BATCH);
        let mut connection = server.connect();
        let keys = keys(&mut connection);
        bencher.counter(ItemsCount::new(BATCH)).bench_local(|| -> Vec<Vec<u8>> {
            let mut pipeline = redis::pipe();
            for key in &keys {
                pipeline.get(key);
            }
            pipeline.query(&mut connection).expect("values")
        });
    }

    /// `small::map`
    #[divan::bench(sample_count = 100, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = stored(BATCH);
        server.uncached().enter(|| calls::hits(bencher, BATCH));
    }
}

/// A result of 64 MB that is read.
mod large_hit {
    use super::{BYTES, Bencher, BytesCount, Commands, Server, calls};

    /// One value, which is not decoded.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let mut connection = server.connect();
        let () = connection.set("large", vec![1_u8; BYTES]).expect("it is kept");
        bencher
            .counter(BytesCount::new(BYTES))
            .bench_local(|| -> Vec<u8> { connection.get("large").expect("a value") });
    }

    /// Checked and decoded.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        server.uncached().enter(|| calls::large_hits(bencher));
    }
}

/// A result of 64 MB that is a file, and is read as one.
mod large_file {
    use super::{Bencher, Server, calls};

    /// Checked while it is streamed, of which a megabyte or two are in memory.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        server.uncached().enter(|| calls::file_hits(bencher));
    }
}

/// A result of 64 MB that is computed and stored.
mod large_miss {
    use super::{Bencher, Commands, Server, calls};

    /// Computed, encoded and put by the plain client.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let mut connection = server.connect();
        calls::misses(bencher, |seed: u64| {
            let () = connection.set(seed, calls::encoded(seed)).expect("it is kept");
        });
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        server.uncached().enter(|| calls::misses(bencher, calls::large));
    }
}

/// A result of 64 MB that is written into a file and stored.
mod large_file_miss {
    use super::{BYTES, Bencher, Commands, Server, calls};

    /// Put, without a file, by the plain client.
    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn by_hand(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let mut connection = server.connect();
        calls::misses(bencher, |seed: u8| {
            let () = connection.set(seed, vec![seed; BYTES]).expect("it is kept");
        });
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        server.uncached().enter(|| calls::misses(bencher, calls::file));
    }
}

/// An object of 64 MB, as results are kept.
mod large_object {
    use memento::Name;
    use memento::storage::DataStore as _;
    use memento_storage_redis::RedisDataStore;

    use super::{BYTES, Bencher, BytesCount, Commands, Server};

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn set(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let mut connection = server.connect();
        let content = vec![1_u8; BYTES];
        bencher.counter(BytesCount::new(BYTES)).bench_local(|| {
            let () = connection.set("large", &content).expect("it is kept");
        });
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn put(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let store = RedisDataStore::new(&server.options());
        let (name, content) = (Name::new("a/b").expect("a name"), vec![1; BYTES]);
        bencher
            .counter(BytesCount::new(BYTES))
            .bench_local(|| store.put(&name, &content).expect("it is kept"));
    }

    #[divan::bench(sample_count = 11, sample_size = 1)]
    fn get(bencher: Bencher<'_, '_>) {
        let server = Server::start();
        let store = RedisDataStore::new(&server.options());
        let (name, content) = (Name::new("a/b").expect("a name"), vec![1; BYTES]);
        store.put(&name, &content).expect("it is kept");
        bencher
            .counter(BytesCount::new(BYTES))
            .bench_local(|| store.get(&name).expect("it is read"));
    }
}
