use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::{Caller, Context, FinishedCall, Frame, carry, context, with};
use crate::encoding::Rendered;
use crate::memento::{Callee, Dependency};
use crate::resource::{Observation, Stamp};
use crate::validity::{Period, Validity};
use crate::{Digest, Function, Invocation, Key, Version};

static OUTER: Function = function("p::outer");
static INNER: Function = function("p::inner");

const fn function(path: &'static str) -> Function {
    Function {
        path,
        version: Version::from_bytes([5; 32]),
        code: crate::code::FunctionCode::NONE,
        is_async: false,
        arguments: &[],
        cluster: "",
        ttl: None,
        package_version: "1.2.3",
        file: "src/lib.rs",
        line: 1,
    }
}

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; 32])
}

fn invocation(byte: u8) -> Invocation {
    Invocation::from_bytes([byte; 32])
}

/// A call of `INNER` whose result depends on nothing beyond the code.
fn call(invocation: Invocation, digest: Option<Digest>) -> FinishedCall {
    FinishedCall { function: &INNER, invocation, digest, validity: None }
}

/// A call of `INNER` whose result depends on this.
fn dependent(byte: u8, validity: Validity) -> FinishedCall {
    let digest = Some(Digest::from_bytes([byte; 32]));
    FinishedCall { validity: validity.into_shared(), ..call(invocation(byte), digest) }
}

/// The callees that a frame met.
fn callees(frame: &Frame) -> Vec<Callee> {
    let callee = |dependency| match dependency {
        Dependency::Callee(callee) => callee,
        Dependency::Resource(resource) => panic!("nobody read {resource:?}"),
    };
    frame.dependencies().into_iter().map(callee).collect()
}

/// Something outside of the program in some state.
fn observation(name: &str, state: u8) -> Observation {
    let digest = Digest::from_bytes([state; 32]);
    let parts = postcard::to_stdvec(&("file", name, None::<Stamp>, digest)).unwrap();
    postcard::from_bytes(&parts).unwrap()
}

fn frame(function: &'static Function, byte: u8, caller: Option<Arc<Frame>>) -> Arc<Frame> {
    Arc::new(Frame::new(function, key(byte), caller, true))
}

fn caller(frame: &Arc<Frame>) -> Caller {
    Caller { frame: Some(Arc::clone(frame)), ..Caller::default() }
}

/// The key of the function that runs in this thread.
fn running() -> Option<Key> {
    with(|caller| caller.frame.as_ref().map(|frame| frame.key))
}

fn context_of(values: &[(&str, u8)]) -> Context {
    let mut context = Context::default();
    for &(name, value) in values {
        context.insert(name, value).unwrap();
    }
    context
}

#[test]
fn callees_are_recorded_once_and_in_order() {
    let frame = frame(&OUTER, 0, None);
    let digest = |byte| Some(Digest::from_bytes([byte; 32]));
    let calls =
        [(3, digest(1)), (1, digest(1)), (3, digest(1)), (3, digest(2)), (1, None), (1, None)];
    for (byte, digest) in calls {
        frame.record(call(invocation(byte), digest));
    }
    let callees = callees(&frame);
    let recorded: Vec<_> =
        callees.iter().map(|callee| (callee.invocation, callee.digest)).collect();
    let expected = [(3, digest(1)), (1, digest(1)), (3, digest(2)), (1, None)];
    assert_eq!(recorded, expected.map(|(byte, digest)| (invocation(byte), digest)));
    for callee in callees {
        assert_eq!((&*callee.function, callee.version), ("p::inner", INNER.version()));
    }
}

#[test]
fn many_callees_are_told_apart() {
    let frame = frame(&OUTER, 0, None);
    // The same beginning, so that they meet in the index.
    let invocation = |number: u16| {
        let mut bytes = [7; 32];
        bytes[30..].copy_from_slice(&number.to_le_bytes());
        Invocation::from_bytes(bytes)
    };
    for number in (0..1000).chain(0..1000) {
        frame.record(call(invocation(number), None));
    }
    let recorded: Vec<_> = callees(&frame).iter().map(|callee| callee.invocation).collect();
    assert_eq!(recorded, (0..1000).map(invocation).collect::<Vec<_>>());
}

