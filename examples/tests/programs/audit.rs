//! `audit` on crates of its own.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::{Summary, run, text};

fn audit(folder: &Path, arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_audit"), folder, arguments)
}

/// Writes a file that was modified at `seconds` since the epoch.
fn write(path: &Path, source: &str, seconds: u64) {
    fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
    fs::write(path, source).expect("written");
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let file = File::options().write(true).open(path).expect("opened");
    file.set_times(FileTimes::new().set_modified(time)).expect("set");
}

/// Three crates with five files, one of which does not parse.
fn crates() -> TempDir {
    let folder = TempDir::new().expect("made");
    let crates = folder.path().join("crates");
    for name in ["one", "two", "three"] {
        write(&crates.join(name).join("Cargo.toml"), "", 1);
        write(&crates.join(name).join("src/lib.rs"), "pub fn f() { unsafe { g() } }\n", 1);
    }
    write(&crates.join("one/src/long.rs"), "fn long() {\n\n\n}\nunsafe fn g() {}\n", 1);
    write(&crates.join("two/src/broken.rs"), "\nfn broken( {\n", 1);
    write(&crates.join("no crate/lib.rs"), "fn f() {}", 1);
    write(&crates.join("three/.hidden/lib.rs"), "fn f() {}", 1);
    write(&crates.join("three/target/CACHEDIR.TAG"), "", 1);
    write(&crates.join("three/target/built.rs"), "fn f() {}", 1);
    folder
}

#[test]
fn what_changed_is_computed_and_nothing_else() {
    let folder = crates();
    let folder = folder.path();
    let audit = || Summary::of(&audit(folder, &["--path", "crates"]));

    // Five files, three crates, one ranking.
    assert_eq!(audit(), Summary { calls: 9, hits: 0, computed: 9, errors: 1 });
    assert_eq!(audit(), Summary { calls: 1, hits: 1, computed: 0, errors: 0 });

    let changed = folder.join("crates/two/src/lib.rs");
    write(&changed, "fn other() {}\n", 2);
    // The file, its crate and the ranking; the other file of the crate and the other crates are found.
    assert_eq!(audit(), Summary { calls: 6, hits: 3, computed: 3, errors: 0 });
    assert_eq!(audit(), Summary { calls: 1, hits: 1, computed: 0, errors: 0 });

    // The same text, written at another time.
    write(&changed, "fn other() {}\n", 3);
    assert_eq!(audit().computed, 3);
    // As it was before: nothing is new.
    write(&changed, "fn other() {}\n", 2);
    assert_eq!(audit(), Summary { calls: 1, hits: 1, computed: 0, errors: 0 });
    fs::remove_file(&changed).expect("removed");
    // The crate and the ranking.
    assert_eq!(audit().computed, 2);
}

#[test]
fn a_file_that_does_not_parse_is_reported_each_time() {
    let folder = crates();
    let reports = [(); 2].map(|()| text(&audit(folder.path(), &["--path", "crates"]).stdout));
    for report in &reports {
        assert!(
            report.starts_with(
                "3 crates, 4 files, 8 lines, 5 functions, 3 unsafe blocks, 1 unsafe functions\n"
            ),
            "{report}"
        );
        assert!(report.contains("\ndid not parse: 1\n"), "{report}");
        assert!(report.contains("two/src/broken.rs: line 2: "), "{report}");
    }
    let body = |report: &String| report.rsplit_once("calls").map(|(body, _)| body.to_owned());
    assert_eq!(body(&reports[0]), body(&reports[1]));
}

#[test]
fn the_chart_is_drawn_where_it_is_asked_for() {
    let folder = crates();
    for (arguments, file) in [
        (["--path", "crates"].as_slice(), "audit.svg"),
        (&["--path", "crates", "--svg", "other.svg", "--top", "1"], "other.svg"),
    ] {
        Summary::of(&audit(folder.path(), arguments));
        let svg = fs::read_to_string(folder.path().join(file)).expect("it is there");
        assert!(svg.starts_with("<svg"), "{svg}");
        assert!(svg.contains("Most unsafe code") && svg.contains(">\none\n<"), "{svg}");
        assert_eq!(svg.contains(">\nthree\n<"), file == "audit.svg", "{svg}");
    }
}

#[test]
fn a_crate_is_named_itself_or_by_the_folder_around_it() {
    let folder = crates();
    let files = |path| Summary::of(&audit(folder.path(), &["--path", path])).calls;
    assert_eq!(files("crates/one"), 4);
    // Both files of it were counted just now, under the same path.
    let src = Summary::of(&audit(folder.path(), &["--path", "crates/../crates/one/src"]));
    assert_eq!(src, Summary { calls: 4, hits: 2, computed: 2, errors: 0 });
}

#[test]
fn mistakes_are_told() {
    let folder = crates();
    fs::create_dir(folder.path().join("empty")).expect("made");
    let empty_home = folder.path().join("empty");
    for (arguments, code, message) in [
        (["--paht", "crates"].as_slice(), 2, "there is no option `--paht`"),
        (&["--path"], 2, "`--path` needs a folder after it"),
        (&["--top", "0"], 2, "`--top` needs a number from 1 on, and `0` is none"),
        (&["--svg", "a", "--svg", "b"], 2, "`--svg` is given twice"),
        (&["--path", "nowhere"], 1, "cannot read the folder nowhere: "),
        (&["--path", "empty"], 1, "there is no .rs file in "),
        (
            &["--path", "crates", "--svg", "no/folder.svg"],
            1,
            "cannot write the chart to no/folder.svg: ",
        ),
    ] {
        let output = audit(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.starts_with(&format!("audit: {message}")), "{stderr}");
        assert_eq!(text(&output.stdout), "");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_audit"));
    let output = command.env("CARGO_HOME", &empty_home).output().expect("it starts");
    assert!(text(&output.stderr).contains("let cargo download some with `cargo fetch`"));
    let help = audit(folder.path(), &["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("--path DIR"));
}
