//! Memento functions whose processes meet all kinds of ends, and others that are called in
//! [worker processes](memento_runner_process).

use std::fmt::Display;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, abort, exit, id};
use std::time::{Duration, Instant};

use memento::{Transient, memento, resource};
use serde::{Deserialize, Serialize};

/// What becomes of a call, and of the process that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// It returns.
    Return,
    /// It panics.
    Panic,
    /// It aborts.
    Abort,
    /// It gets this signal.
    Signal(Signal),
    /// It uses up its stack.
    Overflow,
    /// It exits with this status.
    Exit(i32),
    /// It never returns.
    Hang,
    /// It never returns the first time, and returns the second time.
    HangOnce,
    /// It asks for this many bytes.
    Allocate(usize),
    /// It aborts the first time, and returns the second time.
    AbortOnce,
    /// It starts a program that does not end, and then never returns, or aborts.
    Start {
        /// Whether it aborts.
        aborts: bool,
    },
}

/// A signal that ends a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signal {
    /// 9
    Kill,
    /// 11
    Segv,
}

/// Meets a fate; `folder` has a file that says who did, in order.
#[memento]
pub fn meet(folder: PathBuf, n: u64, fate: Fate) -> u64 {
    note(&folder, "runs", n);
    eprintln!("call {n} meets its fate");
    match fate {
        Fate::Panic => panic!("call {n} panics"),
        Fate::Abort => abort(),
        Fate::Signal(signal) => send(signal),
        Fate::Overflow => drop(black_box(descend(n))),
        Fate::Exit(status) => exit(status),
        Fate::Hang => hang(&folder),
        Fate::Allocate(bytes) => drop(black_box(vec![1_u8; bytes])),
        Fate::AbortOnce if fs::create_dir(folder.join("aborted")).is_ok() => abort(),
        Fate::HangOnce if fs::create_dir(folder.join("hung")).is_ok() => hang(&folder),
        Fate::Start { aborts } => {
            let mut program = Command::new("sleep").arg("infinity").spawn().expect("it starts");
            note(&folder, "started", program.id());
            if aborts {
                abort();
            }
            note(&folder, "hanging", id());
            program.wait().expect("it ends");
        }
        Fate::AbortOnce | Fate::HangOnce | Fate::Return => {}
    }
    n * 2
}

/// Adds a line to a file of `folder`.
///
/// # Panics
///
/// Where that fails.
pub(crate) fn note(folder: &Path, file: &str, line: impl Display) {
    let file = fs::OpenOptions::new().append(true).create(true).open(folder.join(file));
    let line = format!("{line}\n");
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a line is added");
}

/// The lines that were noted in a file of `folder`.
///
/// # Panics
///
/// Where one is no number.
pub fn noted(folder: &Path, file: &str) -> Vec<u64> {
    let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
    text.lines().map(|line| line.parse().expect("a number")).collect()
}

fn send(signal: Signal) -> ! {
    let signal = match signal {
        Signal::Kill => "-KILL",
        Signal::Segv => "-SEGV",
    };
    // Rust's own handler of SIGSEGV lets the first one pass that no instruction raised.
    loop {
        let _ = Command::new("kill").args([signal, &id().to_string()]).status();
    }
}

fn hang(folder: &Path) {
    note(folder, "hanging", id());
    wait();
}

fn wait() {
    loop {
        std::thread::park();
    }
}

fn descend(n: u64) -> u64 {
    let large = black_box([n; 1_000]);
    if n == u64::MAX { 0 } else { black_box(descend(n + 1)) + large[500] }
}

/// The process that it runs in.
#[memento]
pub fn process(n: u64) -> (u64, u32) {
    (n, id())
}

/// Prints in all ways.
#[memento]
pub fn print(n: u64) -> u64 {
    println!("{n} by println");
    print!("{n} without an end ");
    eprintln!("{n} by eprintln");
    Command::new("echo").arg(format!("{n} by another program")).status().expect("echo runs");
    n
}

