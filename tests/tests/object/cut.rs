//! Connections that are cut in the middle of what they carry, and slow ones.

use std::io::{self, Read, Write as _};
use std::time::{Duration, Instant};

use memento::Name;
use memento::storage::{DataStore as _, PutOptions, Source};
use memento_storage_object::{ObjectDataStore, Options, storage};
use memento_tests::cutting::Cutting;
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::s3::{BUCKET, S3Server, options};
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{LARGE, expected_long, long};

use super::{keys, visit};

const MIB: usize = 1 << 20;

/// Another process, which reaches the server through `proxy`, and sends nothing again.
fn through(proxy: &Proxy) -> Options {
    options(proxy.port(), BUCKET).retries(0)
}

/// Does `work` with a server and a way to it.
fn cutting(work: impl FnOnce(&Cutting<'_>)) {
    let server = &S3Server::start();
    let proxy = Proxy::to(server.port());
    let clear = || {
        for key in keys(server, "") {
            server.buckets().remove(BUCKET, &key);
        }
    };
    let cutting = Cutting {
        proxy: &proxy,
        direct: &|| storage(&server.options()),
        through: &|| storage(&through(&proxy)),
        clear: &clear,
    };
    work(&cutting);
}

#[test]
fn replies_are_cut_while_results_are_read() {
    cutting(|cutting| cutting.read(397, Proxy::cut_replies_after));
}

#[test]
fn replies_are_cut_while_results_are_kept() {
    cutting(|cutting| cutting.keep(97, Proxy::cut_replies_after));
}

#[test]
fn requests_are_cut_while_results_are_kept() {
    cutting(|cutting| cutting.keep(997, Proxy::cut_requests_after));
}

/// Where requests are sent again, one cut is nobody's trouble.
#[test]
fn a_connection_that_is_cut_once_is_no_failure() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    for place in (0..2000).step_by(211) {
        let n = place as u64;
        let calls = [Call::Small(n), Call::Large(n)];
        visit(&server, &calls);
        proxy.cut_replies_after(place);
        let retrying = through(&proxy).retries(3);
        assert_eq!(Visitor::on(storage(&retrying)).visit(&calls), Visit::hits(2), "cut at {place}");
    }
    proxy.cut_nothing();
}

/// Nor is it for a long value, which is decoded while it is read, and goes on where it was cut.
#[test]
fn a_long_value_that_is_cut_once_is_no_failure() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let call = || assert!(long(1) == expected_long(1));
    let direct = Visitor::on(storage(&options(server.port(), BUCKET)));
    assert_eq!(direct.measure(1, call), Visit::computed(1));
    for place in (0..5_000_000).step_by(499_979) {
        proxy.cut_replies_after(place);
        let visitor = Visitor::on(storage(&through(&proxy).retries(3)).memory_cache(0));
        assert_eq!(visitor.measure(1, call), Visit::hits(1), "cut after {place} bytes");
        assert!(!proxy.is_to_cut());
    }
}

/// Where nothing is sent again, a cut is a failure, and the value is right.
#[test]
fn a_long_value_that_is_cut_is_found_anew_or_computed() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let call = || assert!(long(1) == expected_long(1));
    let direct = Visitor::on(storage(&options(server.port(), BUCKET)));
    assert_eq!(direct.measure(1, call), Visit::computed(1));
    for place in [1_000_000, 2_500_000, 5_000_000] {
        proxy.cut_replies_after(place);
        let visited = Visitor::on(storage(&through(&proxy)).memory_cache(0)).measure(1, call);
        assert_eq!(visited.failures, 1, "{visited:?}");
        assert!(!proxy.is_to_cut());
    }
}

