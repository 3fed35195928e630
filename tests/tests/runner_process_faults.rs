//! What becomes of calls whose worker does not come to a good end: real ends of real processes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use memento::{Environment, Error, ErrorKind, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{Fate, Signal, double, meet, noted, process};
use memento_tests::guests::{Picky, group, picky};
use memento_tests::processes::{has_ended, kill, pause, wait_until};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");
/// What a call takes that hangs, and no other one, however busy the machine is.
const TIMEOUT: Duration = Duration::from_secs(10);

fn options() -> Options {
    Options::new().workers(2).program(PROGRAM)
}

fn environment(options: Options) -> Environment {
    Environment::new(Storage::memory(), ProcessRunner::new(options))
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The calls of `fates`, numbered from 0.
fn meet_all(folder: &Path, fates: &[Fate]) -> Vec<Result<u64, Error>> {
    let calls = (0..).zip(fates).map(|(n, fate)| (folder.to_owned(), n, *fate));
    meet::map(calls)
}

/// One call among many ends its worker; the others do not notice.
#[track_caller]
fn one_of_many(options: Options, fate: Fate, expected: &[&str]) {
    let folder = folder();
    let mut fates = [Fate::Return; 300];
    fates[150] = fate;
    let environment = environment(options);
    environment.enter(|| {
        for (n, result) in meet_all(folder.path(), &fates).into_iter().enumerate() {
            if n == 150 {
                let error = result.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Worker);
                let message = error.to_string();
                for part in expected {
                    assert!(message.contains(part), "{message:?} has no {part:?}");
                }
                assert!(message.contains("function: memento-tests::memento_tests::fates::meet"));
            } else {
                assert_eq!(result.unwrap(), n as u64 * 2);
            }
        }
        // Each ran once, also those that were sent along with the one.
        let mut runs = noted(folder.path(), "runs");
        runs.sort_unstable();
        assert_eq!(runs, (0..300).collect::<Vec<_>>());
        // What failed is not kept, what did not is.
        assert!(meet::memento(folder.path().into(), 150, fate).unwrap().is_none());
        assert_eq!(meet(folder.path().into(), 149, Fate::Return), 298);
        assert_eq!(noted(folder.path(), "runs").len(), 300);
    });
    assert_eq!(environment.statistics().computed, 299);
}

#[test]
fn abort() {
    one_of_many(options(), Fate::Abort, &["SIGABRT", "call 150 meets its fate"]);
}

#[test]
fn signals() {
    one_of_many(options(), Fate::Signal(Signal::Kill), &["signal: 9 (SIGKILL)"]);
    one_of_many(options(), Fate::Signal(Signal::Segv), &["signal: 11 (SIGSEGV)"]);
}

#[test]
fn stack_overflow() {
    one_of_many(options(), Fate::Overflow, &["SIGABRT", "has overflowed its stack"]);
}

#[test]
fn exit() {
    one_of_many(options(), Fate::Exit(0), &["exit status: 0", "call 150 meets its fate"]);
    one_of_many(options(), Fate::Exit(7), &["exit status: 7"]);
}

#[test]
fn too_much_memory() {
    let options = options().memory_limit(2 << 30);
    let expected = ["SIGABRT", "memory allocation of 3221225472 bytes failed"];
    one_of_many(options, Fate::Allocate(3 << 30), &expected);
}

/// A launcher, a shell or a scheduler may leave less than the options say.
#[test]
fn the_lower_one_of_two_limits_of_memory_counts() {
    let launcher = ["sh", "-c", "ulimit -v 2097152 && exec \"$@\"", "sh"];
    let options = options().launcher(launcher).memory_limit(8 << 30);
    let expected = ["SIGABRT", "memory allocation of 3221225472 bytes failed"];
    one_of_many(options, Fate::Allocate(3 << 30), &expected);
}

#[test]
fn too_much_time() {
    let expected = ["it took longer than 10s", "set `timeout` in `[runner]` to more"];
    one_of_many(options().timeout(TIMEOUT), Fate::Hang, &expected);
}

#[test]
fn a_panic_is_the_end_of_its_call_only() {
    let folder = folder();
    let environment = environment(options().workers(1));
    environment.enter(|| {
        let first = process(1).1;
        let results = meet_all(folder.path(), &[Fate::Return, Fate::Panic, Fate::Return]);
        let [before, panicked, after] = results.try_into().unwrap();
        assert_eq!((before.unwrap(), after.unwrap()), (0, 4));
        let error = panicked.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        let expected = "cannot run a memento function (function: \
                        memento-tests::memento_tests::fates::meet): it panicked: call 1 panics";
        assert_eq!(error.to_string(), expected);
        // The worker went on.
        assert_eq!(process(2).1, first);
        let caught = std::panic::catch_unwind(|| meet(folder.path().into(), 1, Fate::Panic));
        let message = caught.unwrap_err().downcast::<String>().unwrap();
        assert!(message.ends_with("it panicked: call 1 panics"), "{message}");
    });
    assert_eq!(environment.statistics().panics, 2);
}

