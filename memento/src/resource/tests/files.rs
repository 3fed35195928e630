use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{env, fs};

use super::*;
use crate::Digest;
use crate::resource::{self, State};

/// A step of the clock of the file system that `path` is on passes.
#[cfg(unix)]
fn pass_step(path: &Path) {
    use std::os::unix::fs::MetadataExt as _;

    let changed = |path| fs::metadata(path).map(|file| (file.ctime(), file.ctime_nsec())).unwrap();
    let (then, probe) = (changed(path), path.with_extension("probe"));
    while {
        fs::write(&probe, "").unwrap();
        changed(&probe) <= then
    } {}
    fs::remove_file(probe).unwrap();
}

#[test]
fn a_file_is_read_whole() {
    let (_folder, path) = folder_with_file("two\nlines\n");
    assert_eq!(resource::file(&path).unwrap(), b"two\nlines\n");
    assert_eq!(resource::text(&path).unwrap(), "two\nlines\n");
    let observation = observed_file(&path);
    assert_eq!(observation.kind(), "file");
    assert_eq!(*observation.digest(), Digest::of(b"two\nlines\n"));
    assert!(!observation.is_absent());
    assert_eq!(observation.to_string(), format!("file `{}`", path.display()));
}

/// A read and a check hash a file in different ways, to the same end.
#[test]
fn a_long_file_has_one_digest() {
    let (_folder, path) = folder_with_file("");
    fs::write(&path, vec![7; 1_000_001]).unwrap();
    let now = SystemTime::now();
    assert_eq!(observed_file_at(&path, now), observed(&File::new(&path), now));
    assert_eq!(check(&observed_file_at(&path, now)), Check::Same);
}

#[test]
fn what_nobody_touched_is_the_same() {
    let (_folder, path) = folder_with_file("content");
    let observation = observed_file(&path);
    assert!(observation.stamp().is_some());
    assert_eq!(check(&observation), Check::Same);
    assert_eq!(check_elsewhere(&observation, Check::Same, |_| {}), Some(()));
}

#[test]
fn a_touched_file_gets_a_new_stamp() {
    let (_folder, path) = folder_with_file("content");
    let mut observation = observed_file(&path);
    set_modified(&path, modified(&path) - Duration::from_secs(5));
    let stamp = restamped(check_at(&observation, much_later()));
    assert_ne!(Some(stamp), observation.stamp());
    assert!(observation.restamp(stamp));
    assert!(!observation.restamp(stamp));
    assert_eq!(check(&observation), Check::Same);
}

