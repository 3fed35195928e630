//! Results that depend on files, folders, variables and kinds of one's own.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use memento::resource::{self, FileContent, Resource, State};
use memento::{Environment, Explanation, LocalRunner, Miss, Storage, memento};
use memento_storage_fs::Options;
use memento_tests::Runs;
use tempfile::TempDir;

static RUNS: Runs = Runs::new();

#[memento]
fn lines(path: PathBuf) -> io::Result<usize> {
    RUNS.add();
    Ok(resource::text(path)?.lines().count())
}

#[memento]
fn lines_of_all(paths: Vec<PathBuf>) -> usize {
    RUNS.add();
    paths.into_iter().map(|path| lines(path).unwrap_or(0)).sum()
}

#[memento]
fn lines_or_none(path: PathBuf) -> Option<usize> {
    RUNS.add();
    Some(resource::text(path).ok()?.lines().count())
}

#[memento]
fn tables(folder: PathBuf) -> io::Result<usize> {
    RUNS.add();
    Ok(resource::directory(folder, "*.csv")?.len())
}

#[memento]
fn greeting() -> String {
    RUNS.add();
    let name = resource::env_var("MEMENTO_TEST_NAME");
    name.map_or_else(|_| "nobody".to_owned(), |name| format!("{name:?}"))
}

#[memento]
fn size_of(content: FileContent) -> io::Result<usize> {
    RUNS.add();
    Ok(content.read()?.len())
}

/// The sizes of some files: of the first, which it reads itself, and of all that it hands on.
#[memento]
fn sizes(paths: Vec<PathBuf>) -> (Option<usize>, Vec<Option<usize>>) {
    RUNS.add();
    let first = FileContent::from(&*paths[0]).read().ok().map(|content| content.len());
    let size = |path: PathBuf| size_of::try_call(FileContent::from(path)).ok()?.ok();
    (first, paths[1..].iter().cloned().map(size).collect())
}

/// Hands on what it is called with.
#[memento]
fn size_by_others(content: FileContent) -> [usize; 2] {
    RUNS.add();
    [size_by_reference(&content), content.read().unwrap().len()]
}

#[memento]
fn size_by_reference(content: &FileContent) -> usize {
    RUNS.add();
    content.read().unwrap().len()
}

/// A revision that only this process knows.
struct Revision;

static REVISION: AtomicU64 = AtomicU64::new(0);

impl Resource for Revision {
    const KIND: &'static str = "revision";

    fn name(&self) -> String {
        "the only one".to_owned()
    }

    fn from_name(_: &str) -> memento::Result<Self> {
        Ok(Self)
    }

    fn state(&self) -> State {
        State::of(&REVISION.load(Ordering::Relaxed).to_le_bytes())
    }
}

resource::register!(Revision);

#[memento]
fn revised(n: u64) -> u64 {
    RUNS.add();
    resource::observe(&Revision).unwrap();
    n + REVISION.load(Ordering::Relaxed)
}

/// A folder with files, and a storage in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// An environment that has the storage and nothing in memory, as a new process would.
    fn fresh(&self) -> Environment {
        let storage = memento_storage_fs::storage(&Options::new(self.path("storage")));
        Environment::new(storage, LocalRunner::new())
    }

    /// The value of `call` in a new process, and how many functions ran for it; again in the same process, none may.
    fn call<T: PartialEq + std::fmt::Debug>(&self, call: impl Fn() -> T) -> (T, u64) {
        self.fresh().enter(|| {
            RUNS.take();
            let value = call();
            let runs = RUNS.take();
            assert_eq!((call(), RUNS.take()), (value, 0), "it is there now");
            (call(), runs)
        })
    }
}

fn touch(path: &Path) {
    let later = SystemTime::now() + Duration::from_secs(100);
    File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
}

#[test]
fn a_file_makes_only_its_readers_run() {
    RUNS.alone(|| {
        let place = Place::new();
        let (one, two) = (place.write("one", "1\n2\n"), place.write("two", "1\n2\n3\n"));
        let lines = |path: &Path| place.call(|| lines(path.to_owned()).unwrap());
        assert_eq!((lines(&one), lines(&two)), ((2, 1), (3, 1)));
        assert_eq!((lines(&one), lines(&two)), ((2, 0), (3, 0)));
        touch(&one);
        assert_eq!(lines(&one), (2, 0), "the same content with another time");
        place.write("one", "1\n\n");
        assert_eq!(
            (lines(&one), lines(&two)),
            ((2, 1), (3, 0)),
            "as long as before, as many lines"
        );
        place.write("one", "1\n");
        assert_eq!(lines(&one), (1, 1));
        place.write("one", "1\n2\n");
        assert_eq!(lines(&one), (2, 0), "what it was at first");
    });
}

