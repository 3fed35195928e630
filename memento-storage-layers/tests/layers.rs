//! What the layers do when a store fails, hangs, or must not be changed.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use memento::{
    Capabilities, DataStore, Error, ErrorKind, ListOptions, Listing, MemoryDataStore, Name, Prefix,
    Properties, PutOptions, Result, Source,
};
use memento_storage_layers::{Breaker, Faults, Guarded, Policy, ReadOnly, Retry, TimeLimit};

/// A store that does what it is told to do next, or what a store in memory does.
#[derive(Debug, Default)]
struct Scripted {
    store: MemoryDataStore,
    script: Mutex<VecDeque<Next>>,
    asked: Mutex<u32>,
}

#[derive(Debug)]
enum Next {
    Fail(ErrorKind),
    /// Does it, and fails.
    DoAndFail,
    /// Waits until it is told to go on.
    Hang(Receiver<()>),
    Panic,
}

impl Scripted {
    fn new(script: impl IntoIterator<Item = Next>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    /// How often it was asked since this was asked last.
    fn take(&self) -> u32 {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn asked<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        *self.asked.lock().unwrap() += 1;
        let next = self.script.lock().unwrap().pop_front();
        match next {
            None => work(),
            Some(Next::Fail(kind)) => Err(Error::new(kind, "do what was asked")),
            Some(Next::DoAndFail) => {
                work()?;
                Err(Error::new(ErrorKind::Storage, "do what was asked"))
            }
            Some(Next::Hang(go_on)) => {
                let _ = go_on.recv();
                work()
            }
            Some(Next::Panic) => panic!("on purpose"),
        }
    }
}

impl DataStore for Scripted {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.asked(|| self.store.get(name))
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.asked(|| self.store.put(name, content))
    }
    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.asked(|| self.store.put_with(name, content, options))
    }
    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.asked(|| self.store.append(name, content))
    }
    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        self.asked(|| self.store.put_from(name, source, options))
    }
    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked(|| self.store.read(name))
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.asked(|| self.store.remove(name))
    }
    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.asked(|| self.store.properties(name))
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.asked(|| self.store.list(prefix, options))
    }
}

fn name(text: &str) -> Name {
    Name::new(&format!("test/{text}")).unwrap()
}

fn fails(times: usize) -> impl Iterator<Item = Next> {
    (0..times).map(|_| Next::Fail(ErrorKind::Storage))
}

fn retry() -> Retry {
    Retry::default().first_pause(Duration::ZERO)
}

#[test]
fn what_fails_is_tried_again() {
    for (failures, asked, is_done) in [(0, 1, true), (1, 2, true), (2, 3, true), (3, 3, false)] {
        let store = Scripted::new(fails(failures));
        let retried = Guarded::new(retry(), Arc::clone(&store));
        let ended = retried.put(&name("a"), b"content");
        assert_eq!((ended.is_ok(), store.take()), (is_done, asked), "{failures} failures");
        assert_eq!(store.store.get(&name("a")).unwrap().is_some(), is_done);
    }
}

#[test]
fn what_will_not_succeed_is_not_tried_again() {
    for kind in [ErrorKind::Damaged, ErrorKind::ReadOnly, ErrorKind::Unsupported] {
        let store = Scripted::new([Next::Fail(kind)]);
        let retried = Guarded::new(retry(), Arc::clone(&store));
        assert_eq!(retried.get(&name("a")).unwrap_err().kind(), kind);
        assert_eq!(store.take(), 1);
    }
}

/// What was done and reported as failed is not done twice where that would show.
#[test]
fn what_cannot_be_repeated_is_tried_once() {
    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.append(&name("a"), b"once").is_err());
    assert_eq!((store.take(), retried.get(&name("a")).unwrap().unwrap()), (1, b"once".to_vec()));

    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.put_if_absent(&name("a"), b"mine").is_err());
    assert_eq!(store.take(), 1);

    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    retried.put(&name("a"), b"mine").unwrap();
    assert_eq!(store.take(), 2, "to put the same again is the same");
}