/// As a check says "the same" where it cannot tell a stamp yet, the next one compares contents again.
#[test]
fn a_file_touched_just_now_gets_no_stamp_yet() {
    let (_folder, path) = folder_with_file("content");
    let observation = observed_file(&path);
    set_modified(&path, SystemTime::now());
    fs::rename(&path, path.with_extension("old")).unwrap();
    fs::write(&path, "content").unwrap();
    assert_eq!(check(&observation), Check::Same);
    fs::write(&path, "CONTENT").unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
fn another_content_is_a_change_and_the_former_one_is_none() {
    let (_folder, path) = folder_with_file("one");
    let observation = observed_file(&path);
    fs::write(&path, "three").unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::remove_file(&path).unwrap();
    fs::write(&path, "one").unwrap();
    assert_ne!(check(&observation), Check::Changed);
}

#[test]
fn a_file_written_just_now_has_no_stamp() {
    let (_folder, path) = folder_with_file("one");
    let observation = observed_file_at(&path, SystemTime::now());
    assert_eq!(observation.stamp(), None);
    assert_eq!(check(&observation), Check::Same);
    // The same length, and the same times as far as a program can set them.
    let then = modified(&path);
    fs::write(&path, "two").unwrap();
    set_modified(&path, then);
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
fn a_file_without_a_stamp_gets_one_later() {
    let (_folder, path) = folder_with_file("one");
    let mut observation = observed_file_at(&path, SystemTime::now());
    let stamp = restamped(check_at(&observation, much_later()));
    assert!(observation.restamp(stamp));
    assert_eq!(check(&observation), Check::Same);
}

/// The step of the clock counts from the time that is later, of the two that unix has.
#[test]
fn a_file_of_the_future_has_no_stamp() {
    let (_folder, path) = folder_with_file("one");
    set_modified(&path, much_later() + LONG);
    assert_eq!(observed_file(&path).stamp(), None);
}

#[test]
#[cfg(unix)]
fn an_old_time_does_not_make_a_new_file_old() {
    let (_folder, path) = folder_with_file("one");
    set_modified(&path, SystemTime::now() - LONG);
    assert_eq!(observed_file_at(&path, SystemTime::now()).stamp(), None);
}

#[test]
#[cfg(unix)]
fn a_modification_time_set_back_hides_nothing() {
    let (_folder, path) = folder_with_file("one");
    let (observation, then) = (observed_file(&path), modified(&path));
    assert!(observation.stamp().is_some());
    pass_step(&path);
    fs::write(&path, "two").unwrap();
    set_modified(&path, then);
    assert_eq!(modified(&path), then);
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(unix)]
fn a_file_in_the_place_of_another_with_its_times_is_found_out() {
    let (folder, path) = folder_with_file("one");
    let observation = observed_file(&path);
    let other = folder.path().join("other");
    fs::write(&other, "two").unwrap();
    set_modified(&other, modified(&path));
    fs::rename(&other, &path).unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
fn a_file_disappears_and_comes_back() {
    let (_folder, path) = folder_with_file("one");
    let observation = observed_file(&path);
    fs::remove_file(&path).unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::write(&path, "one").unwrap();
    assert_ne!(check(&observation), Check::Changed);
}

#[test]
fn a_file_appears() {
    let (folder, _) = folder_with_file("");
    let path = folder.path().join("appears");
    let error = resource::file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    let observation = observed_file(&path);
    assert!(observation.is_absent());
    assert_eq!(observation.stamp(), None);
    assert_eq!(check_at(&observation, much_later()), Check::Same);
    fs::write(&path, "").unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
fn a_file_becomes_a_directory() {
    let (_folder, path) = folder_with_file("one");
    let observation = observed_file(&path);
    fs::remove_file(&path).unwrap();
    let absent = observed_file(&path);
    fs::create_dir(&path).unwrap();
    assert_eq!(check(&observation), Check::Changed);
    // A function can tell one error from the other.
    assert_eq!(check(&absent), Check::Changed);
    let error = resource::file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IsADirectory);
    assert!(error.to_string().contains("resource::directory"), "{error}");
    let directory = observed_file(&path);
    assert!(!directory.is_absent());
    assert_eq!((check(&directory), directory.stamp()), (Check::Same, None));
}

#[test]
fn what_cannot_be_read_may_be_read_later() {
    let (_folder, path) = folder_with_file("one");
    let below = path.join("below");
    let observation = observed_file(&below);
    assert_eq!(check(&observation), Check::Same);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(&below, "two").unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(unix)]
fn a_file_loses_its_read_permission() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let (folder, path) = folder_with_file("one");
    let allow = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    allow(folder.path(), 0o755).unwrap();
    allow(&path, 0o644).unwrap();
    let observation = observed_file(&path);
    allow(&path, 0o000).unwrap();
    if let Err(error) = resource::file(&path) {
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let without = observed_file(&path);
        assert_eq!((check(&observation), without.stamp()), (Check::Changed, None));
        assert_eq!(check(&without), Check::Same);
        allow(&path, 0o644).unwrap();
        assert_eq!(check(&without), Check::Changed);
        return;
    }
    // Who runs this reads anything; nobody does not. Nothing is left to show where he cannot run the tests, either.
    let nobody = |command: &mut std::process::Command| {
        command.uid(65534).gid(65534);
    };
    assert_ne!(check(&observation), Check::Changed);
    if check_elsewhere(&observation, Check::Changed, nobody).is_some() {
        let denied = State::failed(&ErrorKind::PermissionDenied.into());
        let name = observation.name().to_owned();
        let without = Observation::new("file", name, None, denied.digest());
        check_elsewhere(&without, Check::Same, nobody).unwrap();
        assert_eq!(check(&without), Check::Changed);
        allow(&path, 0o644).unwrap();
        check_elsewhere(&observation, Check::Same, nobody).unwrap();
    }
}

#[test]
#[cfg(unix)]
fn a_symlink_is_what_it_points_to() {
    use std::os::unix::fs::symlink;

    let (folder, path) = folder_with_file("one");
    let other = folder.path().join("other");
    fs::write(&other, "two").unwrap();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    let observation = observed_file(&link);
    assert_eq!(*observation.digest(), Digest::of(b"one"));
    fs::remove_file(&link).unwrap();
    symlink(&other, &link).unwrap();
    assert_eq!(check(&observation), Check::Changed);
    fs::remove_file(&link).unwrap();
    symlink(&link, &link).unwrap();
    resource::file(&link).unwrap_err();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(unix)]
fn nobody_waits_for_a_pipe() {
    let (folder, file) = folder_with_file("one");
    let observation = observed_file(&file);
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let error = resource::file(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no regular file"), "{error}");
    fs::rename(&path, &file).unwrap();
    assert_eq!(check(&observation), Check::Changed);
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_kernel_makes_up_has_no_stamp() {
    for path in ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let path = Path::new(path);
        if path.exists() {
            let observation = observed_file(path);
            assert_eq!(*observation.digest(), Digest::of(&fs::read(path).unwrap()));
            assert_eq!((observation.stamp(), check(&observation)), (None, Check::Same));
        }
    }
}

#[test]
fn a_relative_path_stays_relative() {
    let path = Path::new("Cargo.toml");
    let observation = observed_file(path);
    assert_eq!(observation.name(), "Cargo.toml");
    assert_eq!(check(&observation), Check::Same);
    let (folder, _) = folder_with_file("");
    let elsewhere = |command: &mut Command| {
        command.current_dir(folder.path());
    };
    check_elsewhere(&observation, Check::Changed, elsewhere).unwrap();
    // The same stamp or not: it is the content that counts.
    fs::copy(path, folder.path().join(path)).unwrap();
    check_elsewhere(&observation, Check::Same, elsewhere).unwrap();
    let message = resource::file("is not there").unwrap_err().to_string();
    assert!(message.contains(&env::current_dir().unwrap().display().to_string()), "{message}");
}

#[test]
fn text_that_is_none_is_an_error_that_says_where() {
    let (_folder, path) = folder_with_file("");
    fs::write(&path, b"ab\xffcd").unwrap();
    let error: io::Error = resource::text(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(
        error.to_string(),
        format!(
            "cannot read the file `{}`: byte 2 and what follows is not UTF-8; read it with `file`",
            path.display()
        )
    );
    assert_eq!(resource::file(&path).unwrap(), b"ab\xffcd");
}
