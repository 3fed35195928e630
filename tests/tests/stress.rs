//! Random graphs of calls, computed by several programs at once on one folder, while workers and whole programs are
//! killed, results forgotten and files damaged.
//!
//! Values are right, whatever happens. Nobody is stuck. What somebody got the value of is there for all who come
//! later, until it is forgotten or damaged; what is asked for after that is computed again, and there again.
//!
//! Each graph has a seed, which is printed. `MEMENTO_STRESS_SEED` begins with that of a failure, and
//! `MEMENTO_STRESS_GRAPHS` says how many graphs there are: 10,000 take about an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use memento::{Environment, NullRunner};
use memento_tests::folder::Folder;
use memento_tests::graph::{Graph, Node, Part, Random, node};
use parking_lot::Mutex;

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// How long a graph may take before something is said to be stuck. It takes less than a second.
const PATIENCE: Duration = Duration::from_mins(3);

/// How many graphs there are, if nothing is said: a minute of them.
const GRAPHS: u64 = 150;

/// A number that a variable of the environment says.
fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|error| panic!("{name} is {text:?}: {error}")))
}

#[test]
fn values_are_right_and_nothing_is_lost_or_stuck() {
    let count = variable("MEMENTO_STRESS_GRAPHS").unwrap_or(GRAPHS);
    let mut seed =
        variable("MEMENTO_STRESS_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let began = Instant::now();
    for graph in 0..count {
        println!("graph {graph}: MEMENTO_STRESS_SEED={seed}");
        watched(seed);
        seed = seed.wrapping_add(1);
    }
    println!("{count} graphs in {:.0?}", began.elapsed());
}

/// Computes the graph of `seed` in a thread of its own; says who waits for what if it takes too long.
fn watched(seed: u64) {
    let doing = Arc::new(Mutex::new(BTreeMap::new()));
    let (sender, ended) = mpsc::channel();
    let told = Arc::clone(&doing);
    let thread = std::thread::spawn(move || {
        Trial::new(seed, told).run();
        let _ = sender.send(());
    });
    match ended.recv_timeout(PATIENCE) {
        Ok(()) => thread.join().expect("it has ended well"),
        Err(RecvTimeoutError::Timeout) => {
            panic!("stuck, MEMENTO_STRESS_SEED={seed}:\n{}", describe(&doing.lock()));
        }
        Err(RecvTimeoutError::Disconnected) => {
            let payload = thread.join().expect_err("it has sent nothing");
            let text = payload.downcast_ref::<String>().map_or("see above", String::as_str);
            panic!("MEMENTO_STRESS_SEED={seed}: {text}");
        }
    }
}

/// Who does what, and where the kernel has each thread of this process and of those that it started.
fn describe(doing: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (who, what) in doing {
        let _ = writeln!(text, "{who} {what}");
    }
    for process in [std::process::id()].into_iter().chain(descendants(std::process::id())) {
        let read = |file: PathBuf| fs::read_to_string(file).unwrap_or_default().trim().to_owned();
        let folder = PathBuf::from(format!("/proc/{process}"));
        let command = read(folder.join("cmdline")).replace('\0', " ");
        let _ = writeln!(text, "process {process}: {command}");
        for thread in fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let [name, place] = ["comm", "wchan"].map(|file| read(thread.path().join(file)));
            let _ = writeln!(text, "  thread {name} waits in {place}");
        }
        let mut stacks = Command::new("gdb");
        stacks.args(["-batch", "-ex", "thread apply all bt 30", "-p", &process.to_string()]);
        if let Ok(output) = stacks.output() {
            text.push_str(&String::from_utf8_lossy(&output.stdout));
        }
    }
    text
}

/// The processes that a process started, those that they started, and so on.
fn descendants(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let tasks = fs::read_dir(format!("/proc/{process}/task"));
    for task in tasks.into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|child| child.parse().ok()) {
            found.push(child);
            found.extend(descendants(child));
        }
    }
    found
}