#[test]
fn a_callee_has_the_key_of_its_version() {
    let frame = frame(&OUTER, 0, None);
    frame.record(call(invocation(1), None));
    let [callee] = &callees(&frame)[..] else { panic!("one call, one callee") };
    assert_eq!(callee.key(), invocation(1).key(&INNER.version()));
}

#[test]
fn calls_and_what_was_read_stand_in_one_order() {
    let frame = frame(&OUTER, 0, None);
    let digest = Some(Digest::from_bytes([9; 32]));
    // Their digests are the names of the invocations, so that they meet in the index.
    let read = [observation("b", 1), observation("a", 1), observation("a", 2)];
    frame.observe(read[0].clone());
    frame.record(call(invocation(2), digest));
    frame.observe(read[1].clone());
    frame.observe(read[0].clone());
    frame.record(call(invocation(1), digest));
    frame.record(call(invocation(2), digest));
    frame.observe(read[2].clone());
    let shown: Vec<_> = frame
        .dependencies()
        .iter()
        .map(|dependency| match dependency {
            Dependency::Callee(callee) => format!("{:?}", callee.invocation),
            Dependency::Resource(read) => format!("{} {:?}", read.name(), read.digest()),
        })
        .collect();
    let state = |byte| Digest::from_bytes([byte; 32]);
    let expected = [
        format!("b {:?}", state(1)),
        format!("{:?}", invocation(2)),
        format!("a {:?}", state(1)),
        format!("{:?}", invocation(1)),
        format!("a {:?}", state(2)),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn what_calls_nothing_depends_on_its_code_only() {
    let frame = frame(&OUTER, 0, None);
    assert!(frame.dependencies().is_empty());
    assert!(frame.validity().into_shared().is_none());
}

#[test]
fn whoever_calls_depends_on_the_generation_in_which_it_began() {
    let frame = frame(&OUTER, 0, None);
    // A callee may have begun later.
    let generation = Some(frame.generation + 7);
    frame.record(dependent(1, Validity { generation, ..Validity::default() }));
    frame.record(call(invocation(2), None));
    let validity = frame.validity();
    assert_eq!(validity.generation, Some(frame.generation));
    assert_eq!(validity.period, None);
    assert!(validity.resources.is_empty());
}

#[test]
fn a_result_is_valid_when_all_of_its_callees_are() {
    let frame = frame(&OUTER, 0, None);
    let period = |(from, until)| Period { from, until };
    for (byte, times, expected) in [
        (1, None, None),
        (2, Some((10, 70)), Some((10, 70))),
        (3, None, Some((10, 70))),
        (4, Some((0, 50)), Some((10, 50))),
        (5, Some((20, 60)), Some((20, 50))),
        (6, Some((0, 0)), Some((20, 0))),
    ] {
        let validity = Validity { period: times.map(period), ..Validity::default() };
        frame.record(dependent(byte, validity));
        assert_eq!(frame.validity().period, expected.map(period), "after {byte}");
    }
}

#[test]
fn what_was_read_counts_for_all_above() {
    let frame = frame(&OUTER, 0, None);
    let resources = |read: &[&Observation]| Validity {
        resources: read.iter().map(|&read| Arc::new(read.clone())).collect(),
        ..Validity::default()
    };
    let [a, b, c] = [observation("a", 1), observation("b", 1), observation("c", 1)];
    frame.observe(b.clone());
    let read_alone = frame.validity();
    assert_eq!(read_alone.generation, None, "nothing was called");
    assert_eq!(read_alone.resources, resources(&[&b]).resources);
    frame.record(dependent(1, resources(&[&c, &b])));
    frame.record(dependent(2, resources(&[&a])));
    let validity = frame.validity();
    assert_eq!(validity.generation, Some(frame.generation));
    assert_eq!(validity.resources, resources(&[&a, &b, &c]).resources);
    // Its own are its own: what the callees read is said in their records.
    assert_eq!(frame.dependencies().len(), 3);
}

#[test]
fn an_invocation_has_the_correlation_of_its_caller() {
    let outer = frame(&OUTER, 1, None);
    let inner = frame(&INNER, 2, Some(Arc::clone(&outer)));
    let innermost = frame(&INNER, 3, Some(Arc::clone(&inner)));
    assert_eq!(innermost.correlation, outer.correlation);
    assert_ne!(frame(&OUTER, 1, None).correlation, outer.correlation);
    let ancestry: Vec<_> = innermost.ancestry().map(|frame| frame.key).collect();
    assert_eq!(ancestry, [key(3), key(2), key(1)]);
}

#[test]
fn waiting_adds_up() {
    let frame = frame(&OUTER, 0, None);
    assert_eq!(frame.waited(), Duration::ZERO);
    frame.add_waited(Duration::from_nanos(3));
    frame.add_waited(Duration::from_secs(2));
    assert_eq!(frame.waited(), Duration::new(2, 3));
}

#[test]
fn the_caller_is_put_back() {
    assert_eq!(running(), None);
    let (outer, inner) = (frame(&OUTER, 1, None), frame(&INNER, 2, None));
    let returned = caller(&outer).enter(|| {
        assert_eq!(running(), Some(key(1)));
        caller(&inner).enter(|| assert_eq!(running(), Some(key(2))));
        assert_eq!(running(), Some(key(1)));
        "returned"
    });
    assert_eq!(returned, "returned");
    assert_eq!(running(), None);
}

#[test]
fn the_caller_is_put_back_after_a_panic() {
    let (outer, inner) = (frame(&OUTER, 1, None), frame(&INNER, 2, None));
    caller(&outer).enter(|| {
        let panic =
            AssertUnwindSafe(|| caller(&inner).enter(|| std::panic::resume_unwind(Box::new(7))));
        let payload = catch_unwind(panic).unwrap_err();
        assert_eq!(payload.downcast_ref::<i32>(), Some(&7));
        assert_eq!(running(), Some(key(1)));
    });
    assert_eq!(running(), None);
}

#[test]
fn another_thread_has_its_own_caller() {
    let outer = frame(&OUTER, 1, None);
    caller(&outer).enter(|| {
        let current = Caller::current();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(running(), None);
                current.enter(|| assert_eq!(running(), Some(key(1))));
                assert_eq!(running(), None);
            });
        });
    });
}

