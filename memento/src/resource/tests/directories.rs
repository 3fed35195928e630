use std::io::ErrorKind;

use super::*;
use crate::resource;
use crate::resource::directory::Directory;

/// A folder with these files, which are empty; folders among their paths are made.
fn folder_with(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        add(&folder, file);
    }
    folder
}

fn add(folder: &TempDir, file: &str) {
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "").unwrap();
}

/// The relative paths of what matches, with `/` between names.
fn listed(path: &Path, pattern: &str) -> Vec<String> {
    let files = resource::directory(path, pattern).unwrap();
    let relative = files.iter().map(|file| file.strip_prefix(path).unwrap());
    relative.map(|file| file.to_str().unwrap().replace('\\', "/")).collect()
}

fn observed_directory(path: &Path, pattern: &str) -> Observation {
    let name = format!("{pattern} in {}", path.display());
    let observation = observed(&Directory::from_name(&name).unwrap(), much_later());
    assert_eq!((observation.kind(), observation.name()), ("directory", &*name));
    observation
}

#[test]
fn files_are_listed_in_the_order_of_their_bytes() {
    let folder = folder_with(&["b.csv", "a.csv", "a/b.csv", "a-b.csv", "B.csv", ".csv", "a.csvx"]);
    let path = folder.path();
    assert_eq!(listed(path, "*.csv"), [".csv", "B.csv", "a-b.csv", "a.csv", "b.csv"]);
    let all = [".csv", "B.csv", "a-b.csv", "a.csv", "a/b.csv", "b.csv"];
    assert_eq!(listed(path, "**/*.csv"), all);
    assert_eq!(listed(path, "a/*"), ["a/b.csv"]);
    assert_eq!(listed(path, "*/*"), ["a/b.csv"]);
    assert_eq!(listed(path, "a/**"), ["a/b.csv"]);
    assert_eq!(listed(path, "**").len(), 7);
    assert_eq!(listed(path, "a/**/b.csv"), ["a/b.csv"]);
    assert_eq!(listed(path, "c/*.csv"), [""; 0]);
    assert_eq!(listed(path, "a"), [""; 0]);
    let [only] = &resource::directory(path, "a/*").unwrap()[..] else { panic!() };
    assert_eq!(*only, path.join("a").join("b.csv"));
}

#[test]
fn which_files_match_is_the_state() {
    let folder = folder_with(&["a.csv", "b.csv", "a.txt"]);
    let observation = observed_directory(folder.path(), "*.csv");
    assert_eq!((check(&observation), observation.stamp()), (Check::Same, None));

    // What does not match, or lies deeper, is nothing to this pattern; nor is what a file holds.
    add(&folder, "b.txt");
    add(&folder, "deeper/c.csv");
    fs::remove_file(folder.path().join("a.txt")).unwrap();
    fs::write(folder.path().join("a.csv"), "content").unwrap();
    fs::create_dir(folder.path().join("directory.csv")).unwrap();
    assert_eq!(check(&observation), Check::Same);
    assert_eq!(check_elsewhere(&observation, Check::Same, |_| {}), Some(()));

    add(&folder, "c.csv");
    assert_eq!(check(&observation), Check::Changed);
    fs::remove_file(folder.path().join("c.csv")).unwrap();
    assert_eq!(check(&observation), Check::Same);
    fs::rename(folder.path().join("b.csv"), folder.path().join("d.csv")).unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::remove_file(folder.path().join("d.csv")).unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::create_dir(folder.path().join("b.csv")).unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
fn names_do_not_run_together() {
    let (one, two) = (folder_with(&["ab", "c"]), folder_with(&["a", "bc"]));
    let digest = |folder: &TempDir| *observed_directory(folder.path(), "*").digest();
    assert_ne!(digest(&one), digest(&two));
    assert_eq!(digest(&one), digest(&folder_with(&["c", "ab"])));
    let empty = digest(&folder_with(&[]));
    assert_ne!(empty, crate::Digest::of(b""));
}

#[test]
fn a_directory_appears_and_disappears() {
    let folder = folder_with(&["file"]);
    let path = folder.path().join("data");
    let error = resource::directory(&path, "*").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("data"), "{error}");
    let absent = observed_directory(&path, "*");
    assert!(absent.is_absent());
    assert_eq!(check(&absent), Check::Same);
    fs::create_dir(&path).unwrap();
    assert_eq!(check(&absent), Check::Changed);
    let empty = observed_directory(&path, "*");
    fs::remove_dir(&path).unwrap();
    assert_eq!(check(&empty), Check::Changed);
    fs::write(&path, "").unwrap();
    let error = resource::directory(&path, "*").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
    assert!(error.to_string().contains("resource::file"), "{error}");
}

