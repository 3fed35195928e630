//! What a function makes of a call that came to nothing is not kept: no record could tell when it comes to something.

use std::fs;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;

use futures_executor::block_on;
use futures_util::future::{Either, select};
use futures_util::{FutureExt as _, StreamExt as _};
use memento::resource::FileContent;
use memento::storage::Filter;
use memento::{CancellationToken, Environment, LocalRunner, NullRunner, Storage, memento};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{Fate, noted};
use memento_tests::survivors::survivors;
use serde::{Deserialize, Deserializer, Serialize};

static IS_BROKEN: AtomicBool = AtomicBool::new(false);
static RUNS: AtomicU64 = AtomicU64::new(0);

/// 2 panics while it is broken.
#[memento]
fn part(n: u64) -> u64 {
    assert!(n != 2 || !IS_BROKEN.load(Ordering::SeqCst), "broken on purpose");
    n
}

#[memento]
async fn later(n: u64) -> u64 {
    ready(part(n)).await
}

#[memento(cluster = "elsewhere")]
fn elsewhere(n: u64) -> u64 {
    n
}

fn sum(results: impl IntoIterator<Item = memento::Result<u64>>) -> u64 {
    results.into_iter().flatten().sum()
}

fn both() -> [(u64,); 2] {
    [(1,), (2,)]
}

/// Defines functions that each call `part` with 1 and with 2, and make the best of it.
macro_rules! totals {
    ($($name:ident: $body:expr;)+) => {
        $(
            #[memento]
            fn $name(_n: u64) -> u64 {
                RUNS.fetch_add(1, Ordering::SeqCst);
                $body
            }
        )+
        const TOTALS: &[(&str, fn(u64) -> u64)] = &[$((stringify!($name), $name)),+];
    };
}

totals! {
    by_map: sum(part::map(both()));
    by_try_map: part::try_map(both()).map_or(1, |all| all.into_iter().sum());
    by_try_call: sum([part::try_call(1), part::try_call(2)]);
    by_catching: 1 + catch_unwind(|| part(2)).unwrap_or_default();
    by_refreshing: sum([part::try_call(1), part::with().refresh().try_call(2)]);
    by_presence: if part::with().ignore_result(2).is_ok() { 3 } else { 1 };
    by_reference: sum([part::try_call(1), part::bind().try_call(2)]);
    by_completion: sum(part::as_completed(both()).map(|(_, result)| result));
    by_each: {
        let mut total = 0;
        part::for_each(both(), |_, result| total += result.unwrap_or_default());
        total
    };
    later_by_call: 1 + block_on(later::try_call(2)).unwrap_or_default();
    later_by_map: sum(block_on(later::map(both())));
    later_by_completion: {
        let results = later::as_completed(both()).map(|(_, result)| result);
        sum(block_on(results.collect::<Vec<_>>()))
    };
    later_by_catching: {
        let caught = AssertUnwindSafe(later(2)).catch_unwind();
        1 + block_on(caught).unwrap_or_default()
    };
    by_others: by_map(0);
}

fn runs<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = RUNS.load(Ordering::SeqCst);
    let done = work();
    (done, RUNS.load(Ordering::SeqCst) - before)
}

/// What a process has that comes later.
fn fresh(storage: &Storage) -> Environment {
    Environment::new(Storage::from(storage.stores()), LocalRunner::new())
}

#[test]
fn what_is_made_of_a_call_that_panicked_is_not_kept() {
    let storage = Storage::memory();
    let fresh = || fresh(&storage);
    for (name, total) in TOTALS {
        IS_BROKEN.store(true, Ordering::SeqCst);
        let here = fresh();
        assert_eq!(here.enter(|| total(0)), 1, "{name}");
        IS_BROKEN.store(false, Ordering::SeqCst);
        assert_eq!(here.enter(|| total(0)), 3, "{name}, in the same process");
        IS_BROKEN.store(true, Ordering::SeqCst);
        assert_eq!(fresh().enter(|| runs(|| total(0))), (3, 0), "{name}: what was whole is kept");
        fresh().enter(|| part::forget_all().unwrap());
        assert_eq!(fresh().enter(|| total(1)), 1, "{name}, anew");
        IS_BROKEN.store(false, Ordering::SeqCst);
        assert_eq!(fresh().enter(|| total(1)), 3, "{name}, in another process");
        for forget in [part::forget_all, later::forget_all, by_map::forget_all] {
            fresh().enter(forget).unwrap();
        }
    }
}