#[test]
fn what_is_carried_runs_as_called_from_where_it_was_made() {
    let outer = frame(&OUTER, 1, None);
    let double = caller(&outer).enter(|| carry(|n: u32| (2 * n, running())));
    assert_eq!(running(), None);
    assert_eq!(double(4), (8, Some(key(1))));
    let elsewhere = std::thread::scope(|scope| scope.spawn(|| double(5)).join().unwrap());
    assert_eq!(elsewhere, (10, Some(key(1))));
    assert_eq!(running(), None);
}

#[test]
fn the_caller_shows_its_function() {
    assert_eq!(format!("{:?}", Caller::default()), "Caller { function: None, .. }");
    let caller = caller(&frame(&OUTER, 1, None));
    assert_eq!(format!("{caller:?}"), "Caller { function: Some(\"p::outer\"), .. }");
}

#[test]
fn a_context_argument_is_found_by_name_and_type() {
    let inside =
        Caller { context: Some(Arc::new(context_of(&[("seed", 5)]))), ..Caller::default() };
    assert_eq!(context::<u8>("seed"), None);
    inside.enter(|| {
        assert_eq!(context::<u8>("seed"), Some(5));
        assert_eq!(context::<u16>("seed"), None);
        assert_eq!(context::<u8>("other"), None);
    });
    assert_eq!(context::<u8>("seed"), None);
}

#[test]
fn context_arguments_stand_in_the_order_of_their_names() {
    let shown = |context: &Context| Rendered(context.encoding()).to_string();
    let mut one = context_of(&[("b", 1), ("a", 2), ("b", 3)]);
    assert_eq!(shown(&one), r#"{"a": 2, "b": 3}"#);
    one.extend(&context_of(&[("c", 4), ("a", 5)]));
    assert_eq!(shown(&one), r#"{"a": 5, "b": 3, "c": 4}"#);
    assert_eq!(one.encoding(), context_of(&[("c", 4), ("b", 3), ("a", 5)]).encoding());
}

#[test]
fn no_context_arguments_have_no_encoding() {
    assert!(Context::default().is_empty());
    assert_eq!(Context::default().encoding(), b"");
}
