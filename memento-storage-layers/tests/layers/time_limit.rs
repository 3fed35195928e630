//! How long a store is waited for.

use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use memento::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, Prefix, PutOptions, Source,
};
use memento::{ErrorKind, Name, Result};
use memento_storage_layers::{Breaker, Guarded, Retry, TimeLimit};

use crate::name;
use crate::scripted::{Next, Scripted};

/// Waiting ends by the limit, and what hangs goes on by itself.
#[test]
fn what_hangs_is_not_waited_for() {
    let (go_on, wait) = mpsc::channel();
    let store = Scripted::new([Next::Hang(wait)]);
    let limited = TimeLimit::new(Duration::from_millis(1), Arc::clone(&store));
    let error = limited.put(&name("a"), b"late").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().ends_with("the store took longer than 1ms"), "{error}");
    go_on.send(()).unwrap();
    while store.store.get(&name("a")).unwrap().is_none() {
        std::thread::yield_now();
    }
}

/// What was dropped meanwhile would come back with what ends late.
#[test]
fn nothing_is_changed_while_a_change_is_overdue() {
    let (go_on, wait) = mpsc::channel();
    let store = Scripted::new([Next::Hang(wait)]);
    let limited = Arc::new(TimeLimit::new(Duration::from_millis(1), Arc::clone(&store)));
    limited.put(&name("a"), b"late").unwrap_err();
    let retried = Guarded::new(Retry::default().first_pause(Duration::ZERO), Arc::clone(&limited));
    let error = retried.put(&name("a"), b"again").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("has not ended"), "{error}");
    retried.remove(&name("a")).unwrap_err();
    let options = PutOptions::default();
    let mut content = &b"streamed"[..];
    retried.put_from(&name("a"), &mut Source::new(&mut content), &options).unwrap_err();
    // It may have been given up before it began.
    while *store.asked.lock().unwrap() == 0 {
        thread::yield_now();
    }
    assert_eq!(store.take(), 1, "nobody asked the store for more");

    go_on.send(()).unwrap();
    let patient = TimeLimit::new(Duration::MAX, Arc::clone(&store));
    assert!(patient.get(&name("b")).unwrap().is_none(), "others are not held up");
    while limited.remove(&name("a")).is_err() {
        thread::yield_now();
    }
    assert!(store.store.get(&name("a")).unwrap().is_none(), "it is gone, and stays so");
}

/// The store was not asked: it may answer whoever reads.
#[test]
fn what_an_overdue_change_refuses_opens_no_breaker() {
    let (_go_on, wait) = mpsc::channel();
    let store = Scripted::new([Next::Hang(wait)]);
    let limited = TimeLimit::new(Duration::from_millis(1), store).named("/a/folder");
    let guarded = Guarded::new(Breaker::new(2, Duration::MAX), Arc::new(limited));
    let late = guarded.put(&name("a"), b"late").unwrap_err().to_string();
    assert!(late.contains("(store: /a/folder): the store took longer"), "{late}");
    for _ in 0..3 {
        let error = guarded.put(&name("a"), b"again").unwrap_err().to_string();
        assert!(error.contains("has not ended") && error.contains("/a/folder"), "{error}");
    }
    if let Err(error) = guarded.get(&name("a")) {
        assert!(error.to_string().contains("took longer"), "{error}");
    }
}

#[test]
fn a_panic_of_the_store_is_an_error() {
    let limited = TimeLimit::new(Duration::MAX, Scripted::new([Next::Panic]));
    let error = limited.get(&name("a")).unwrap_err();
    assert!(error.to_string().ends_with("the store panicked"), "{error}");
}

