//! Programs outside of the workspace: plugins by dependency, configuration, and what is said when it is wrong.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use memento::plugin::{RunnerPlugin, StoragePlugin, inventory};
use tempfile::TempDir;

/// The folder with the built programs.
static PROGRAMS: LazyLock<PathBuf> = LazyLock::new(|| {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let programs = tests.join("fixtures/programs");
    // The versions that are tested here are the versions that are tested everywhere.
    std::fs::copy(tests.join("../Cargo.lock"), programs.join("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--target-dir"])
        .arg(&target)
        .current_dir(&programs)
        .env_remove("RUSTFLAGS")
        // As for the projects that are edited, with which they share what is compiled.
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .status();
    assert!(built.unwrap().success(), "the programs do not build");
    target.join("debug")
});

/// A place for a program to run in: working directory, home and caches.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn with(configuration: &str) -> Self {
        let place = Self::new();
        std::fs::write(place.path("memento.toml"), configuration).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What a program prints, or what it says when it fails.
    fn run(&self, program: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let inner = self.path("inner");
        std::fs::create_dir_all(&inner).unwrap();
        let output = Command::new(PROGRAMS.join(program))
            .current_dir(inner)
            .env("HOME", self.0.path())
            .env("XDG_CACHE_HOME", self.path("caches"))
            .env("XDG_CONFIG_HOME", self.path("settings"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }

    /// The error of `plain`, without the folder that it ran in.
    fn error(&self, variables: &[(&str, &str)]) -> String {
        let error = self.run("plain", variables).unwrap_err();
        let folder = self.0.path().display().to_string();
        error.replace(&folder, "…").lines().next().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_dependency_is_all_that_a_plugin_needs() {
    let place = Place::new();
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 2 hits 0\n");
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 0 hits 2\n");
    assert!(place.path("caches/memento/plain/mementos.sqlite").is_file());
}

#[test]
fn dependencies_may_be_renamed() {
    let place = Place::new();
    assert_eq!(place.run("renamed", &[]).unwrap(), "9 4\ncomputed 2 hits 0\n");
    assert_eq!(place.run("renamed", &[]).unwrap(), "9 4\ncomputed 0 hits 2\n");
}

#[test]
fn a_program_decides_for_the_libraries_that_it_uses() {
    let place = Place::new();
    assert_eq!(place.run("user", &[]).unwrap(), "9\ncomputed 1 hits 0\n");
    assert_eq!(place.run("user", &[]).unwrap(), "9\ncomputed 0 hits 1\n");
    assert!(place.path("caches/memento/user/mementos.sqlite").is_file());
}

#[test]
fn a_file_above_the_working_directory_applies() {
    let place = Place::with("[storage]\npath = 'results'\n");
    place.run("plain", &[]).unwrap();
    assert!(place.path("results/mementos.sqlite").is_file(), "relative to the file");
    assert!(!place.path("caches").exists());
}

#[test]
fn a_file_can_be_named_and_its_values_overridden() {
    let place = Place::with("[storage]\npath = 'results'\n");
    std::fs::write(place.path("other.toml"), "[storage]\npath = '${FOLDER}/x'\n").unwrap();
    let other = place.path("other.toml");
    let named = [("MEMENTO_CONFIG", other.to_str().unwrap()), ("FOLDER", "named")];
    place.run("plain", &named).unwrap();
    assert!(place.path("named/x/mementos.sqlite").is_file());
    place.run("plain", &[("MEMENTO_STORAGE__PATH", "overridden")]).unwrap();
    assert!(place.path("inner/overridden/mementos.sqlite").is_file());
    place.run("plain", &[("MEMENTO_STORAGE__TYPE", "memory")]).unwrap();
    assert!(!place.path("results").exists());
    let wrong = [("/nowhere/memento.toml", "there is no such file"), ("/", "it is a folder")];
    for (file, reason) in wrong {
        let error = place.error(&[("MEMENTO_CONFIG", file)]);
        assert!(
            [file, reason, "name the file itself"].iter().all(|said| error.contains(said)),
            "{error}"
        );
    }
}

#[test]
fn a_file_of_the_user_applies_where_there_is_no_other() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("settings/memento")).unwrap();
    let file = place.path("settings/memento/memento.toml");
    std::fs::write(file, "[storage]\npath = 'of_user'\n").unwrap();
    place.run("plain", &[]).unwrap();
    assert!(place.path("settings/memento/of_user/mementos.sqlite").is_file());
}

#[test]
fn clusters_have_storage_and_runner_of_their_own() {
    let place = Place::with(
        "[storage]\npath = 'shared'\n[clusters.prices]\nstorage = { path = 'prices' }\n",
    );
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 2 hits 0\n");
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 0 hits 2\n");
    assert!(place.path("prices/mementos.sqlite").is_file());
    let refuse = [("MEMENTO_CLUSTERS__PRICES__RUNNER__TYPE", "null")];
    assert_eq!(place.run("plain", &refuse).unwrap(), "9 4\ncomputed 0 hits 2\n");
    let error = Place::new().error(&refuse);
    assert!(error.contains("plain::plain::price") && error.contains("`null`"), "{error}");
}

#[test]
fn data_and_metadata_may_come_from_different_plugins() {
    let place = Place::with(
        "[storage]\ndata = { type = 'filesystem', path = 'd' }\nmetadata = { type = 'memory' }\ninline_limit = 0\n",
    );
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 2 hits 0\n");
    assert_eq!(place.run("plain", &[]).unwrap(), "9 4\ncomputed 2 hits 0\n");
    assert!(place.path("d/data").is_dir() && !place.path("d/mementos.sqlite").exists());
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
    for (configuration, parts) in [
        (
            "[storage]\npth = 'x'\n",
            &["storage.pth", "…/memento.toml:2", "`path`", "`durability`", "`memory_cache`"][..],
        ),
        ("\n[stroage]\npath = 'x'\n", &["stroage", "…/memento.toml:2", "`storage`", "`clusters`"]),
        (
            "[storage]\ntype = 'redis'\n",
            &[
                "storage",
                "redis",
                "…/memento.toml:2",
                "`filesystem` (memento-storage-fs)",
                "memento-storage-redis",
            ],
        ),
        (
            "[storage]\n\ndurability = 'slow'\n",
            &["storage.durability", "…/memento.toml:3", "`slow`", "`fast`", "`full`"],
        ),
        ("[storage]\nreadonly = 'yes'\n", &["storage.readonly", "…/memento.toml:2", "boolean"]),
        ("storage = 'x'\n", &["storage", "…/memento.toml:1", "[storage]"]),
        ("[storage\n", &["…/memento.toml:1"]),
        ("[storage]\npath = '${NO_SUCH}/x'\n", &["NO_SUCH", "…/memento.toml:2", "not set"]),
        ("[runner]\nthreads = 'all'\n", &["runner.threads", "…/memento.toml:2"]),
        (
            "[clusters.pirces]\nstorage = { type = 'memory' }\n",
            &["plain::plain::price", "prices", "…/memento.toml", "pirces", "[clusters.prices]"],
        ),
        (
            "[clusters.prices]\nstorag = {}\n",
            &["clusters.prices.storag", "…/memento.toml:2", "`storage`"],
        ),
        (
            "[storage]\ndata = 'memory'\nmetadata = { type = 'memory' }\npath = 'x'\n",
            &["storage.path", "…/memento.toml:4", "`data`", "`metadata`"],
        ),
    ] {
        let error = Place::with(configuration).error(&[]);
        for part in parts {
            assert!(error.contains(part), "`{part}` is missing for {configuration:?}:\n{error}");
        }
    }
    let error = Place::new().error(&[("MEMENTO_STORAGE__PHAT", "x")]);
    assert!(error.contains("the environment variable MEMENTO_STORAGE__PHAT"), "{error}");
}

#[test]
fn a_plugin_of_another_name_is_linked_or_registered_by_the_program() {
    for name in ["linked", "by-hand"] {
        let place = Place::with(&format!("[storage]\ntype = '{name}'\n"));
        assert_eq!(place.run("other-names", &[]).unwrap(), "9 9\ncomputed 1 hits 1\n");
    }
    let place = Place::with("[storage]\ntype = 'neither'\n");
    let error = place.run("other-names", &[]).unwrap_err();
    assert!(
        error.contains("`by-hand` (counters)") && error.contains("`linked` (counters)"),
        "{error}"
    );
}

#[test]
fn two_plugins_of_one_name_are_an_error_that_names_both() {
    let place = Place::with("[storage]\ntype = 'same'\n");
    let error = place.run("clash", &[]).unwrap_err();
    assert!(
        error.contains("memento-storage-one") && error.contains("memento-storage-two"),
        "{error}"
    );
    assert_eq!(Place::new().run("clash", &[]).unwrap(), "9\n", "as long as nobody asks for it");
}

/// As in rust-analyzer: without Cargo and without a file, `#[memento]` knows what it is given.
#[test]
fn a_compiler_that_says_nothing_leaves_the_functions_own_code() {
    let version = |helper: &str, body: &str| {
        let program = format!(
            "use memento::memento;\nfn helper(n: u64) -> u64 {{ {helper} }}\n\
            #[memento]\nfn f(n: u64) -> u64 {{ {body} }}\n\
            fn main() {{ println!(\"{{}}\", f::version()) }}"
        );
        let deps = PROGRAMS.join("deps");
        let libraries = std::fs::read_dir(&deps).unwrap().map(|file| file.unwrap().path());
        let is_memento = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("libmemento-") && path.extension().is_some_and(|end| end == "rlib")
        };
        let time = |path: &PathBuf| path.metadata().unwrap().modified().unwrap();
        let memento = libraries.filter(is_memento).max_by_key(time).unwrap();
        let place = Place::new();
        let mut rustc = Command::new("rustc")
            .args(["--edition", "2024", "--crate-name", "alone", "-o"])
            .arg(place.path("alone"))
            .arg("--extern")
            .arg(format!("memento={}", memento.display()))
            .arg("-L")
            .arg(format!("dependency={}", deps.display()))
            .arg("-")
            .env_remove("CARGO_PKG_NAME")
            .env_remove("CARGO_MANIFEST_DIR")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        rustc.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
        assert!(rustc.wait().unwrap().success(), "{program}");
        let output = Command::new(place.path("alone")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let first = version("n + 1", "helper(n)");
    assert_eq!(first.trim().len(), 64, "{first}");
    assert_eq!(version("n + 2", "helper(n)"), first);
    assert_ne!(version("n + 1", "helper(n + 1)"), first);
}

/// The advice of the core, which has none of its plugins, and what they say of themselves.
#[test]
fn what_is_not_linked_is_advised_by_the_crate_that_provides_it() {
    use memento_runner_process as _;
    use memento_storage_object as _;
    use memento_storage_redis as _;
    use memento_storage_tiers as _;

    let place = Place::new();
    let mut advised = 0;
    let mut advises = |variable, value: &str, provided_by: &str| {
        if provided_by.starts_with("memento-") && provided_by != "memento-storage-fs" {
            let error = place.run("plain", &[(variable, value)]).unwrap_err();
            assert!(error.contains(&format!("add `{provided_by}`, which provides it")), "{error}");
            advised += 1;
        }
    };
    for plugin in inventory::iter::<StoragePlugin> {
        advises("MEMENTO_STORAGE__TYPE", plugin.name, plugin.provided_by);
        for scheme in plugin.schemes {
            advises("MEMENTO_STORAGE__URL", &format!("{scheme}://there"), plugin.provided_by);
        }
    }
    for plugin in inventory::iter::<RunnerPlugin> {
        advises("MEMENTO_RUNNER__TYPE", plugin.name, plugin.provided_by);
    }
    assert!(advised > 10, "{advised}");
}