/// What there is to read on standard input.
#[memento]
pub fn input(_n: u64) -> String {
    io::read_to_string(io::stdin()).expect("it can be read")
}

/// Whether a program that this one starts, which reads the variables of workers, goes on as a program.
#[memento]
pub fn start_another(program: PathBuf) -> String {
    let output = Command::new(program).arg("say").stdin(Stdio::null()).output().expect("it runs");
    String::from_utf8(output.stdout).expect("it says a text")
}

/// Calls [`leaf()`] often, alone and in a batch.
#[memento]
pub fn graph(file: String, n: u64) -> u64 {
    let batch = leaf::map((0..n).map(|n| (n,))).into_iter().map(|value| value.expect("a value"));
    let text = resource::text(&file).unwrap_or_default();
    batch.sum::<u64>() + leaf(n) + leaf(n) + text.len() as u64
}

/// Notes that it ran where the context says.
#[memento]
pub fn leaf(n: u64) -> u64 {
    if let Some(folder) = memento::context::<PathBuf>("folder") {
        note(&folder, "leaves", n);
    }
    n + memento::context::<u64>("more").unwrap_or_default()
}

/// Calls what is called `no_further_calls`.
#[memento]
pub fn calls_leaf(n: u64) -> Result<u64, String> {
    leaf::try_call(n).map_err(|error| error.to_string())
}

/// Belongs to a cluster of its own.
#[memento(cluster = "elsewhere")]
pub fn elsewhere(n: u64) -> u64 {
    n
}

/// Calls a function of another cluster.
#[memento]
pub fn calls_elsewhere(n: u64) -> Result<u64, String> {
    elsewhere::try_call(n).map_err(|error| error.to_string())
}

/// Calls itself with the same arguments.
#[memento]
pub fn recursive(n: u64) -> Result<u64, String> {
    recursive::try_call(n).map_err(|error| error.to_string())?
}

/// As many bytes out as in.
#[memento]
pub fn double(bytes: Vec<u8>) -> Vec<u8> {
    bytes.iter().map(|byte| byte.wrapping_mul(2)).collect()
}

/// Cannot be read back from its arguments.
#[memento]
pub fn borrowing(words: Vec<&str>) -> (usize, u32) {
    (words.len(), id())
}

/// An error that can only be made by the one who has it.
#[derive(Debug, PartialEq, Eq)]
pub struct Plain(pub u32);

/// Returns an error that cannot go to another process.
#[memento]
pub fn fail_plainly(folder: PathBuf) -> Result<u64, Plain> {
    note(&folder, "runs", id());
    Err(Plain(id()))
}

/// Returns an error that can go to another process.
#[memento]
pub fn fail_with_text(folder: PathBuf) -> Result<u64, String> {
    note(&folder, "runs", id());
    Err(format!("in process {}", id()))
}

/// Returns an error of the operating system.
#[memento]
pub fn fail_to_open(folder: PathBuf) -> io::Result<u64> {
    note(&folder, "runs", id());
    fs::File::open(folder.join("nothing")).map(|_| 0)
}

/// An error that is kept with some numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numbered(pub u64, pub u32);

impl Transient for Numbered {
    fn is_transient(&self) -> bool {
        !self.0.is_multiple_of(2)
    }
}

/// Returns an error that is kept if the number is even.
#[memento(errors = "replay")]
pub fn fail_with_number(folder: PathBuf, n: u64) -> Result<u64, Numbered> {
    note(&folder, "runs", n);
    Err(Numbered(n, id()))
}

/// Returns whether [`fail_with_number()`] did.
#[memento]
pub fn has_failed(folder: PathBuf, n: u64) -> bool {
    note(&folder, "runs", 100 + n);
    fail_with_number(folder, n).is_err()
}

