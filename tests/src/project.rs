//! A small cargo workspace that a test edits, builds and runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

/// Where projects are built, two at a time. What the tests in `programs.rs` build in the first one has the same
/// dependencies.
const TARGETS: [&str; 2] = ["programs", "projects"];

/// The contents of files, by their path in the project.
type Files = BTreeMap<String, Vec<u8>>;

/// A copy of a folder of `fixtures/changes` in a temporary folder. It stays there if the test fails.
///
/// Each project has a target folder of its own as long as it is there, with the dependencies that earlier ones have
/// compiled. Cargo tells what is built there by the names of packages and targets. So those of a fixture begin with
/// `changes-` and its name, those of no other do, and what an earlier project of the same fixture has left is removed.
#[derive(Debug)]
pub struct Project {
    folder: TempDir,
    target: PathBuf,
    /// Locked as long as this is open.
    _turn: File,
    /// As the fixture has it.
    base: Files,
    /// As it is in the folder.
    current: Files,
    /// When a file was last written.
    written: SystemTime,
    /// Whether code was written since the last build.
    is_edited: bool,
    /// Features and environment variables to build with.
    features: BTreeSet<String>,
    variables: BTreeMap<String, String>,
    /// What is built besides the binaries: `--examples`.
    extra: &'static [&'static str],
    /// `memento.toml` where the programs run.
    configuration: String,
}

/// What a build did.
#[derive(Debug, Default)]
pub struct Build {
    /// The names of the libraries and programs that were compiled.
    pub compiled: BTreeSet<String>,
    /// All programs: binaries, examples and tests.
    pub programs: Vec<PathBuf>,
}

/// A folder that programs run in: working directory, home, caches, and storage.
#[derive(Debug)]
pub struct Place(TempDir);

/// What the programs of a project told, all of them together.
#[derive(Debug, Default)]
pub struct Run {
    /// Which functions ran, and how often.
    pub ran: BTreeMap<String, usize>,
    /// The lines of output.
    pub output: Vec<String>,
    /// What else was said on standard error.
    pub messages: Vec<String>,
}

impl Project {
    /// A copy of `fixtures/changes/{name}`. `target` is `CARGO_TARGET_TMPDIR`, which only tests know.
    ///
    /// # Panics
    ///
    /// Where there is no such fixture.
    pub fn new(name: &str, target: &str) -> Self {
        let (target, turn) = target_folder(Path::new(target));
        clean(&target.join("debug"), name);
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        let fixtures = repository.join("tests/fixtures/changes");
        let mut base = Files::new();
        collect(&fixtures.join(name), "", &mut base);
        // The one file that names folders outside of the project.
        let manifest = base.get_mut("Cargo.toml").expect("a fixture has a Cargo.toml");
        let text = String::from_utf8_lossy(manifest);
        let absolute = format!("path = \"{}/", fixtures.display());
        *manifest = text.replace("path = \"../", &absolute).into_bytes();
        // The versions that are tested here are the versions that are tested everywhere.
        let folder = TempDir::new().expect("a temporary folder");
        fs::copy(repository.join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a copy");
        let mut project = Self {
            folder,
            target,
            _turn: turn,
            base: base.clone(),
            current: Files::new(),
            written: SystemTime::UNIX_EPOCH,
            is_edited: false,
            features: BTreeSet::new(),
            variables: BTreeMap::new(),
            extra: &[],
            configuration: "[storage]\npath = 'results'\n".to_owned(),
        };
        project.set(base);
        project
    }

    /// Builds more than the binaries: `--examples`, `--tests`.
    pub fn also_build(mut self, arguments: &'static [&'static str]) -> Self {
        self.extra = arguments;
        self
    }

    /// Runs its programs with this `memento.toml`.
    pub fn configure(mut self, configuration: &str) -> Self {
        configuration.clone_into(&mut self.configuration);
        self
    }

    /// A place for its programs to run in, where nothing is stored yet.
    ///
    /// # Panics
    ///
    /// Where there can be none.
    pub fn place(&self) -> Place {
        let place = TempDir::new().expect("a temporary folder");
        let file = place.path().join("memento.toml");
        fs::write(file, &self.configuration).expect("a configuration");
        Place(place)
    }