#[test]
#[cfg(unix)]
fn symlinks_to_files_are_files_and_loops_end() {
    use std::os::unix::fs::symlink;

    let folder = folder_with(&["real.csv", "deep/er/file.csv"]);
    let path = folder.path();
    symlink(path.join("real.csv"), path.join("link.csv")).unwrap();
    symlink(path.join("gone.csv"), path.join("broken.csv")).unwrap();
    symlink(path.join("self.csv"), path.join("self.csv")).unwrap();
    symlink(path, path.join("deep/loop")).unwrap();
    symlink(path.join("deep/er"), path.join("folder.csv")).unwrap();
    let files = ["deep/er/file.csv", "link.csv", "real.csv"];
    assert_eq!(listed(path, "**/*.csv"), files);
    assert_eq!(listed(path, "deep/loop/*.csv"), [""; 0]);

    // The path itself is followed.
    let other = tempfile::tempdir().unwrap();
    let link = other.path().join("link");
    symlink(path, &link).unwrap();
    assert_eq!(listed(&link, "**/*.csv"), files);

    let observation = observed_directory(path, "**/*.csv");
    fs::write(path.join("gone.csv"), "").unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::remove_file(path.join("gone.csv")).unwrap();
    assert_eq!(check(&observation), Check::Same);
    fs::remove_file(path.join("real.csv")).unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(unix)]
fn files_need_no_unicode_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let folder = tempfile::tempdir().unwrap();
    let odd = |bytes: &[u8]| folder.path().join(OsStr::from_bytes(bytes));
    let data = odd(b"d\xe4ta in 100%");
    fs::create_dir(&data).unwrap();
    let names = [&b"a\xfe.csv"[..], b"a\xff.csv"];
    for name in names {
        fs::write(data.join(OsStr::from_bytes(name)), "").unwrap();
    }
    let files = resource::directory(&data, "a?.csv").unwrap();
    assert_eq!(files, names.map(|name| data.join(OsStr::from_bytes(name))));

    let resource = Directory::from_name("*.csv in d%E4ta in 100%25").unwrap();
    assert_eq!(resource.name(), "*.csv in d%E4ta in 100%25");
    let name = format!("a?.csv in {}", crate::resource::name::escape(data.as_os_str()));
    let observation = observed(&Directory::from_name(&name).unwrap(), much_later());
    assert_eq!(observation.name(), name);
    fs::rename(&files[0], data.join("a_.csv")).unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(unix)]
fn only_folders_that_can_hold_a_match_are_looked_into() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder_with(&["in/a.csv", "out/b.csv"]);
    let closed = folder.path().join("out");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(listed(folder.path(), "in/*.csv"), ["in/a.csv"]);
    assert_eq!(listed(folder.path(), "in/**/*.csv"), ["in/a.csv"]);
    assert_eq!(listed(folder.path(), "*"), [""; 0]);
    // Who runs this may be allowed to read it, nevertheless.
    if fs::read_dir(&closed).is_err() {
        let error = resource::directory(folder.path(), "**/*.csv").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("out"), "{error}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_name_is_pattern_and_path() {
    for (pattern, path) in
        [("*", "data"), ("a b in c/*", "d in e"), ("100%/*", ""), ("[ ]", " in ")]
    {
        let directory = Directory::new(Path::new(path), pattern).unwrap();
        let name = directory.name();
        assert_eq!(Directory::from_name(&name).unwrap(), directory, "{name}");
    }
    let directory = Directory::new(Path::new("d in e"), "a b in c/*").unwrap();
    assert_eq!(directory.name(), "a%20b%20in%20c/* in d in e");
    for name in ["", "data", "*", "*in data", "../* in data", "% in data", "* in %zz"] {
        Directory::from_name(name).unwrap_err();
    }
}
