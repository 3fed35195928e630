//! The programs themselves, run as a person runs them: what is computed, and what is found.

mod audit;
mod montecarlo;

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The numbers in the last line that a program prints.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    calls: u64,
    hits: u64,
    computed: u64,
    errors: u64,
}

impl Summary {
    fn of(output: &Output) -> Self {
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{stdout}{stderr}");
        let last = stdout.lines().last().expect("it prints");
        let words: Vec<&str> = last.split_whitespace().collect();
        let [
            "calls",
            calls,
            "hits",
            hits,
            "computed",
            computed,
            "errors",
            errors,
            "elapsed",
            elapsed,
            "s",
        ] = words[..]
        else {
            panic!("unexpected last line: {last}")
        };
        elapsed.parse::<f64>().expect("seconds");
        let [calls, hits, computed, errors] =
            [calls, hits, computed, errors].map(|number| number.parse().expect("a count"));
        Self { calls, hits, computed, errors }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `program` in `folder`, with its storage there.
fn run(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os()
        .filter(|(name, _)| text(name.as_encoded_bytes()).starts_with("MEMENTO_"))
    {
        command.env_remove(name);
    }
    command.env("MEMENTO_STORAGE__PATH", folder.join("store")).current_dir(folder).args(arguments);
    command.output().expect("it starts")
}

#[test]
fn quickstart_finds_everything_the_second_time() {
    let folder = TempDir::new().expect("made");
    let quickstart = || Summary::of(&run(env!("CARGO_BIN_EXE_quickstart"), folder.path(), &[]));
    assert_eq!(quickstart(), Summary { calls: 8, hits: 4, computed: 4, errors: 0 });
    assert_eq!(quickstart(), Summary { calls: 6, hits: 6, computed: 0, errors: 0 });
}
