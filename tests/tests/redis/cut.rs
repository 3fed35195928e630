//! Connections that are cut in the middle of what they carry, and slow ones.

use std::thread;
use std::time::{Duration, Instant};

use memento::Name;
use memento::storage::{DataStore as _, PutOptions};
use memento_storage_redis::{Options, RedisDataStore, storage};
use memento_tests::cutting::Cutting;
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{LARGE, expected_long, expected_small, long, small};

use super::{assert_counted, chunks, on};

const MIB: usize = 1 << 20;
const CALLS: [Call; 2] = [Call::Small(1), Call::Large(1)];

/// Another process, which reaches the server through `proxy`.
fn through(proxy: &Proxy) -> Options {
    Options::new(&proxy.url()).unwrap()
}

/// Does `work` with a server and a way to it.
fn cutting(work: impl FnOnce(&Cutting<'_>)) {
    let server = &RedisServer::start();
    let proxy = Proxy::to(server.port());
    let clear = || {
        assert_counted(server);
        server.ask(&["FLUSHALL"]);
    };
    let cutting = Cutting {
        proxy: &proxy,
        direct: &|| storage(&on(server)),
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
    cutting(|cutting| cutting.keep(13, Proxy::cut_replies_after));
}

#[test]
fn requests_are_cut_while_results_are_kept() {
    cutting(|cutting| cutting.keep(499, Proxy::cut_requests_after));
}

/// What may be sent again is, where a connection that was idle turns out to be gone.
#[test]
fn idle_connections_that_are_gone_are_no_failures() {
    let mut server = RedisServer::durable();
    let visitor = Visitor::on(storage(&on(&server)));
    assert_eq!(visitor.visit(&CALLS), Visit::computed(2));
    server.kill();
    server.start_again();
    let others = [Call::Small(2), Call::Large(2), Call::Small(3)];
    assert_eq!(visitor.visit(&others), Visit::computed(3));
}

/// A batch goes on with what has not come yet, where a connection that was idle is cut: nothing is computed again.
#[test]
fn replies_are_cut_while_a_batch_is_read() {
    const CALLS: u64 = 700;
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let batch = || {
        for (n, result) in (0..).zip(small::map((0..CALLS).map(|n| (n,)))) {
            assert_eq!(result.unwrap(), expected_small(n));
        }
    };
    let direct = Visitor::on(storage(&on(&server)));
    assert_eq!(direct.measure(CALLS, batch), Visit::computed(CALLS));
    for (cuts, place) in (0..).step_by(9973).enumerate() {
        let visitor = Visitor::on(storage(&through(&proxy)).memory_cache(0));
        assert_eq!(visitor.visit(&[Call::Small(1)]), Visit::hits(1), "there is a connection now");
        proxy.cut_replies_after(place);
        assert_eq!(visitor.measure(CALLS, batch), Visit::hits(CALLS), "cut after {place} bytes");
        if proxy.is_to_cut() {
            assert!(cuts > 10, "{cuts} cuts");
            return;
        }
    }
}

/// So does a long value, which is decoded while it is read.
#[test]
fn replies_are_cut_while_a_long_value_is_read() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let call = || assert!(long(1) == expected_long(1));
    assert_eq!(Visitor::on(storage(&on(&server))).measure(1, call), Visit::computed(1));
    for (cuts, place) in (0..).step_by(499_979).enumerate() {
        let visitor = Visitor::on(storage(&through(&proxy)).memory_cache(0));
        assert_eq!(visitor.measure(1, call), Visit::hits(1), "there are connections now");
        proxy.cut_replies_after(place);
        assert_eq!(visitor.measure(1, call), Visit::hits(1), "cut after {place} bytes");
        if proxy.is_to_cut() {
            assert!(cuts > 8, "{cuts} cuts");
            return;
        }
    }
}

/// Of an object that was cut on its way, nothing is seen, and what is there of it goes by itself.
#[test]
fn an_object_in_chunks_is_cut_on_its_way() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (cut, direct) = (RedisDataStore::new(&through(&proxy)), RedisDataStore::new(&on(&server)));
    let name = Name::new("a/b").unwrap();
    let content = vec![7; 3 * MIB + 5];
    for place in [MIB / 2, MIB + MIB / 2, 2 * MIB + MIB / 2] {
        proxy.cut_requests_for_good_after(place);
        cut.put(&name, &content).unwrap_err();
        proxy.cut_nothing();
        assert_eq!(direct.get(&name).unwrap(), None, "cut after {place} bytes");
        assert!(chunks(&server).iter().all(|chunk| chunk.lasts > 0), "{:?}", chunks(&server));
    }
    assert!(!chunks(&server).is_empty(), "some of them have arrived");
    cut.put(&name, &content).unwrap();
    for place in [100, MIB / 2, 2 * MIB] {
        proxy.cut_replies_after(place);
        let found = cut.get(&name);
        assert!(!proxy.is_to_cut());
        assert!(found.is_err() || found.unwrap().is_some_and(|found| found == content));
    }
    assert_eq!(direct.get(&name).unwrap().unwrap(), content);
    assert_counted(&server);
}