/// A thread waits for one other thread, again and again; where that is still at work, or has panicked, for a new one.
#[test]
fn each_thread_has_one_that_it_waits_for() {
    let (_go_on, wait) = mpsc::channel();
    let store = Scripted::new([]);
    let limited = |limit| TimeLimit::new(limit, Arc::clone(&store));
    let get = || limited(Duration::MAX).get(&name("a"));
    let asked_in = || store.threads.lock().unwrap().pop().unwrap();
    let next = |next| store.script.lock().unwrap().push_back(next);

    get().unwrap();
    let first = asked_in();
    assert_ne!(first, thread::current().id());
    get().unwrap();
    limited(Duration::MAX)
        .put_from(&name("a"), &mut Source::new(&mut &b"streamed"[..]), &PutOptions::default())
        .unwrap();
    assert_eq!((asked_in(), asked_in()), (first, first));
    let other = thread::scope(|scope| scope.spawn(|| get().map(|_| asked_in())).join());
    assert_ne!(other.unwrap().unwrap(), first);

    next(Next::Hang(wait));
    limited(Duration::from_millis(1)).get(&name("a")).unwrap_err();
    // It may have been given up before it began.
    while store.threads.lock().unwrap().is_empty() {
        thread::yield_now();
    }
    assert_eq!(asked_in(), first);
    get().unwrap();
    let second = asked_in();
    assert_ne!(second, first);
    next(Next::Panic);
    get().unwrap_err();
    assert_eq!(asked_in(), second);
    get().unwrap();
    assert_ne!(asked_in(), second);
}

/// A content whose second part comes when it is told to, if ever.
struct Slow(Receiver<()>, u32);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.1 > 0 && self.0.recv().is_err() {
            return Ok(0);
        }
        self.1 += 1;
        buffer.fill(7);
        Ok(buffer.len())
    }
}

/// A store whose contents are [`Slow`].
#[derive(Debug)]
struct SlowStore(Mutex<Option<Receiver<()>>>);

impl DataStore for SlowStore {
    fn get(&self, _: &Name) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn remove(&self, _: &Name) -> Result<bool> {
        Ok(false)
    }
    fn list(&self, _: &Prefix, _: &ListOptions) -> Result<Listing> {
        Ok(Listing::default())
    }
    fn read(&self, _: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        let content = self.0.lock().unwrap().take();
        Ok(content.map(|content| Box::new(Slow(content, 0)) as _))
    }
    fn put_from(&self, _: &Name, source: &mut Source<'_>, _: &PutOptions) -> Result<bool> {
        source.read_exact(&mut [0; 10]).unwrap();
        let waits = self.0.lock().unwrap().take().unwrap();
        let _ = waits.recv();
        Ok(true)
    }
}

fn slow(limit: Duration) -> (Sender<()>, TimeLimit<SlowStore>) {
    let (go_on, wait) = mpsc::channel();
    let store = SlowStore(Mutex::new(Some(wait)));
    (go_on, TimeLimit::new(limit, Arc::new(store)))
}

#[test]
fn streams_are_waited_for_part_by_part() {
    // The limit is one that leaves a busy machine the time to open it.
    let limits = (0..16).map(|power| Duration::from_millis(1 << power));
    let mut opened = limits.filter_map(|limit| {
        let (go_on, limited) = slow(limit);
        Some((limit, go_on, limited.read(&name("a")).ok()??))
    });
    let (limit, _go_on, mut content) = opened.next().unwrap();
    let error = content.read_to_end(&mut Vec::new()).unwrap_err();
    let expected = format!("the store took longer than {limit:?}");
    assert!(error.to_string().contains(&expected), "{error}");
    assert!(content.read(&mut [0; 10]).is_err(), "it does not go on behind a hole");

    let (_go_on, limited) = slow(Duration::from_millis(1));
    let mut content = io::repeat(7).take(1000);
    let mut source = Source::new(&mut content);
    let error = limited.put_from(&name("a"), &mut source, &PutOptions::default()).unwrap_err();
    assert!(error.to_string().contains("the store took longer than 1ms"), "{error}");
}

#[test]
fn a_source_that_cannot_be_read_is_the_error() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }
    let store = Arc::new(MemoryDataStore::default());
    let limited = TimeLimit::new(Duration::MAX, Arc::clone(&store));
    let mut content = (&b"begun"[..]).chain(Broken);
    let kept = limited.put_from(&name("a"), &mut Source::new(&mut content), &PutOptions::default());
    assert!(kept.unwrap_err().to_string().starts_with("cannot read what is to be kept"));
    assert_eq!(store.get(&name("a")).unwrap(), None);
}