/// Of many, those that failed are tried again, and no others.
#[test]
fn each_of_many_has_a_result_of_its_own() {
    let names: Vec<_> = ["a", "b", "c", "d"].map(name).into();
    let script = || [Next::Fail(ErrorKind::Storage), Next::Fail(ErrorKind::Damaged)];
    let store = Scripted::new(script());
    for name in &names {
        store.store.put(name, name.as_str().as_bytes()).unwrap();
    }
    let retried = Guarded::new(retry(), Arc::clone(&store));
    let found = retried.get_many(&names);
    assert_eq!(store.take(), 5, "four, and the first again");
    let kinds: Vec<_> = found.iter().map(|found| found.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Damaged), None, None]);
    assert_eq!(found[0].as_ref().unwrap().as_deref(), Some(&b"test/a"[..]));

    let alone = Guarded::new(retry().attempts(1), Scripted::new(script()));
    let kinds: Vec<_> =
        alone.contains(&names).iter().map(|found| found.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::Storage), Some(ErrorKind::Damaged), None, None]);
}

#[test]
fn a_breaker_opens_and_closes_again() {
    let store = Scripted::new(fails(4));
    let never_again = Guarded::new(Breaker::new(3, Duration::MAX), Arc::clone(&store));
    for _ in 0..3 {
        assert!(never_again.get(&name("a")).is_err());
    }
    assert_eq!(store.take(), 3);
    let error = never_again.put(&name("a"), b"").unwrap_err();
    assert_eq!((error.kind(), store.take()), (ErrorKind::Unavailable, 0));
    assert!(error.to_string().contains("the store failed 3 times in a row or more"), "{error}");
    let many = never_again.get_many(&[name("a"), name("b")]);
    assert!(many.len() == 2 && many.iter().all(Result::is_err));
    assert_eq!(store.take(), 0);

    let store = Scripted::new(fails(4));
    let at_once = Guarded::new(Breaker::new(3, Duration::ZERO), Arc::clone(&store));
    for _ in 0..4 {
        assert!(at_once.get(&name("a")).is_err());
    }
    assert_eq!(at_once.get(&name("a")).unwrap(), None, "the probe succeeds");
    assert_eq!(store.take(), 5);
}

/// What a dead store costs: attempts until the breaker opens, and no more before the period has passed.
#[test]
fn a_breaker_that_is_open_ends_the_attempts() {
    let store = Scripted::new(fails(100));
    let broken = Guarded::new(Breaker::new(5, Duration::MAX), Arc::clone(&store));
    let retried = Guarded::new(retry(), Arc::new(broken));
    let asked = [(), (), ()].map(|()| (retried.get(&name("a")).unwrap_err().kind(), store.take()));
    let unavailable = ErrorKind::Unavailable;
    assert_eq!(asked, [(ErrorKind::Storage, 3), (unavailable, 2), (unavailable, 0)]);
}

#[test]
fn answers_are_no_failures() {
    let answers = [ErrorKind::Damaged, ErrorKind::Unsupported, ErrorKind::ReadOnly];
    let store = Scripted::new(answers.map(Next::Fail));
    let guarded = Guarded::new(Breaker::new(1, Duration::MAX), Arc::clone(&store));
    for _ in answers {
        assert!(guarded.get(&name("a")).is_err());
    }
    assert_eq!(guarded.get(&name("a")).unwrap(), None);
    assert_eq!(store.take(), 4);
}

#[test]
fn a_success_ends_the_row_of_failures() {
    let mut script: Vec<_> = fails(2).collect();
    script.extend(fails(2));
    let store = Scripted::new(script);
    let guarded = Guarded::new(Breaker::new(3, Duration::MAX), Arc::clone(&store));
    assert!(guarded.get(&name("a")).is_err() && guarded.get(&name("a")).is_err());
    store.script.lock().unwrap().clear();
    assert!(guarded.get(&name("a")).is_ok());
    store.script.lock().unwrap().extend(fails(2));
    assert!(guarded.get(&name("a")).is_err() && guarded.get(&name("a")).is_err());
    assert!(guarded.get(&name("a")).is_ok());
}