/// It cannot come from a worker, nor from the store: it is computed here.
#[test]
fn a_result_that_panics_when_it_is_read_is_not_read() {
    let environment = environment(options());
    environment.enter(|| {
        for _ in 0..2 {
            let results = picky::map((0..10).map(|n| (n,))).into_iter().map(Result::unwrap);
            assert!(results.eq((0..10).map(Picky)));
        }
        assert_eq!(picky(3), Picky(3));
        assert!(picky::memento(3).unwrap().is_none() && picky::memento(4).unwrap().is_some());
    });
    assert_eq!(environment.statistics().panics, 0);
}

#[test]
fn calls_are_made_again_as_often_as_is_said() {
    let folder = folder();
    environment(options().retries(2)).enter(|| {
        let fates = [Fate::Return, Fate::Abort, Fate::Return, Fate::AbortOnce];
        let results = meet_all(folder.path(), &fates);
        let [first, second, third, fourth] = results.try_into().unwrap();
        assert_eq!((first.unwrap(), third.unwrap(), fourth.unwrap()), (0, 4, 6));
        let message = second.unwrap_err().to_string();
        assert!(message.contains("tries: 3"), "{message}");
    });
    let mut runs = noted(folder.path(), "runs");
    runs.sort_unstable();
    assert_eq!(runs, [0, 1, 1, 1, 2, 3, 3]);
}

#[test]
fn a_worker_that_was_killed_between_calls_is_replaced() {
    environment(options()).enter(|| {
        let first = process(1).1;
        kill(first);
        wait_until("it has ended", || has_ended(first));
        let second = process(2).1;
        assert_ne!(second, first);
        assert_eq!(process(3).1, second);
    });
}

/// It takes no more than a pipe holds, which is less than what it is sent.
#[test]
fn a_worker_that_was_stopped_between_calls_is_replaced() {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || {
        environment(options().workers(1).timeout(Duration::from_secs(5))).enter(|| {
            let first = process(1).1;
            pause(first);
            assert_eq!(double(vec![1; 200_000]), vec![2; 200_000]);
            wait_until("it has ended", || has_ended(first));
        });
        sender.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_mins(1)).expect("nobody waits for it for ever");
}

#[test]
fn workers_end_with_a_program_that_is_killed() {
    let folder = folder();
    let mut program = Command::new(PROGRAM);
    let mut program = program.arg("hang").arg(folder.path()).stdin(Stdio::null()).spawn().unwrap();
    wait_until("two workers hang", || noted(folder.path(), "hanging").len() == 2);
    let workers = noted(folder.path(), "hanging").into_iter().map(|n| u32::try_from(n).unwrap());
    let workers: Vec<_> = workers.collect();
    assert!(!workers.iter().any(|worker| has_ended(*worker)));
    program.kill().unwrap();
    program.wait().unwrap();
    wait_until("the workers have ended", || workers.iter().all(|worker| has_ended(*worker)));
}

/// What is typed at a terminal goes to the group of the program, which may let its calls end.
#[test]
fn signals_from_the_terminal_are_not_for_workers() {
    let here = environment(options()).enter(|| {
        assert!(group(1).1);
        group::with().local().call(2).0
    });
    // A launcher may want to ask something at the terminal.
    let there = environment(options().launcher(["env"])).enter(|| group(1));
    assert_eq!(there, (here, false));
}

/// The programs that calls have started, each in its turn, end.
#[track_caller]
fn started_end(folder: &Path, count: usize) {
    let started = noted(folder, "started");
    assert_eq!(started.len(), count);
    let has_ended = |process: &u64| has_ended(u32::try_from(*process).unwrap());
    wait_until("what was started has ended", || started.iter().all(has_ended));
}

#[test]
fn what_a_function_started_ends_with_its_worker() {
    let (timed, aborted) = (folder(), folder());
    let environment = environment(options().retries(1).timeout(TIMEOUT));
    environment.enter(|| {
        for (folder, aborts) in [(&timed, false), (&aborted, true)] {
            let fate = Fate::Start { aborts };
            let error = meet::try_call(folder.path().into(), 1, fate).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Worker);
            // The call was made twice.
            started_end(folder.path(), 2);
        }
    });
}

#[test]
fn what_a_function_started_ends_with_a_program_that_is_killed() {
    let folder = folder();
    let mut program = Command::new(PROGRAM);
    let program = program.arg("start").arg(folder.path()).stdin(Stdio::null()).spawn();
    let mut program = program.unwrap();
    wait_until("a worker hangs", || noted(folder.path(), "hanging").len() == 1);
    program.kill().unwrap();
    program.wait().unwrap();
    started_end(folder.path(), 1);
}

#[test]
fn a_program_that_does_not_enter_is_told_to() {
    let output = Command::new(env!("CARGO_BIN_EXE_forgetful")).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    let expected = [
        "cannot start a worker process (command: ",
        "function: memento-tests::memento_tests::fates::process",
        "it ended without saying that it is one, ended with exit status: 0; its last output: ",
        // What the worker said itself.
        "this process was itself started as a worker, and goes on as a program",
        "put `#[memento::main]` on `fn main`, or call `memento::worker::enter()` first in it",
    ];
    for part in expected {
        assert!(message.contains(part), "{message:?} has no {part:?}");
    }
}

