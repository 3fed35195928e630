//! Calls in worker processes, beside the same bytes through the same pipes with nothing behind them.
//!
//! Nothing is stored, so that what is measured is the way to the workers and back.

use std::io::{self, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use memento::runner::Runner;
use memento::{Environment, LocalRunner, Storage, memento};
use memento_benches::{child, time};
use memento_runner_process::{Options, ProcessRunner};

/// How many single calls are made.
const CALLS: u64 = 20_000;
/// How many calls a batch has, and how many batches there are.
const BATCH: u32 = 200_000;
const BATCHES: u32 = 5;
/// How many workers are started.
const STARTS: usize = 41;
/// About as many bytes as the frames of a call of [`nothing`] have, there and back.
const REQUEST: usize = 170;
const RESPONSE: usize = 60;

#[memento]
fn nothing(n: u64) -> u64 {
    n
}

#[memento::main]
fn main() {
    if child::case().as_deref() == Some("echo") {
        return echo().expect("the parent reads");
    }
    single();
    batch();
    start();
}

/// Answers each request until there are no more.
fn echo() -> io::Result<()> {
    let mut input = BufReader::new(io::stdin().lock());
    let mut output = io::stdout().lock();
    let mut request = [0; REQUEST];
    while input.read_exact(&mut request).is_ok() {
        output.write_all(&[0; RESPONSE])?;
        output.flush()?;
    }
    Ok(())
}

/// A child that does nothing but answer.
struct Echo {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Echo {
    fn start() -> Self {
        let program = std::env::current_exe().expect("the path of this program is known");
        let mut command = Command::new(program);
        command.args(["--case", "echo"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, input, output }
    }

    fn ask(&mut self) {
        self.input.write_all(&[0; REQUEST]).expect("the child reads");
        self.output.read_exact(&mut [0; RESPONSE]).expect("the child answers");
    }

    fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        child.wait().expect("it ends");
    }
}

fn environment(runner: impl Runner + 'static) -> Environment {
    Environment::new(Storage::null(), runner)
}

fn workers(count: usize) -> ProcessRunner {
    ProcessRunner::new(Options::new().workers(count))
}

/// One call after another.
fn single() {
    let of_memento = environment(workers(1)).enter(|| {
        (0..CALLS).for_each(|n| assert_eq!(nothing(n), n));
        time::median((0..CALLS).map(|n| time::of(|| nothing(n))).collect())
    });
    let local = environment(LocalRunner::new()).enter(|| {
        (0..CALLS).for_each(|n| assert_eq!(nothing(n), n));
        time::median((0..CALLS).map(|n| time::of(|| nothing(n))).collect())
    });
    let mut echo = Echo::start();
    (0..CALLS).for_each(|_| echo.ask());
    let of_pipe = time::median((0..CALLS).map(|_| time::of(|| echo.ask())).collect());
    echo.end();
    println!("one call; medians of {CALLS}");
    println!("  worker {of_memento:.2?}, bare pipe {of_pipe:.2?}, in this process {local:.2?}");
}

/// Batches.
fn batch() {
    let rate = |environment: &Environment| {
        environment.enter(|| {
            let batch = |round: u32| {
                let numbers = || (round * BATCH..(round + 1) * BATCH).map(u64::from);
                let results = nothing::map(numbers().map(|n| (n,)));
                let values = results.into_iter().map(|result| result.expect("a value"));
                assert!(values.eq(numbers()));
            };
            batch(0);
            let times = (1..=BATCHES).map(|round| time::of(|| batch(round))).collect();
            f64::from(BATCH) / time::median(times).as_secs_f64()
        })
    };
    let of_workers = rate(&environment(workers(2)));
    let local = rate(&environment(LocalRunner::with_threads(2).expect("two threads")));
    println!("a batch of {BATCH}; medians of {BATCHES}");
    println!("  2 workers {of_workers:.0} calls/s, 2 threads of this process {local:.0} calls/s");
}

/// From nothing to the end of the first call.
fn start() {
    let (mut of_memento, mut of_pipe) = (Vec::new(), Vec::new());
    for n in 0..STARTS {
        let began = Instant::now();
        let environment = environment(workers(1));
        environment.enter(|| nothing(n as u64));
        of_memento.push(began.elapsed());
        let began = Instant::now();
        let mut echo = Echo::start();
        echo.ask();
        of_pipe.push(began.elapsed());
        echo.end();
    }
    let [of_memento, of_pipe]: [Duration; 2] = [of_memento, of_pipe].map(time::median);
    println!("start and first call; medians of {STARTS}");
    println!("  worker {of_memento:.2?}, bare pipe {of_pipe:.2?}");
}