/// While a probe is on its way, others fail at once; a probe that panics is a failure and lets the next one through.
#[test]
fn one_probe_at_a_time() {
    let (go_on, wait) = mpsc::channel();
    let store = Scripted::new(fails(1).chain([Next::Hang(wait), Next::Panic]));
    let guarded = Guarded::new(Breaker::new(1, Duration::ZERO), Arc::clone(&store));
    assert!(guarded.get(&name("a")).is_err());
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| guarded.get(&name("a")));
        while *store.asked.lock().unwrap() < 2 {
            std::thread::yield_now();
        }
        assert!(guarded.get(&name("a")).is_err());
        assert_eq!(store.take(), 2, "it was not asked for the other one");
        go_on.send(()).unwrap();
        assert!(probe.join().unwrap().is_ok());
        assert!(scope.spawn(|| guarded.get(&name("a"))).join().is_err(), "it panics");
    });
    assert_eq!(guarded.get(&name("a")).unwrap(), None);
}

#[test]
fn a_store_for_reading_only_is_not_changed() {
    let store = Scripted::new([]);
    store.store.put(&name("a"), b"content").unwrap();
    let guarded = Guarded::new(ReadOnly, Arc::clone(&store));
    assert!(!guarded.capabilities().writable);
    assert_eq!(guarded.get(&name("a")).unwrap().unwrap(), b"content");
    let refused = [
        guarded.put(&name("a"), b"").unwrap_err(),
        guarded.remove(&name("a")).unwrap_err(),
        guarded.append(&name("a"), b"").unwrap_err(),
        guarded.copy(&name("a"), &name("b")).unwrap_err(),
        guarded.create().err().unwrap(),
        guarded.set_aside(&name("a")).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::ReadOnly), "{refused:?}");
    assert_eq!(store.take(), 1);
}

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

#[test]
fn a_panic_of_the_store_is_an_error() {
    let limited = TimeLimit::new(Duration::MAX, Scripted::new([Next::Panic]));
    let error = limited.get(&name("a")).unwrap_err();
    assert!(error.to_string().ends_with("the store panicked"), "{error}");
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

fn slow() -> (Sender<()>, TimeLimit<SlowStore>) {
    let (go_on, wait) = mpsc::channel();
    let store = SlowStore(Mutex::new(Some(wait)));
    (go_on, TimeLimit::new(Duration::from_millis(1), Arc::new(store)))
}

#[test]
fn streams_are_waited_for_part_by_part() {
    let (_go_on, limited) = slow();
    let mut content = limited.read(&name("a")).unwrap().unwrap();
    let error = content.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("the store took longer than 1ms"), "{error}");
    assert!(content.read(&mut [0; 10]).is_err(), "it does not go on behind a hole");

    let (_go_on, limited) = slow();
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

#[test]
fn so_many_operations_fail_on_purpose() {
    let run = |rate, seed| -> Vec<bool> {
        let store = Guarded::new(Faults::new(rate, seed), Scripted::new([]));
        (0..1000).map(|_| store.get(&name("a")).is_err()).collect()
    };
    let failed = |run: &[bool]| run.iter().filter(|failed| **failed).count();
    assert_eq!((failed(&run(0.0, 1)), failed(&run(1.0, 1))), (0, 1000));
    let some = run(0.1, 1);
    assert!((50..200).contains(&failed(&some)), "{}", failed(&some));
    assert_eq!(some, run(0.1, 1), "the same seed fails the same ones");
    assert_ne!(some, run(0.1, 2));
}

/// A policy of somebody else.
#[test]
fn a_policy_that_does_nothing_is_an_error() {
    #[derive(Debug)]
    struct Lazy;
    impl Policy for Lazy {
        fn run(
            &self,
            _: memento_storage_layers::Operation,
            _: &mut dyn FnMut() -> Result<()>,
        ) -> Result<()> {
            Ok(())
        }
    }
    let store = Guarded::new(Lazy, Scripted::new([]));
    assert!(store.get(&name("a")).unwrap_err().to_string().contains("has not tried"));
    assert!(store.get_many(&[name("a")])[0].is_err());
}
