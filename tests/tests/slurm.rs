//! Worker processes as job steps of a real Slurm.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use memento::{Environment, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_tests::fates::{Fate, Signal, meet, noted, variable};
use memento_tests::processes::{has_ended, kill, wait_until};
use memento_tests::slurm::Slurm;
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");
const CALLS: u64 = 1_000;
/// The call that hangs, or ends its worker, where one does.
const HANGING: u64 = 500;

fn options(slurm: &Slurm) -> Options {
    let options = Options::new().workers(2).program(PROGRAM).launcher(slurm.launcher());
    options.timeout(Duration::from_mins(1)).start_timeout(Duration::from_mins(1))
}

fn environment(options: Options) -> Environment {
    Environment::new(Storage::memory(), ProcessRunner::new(options))
}

/// A thousand calls from `first` on, one of which meets `fate`, return what they should.
#[track_caller]
fn call_all(folder: &Path, first: u64, fate: Fate) {
    let fates = (first..first + CALLS).map(|n| if n == HANGING { fate } else { Fate::Return });
    let calls = (first..).zip(fates).map(|(n, fate)| (folder.to_owned(), n, fate));
    let results = meet::map(calls).into_iter().map(Result::unwrap);
    assert!(results.eq((first..first + CALLS).map(|n| n * 2)));
}

/// Which of `calls` calls did not run exactly once, and how often they did.
fn not_once(folder: &Path, calls: u64) -> Vec<(u64, usize)> {
    let mut runs: BTreeMap<u64, usize> = (0..calls).map(|n| (n, 0)).collect();
    for n in noted(folder, "runs") {
        *runs.entry(n).or_default() += 1;
    }
    runs.into_iter().filter(|(_, count)| *count != 1).collect()
}

/// The processes in which calls hang.
fn hanging(folder: &Path) -> Vec<u32> {
    noted(folder, "hanging").into_iter().map(|n| u32::try_from(n).unwrap()).collect()
}

/// Does something in the middle of a thousand calls: when one hangs, in the process that `disturb` is told of. It
/// has to end that process. Nothing is lost, and no call runs again but that one, and those just before it whose
/// responses were on their way through srun.
#[track_caller]
fn disturbed(slurm: &mut Slurm, disturb: impl FnOnce(&mut Slurm, &Path, u32)) {
    let folder = TempDir::new().unwrap();
    let environment = environment(options(slurm).retries(1));
    std::thread::scope(|scope| {
        let calls = || environment.enter(|| call_all(folder.path(), 0, Fate::HangOnce));
        let batch = scope.spawn(calls);
        wait_until("a call hangs", || !hanging(folder.path()).is_empty());
        let process = hanging(folder.path())[0];
        disturb(slurm, folder.path(), process);
        batch.join().expect("the batch comes to its end");
        assert!(has_ended(process));
    });
    let again = not_once(folder.path(), CALLS);
    let first = HANGING + 1 - again.len() as u64;
    assert_eq!(again, (first..=HANGING).map(|n| (n, 2)).collect::<Vec<_>>());
    assert_eq!(environment.statistics().computed, CALLS);
    // Later calls have as many workers as before.
    environment.enter(|| call_all(folder.path(), CALLS, Fate::Return));
    assert_eq!(not_once(folder.path(), 2 * CALLS), again);
}

#[test]
fn a_thousand_calls_run_in_job_steps() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = TempDir::new().unwrap();
    let environment = environment(options(&slurm));
    environment.enter(|| {
        call_all(folder.path(), 0, Fate::Return);
        assert_eq!(not_once(folder.path(), CALLS), []);
        let step = variable("SLURM_STEP_ID".to_owned()).expect("it runs in a job step");
        assert!(slurm.steps().iter().any(|running| running.ends_with(&format!(".{step}"))));
        // They are found, and run no more.
        call_all(folder.path(), 0, Fate::Return);
    });
    assert_eq!(not_once(folder.path(), CALLS), []);
    assert!((1..=2).contains(&slurm.steps().len()));
    drop(environment);
    wait_until("the steps have ended", || slurm.steps().is_empty());
}

#[test]
fn a_worker_is_killed() {
    let Some(mut slurm) = Slurm::start() else { return };
    disturbed(&mut slurm, |_, _, process| kill(process));
}

#[test]
fn a_step_is_cancelled() {
    let Some(mut slurm) = Slurm::start() else { return };
    disturbed(&mut slurm, |slurm, _, process| slurm.cancel_step_of(process));
}

#[test]
fn a_worker_that_is_killed_is_told_of() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = TempDir::new().unwrap();
    environment(options(&slurm)).enter(|| {
        let fate = Fate::Signal(Signal::Kill);
        let error = meet::try_call(folder.path().into(), 1, fate).unwrap_err().to_string();
        // What srun says of it. What the worker printed last may be lost.
        assert!(error.contains("exit status: 137"), "{error}");
        assert!(error.contains("task 0: Killed"), "{error}");
    });
}

/// srun may lose responses of a worker that ends: no other call is taken for the one that ended it.
#[test]
fn only_the_call_fails_that_ends_its_worker() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = TempDir::new().unwrap();
    environment(options(&slurm)).enter(|| {
        let calls = (0..CALLS).map(|n| {
            (folder.path().into(), n, if n == HANGING { Fate::Abort } else { Fate::Return })
        });
        for (n, result) in (0..).zip(meet::map(calls)) {
            assert_eq!(result.ok(), (n != HANGING).then_some(n * 2), "call {n}");
        }
    });
    assert!(not_once(folder.path(), CALLS).iter().all(|(_, count)| *count == 2));
}

/// The other worker goes on without slurmd. A new one can start only when slurmd is back.
#[test]
fn slurmd_is_killed_and_started_again() {
    let Some(mut slurm) = Slurm::start() else { return };
    disturbed(&mut slurm, |slurm, folder, process| {
        slurm.kill_slurmd();
        kill(process);
        wait_until("other calls run", || noted(folder, "runs").len() > 700);
        slurm.start_slurmd();
    });
}

#[test]
fn a_call_that_takes_too_long_ends_with_its_worker() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = TempDir::new().unwrap();
    environment(options(&slurm).timeout(Duration::from_secs(2))).enter(|| {
        let error = meet::try_call(folder.path().into(), 1, Fate::Hang).unwrap_err().to_string();
        assert!(error.contains("it took longer than 2s"), "{error}");
        let process = hanging(folder.path())[0];
        wait_until("the worker has ended", || has_ended(process));
        assert_eq!(meet(folder.path().into(), 2, Fate::Return), 4);
    });
}

#[test]
fn workers_end_with_a_program_that_is_killed() {
    let Some(slurm) = Slurm::start() else { return };
    let folder = TempDir::new().unwrap();
    let mut program = Command::new(PROGRAM);
    program.arg("hang").arg(folder.path()).args(slurm.launcher()).stdin(Stdio::null());
    let mut program = program.spawn().unwrap();
    wait_until("two workers hang", || hanging(folder.path()).len() == 2);
    let workers = hanging(folder.path());
    assert!(!workers.iter().any(|worker| has_ended(*worker)));
    program.kill().unwrap();
    program.wait().unwrap();
    wait_until("the workers have ended", || workers.iter().all(|worker| has_ended(*worker)));
    wait_until("the steps have ended", || slurm.steps().is_empty());
}