#[test]
fn a_file_that_changes_is_seen_in_the_process_that_has_read_it() {
    RUNS.alone(|| {
        let place = Place::new();
        let path = place.write("file", "1\n");
        place.fresh().enter(|| {
            assert_eq!((lines(path.clone()).unwrap(), RUNS.take()), (1, 1));
            place.write("file", "1\n2\n");
            assert_eq!((lines(path.clone()).unwrap(), RUNS.take()), (2, 1));
            assert_eq!((lines(path.clone()).unwrap(), RUNS.take()), (2, 0));
            place.write("file", "1\n");
            assert_eq!((lines(path.clone()).unwrap(), RUNS.take()), (1, 0));
        });
    });
}

#[test]
fn a_caller_runs_when_what_was_read_makes_a_difference() {
    RUNS.alone(|| {
        let place = Place::new();
        let paths = vec![place.write("one", "1\n2\n"), place.write("two", "1\n2\n3\n")];
        let sum = || place.call(|| lines_of_all(paths.clone()));
        assert_eq!(sum(), (5, 3));
        assert_eq!(sum(), (5, 0));
        place.write("two", "3\n2\n1\n");
        assert_eq!(sum(), (5, 1), "its reader, which counts as many");
        place.write("two", "3\n");
        assert_eq!(sum(), (3, 2), "its reader, and who called it");
        place.write("two", "1\n2\n3\n");
        assert_eq!(sum(), (5, 0), "what it was at first");

        place.fresh().enter(|| {
            assert_eq!((lines_of_all(paths.clone()), RUNS.take()), (5, 0));
            place.write("one", "1\n2\n3\n4\n");
            assert_eq!((lines_of_all(paths.clone()), RUNS.take()), (7, 2), "in one process, too");
        });
    });
}

#[test]
fn a_file_that_is_not_there_is_waited_for() {
    RUNS.alone(|| {
        let place = Place::new();
        let path = place.path("later");
        let lines = || place.call(|| lines_or_none(path.clone()));
        assert_eq!(lines(), (None, 1));
        assert_eq!(lines(), (None, 0));
        place.write("later", "1\n");
        assert_eq!(lines(), (Some(1), 1));
        fs::remove_file(&path).unwrap();
        assert_eq!(lines(), (None, 0));
    });
}

#[test]
fn a_folder_counts_by_what_matches() {
    RUNS.alone(|| {
        let place = Place::new();
        fs::create_dir(place.path("folder")).unwrap();
        place.write("folder/a.csv", "");
        let tables = || place.call(|| tables(place.path("folder")).unwrap());
        assert_eq!(tables(), (1, 1));
        place.write("folder/a.txt", "");
        assert_eq!(tables(), (1, 0));
        place.write("folder/a.csv", "other content, which was not read");
        assert_eq!(tables(), (1, 0));
        place.write("folder/b.csv", "");
        assert_eq!(tables(), (2, 1));
    });
}

#[test]
fn a_kind_of_ones_own_counts() {
    RUNS.alone(|| {
        let place = Place::new();
        let revised = || place.call(|| revised(10));
        assert_eq!((revised(), revised()), ((10, 1), (10, 0)));
        REVISION.store(1, Ordering::Relaxed);
        assert_eq!((revised(), revised()), ((11, 1), (11, 0)));
        REVISION.store(0, Ordering::Relaxed);
        assert_eq!(revised(), (10, 0));
    });
}

#[test]
fn an_argument_can_be_the_content_of_a_file() {
    RUNS.alone(|| {
        let place = Place::new();
        let (one, two) = (place.write("one", "abc"), place.write("two", "abc"));
        let size = |path: &Path| place.call(|| size_of(FileContent::from(path)).unwrap());
        assert_eq!(size(&one), (3, 1));
        assert_eq!(size(&two), (3, 0), "the same content under another name");
        place.write("one", "abcd");
        assert_eq!((size(&one), size(&two)), ((4, 1), (3, 0)));
        place.fresh().enter(|| {
            let missing = size_of::try_call(FileContent::from("no such file")).unwrap_err();
            assert!(missing.to_string().contains("no such file"), "{missing}");
        });
    });
}

#[test]
fn the_content_of_a_file_that_a_function_finds_itself_is_observed() {
    RUNS.alone(|| {
        let place = Place::new();
        let paths = ["first", "second", "third"].map(|name| place.write(name, "abc"));
        let all = || place.call(|| sizes(paths.to_vec()));
        assert_eq!(all(), ((Some(3), vec![Some(3); 2]), 2), "two of them are equal");
        assert_eq!(all().1, 0);
        place.write("second", "abcd");
        assert_eq!(all(), ((Some(3), vec![Some(4), Some(3)]), 2));
        place.write("first", "abcde");
        assert_eq!(all(), ((Some(5), vec![Some(4), Some(3)]), 1));
        fs::remove_file(&paths[2]).unwrap();
        assert_eq!(all(), ((Some(5), vec![Some(4), None]), 1));
        place.write("third", "abcd");
        assert_eq!(all(), ((Some(5), vec![Some(4), Some(4)]), 1), "it is there again");
    });
}