    /// Makes a file what it should be.
    pub fn write(&mut self, file: &str, content: impl Into<Vec<u8>>) {
        let mut files = self.current.clone();
        files.insert(file.to_owned(), content.into());
        self.set(files);
    }

    /// Replaces `from`, which is there exactly once.
    ///
    /// # Panics
    ///
    /// Where it is not.
    #[track_caller]
    pub fn replace(&mut self, file: &str, from: &str, to: &str) {
        let old = self.current.get(file).unwrap_or_else(|| panic!("there is no {file}"));
        let old = String::from_utf8_lossy(old);
        assert_eq!(old.matches(from).count(), 1, "{file} has {from:?} once");
        let new = old.replace(from, to);
        self.write(file, new);
    }

    /// Replaces `from`, which one file of the project has, and it only once.
    ///
    /// # Panics
    ///
    /// Where it is not so.
    #[track_caller]
    pub fn edit(&mut self, from: &str, to: &str) {
        let has = |content: &Vec<u8>| String::from_utf8_lossy(content).contains(from);
        let files: Vec<_> = self.current.iter().filter(|(_, content)| has(content)).collect();
        match &files[..] {
            [(file, _)] => {
                let file = String::clone(file);
                self.replace(&file, from, to);
            }
            files => panic!("{} files have {from:?} instead of one", files.len()),
        }
    }

    /// Builds with this feature of the package in the project's folder.
    pub fn feature(&mut self, name: &str) {
        self.features.insert(name.to_owned());
    }

    /// Builds with this environment variable.
    pub fn variable(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// Undoes all edits, features and variables.
    pub fn reset(&mut self) {
        self.features.clear();
        self.variables.clear();
        self.set(self.base.clone());
    }

    /// Makes the files of the project these.
    fn set(&mut self, files: Files) {
        for (file, content) in &files {
            if self.current.get(file) != Some(content) {
                self.put(file, content);
            }
        }
        for file in self.current.keys().filter(|file| !files.contains_key(*file)) {
            fs::remove_file(self.folder.path().join(file)).expect("a file less");
        }
        self.current = files;
    }

    /// Writes a file so that cargo notices. Cargo builds again what has a file newer than the beginning of the last
    /// build, in nanoseconds; clocks of file systems are coarser than that, so the time is set by hand.
    fn put(&mut self, name: &str, content: &[u8]) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, content).expect("a file");
        self.written = SystemTime::now().max(self.written + Duration::from_nanos(1));
        let file = File::options().append(true).open(path).expect("a file");
        file.set_modified(self.written).expect("a time of change");
        self.is_edited |= Path::new(name).extension().is_some_and(|extension| extension == "rs");
    }

    /// Builds it. Returns what the compiler says where it does not build.
    ///
    /// # Panics
    ///
    /// Where cargo has not noticed that code is another one.
    pub fn try_build(&mut self) -> Result<Build, String> {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--quiet", "--bins"])
            .args(self.extra)
            .args(self.features.iter().flat_map(|feature| ["--features", feature]))
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(&self.target)
            .current_dir(self.folder.path())
            .env_remove("RUSTFLAGS")
            // Nobody debugs them, and to link them takes half of the time.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .envs(&self.variables)
            .output()
            .expect("cargo");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut build = Build::default();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let target = line.split_once("\"target\":").map_or("", |(_, target)| target);
            if let Some(name) = between(target, "\"name\":\"", "\"")
                && line.contains("\"fresh\":false")
            {
                build.compiled.insert(name.to_owned());
            }
            if let Some(program) = between(line, "\"executable\":\"", "\"") {
                build.programs.push(program.into());
            }
        }
        build.programs.sort();
        assert!(!self.is_edited || !build.compiled.is_empty(), "cargo compiles what was edited");
        self.is_edited = false;
        Ok(build)
    }

    /// Builds it.
    ///
    /// # Panics
    ///
    /// Where it does not build.
    #[track_caller]
    pub fn build(&mut self) -> Build {
        self.try_build().unwrap_or_else(|errors| panic!("the project does not build:\n{errors}"))
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("the project stays in {}", self.folder.path().display());
        }
    }
}