/// What is done with a graph.
struct Trial {
    graph: Graph,
    random: Random,
    folder: Folder,
    /// The folder of the log.
    _place: tempfile::TempDir,
    /// Nodes that somebody got the value of, and that nothing has happened to since.
    acknowledged: BTreeSet<Node>,
    /// What is done at this moment, and by whom.
    doing: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Trial {
    fn new(seed: u64, doing: Arc<Mutex<BTreeMap<String, String>>>) -> Self {
        let place = tempfile::tempdir().unwrap();
        let graph = Graph::new(seed, place.path().join("log"));
        let random = Random(seed ^ 0x5eed);
        let acknowledged = BTreeSet::new();
        Self { graph, random, folder: Folder::new(), _place: place, acknowledged, doing }
    }

    fn tell(&self, who: &str, what: impl Into<String>) {
        self.doing.lock().insert(who.to_owned(), what.into());
    }

    fn run(mut self) {
        for round in 0..4 {
            self.tell("the round", round.to_string());
            self.compute();
            self.check();
            self.meddle();
        }
        self.compute();
        self.check();
    }

    /// Lets several take part at once, here and in programs, and kills some.
    fn compute(&mut self) {
        let parts = |random: &mut Random, count: u64| -> Vec<Part> {
            (0..count).map(|_| self.part(random)).collect()
        };
        let mut random = self.random.clone();
        let count = random.below(3);
        let here = parts(&mut random, count);
        let count = random.below(3) + u64::from(here.is_empty());
        let there = parts(&mut random, count);
        let forgotten = random.once_in(3).then(|| self.node(&mut random));
        let kills = random.below(4);
        let running = AtomicUsize::new(here.len() + there.len());
        let ended: Vec<Part> = std::thread::scope(|scope| {
            let mut ends = Vec::new();
            for part in &there {
                let (this, running) = (&*self, &running);
                ends.push(scope.spawn(move || {
                    let _end = Countdown(running);
                    this.take_elsewhere(part)
                }));
            }
            for part in &here {
                let (this, running) = (&*self, &running);
                ends.push(scope.spawn(move || {
                    let _end = Countdown(running);
                    this.tell(&format!("here, part {}", part.seed), "computes");
                    part.take();
                    this.tell(&format!("here, part {}", part.seed), "has ended");
                    true
                }));
            }
            if let Some(node) = forgotten {
                self.forget(node);
            }
            self.kill(&mut random, kills, &running);
            let ends =
                ends.into_iter().map(|end| end.join().expect("nobody fails")).collect::<Vec<_>>();
            let parts = there.iter().chain(&here).zip(ends);
            parts.filter(|(_, has_ended)| *has_ended).map(|(part, _)| part.clone()).collect()
        });
        self.random = random;
        self.acknowledged.extend(ended.iter().flat_map(Part::nodes));
        if let Some(node) = forgotten {
            self.lose(node);
        }
    }

    fn part(&self, random: &mut Random) -> Part {
        Part {
            graph: self.graph.clone(),
            seed: random.below(u64::MAX),
            storage: self.folder.path().to_owned(),
            program: PROGRAM.into(),
        }
    }

    fn node(&self, random: &mut Random) -> Node {
        (random.below(self.graph.layers), random.below(self.graph.width))
    }

    /// Lets a program take part; whether it came to its end.
    fn take_elsewhere(&self, part: &Part) -> bool {
        let mut command = Command::new(PROGRAM);
        command.arg("take-part").arg(part.to_string()).stdin(Stdio::null()).stderr(Stdio::piped());
        let child: Child = command.spawn().expect("the program starts");
        let who = format!("process {}, part {}", child.id(), part.seed);
        self.tell(&who, "computes");
        let output = child.wait_with_output().expect("it ends");
        self.tell(&who, format!("ended with {}", output.status));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || is_killed(output.status),
            "a program ended with {}: {errors}",
            output.status
        );
        output.status.success()
    }