#[memento]
fn with_others(_n: u64) -> u64 {
    1 + elsewhere::try_call(2).unwrap_or_default()
}

#[test]
fn what_is_made_of_a_call_that_nothing_runs_is_not_kept() {
    let storage = Storage::memory();
    let null = fresh(&storage).with_cluster("elsewhere", Storage::memory(), NullRunner);
    assert_eq!(null.enter(|| with_others(0)), 1);
    let another = fresh(&storage).with_cluster("another", Storage::memory(), LocalRunner::new());
    assert_eq!(another.enter(|| with_others(0)), 1, "there is no such cluster");
    let local = fresh(&storage).with_cluster("elsewhere", Storage::memory(), LocalRunner::new());
    assert_eq!(local.enter(|| with_others(0)), 3);
}

static CANCELS: AtomicBool = AtomicBool::new(true);

#[memento]
fn with_token(_n: u64) -> u64 {
    let token = CancellationToken::new();
    if CANCELS.load(Ordering::SeqCst) {
        token.cancel();
    }
    sum(part::with().cancel(&token).map([(1,), (3,)]))
}

#[test]
fn what_is_made_of_a_call_that_was_cancelled_is_not_kept() {
    let storage = Storage::memory();
    assert_eq!(fresh(&storage).enter(|| with_token(0)), 0);
    CANCELS.store(false, Ordering::SeqCst);
    assert_eq!(fresh(&storage).enter(|| with_token(0)), 4);
}

static WRITES: AtomicBool = AtomicBool::new(true);

#[memento]
fn length(file: FileContent) -> usize {
    file.read().unwrap().len()
}

/// While it runs, somebody writes to the file, which it reads by itself and by a call.
#[memento]
fn lengths(file: FileContent) -> [usize; 2] {
    if WRITES.load(Ordering::SeqCst) {
        fs::write(file.path(), "another content").unwrap();
    }
    let by_call = length::try_call(file.clone()).unwrap_or_default();
    [by_call, file.read().map_or(0, |content| content.len())]
}

/// It is kept again as it was when the content is.
#[test]
fn what_is_made_of_a_content_that_was_written_to_is_not_kept() {
    let (storage, folder) = (Storage::memory(), tempfile::tempdir().unwrap());
    let path = folder.path().join("file");
    let call = || {
        fs::write(&path, "content").unwrap();
        fresh(&storage).enter(|| lengths(FileContent::from(&*path)))
    };
    assert_eq!(call(), [0, 0]);
    WRITES.store(false, Ordering::SeqCst);
    assert_eq!(call(), [7, 7]);
}

static REMOVES: AtomicBool = AtomicBool::new(true);

/// While it runs, somebody removes the file, which it reads by itself and by a call.
#[memento]
fn lengths_left(file: FileContent, reads: bool) -> usize {
    if REMOVES.load(Ordering::SeqCst) {
        fs::remove_file(file.path()).unwrap();
    }
    if reads {
        return file.read().map_or(0, |content| content.len());
    }
    length::try_call(file.clone()).unwrap_or_default()
}

#[test]
fn what_is_made_of_a_content_that_is_gone_is_not_kept() {
    let (storage, folder) = (Storage::memory(), tempfile::tempdir().unwrap());
    let path = folder.path().join("file");
    let call = |reads| {
        fs::write(&path, "content").unwrap();
        fresh(&storage).enter(|| lengths_left(FileContent::from(&*path), reads))
    };
    assert_eq!([call(true), call(false)], [0, 0]);
    REMOVES.store(false, Ordering::SeqCst);
    assert_eq!([call(true), call(false)], [7, 7]);
}

static IS_UNREADABLE: AtomicBool = AtomicBool::new(false);

/// To read one panics now and then.
#[derive(Clone, Serialize)]
struct Touchy(u64);

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        assert!(!IS_UNREADABLE.load(Ordering::SeqCst), "unreadable on purpose");
        u64::deserialize(deserializer).map(Self)
    }
}

#[memento]
fn touchy(n: u64) -> Touchy {
    Touchy(n)
}

#[memento]
async fn touchy_later(n: u64) -> Touchy {
    ready(Touchy(n)).await
}

#[memento]
fn or_nothing(n: u64, way: u8) -> u64 {
    let touched = catch_unwind(|| match way {
        0 => touchy(n).0,
        1 => touchy::map([(n,)]).into_iter().map(|touchy| touchy.unwrap().0).sum(),
        2 => touchy::as_completed([(n,)]).map(|(_, touchy)| touchy.unwrap().0).sum(),
        3 => touchy::try_map([(n,)]).unwrap()[0].0,
        4 => block_on(touchy_later(n)).0,
        _ => block_on(touchy_later::map([(n,)])).into_iter().map(|touchy| touchy.unwrap().0).sum(),
    });
    touched.unwrap_or_default()
}