/// Meets another call: returns when both run.
#[memento]
pub fn rendezvous(folder: PathBuf, me: u64, other: u64) -> u64 {
    shared(folder.clone());
    fs::create_dir_all(folder.join(me.to_string())).expect("a folder");
    while !folder.join(other.to_string()).exists() {
        std::thread::yield_now();
    }
    me
}

/// What several calls need.
#[memento]
pub fn shared(folder: PathBuf) -> u64 {
    note(&folder, "shared", id());
    7
}

/// A variable of the environment, without anybody noting it.
#[memento]
pub fn variable(name: String) -> Option<String> {
    std::env::var(name).ok()
}

/// Needs what all others need.
#[memento]
pub fn needs_common(folder: PathBuf, n: u64, workers: u64) -> u64 {
    note(&folder, "begun", n);
    n + common(folder, workers)
}

/// Ends when so many workers have begun to make calls, all of which need it.
#[memento]
pub fn common(folder: PathBuf, workers: u64) -> u64 {
    note(&folder, "common", id());
    wait_for_begun(&folder, workers);
    100
}

fn wait_for_begun(folder: &Path, count: u64) {
    while (noted_so_far(folder, "begun") as u64) < count {
        std::thread::yield_now();
    }
}

/// How many lines a file of `folder` has, which somebody may be about to add one to.
fn noted_so_far(folder: &Path, file: &str) -> usize {
    let text = fs::read(folder.join(file)).unwrap_or_default();
    String::from_utf8_lossy(&text).matches('\n').count()
}

/// Needs what another one needs, and what ends the process of the one that computes it first.
#[memento]
pub fn needs_killer(folder: PathBuf, n: u64) -> u64 {
    note(&folder, "begun", n);
    n + killer(folder)
}

/// Kills its process the first time, when two calls that need it have begun.
#[memento]
pub fn killer(folder: PathBuf) -> u64 {
    note(&folder, "common", id());
    if fs::create_dir(folder.join("killed")).is_ok() {
        wait_for_begun(&folder, 2);
        send(Signal::Kill);
    }
    100
}

/// Needs what kills its process the first time; the second time it waits until somebody else has computed that.
#[memento]
pub fn outlives(folder: PathBuf) -> usize {
    if fs::create_dir(folder.join("begun")).is_ok() {
        let _ = kills_once(folder.clone());
    }
    let began = Instant::now();
    while noted_so_far(&folder, "computed") == 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "nobody computes it");
        std::thread::yield_now();
    }
    noted(&folder, "computed").len()
}

/// Kills its process the first time.
#[memento]
pub fn kills_once(folder: PathBuf) -> u64 {
    if fs::create_dir(folder.join("killed")).is_ok() {
        send(Signal::Kill);
    }
    note(&folder, "computed", id());
    100
}

/// Says that it has begun, waits until it is told to go on, and needs [`twig()`].
#[memento]
pub fn needs_twig(folder: PathBuf) -> u64 {
    note(&folder, "begun", id());
    while !folder.join("go").exists() {
        std::thread::yield_now();
    }
    twig(folder, 1) + 1
}

/// Returns its argument.
#[memento]
pub fn twig(folder: PathBuf, n: u64) -> u64 {
    note(&folder, "twigs", n);
    n
}

/// Waits until somebody has begun who needs it, and needs [`twig()`].
#[memento]
pub fn branch(folder: PathBuf) -> u64 {
    wait_for_begun(&folder, 1);
    twig(folder, 2)
}

/// Says that it has begun, and needs [`branch()`].
#[memento]
pub fn needs_branch(folder: PathBuf) -> u64 {
    note(&folder, "begun", id());
    branch(folder) + 1
}

/// Calls itself for the next number, and the one behind that, up to `last`.
#[memento]
pub fn climb(folder: PathBuf, n: u64, last: u64) -> u64 {
    if n >= last {
        return n;
    }
    climb(folder.clone(), n + 1, last) + climb(folder, n + 2, last) % 7
}