/// The server has kept an object, and its reply is lost: what is sent again finds its own work, and leaves it whole.
#[test]
fn an_object_in_chunks_is_put_twice_where_a_reply_is_lost() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (cut, direct) = (RedisDataStore::new(&through(&proxy)), RedisDataStore::new(&on(&server)));
    let (name, copy) = (Name::new("a/b").unwrap(), Name::new("a/copy").unwrap());
    cut.put(&name, b"").unwrap();
    let mut cuts = 0;
    for place in 0..40 {
        let content = vec![place; 2 * MIB + 5];
        proxy.cut_replies_after(place.into());
        cut.put(&name, &content).unwrap();
        cuts += u32::from(!proxy.is_to_cut());
        assert_eq!(direct.get(&name).unwrap().unwrap(), content, "cut after {place} bytes");
        proxy.cut_replies_after(usize::from(place) % 4);
        assert!(cut.copy(&name, &copy).unwrap());
        assert_eq!(direct.get(&copy).unwrap().unwrap(), content, "cut after {place} bytes");
        proxy.cut_nothing();
    }
    assert!((10..40).contains(&cuts), "{cuts} of 40");
    // Those of objects that are no more stay for a while, for their readers.
    let left = chunks(&server).into_iter().filter(|chunk| chunk.lasts == -1).count();
    assert_eq!(left, 6, "the chunks of the two objects");
    assert_counted(&server);
}

/// A copy has been made, its reply is lost, and its source is another one by then: what is sent again makes no second one.
#[test]
fn a_copy_whose_reply_is_lost_is_of_what_was_there_first() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (cut, direct) = (RedisDataStore::new(&through(&proxy)), RedisDataStore::new(&on(&server)));
    let (name, copy) = (Name::new("a/b").unwrap(), Name::new("a/copy").unwrap());
    let content = vec![1; 2 * MIB + 5];
    let meanwhile: [&dyn Fn(); 2] = [&|| direct.put(&name, b"short").unwrap(), &|| {
        assert!(direct.remove(&name).unwrap());
    }];
    for change in meanwhile {
        direct.put(&name, &content).unwrap();
        assert!(cut.copy(&name, &copy).unwrap(), "there is a connection now");
        assert!(direct.remove(&copy).unwrap());
        proxy.cut_replies_after(0);
        let held = proxy.hold_replies();
        thread::scope(|scope| {
            let copied = scope.spawn(|| cut.copy(&name, &copy));
            wait_until("the copy is there", || direct.properties(&copy).unwrap().is_some());
            change();
            drop(held);
            assert!(copied.join().unwrap().unwrap());
        });
        assert!(!proxy.is_to_cut());
        assert!(direct.get(&copy).unwrap().unwrap() == content);
        assert!(direct.remove(&copy).unwrap());
        let left = chunks(&server).into_iter().filter(|chunk| chunk.lasts == -1).count();
        assert_eq!(left, 0);
    }
    assert_counted(&server);
}

/// A put on a condition is not sent again where its reply is lost: it may have been done, and is whole then.
#[test]
fn an_object_in_chunks_is_put_on_a_condition_whose_reply_is_lost() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let (cut, direct) = (RedisDataStore::new(&through(&proxy)), RedisDataStore::new(&on(&server)));
    let (absent, there) = (Name::new("a/absent").unwrap(), Name::new("a/there").unwrap());
    let (before, content) = (vec![1; MIB + 5], vec![2; MIB + 7]);
    // What the put of an object reads before is as long as the object, and a little more.
    let puts = [
        (&absent, None, PutOptions::if_absent(), 0),
        (&there, Some(&before), PutOptions::if_content(before.clone()), MIB + 100),
    ];
    cut.put(&there, &content).unwrap();
    let mut lost = [0; 2];
    for place in 0..60 {
        direct.remove(&absent).unwrap();
        direct.put(&there, &before).unwrap();
        for ((name, before, options, from), lost) in puts.iter().zip(&mut lost) {
            proxy.cut_replies_after(from + place);
            let put = cut.put_with(name, &content, options);
            proxy.cut_nothing();
            let found = direct.get(name).unwrap();
            let is_there = found.as_ref() != *before;
            assert!(!is_there || found.as_ref() == Some(&content), "cut after {place} bytes");
            assert!(put.as_ref().map_or(true, |is_kept| *is_kept && is_there), "{place}: {put:?}");
            *lost += u32::from(put.is_err() && is_there);
        }
    }
    assert!(lost.into_iter().all(|lost| lost > 0), "{lost:?}");
    assert_counted(&server);
}

#[test]
fn what_comes_in_crumbs_is_whole() {
    cutting(|cutting| cutting.crumble(3));
}

/// All of a reply takes longer than the server may be silent, and no silence in it does.
#[test]
fn a_server_that_is_slow_within_its_limits_is_waited_for() {
    const PAUSE: Duration = Duration::from_millis(500);
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    assert_eq!(Visitor::on(storage(&on(&server))).visit(&CALLS), Visit::computed(2));
    let options = through(&proxy).response_timeout(PAUSE * 4);
    let visitor = Visitor::on(storage(&options));
    proxy.slow_replies(LARGE / 5, PAUSE);
    let began = Instant::now();
    assert_eq!(visitor.visit(&CALLS), Visit::hits(2));
    assert!(began.elapsed() > PAUSE * 4, "{:?}", began.elapsed());
    proxy.hurry();
    assert_eq!(visitor.visit(&[Call::Small(2), Call::Large(2)]), Visit::computed(2));
}
