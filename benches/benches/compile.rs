//! What `#[memento]` adds to `cargo check`, beside `#[memento(version = "1")]`, which looks at nothing but the
//! function.
//!
//! The crates are generated, and differ in that only. Each is checked after its root was touched, so that rustc expands
//! all macros again, and has nothing else to do that it can know from the last time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use memento_benches::program::Program;
use memento_benches::time;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Where crates and what is compiled of them are. They stay, so that what they depend on is compiled once.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/compile");

/// How often each crate of 10,000 lines is checked.
const ROUNDS: usize = 15;
/// How often each crate of 100,000 lines is checked.
const LONG_ROUNDS: usize = 3;

/// The packages that are compared: what stands on functions in them.
const FOLLOWED: (&str, &str) = ("followed", "#[memento]");
const FIXED: (&str, &str) = ("fixed", "#[memento(version = \"1\")]");

fn main() {
    let short = Workspace::of_libraries("short", 20, 20);
    compare("20 mementos in 10,000 lines", &short, ROUNDS);
    let mut unchanged = Vec::new();
    for _ in 0..ROUNDS {
        let (took, compiled) = short.check(FOLLOWED.0);
        assert!(compiled.is_empty(), "nothing has changed: {compiled:?}");
        unchanged.push(took);
    }
    println!("  again, without a change: {:.2?}, nothing compiled", time::median(unchanged));
    let program = Workspace::of_programs("program", 20);
    compare("a memento in 10 lines that reaches into a crate of 10,000", &program, ROUNDS);
    for mementos in [20, 200] {
        let long = Workspace::of_libraries(&format!("long-{mementos}"), 200, mementos);
        compare(&format!("{mementos} mementos in 100,000 lines"), &long, LONG_ROUNDS);
    }
}

/// Checks both packages in turn, and prints how long that takes.
fn compare(what: &str, workspace: &Workspace, rounds: usize) {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for _ in 0..rounds {
        for (times, (package, _)) in times.iter_mut().zip([FOLLOWED, FIXED]) {
            workspace.touch(package);
            let (took, compiled) = workspace.check(package);
            assert_eq!(compiled.len(), 1, "one package has changed: {compiled:?}");
            times.push(took);
        }
    }
    let [followed, fixed] = times.map(time::median);
    let more = followed.saturating_sub(fixed);
    println!("{what}; medians of {rounds} checks");
    println!("  with the index {followed:.2?}, without it {fixed:.2?}, difference {more:.2?}");
}

/// A cargo workspace. The names of its packages begin with its own: Cargo takes packages of one name, in workspaces
/// that share a target folder, for the same.
struct Workspace {
    name: String,
    folder: PathBuf,
}

impl Workspace {
    /// Libraries of so many modules, of 500 lines each.
    fn of_libraries(name: &str, modules: usize, mementos: usize) -> Self {
        let workspace = Self::new(name);
        for (package, attribute) in [FOLLOWED, FIXED] {
            workspace.add(package, "", &Program::new(modules, mementos, attribute).files());
        }
        workspace.prepare()
    }

    /// Programs with a memento that calls a function in a library of so many modules.
    fn of_programs(name: &str, modules: usize) -> Self {
        let workspace = Self::new(name);
        let library = Program::new(modules, modules, FOLLOWED.1);
        workspace.add("goods", "", &library.files());
        let called = library.last();
        for (package, attribute) in [FOLLOWED, FIXED] {
            let main = format!(
                "//! Prints what goods come to.\n\nuse program_goods::{called} as total;\nuse memento::memento;\n\n\
                 {attribute}\nfn result(value: f64, count: usize) -> f64 {{\n    total(value, count)\n}}\n\n\
                 fn main() {{\n    println!(\"{{}}\", result(1.0, 2));\n}}\n"
            );
            let dependency = "program-goods = { path = \"../goods\" }\n";
            workspace.add(package, dependency, &[("main.rs".to_owned(), main)]);
        }
        workspace.prepare()
    }

    /// One without packages.
    fn new(name: &str) -> Self {
        let name = name.to_owned();
        let folder = Path::new(FOLDER).join(&name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the crates of the last run go");
        }
        fs::create_dir_all(&folder).expect("a folder");
        write(&folder.join("Cargo.toml"), "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n");
        let lock = Path::new(REPOSITORY).join("Cargo.lock");
        fs::copy(lock, folder.join("Cargo.lock")).expect("a copy");
        Self { name, folder }
    }

    fn add(&self, package: &str, dependencies: &str, files: &[(String, String)]) {
        let (folder, name) = (self.folder.join(package), &self.name);
        fs::create_dir_all(folder.join("src")).expect("a folder");
        let manifest = format!(
            "[package]\nname = \"{name}-{package}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmemento = {{ path = \"{REPOSITORY}/memento\" }}\n{dependencies}"
        );
        write(&folder.join("Cargo.toml"), &manifest);
        for (name, code) in files {
            write(&folder.join("src").join(name), code);
        }
    }

    /// Checks everything once.
    fn prepare(self) -> Self {
        for (package, _) in [FOLLOWED, FIXED] {
            self.check(package);
        }
        self
    }

    /// Makes the root of a package newer than what was made of it.
    fn touch(&self, package: &str) {
        let source = self.folder.join(package).join("src");
        let roots = ["lib.rs", "main.rs"].map(|root| source.join(root));
        let root = roots.iter().find(|root| root.exists()).expect("it has a root");
        let file = File::options().append(true).open(root).expect("it can be written");
        file.set_modified(SystemTime::now()).expect("it has a time");
    }

    /// Checks a package: how long it takes, and which targets rustc is run for.
    fn check(&self, package: &str) -> (Duration, Vec<String>) {
        let package = format!("{}-{package}", self.name);
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args(["check", "--offline", "--quiet", "--message-format", "json", "--package"])
            .arg(&package)
            .args(["--target-dir", FOLDER])
            .current_dir(&self.folder)
            .env_remove("RUSTFLAGS");
        let began = Instant::now();
        let output = cargo.output().expect("cargo can be started");
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        let messages = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{package}: {said}{messages}");
        let compiled = messages.lines().filter(|message| message.contains("\"fresh\":false"));
        let name = |message: &str| {
            let (_, target) = message.split_once("\"target\":")?;
            let (_, name) = target.split_once("\"name\":\"")?;
            Some(name.split_once('"')?.0.to_owned())
        };
        (took, compiled.filter_map(name).collect())
    }
}

fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