/// Of an object that was cut on its way, nothing is seen.
#[test]
fn an_object_in_parts_is_cut_on_its_way() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let cut = ObjectDataStore::new(&through(&proxy));
    let direct = ObjectDataStore::new(&server.options());
    let name = Name::new("a/b").unwrap();
    let content = vec![7; 20 * MIB + 5];
    for place in [100, MIB, 9 * MIB, 17 * MIB] {
        proxy.cut_requests_for_good_after(place);
        cut.put(&name, &content).unwrap_err();
        proxy.cut_nothing();
        assert_eq!(direct.get(&name).unwrap(), None, "cut after {place} bytes");
        assert_eq!(keys(&server, ""), [""; 0], "cut after {place} bytes");
    }
    assert!(
        server.buckets().uploads() > 0,
        "some of them have begun, and nobody could give them up"
    );
    cut.put(&name, &content).unwrap();
    for place in [100, MIB, 15 * MIB] {
        proxy.cut_replies_after(place);
        let found = cut.get(&name);
        assert!(!proxy.is_to_cut());
        assert!(found.is_err() || found.unwrap().is_some_and(|found| found == content));
    }
    assert!(direct.get(&name).unwrap().unwrap() == content);
}

/// What has begun in parts, and then fails for another reason, is given up.
#[test]
fn an_object_whose_source_fails_leaves_no_parts() {
    let server = S3Server::start();
    let store = ObjectDataStore::new(&server.options());
    let mut written = store.create().unwrap();
    written.write_all(&vec![1; 20 * MIB]).unwrap();
    drop(written);
    let name = Name::new("a/b").unwrap();
    let mut failing = io::repeat(1).take(9 << 20).chain(Failing);
    let mut source = Source::new(&mut failing);
    store.put_from(&name, &mut source, &PutOptions::default()).unwrap_err();
    assert_eq!((server.buckets().uploads(), keys(&server, "")), (0, vec![]));
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the source was cut off"))
    }
}

#[test]
fn what_comes_in_crumbs_is_whole() {
    cutting(|cutting| cutting.crumble(3));
}

/// All of a reply takes longer than the server may be silent, and comes fast enough all the same.
#[test]
fn a_server_that_is_slow_within_its_limits_is_waited_for() {
    const PAUSE: Duration = Duration::from_millis(500);
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let calls = [Call::Small(1), Call::Large(1)];
    assert_eq!(visit(&server, &calls), Visit::computed(2));
    let visitor = Visitor::on(storage(&through(&proxy).response_timeout(PAUSE * 6)));
    proxy.slow_replies(LARGE / 5, PAUSE);
    let began = Instant::now();
    assert_eq!(visitor.visit(&calls), Visit::hits(2));
    assert!(began.elapsed() > PAUSE * 6, "{:?}", began.elapsed());
    proxy.hurry();
    assert_eq!(visitor.visit(&[Call::Small(2), Call::Large(2)]), Visit::computed(2));
}

/// A byte now and then is no silence, and holds each request up for its time and no longer.
#[test]
fn a_server_that_drips_is_not_waited_for() {
    const TIMEOUT: Duration = Duration::from_millis(300);
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    visit(&server, &[Call::Small(1), Call::Large(1)]);
    let dripping = through(&proxy).response_timeout(TIMEOUT).retries(100);
    let visitor = Visitor::on(storage(&dripping));
    proxy.slow_replies(1, TIMEOUT / 10);
    let visit = visitor.visit(&[Call::Small(1), Call::Large(1)]);
    assert_eq!((visit.computed, visit.hits), (2, 0));
    for warning in &visit.warnings {
        assert!(warning.contains("it does not answer in time"), "{warning}");
    }
    proxy.hurry();

    // Nor is it in the middle of a content that has come fast before, be it read as a whole or in parts.
    let name = Name::new("a/b").unwrap();
    ObjectDataStore::new(&server.options()).put(&name, &vec![7; 40 * MIB]).unwrap();
    let store = ObjectDataStore::new(&dripping);
    let mut content = store.read(&name).unwrap().unwrap();
    content.read_exact(&mut vec![0; MIB]).unwrap();
    proxy.slow_replies(1, TIMEOUT / 10);
    let error = content.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("it does not answer in time"), "{error}");
    let again = content.read(&mut [0]).unwrap_err();
    assert_eq!(again.to_string(), error.to_string(), "it does not end there");
    proxy.hurry();
    std::thread::scope(|scope| {
        let read = scope.spawn(|| store.get(&name));
        let before = server.requests();
        wait_until("it is asked for", || server.requests() > before);
        proxy.slow_replies(1, TIMEOUT / 10);
        let read = read.join().unwrap();
        assert!(read.is_err_and(|error| error.to_string().contains("it does not answer in time")));
    });
}
