//! `memento blob`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::process::Stdio;
use std::thread;

use memento_tests::processes::shell;

use crate::{Place, Run, json};

/// A place with a storage in `s`, which `memento.toml` names.
fn place() -> Place {
    let place = Place::new();
    place.write("memento.toml", "[storage]\npath = 's'\n");
    place.write("hello", "hello\n");
    place
}

#[test]
fn what_is_put_is_listed_and_read() {
    let place = place();
    place.done(&["blob", "put", "hello", "reports/a", "--metadata", "by=me", "--metadata", "n=1"]);
    let put = place.run_with(b"from a pipe", &["blob", "put", "-", "reports/2026/b"]);
    put.done();
    assert_eq!(place.done(&["blob", "ls"]), "reports/\n");
    assert_eq!(place.done(&["blob", "ls", "reports/"]), "reports/2026/\nreports/a\n");
    assert_eq!(place.done(&["blob", "ls", "nothing"]), "");
    let all = place.done(&["blob", "ls", "--recursive"]);
    let mut all: Vec<_> = all.lines().collect();
    all.sort_unstable();
    assert_eq!(all, ["reports/2026/b", "reports/a"]);
    let long = place.done(&["blob", "ls", "--long", "reports"]);
    assert!(long.contains("6 B  20") && long.contains("Z  reports/a\n"), "{long}");
    assert!(long.starts_with("         -  -                     reports/2026/\n"), "{long}");

    assert_eq!(place.done(&["blob", "get", "reports/a"]), "hello\n");
    assert_eq!(place.done(&["blob", "get", "reports/2026/b", "-"]), "from a pipe");
    place.write("copy", "what was there before");
    assert_eq!(place.done(&["blob", "get", "reports/a", "copy"]), "");
    assert_eq!(place.read("copy"), b"hello\n");
    let ranges = [("1..3", "el"), ("4..", "o\n"), ("..2", "he"), ("4..100", "o\n"), ("50..60", "")];
    for (range, part) in ranges {
        let got = place.done(&["blob", "get", "reports/a", "--range", range]);
        assert_eq!(got, part, "{range}");
    }
}

#[test]
fn properties_are_told_to_people_and_programs() {
    let place = place();
    place.done(&["blob", "put", "hello", "reports/a", "--metadata", "by=me"]);
    let text = place.done(&["blob", "stat", "reports/a"]);
    assert!(text.starts_with("name      reports/a\nsize      6 B (6 bytes)\nmodified  "), "{text}");
    assert!(text.ends_with("\nmetadata  by=me\n"), "{text}");
    let [stat] = &json(&place.done(&["blob", "stat", "reports/a", "--json"]))[..] else { panic!() };
    assert_eq!((&stat["name"], &stat["size"]), (&"reports/a".into(), &6.into()));
    assert_eq!(stat["metadata"]["by"], "me");
    let [folder] = &json(&place.done(&["--json", "blob", "ls"]))[..] else { panic!() };
    assert_eq!(folder["folder"], "reports");
    let [object] = &json(&place.done(&["blob", "ls", "-r", "--json"]))[..] else { panic!() };
    assert_eq!((&object["name"], &object["size"]), (&"reports/a".into(), &6.into()));
}

#[test]
fn long_contents_go_through_in_pieces() {
    let place = place();
    let content: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect();
    place.write("long", &content);
    place.done(&["blob", "put", "long", "kept/long"]);
    place.done(&["blob", "get", "kept/long", "back"]);
    assert!(place.read("back") == content);
    place.done(&["blob", "cp", "kept/long", "--to", "./other"]);
    place.done(&["--storage", "./other", "blob", "get", "kept/long", "back"]);
    assert!(place.read("back") == content);
}