/// It is not the function that panics.
#[test]
fn what_is_made_of_a_result_that_cannot_be_read_is_not_kept() {
    let storage = Storage::memory();
    fresh(&storage).enter(|| (touchy(5), block_on(touchy_later(5))));
    for way in 0..6 {
        IS_UNREADABLE.store(true, Ordering::SeqCst);
        assert_eq!(fresh(&storage).enter(|| or_nothing(5, way)), 0, "{way}");
        IS_UNREADABLE.store(false, Ordering::SeqCst);
        assert_eq!(fresh(&storage).enter(|| or_nothing(5, way)), 5, "{way}");
    }
}

static HANGS: AtomicBool = AtomicBool::new(true);
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

#[memento]
async fn hanging(n: u64) -> u64 {
    if HANGS.load(Ordering::SeqCst) {
        HAS_BEGUN.store(true, Ordering::SeqCst);
        pending::<()>().await;
    }
    n
}

/// Waits for a call until that hangs.
#[memento]
async fn impatient(n: u64, is_batch: bool) -> u64 {
    let hangs = poll_fn(|context| {
        context.waker().wake_by_ref();
        if HAS_BEGUN.load(Ordering::SeqCst) { Poll::Ready(0) } else { Poll::Pending }
    });
    let call = async { if is_batch { sum(hanging::map([(n,)]).await) } else { hanging(n).await } };
    match select(pin!(call), hangs).await {
        Either::Left((result, _)) | Either::Right((result, _)) => result,
    }
}

#[test]
fn what_is_made_of_a_call_that_is_not_waited_for_is_not_kept() {
    let storage = Storage::memory();
    let call =
        || fresh(&storage).enter(|| [false, true].map(|is_batch| block_on(impatient(5, is_batch))));
    assert_eq!(call(), [0, 0]);
    HANGS.store(false, Ordering::SeqCst);
    HAS_BEGUN.store(false, Ordering::SeqCst);
    assert_eq!(call(), [5, 5]);
}

static IS_FRAGILE: AtomicBool = AtomicBool::new(false);
static ABOVE: AtomicU64 = AtomicU64::new(0);

#[memento]
fn fragile(n: u64) -> u64 {
    assert!(!IS_FRAGILE.load(Ordering::SeqCst), "broken on purpose");
    n
}

#[memento]
fn at_best(n: u64) -> u64 {
    fragile::try_call(n).unwrap_or_default()
}

#[memento]
fn above(n: u64) -> u64 {
    ABOVE.fetch_add(1, Ordering::SeqCst);
    at_best(n) + 1
}

/// Records of that can never be valid again, and take nobody's place behind others.
#[test]
fn what_was_whole_is_found_again_however_often_it_was_not() {
    let storage = Storage::memory();
    let call = |is_fragile: bool| {
        IS_FRAGILE.store(is_fragile, Ordering::SeqCst);
        fresh(&storage).enter(|| above(5))
    };
    assert_eq!(call(false), 6);
    for round in 0..20 {
        fresh(&storage).enter(|| fragile::forget_all().unwrap());
        assert_eq!(call(true), 1, "{round}");
    }
    ABOVE.store(0, Ordering::SeqCst);
    assert_eq!((call(false), ABOVE.load(Ordering::SeqCst)), (6, 0));
    assert!(
        storage.stores().metadata.list(&Filter::default(), None, 100).unwrap().entries.len() < 5
    );
}

/// It is told to its caller, and to nobody else.
#[test]
fn what_a_worker_makes_of_a_call_that_panicked_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = || folder.path().to_owned();
    let options = Options::new().workers(1).program(env!("CARGO_BIN_EXE_program"));
    let environment = Environment::new(Storage::memory(), ProcessRunner::new(options));
    environment.enter(|| {
        for _ in 0..2 {
            assert_eq!(survivors(path(), vec![Fate::Return, Fate::Panic]), 1);
            assert_eq!(survivors(path(), vec![Fate::Return]), 1);
        }
        assert!(survivors::memento(path(), vec![Fate::Return, Fate::Panic]).unwrap().is_none());
    });
    assert_eq!(noted(folder.path(), "counts"), [2, 1, 2]);
    assert_eq!(environment.statistics().errors, 0);
}