impl Build {
    /// Runs all programs, one after another.
    ///
    /// # Panics
    ///
    /// Where one does not end well.
    #[track_caller]
    pub fn run(&self, place: &Place, arguments: &[&str]) -> Run {
        let mut run = Run::default();
        for program in &self.programs {
            run.add(&place.run(program, arguments));
        }
        run
    }
}

impl Place {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a program, with no settings but its own.
    fn run(&self, program: &Path, arguments: &[&str]) -> Output {
        let settings = std::env::vars_os().map(|(name, _)| name);
        let mut command = Command::new(program);
        for name in settings.filter(|name| name.to_string_lossy().starts_with("MEMENTO_")) {
            command.env_remove(name);
        }
        if program.parent().is_some_and(|folder| folder.ends_with("deps")) {
            // A test program, whose output would be kept from us.
            command.args(["--nocapture", "--test-threads=2"]);
            command.env("REPORT", arguments.join(" "));
        } else {
            command.args(arguments);
        }
        // Where `[env]` sets it, as the documentation says, Cargo passes it on to programs.
        command.env("MEMENTO_CRATE_VERSIONS", "exact");
        let output = command
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_CACHE_HOME", self.0.path().join("caches"))
            .env("XDG_CONFIG_HOME", self.0.path().join("settings"))
            .output()
            .expect("the program starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} failed:\n{errors}", program.display());
        output
    }
}

impl Run {
    fn add(&mut self, output: &Output) {
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            match line.strip_prefix("ran ") {
                Some(name) => *self.ran.entry(name.to_owned()).or_default() += 1,
                None => self.messages.push(line.to_owned()),
            }
        }
        let lines = String::from_utf8_lossy(&output.stdout);
        // What a test program says for itself.
        let own = |line: &&str| !line.is_empty() && !line.starts_with("running ");
        let lines = lines.lines().filter(own).filter(|line| !line.starts_with("test "));
        self.output
            .extend(lines.filter(|line| !line.starts_with("test result")).map(str::to_owned));
    }
}

/// A target folder that nobody else has as long as the file is open.
fn target_folder(parent: &Path) -> (PathBuf, File) {
    let folders = TARGETS.map(|name| parent.join(name));
    let lock = |folder: &PathBuf| {
        fs::create_dir_all(folder).expect("a target folder");
        File::create(folder.join("changes.lock")).expect("a file to lock")
    };
    let mut locks: Vec<_> = folders.iter().cloned().map(|folder| (lock(&folder), folder)).collect();
    let free = locks.iter().position(|(lock, _)| lock.try_lock().is_ok());
    let (lock, folder) = locks.swap_remove(free.unwrap_or_default());
    if free.is_none() {
        lock.lock().expect("a turn");
    }
    (folder, lock)
}

/// Removes what was built of earlier projects: what a compiler leaves may be seen by the next one.
fn clean(folder: &Path, fixture: &str) {
    let ours = [format!("changes-{fixture}"), format!("changes_{}", fixture.replace('-', "_"))];
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let name = name.strip_prefix("lib").unwrap_or(&name);
        let is_ours = ours.iter().any(|beginning| name.starts_with(beginning));
        match (path.is_dir(), is_ours) {
            (true, true) => fs::remove_dir_all(path).expect("a folder less"),
            (true, false) => clean(&path, fixture),
            (false, true) => fs::remove_file(path).expect("a file less"),
            (false, false) => {}
        }
    }
}

/// Reads all files below `folder`.
fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    for entry in entries.map(|entry| entry.expect("a file")) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if name == "target" {
            // Of somebody who has built the fixture where it is.
        } else if entry.path().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else if name != "Cargo.lock" {
            files.insert(name, fs::read(entry.path()).expect("a file"));
        }
    }
}

/// What stands between `start` and the next `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}