#[test]
fn a_launcher_that_fails_is_told_of() {
    let message = |launcher: &[&str]| {
        let options = options().launcher(launcher.iter().copied());
        let environment = environment(options);
        let results = environment.enter(|| process::map((0..1_000).map(|n| (n,))));
        let mut messages: Vec<_> =
            results.into_iter().map(|result| result.unwrap_err().to_string()).collect();
        messages.dedup();
        assert_eq!(environment.statistics().computed, 0);
        messages.swap_remove(0)
    };
    let failed = message(&["sh", "-c", "echo no such partition >&2; exit 3"]);
    assert!(failed.contains("exit status: 3; its last output: no such partition"), "{failed}");
    assert!(failed.contains("; check `launcher`, which has to start what"), "{failed}");
    let missing = message(&["/no/such/launcher"]);
    assert!(missing.contains("No such file or directory"), "{missing}");
    assert!(
        missing.contains("command: /no/such/launcher env MEMENTO_WORKER=process/3"),
        "{missing}"
    );
}

#[test]
fn one_worker_does_the_work_where_no_other_can_be_started() {
    let folder = folder();
    let once = format!("mkdir '{}/first' || exit 3; exec \"$@\"", folder.path().display());
    let options = options().launcher(["sh", "-c", &once, "sh"]);
    let results = environment(options).enter(|| meet_all(folder.path(), &[Fate::Return; 300]));
    assert!(results.into_iter().map(Result::unwrap).eq((0..300).map(|n| n * 2)));
    assert_eq!(noted(folder.path(), "runs").len(), 300);
}

#[test]
fn a_worker_behind_a_launcher_that_is_killed_ends() {
    let folder = folder();
    let launcher = ["sh", "-c", "\"$@\"; exit $?", "sh"];
    let options = options().launcher(launcher).timeout(TIMEOUT);
    let call = || meet::try_call(folder.path().into(), 1, Fate::Hang);
    let error = environment(options).enter(call).unwrap_err().to_string();
    assert!(error.contains("it took longer than 10s"), "{error}");
    let worker = u32::try_from(noted(folder.path(), "hanging")[0]).unwrap();
    wait_until("the worker has ended", || has_ended(worker));
}

#[test]
fn a_launcher_that_says_nothing_is_not_waited_for_without_end() {
    let silent = ["sh", "-c", "echo waiting >&2; exec sleep 1000"];
    let options = options().launcher(silent).start_timeout(Duration::from_millis(500));
    let error = environment(options).enter(|| process::try_call(1)).unwrap_err().to_string();
    let expected = "it did not say within 500ms that it is one, ended with signal: 9 (SIGKILL); its \
                    last output: waiting; set `start_timeout` in `[runner]` to more";
    assert!(error.contains(expected), "{error}");
}

/// A launcher that notes each start in `folder`, and does `what` before it starts the worker.
fn noting(folder: &Path, what: &str) -> [String; 4] {
    let script = format!("echo 1 >> \"$0/starts\"; {what}; exec \"$@\"");
    ["sh".to_owned(), "-c".to_owned(), script, folder.to_str().unwrap().to_owned()]
}

#[test]
fn a_worker_that_is_killed_while_it_starts_is_replaced() {
    let folder = folder();
    let once = noting(folder.path(), "mkdir \"$0/killed\" 2> /dev/null && kill -KILL $$");
    let results = environment(options().workers(1).launcher(once))
        .enter(|| process::map((0..100).map(|n| (n,))));
    assert!(results.into_iter().map(|result| result.unwrap().0).eq(0..100));
    assert_eq!(noted(folder.path(), "starts").len(), 2);
}

#[test]
fn workers_that_are_killed_whenever_they_start_are_given_up() {
    let folder = folder();
    let always = noting(folder.path(), "kill -KILL $$");
    let results = environment(options().workers(1).launcher(always))
        .enter(|| process::map((0..100).map(|n| (n,))));
    for result in results {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("ended with signal: 9 (SIGKILL)"), "{error}");
    }
    assert_eq!(noted(folder.path(), "starts").len(), 9);
}

#[test]
fn a_worker_of_another_release_is_refused() {
    let greeting = "printf '\\000memento worker 99 7.7.7 1\\n'; cat > /dev/null";
    let options = options().launcher(["sh", "-c", greeting]);
    let error = environment(options).enter(|| process::try_call(1)).unwrap_err().to_string();
    let expected = "it speaks protocol 99 of release 7.7.7, this process protocol 3 of release ";
    assert!(error.contains(expected), "{error}");
    assert!(error.ends_with("start workers from the same build of the program"), "{error}");
}

#[test]
fn a_worker_of_another_build_is_refused() {
    // The one of the other program has no such function; that one reads its input only here.
    let options = Options::new().program(PROGRAM);
    let error = environment(options).enter(|| own::try_call(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let message = error.to_string();
    assert!(message.contains("the worker's program has no such function"), "{message}");
}

/// In this program, and no other one.
#[memento::memento]
fn own(n: u64) -> u64 {
    n
}