    /// Kills `count` workers or programs, each when some more nodes have been computed.
    fn kill(&self, random: &mut Random, count: u64, running: &AtomicUsize) {
        let computed = || fs::metadata(&self.graph.log).map_or(0, |log| log.len());
        for _ in 0..count {
            let until = computed() + random.below(2 * self.graph.layers * self.graph.width);
            while computed() < until && running.load(Ordering::SeqCst) > 0 {
                std::thread::yield_now();
            }
            let processes = descendants(std::process::id());
            if !processes.is_empty() {
                let index = random.below(processes.len() as u64);
                let process = processes[usize::try_from(index).unwrap()];
                self.tell("the killer", format!("kills {process}"));
                let mut kill = Command::new("kill");
                let _ = kill.args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
            }
        }
    }

    /// Checks that what somebody got the value of is there, and right.
    fn check(&self) {
        self.tell("the check", "looks everything up");
        let storage = memento_storage_fs::storage(&self.folder.options());
        let mut known = BTreeMap::new();
        Environment::new(storage, NullRunner).enter(|| {
            for (layer, place) in &self.acknowledged {
                let value = node::try_call(self.graph.clone(), *layer, *place);
                let value = value.unwrap_or_else(|error| {
                    let why = node::explain(self.graph.clone(), *layer, *place);
                    panic!("node {layer}/{place} was computed, and is lost: {error}; {why:?}")
                });
                let expected = self.graph.expected((*layer, *place), &mut known);
                assert!(value == expected, "node {layer}/{place} has a wrong value");
            }
        });
        self.tell("the check", "has ended");
    }

    /// Forgets or damages something, or leaves everything as it is.
    fn meddle(&mut self) {
        let mut random = self.random.clone();
        match random.below(5) {
            0 => {
                let node = self.node(&mut random);
                self.forget(node);
                self.lose(node);
            }
            1 => {
                let storage = memento_storage_fs::storage(&self.folder.options());
                Environment::new(storage, NullRunner).enter(node::forget_all).unwrap();
                self.acknowledged.clear();
            }
            2 => {
                for file in self.folder.results() {
                    damage(&file, &mut random);
                }
                self.acknowledged.clear();
            }
            3 => {
                self.damage_records(&mut random);
                self.acknowledged.clear();
            }
            _ => {}
        }
        self.random = random;
    }

    fn forget(&self, (layer, place): Node) {
        let storage = memento_storage_fs::storage(&self.folder.options());
        let forget = || node::forget(self.graph.clone(), layer, place);
        Environment::new(storage, NullRunner).enter(forget).unwrap();
    }

    /// Notes that a node may have to be computed again, and with it what reaches it.
    fn lose(&mut self, node: Node) {
        self.acknowledged.retain(|other| !self.graph.reaches(*other, node));
    }

    /// Changes a byte of some records.
    fn damage_records(&self, random: &mut Random) {
        if !self.folder.database().exists() {
            return;
        }
        let database = self.folder.open_database();
        let script = "UPDATE mementos SET record = CAST(substr(record, 1, ?1) || x'ff' || \
                      substr(record, ?1 + 2) AS BLOB) WHERE rowid % 3 = ?2";
        let place = i64::try_from(random.below(300)).unwrap();
        let rest = i64::try_from(random.below(3)).unwrap();
        database.execute(script, [place, rest]).expect("records can be changed");
    }
}

/// Changes, cuts short or removes a file, or leaves it as it is.
fn damage(file: &Path, random: &mut Random) {
    let mut content = fs::read(file).unwrap();
    match random.below(4) {
        0 => fs::remove_file(file).unwrap(),
        1 => fs::write(file, &content[..content.len() / 2]).unwrap(),
        2 => {
            let place = usize::try_from(random.below(content.len() as u64)).unwrap();
            content[place] ^= 1;
            fs::write(file, content).unwrap();
        }
        _ => {}
    }
}

/// Whether a process was killed by signal 9.
fn is_killed(status: ExitStatus) -> bool {
    status.signal() == Some(9)
}

/// Counts one less when its work has ended, well or not.
struct Countdown<'a>(&'a AtomicUsize);

impl Drop for Countdown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