#[test]
fn a_content_that_a_function_is_called_with_is_handed_on_without_its_name() {
    RUNS.alone(|| {
        let place = Place::new();
        let (one, two) = (place.write("one", "abc"), place.write("two", "abc"));
        let size = |path: &Path| place.call(|| size_by_others(FileContent::from(path)));
        assert_eq!(size(&one), ([3, 3], 2));
        place.write("one", "abcd");
        assert_eq!(size(&two), ([3, 3], 0), "of another file, and that one has changed");
        assert_eq!(size(&one), ([4, 4], 2));
    });
}

#[test]
fn what_was_read_is_recorded_and_explains() {
    RUNS.alone(|| {
        let place = Place::new();
        let path = place.write("file", "1\n");
        place.fresh().enter(|| {
            lines(path.clone()).unwrap();
            let provenance = lines::memento(path.clone()).unwrap().unwrap().provenance;
            let read: Vec<_> = provenance.resources().collect();
            let [file] = read[..] else { panic!("{read:?}") };
            assert_eq!((file.kind(), file.name()), ("file", path.to_str().unwrap()));
            assert_eq!(lines::explain(path.clone()).unwrap(), Explanation::Hit);
            place.write("file", "2\n");
            let explanation = lines::explain(path.clone()).unwrap();
            assert!(matches!(explanation, Explanation::Miss(Miss::ResourceChanged(_))));
            let expected = format!("file `{}` changed", path.display());
            assert_eq!(explanation.to_string(), expected);
            RUNS.take();
            lines(path.clone()).unwrap();
            assert_eq!(RUNS.take(), 1, "to explain is not to run");
            let misses = Environment::current().unwrap().statistics().misses;
            assert_eq!((misses.never_run, misses.resource_changed, misses.total()), (1, 1, 2));
        });
    });
}

/// The variables of a process are what they were when it began: each call is made by a process of its own.
#[test]
fn a_variable_counts_by_its_value() {
    const FOLDER: &str = "MEMENTO_TEST_FOLDER";
    const NAME: &str = "MEMENTO_TEST_NAME";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let storage = memento_storage_fs::storage(&Options::new(folder));
        let greeting = Environment::new(storage, LocalRunner::new()).enter(greeting);
        println!("<{greeting} {}>", RUNS.take());
        return;
    }
    let folder = TempDir::new().unwrap();
    let greet = |name: Option<&str>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "a_variable_counts_by_its_value", "--nocapture"]);
        command.env(FOLDER, folder.path()).env_remove(NAME);
        command.envs(name.map(|name| (NAME, name)));
        let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let (_, rest) = output.split_once('<').unwrap();
        rest.split_once('>').unwrap().0.to_owned()
    };
    assert_eq!(greet(None), "nobody 1");
    assert_eq!(greet(None), "nobody 0");
    assert_eq!(greet(Some("Ada")), "\"Ada\" 1");
    assert_eq!(greet(Some("Ada")), "\"Ada\" 0");
    assert_eq!(greet(Some("Bob")), "\"Bob\" 1");
    assert_eq!(greet(None), "nobody 0");
}

/// The number in a file, and more than that for each step.
#[memento]
fn steps(path: PathBuf, n: u64) -> u64 {
    RUNS.add();
    if n > 0 {
        return steps(path, n - 1) + 100;
    }
    resource::text(path).unwrap().parse().unwrap()
}

/// Its record was read before it ran again for another call of the batch.
#[test]
fn what_ran_again_for_another_call_of_a_batch_is_what_it_is_now() {
    RUNS.alone(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        for order in [[2, 1, 0], [0, 1, 2], [1, 0, 2]] {
            let storage = Storage::memory();
            for (number, ran) in [(1, 3), (22, 3), (22, 0)] {
                fs::write(&path, number.to_string()).unwrap();
                let expected = order.map(|n| number + 100 * n);
                let here = Environment::new(Storage::from(storage.stores()), LocalRunner::new());
                let call = || {
                    let results = here.enter(|| steps::map(order.map(|n| (path.clone(), n))));
                    let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
                    <[u64; 3]>::try_from(results).unwrap()
                };
                RUNS.take();
                assert_eq!((call(), RUNS.take()), (expected, ran), "{order:?}, {number}");
                assert_eq!((call(), RUNS.take()), (expected, 0), "{order:?}, {number}, again");
            }
        }
    });
}