/// How many bytes of memory the process of this number took at most.
fn peak_memory(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn long_parts_go_through_in_pieces() {
    const MIB: usize = 1 << 20;
    let place = place();
    let content: Vec<u8> = (0..32_000_000u32).flat_map(u32::to_le_bytes).collect();
    place.write("long", &content);
    place.done(&["blob", "put", "long", "kept/long"]);
    for (range, part) in [
        ("10..", 10..content.len()),
        ("..100000000", 0..100_000_000),
        ("127000000..", 127_000_000..content.len()),
        ("200000000..", 0..0),
    ] {
        let mut command = place.command(&["blob", "get", "kept/long", "--range", range]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        // It does not end before the rest has been read.
        let most = part.len().saturating_sub(MIB);
        let mut got = Vec::new();
        (&mut output).take(most as u64).read_to_end(&mut got).unwrap();
        if most > 0 {
            assert!(peak_memory(child.id()) < 64 * MIB as u64, "{range}");
        }
        output.read_to_end(&mut got).unwrap();
        assert!(child.wait().unwrap().success() && got == content[part], "{range}");
    }
}

#[test]
fn what_nobody_keeps_is_not_acknowledged() {
    let place = place();
    place.done(&["blob", "put", "hello", "a/b"]);
    for (words, operation) in [
        (&["put", "hello", "a/b"][..], "put an object"),
        (&["append", "hello", "a/b"], "append to an object"),
        (&["cp", "a/b", "a/c"], "copy an object"),
        (&["rm", "a/b"], "remove an object"),
        (&["rm", "-r", "a", "--yes"], "remove an object"),
        (&["snapshot", "a/b"], "take a snapshot"),
        (&["snapshot", "a/b", "--rm", "1"], "remove a snapshot"),
    ] {
        let words = [&["--storage", "null", "blob"], words].concat();
        place.refused(&words, &[operation, "it keeps nothing of what is put"]);
    }
    let words = ["blob", "cp", "a/b", "--to", "null"];
    place.refused(&words, &["copy an object", "it keeps nothing of what is put"]);
    let words = ["--storage", "null", "blob", "snapshot", "a/b", "--list"];
    assert_eq!(place.done(&words), "");
    // Mementos are of no account to objects.
    place.write("memento.toml", "[storage]\npath = 's'\nmetadata = 'null'\n");
    place.done(&["blob", "put", "hello", "a/c"]);
    place.done(&["blob", "rm", "a/c"]);
}

#[test]
fn a_pipe_is_written_and_stays_one() {
    let place = place();
    place.done(&["blob", "put", "hello", "a/b"]);
    shell(place.0.path(), "mkfifo pipe");
    let pipe = place.path("pipe");
    let reader = thread::spawn(move || fs::read(pipe).unwrap());
    place.done(&["blob", "get", "a/b", "pipe"]);
    assert_eq!(reader.join().unwrap(), b"hello\n");
    place.refused(&["export", "pipe", "--overwrite"], &["archive: pipe", "it is no file"]);
    assert!(fs::metadata(place.path("pipe")).unwrap().file_type().is_fifo());
}

#[test]
fn an_object_is_put_where_none_is() {
    let place = place();
    place.done(&["blob", "put", "hello", "a/b", "--if-absent"]);
    place.write("other", "other");
    let words = ["blob", "put", "other", "a/b", "--if-absent"];
    place.refused(&words, &["put an object", "a/b", "there is one already"]);
    assert_eq!(place.done(&["blob", "get", "a/b"]), "hello\n");
    place.done(&["blob", "put", "other", "a/b"]);
    assert_eq!(place.done(&["blob", "get", "a/b"]), "other");
}

#[test]
fn what_is_appended_stands_behind() {
    let place = place();
    place.done(&["blob", "append", "hello", "a/b"]);
    place.run_with(b"more\n", &["blob", "append", "-", "a/b"]).done();
    assert_eq!(place.done(&["blob", "get", "a/b"]), "hello\nmore\n");
}

#[test]
fn an_object_is_copied_within_a_storage_and_to_another_one() {
    let place = place();
    place.done(&["blob", "put", "hello", "a/b", "--metadata", "by=me"]);
    place.done(&["blob", "cp", "a/b", "a/c"]);
    place.done(&["blob", "cp", "a/b", "--to", "./other"]);
    place.done(&["blob", "cp", "a/b", "x/y", "--to", "./other"]);
    for (storage, name) in [("./s", "a/c"), ("./other", "a/b"), ("./other", "x/y")] {
        assert_eq!(place.done(&["--storage", storage, "blob", "get", name]), "hello\n");
        let stat = json(&place.done(&["--storage", storage, "blob", "stat", name, "--json"]));
        assert_eq!(stat[0]["metadata"]["by"], "me", "{storage} {name}");
    }
    place.refused(&["blob", "cp", "a/z", "a/c"], &["copy an object", "no such object"]);
    place.refused(&["blob", "cp", "a/z", "--to", "./other"], &["a/z", "no such object"]);
    assert_eq!(place.run(&["blob", "cp", "a/b"]).code, 2);
}

#[test]
fn objects_are_removed() {
    let place = place();
    for name in ["a/b", "a/c/d", "a/c/e", "x/y"] {
        place.done(&["blob", "put", "hello", name]);
    }
    // One that is missing keeps no other from going.
    place.refused(&["blob", "rm", "a/z", "a/b"], &["a/z", "there is no such object"]);
    place.refused(&["blob", "rm", "-r", "a"], &["folder: \"a\"", "add `--yes`"]);
    assert_eq!(place.done(&["blob", "ls", "-r", "a"]).lines().count(), 2);
    place.done(&["blob", "rm", "--recursive", "a/", "--yes"]);
    assert_eq!(place.done(&["blob", "ls"]), "x/\n");
    place.refused(&["blob", "rm", "--recursive", "a", "--yes"], &["there is nothing in it"]);
    place.refused(&["blob", "rm", "--recursive", "", "--yes"], &["it is the whole store"]);
    assert_eq!(place.done(&["blob", "ls", "-r"]), "x/y\n");
}

#[test]
fn snapshots_stay_what_the_object_was() {
    let place = place();
    place.done(&["blob", "put", "hello", "a/b"]);
    let first = place.done(&["blob", "snapshot", "a/b"]);
    place.run_with(b"changed", &["blob", "put", "-", "a/b"]).done();
    let second = place.done(&["blob", "snapshot", "a/b"]);
    assert_eq!(place.done(&["blob", "snapshot", "a/b", "--list"]), format!("{first}{second}"));
    let (first, second) = (first.trim(), second.trim());
    assert_eq!(place.done(&["blob", "snapshot", "a/b", "--get", first]), "hello\n");
    place.done(&["blob", "snapshot", "a/b", "back", "--get", second]);
    assert_eq!(place.read("back"), b"changed");
    place.done(&["blob", "snapshot", "a/b", "--rm", first]);
    let words = ["blob", "snapshot", "a/b", "--get", first];
    place.refused(&words, &["there is no such snapshot", first]);
    place.refused(&["blob", "snapshot", "a/b", "--rm", first], &["there is no such snapshot"]);
    place.refused(&["blob", "snapshot", "a/z"], &["take a snapshot", "no such object"]);
    place.refused(&["blob", "snapshot", "a/b", "--get", "../x"], &["identifier of a snapshot"]);
}

#[test]
fn wrong_names_and_files_are_refused() {
    let place = place();
    place.refused(&["blob", "get", "../etc/passwd"], &["../etc/passwd", "`..`"]);
    place.refused(&["blob", "put", "hello", "alone"], &["it has no namespace"]);
    place.refused(&["blob", "put", "hello", "results/x"], &["written by memento alone"]);
    place.refused(&["blob", "append", "hello", "snapshots/x"], &["written by memento alone"]);
    place.refused(&["blob", "ls", "a//b"], &["name of a folder"]);
    place.refused(&["blob", "put", "nothing", "a/b"], &["read a file", "file: nothing"]);
    place.refused(&["blob", "put", "s/..", "a/b"], &["read a file"]);
    assert_eq!(place.done(&["blob", "ls"]), "");
    place.refused(&["blob", "get", "a/b"], &["read an object", "there is no such object"]);
    place.refused(&["blob", "get", "a/b", "--range", "1.."], &["there is no such object"]);
    place.refused(&["blob", "stat", "a/b"], &["find an object", "there is no such object"]);
    // What fails leaves no file behind.
    place.refused(&["blob", "get", "a/b", "back"], &["there is no such object"]);
    let files = fs::read_dir(place.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    assert_eq!(files, ["hello", "memento.toml"]);
    for range in ["3..1", "x..", "5"] {
        let run = place.run(&["blob", "get", "a/b", "--range", range]);
        assert_eq!(run.code, 2, "{run:?}");
    }
    assert_eq!(place.run(&["blob", "put", "hello", "a/b", "--metadata", "x"]).code, 2);
}

#[test]
fn who_reads_no_further_hears_nothing() {
    let place = place();
    place.write("long", vec![b'x'; 1 << 20]);
    place.done(&["blob", "put", "long", "a/long"]);
    for words in [&["blob", "get", "a/long"][..], &["blob", "ls"]] {
        let mut child = place
            .command(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let run = Run::of(&child.wait_with_output().expect("it ends"));
        assert!((run.code, &*run.errors) == (0, ""), "{words:?}: {run:?}");
    }
}
