//! Contents that come and go piece by piece.

use std::fs;
use std::io::{self, Read, Write as _};

use memento::storage::{ListOptions, PutOptions, Source, Target};
use memento::{Error, ErrorKind};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name};
use crate::suite::promised;

/// Longer than what waits in memory.
const LONG: usize = (9 << 20) + 3;

/// What a source says that fails.
const CUT_OFF: &str = "the source was cut off";

pub(super) fn streams_bring_and_take_the_whole(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "streams bring and take the whole content";
    for length in [0, 10, 512, LONG] {
        let whole = content(length, length);
        let mut reader = &*whole;
        let put = lab.put_from(&name("a/b"), &mut Source::new(&mut reader), &PutOptions::default());
        promised(done(put, promise), promise, || "a put without condition was not made".to_owned());
        lab.holds(promise, "a/b", Some(&whole));
        let mut written = Vec::new();
        let size = done(lab.get_to(&name("a/b"), &mut Target::new(&mut written)), promise);
        promised(size == Some(length as u64) && written == whole, promise, || {
            format!("{size:?} bytes were said, {} written, of {length}", written.len())
        });
    }
    let none = done(lab.get_to(&name("a/c"), &mut Target::new(&mut Vec::new())), promise);
    promised(none.is_none(), promise, || format!("{none:?} bytes of what is not there"));
}

pub(super) fn files_are_put_whole(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is in a file is put whole, and told of";
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let put = |observer: &mut dyn FnMut(u64, Option<u64>)| {
        lab.put_file(&name("a/b"), &path, &PutOptions::default(), observer)
    };
    for length in [0, 10, LONG] {
        let whole = content(length, length);
        fs::write(&path, &whole).expect("a file");
        let mut told = (0, Some(length as u64));
        let is_put = done(put(&mut |current, total| told = (current, total)), promise);
        let is_right = is_put && told == (length as u64, Some(length as u64));
        promised(is_right, promise, || format!("{is_put}, and told of {told:?}, of {length}"));
        lab.holds(promise, "a/b", Some(&whole));
    }
    fs::remove_file(&path).expect("it is there");
    let missing = put(&mut |_, _| ());
    let says = |error: &Error| error.to_string().contains(&path.display().to_string());
    let says = missing.as_ref().is_err_and(says);
    promised(says, promise, || format!("{missing:?}, of a file that is not there"));
    lab.holds(promise, "a/b", Some(&content(LONG, LONG)));
}

pub(super) fn what_is_staged_is_not_there_before(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is written piece by piece is there when it is kept, and not before";
    for length in [0, 10, LONG] {
        let whole = content(length, length);
        let mut kept = done(lab.create(), promise);
        let mut dropped = done(lab.create(), promise);
        for part in whole.chunks(100_001) {
            kept.write_all(part).expect(promise);
            dropped.write_all(part).expect(promise);
        }
        lab.holds(promise, "a/b", None);
        let listed = lab.listed("", ListOptions::default());
        promised(listed.is_empty(), promise, || format!("{listed:?} is listed"));
        drop(dropped);
        done(kept.keep(&name("a/b"), &PutOptions::default()), promise);
        lab.holds(promise, "a/b", Some(&whole));
        let listed = lab.listed("", ListOptions::default());
        promised(listed == ["a/b"], promise, || format!("{listed:?} is listed"));
        if lab.capabilities().conditional {
            let mut late = done(lab.create(), promise);
            late.write_all(b"late").expect(promise);
            let is_kept = done(late.keep(&name("a/b"), &PutOptions::if_absent()), promise);
            promised(!is_kept, promise, || "it was kept where something was".to_owned());
            lab.holds(promise, "a/b", Some(&whole));
        }
        done(lab.remove(&name("a/b")), promise);
    }
}

pub(super) fn a_source_that_fails_changes_nothing(suite: &DataStoreSuite) {
    /// Ends with an error: one that another store has made, of this kind, or any other.
    struct Failing(usize, Option<ErrorKind>);

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.0);
            self.0 -= length;
            match self.1 {
                _ if length > 0 => Ok(length),
                None => Err(io::Error::other(CUT_OFF)),
                Some(kind) => {
                    Err(Error::new(kind, "read from another store").because(CUT_OFF).into())
                }
            }
        }
    }

    let lab = Lab::new(suite);
    let promise =
        "a source that fails is an error, of its own kind where it has one, and changes nothing";
    lab.keep("a/b", b"before");
    for kind in [None, Some(ErrorKind::Damaged)] {
        for length in [0, 10, LONG] {
            let mut reader = Failing(length, kind);
            let mut source = Source::new(&mut reader).total(length as u64);
            let put = lab.put_from(&name("a/b"), &mut source, &PutOptions::default());
            let says = put.as_ref().is_err_and(|error| {
                error.to_string().contains(CUT_OFF) && kind.is_none_or(|kind| error.kind() == kind)
            });
            promised(says, promise, || format!("{put:?}"));
            lab.holds(promise, "a/b", Some(b"before"));
        }
    }
    let listed = lab.listed("", ListOptions::default());
    promised(listed == ["a/b"], promise, || format!("{listed:?} is listed"));
}

pub(super) fn transfers_tell_how_far_they_are(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "transfers tell how many bytes have gone, up to all, and how many there are";
    let whole = content(1, LONG);
    let end = (LONG as u64, Some(LONG as u64));
    let check = |told: &[(u64, Option<u64>)]| {
        let is_right = told.last() == Some(&end)
            && told.is_sorted()
            && told.iter().all(|(_, total)| *total == end.1);
        promised(is_right, promise, || format!("{} times, last {:?}", told.len(), told.last()));
    };
    let mut told = Vec::new();
    let mut tell = |current, total| told.push((current, total));
    let mut reader = &*whole;
    let mut source = Source::new(&mut reader).total(end.0).progress(&mut tell);
    done(lab.put_from(&name("a/b"), &mut source, &PutOptions::default()), promise);
    check(&told);

    told.clear();
    let mut tell = |current, total| told.push((current, total));
    let mut written = Vec::new();
    let mut target = Target::new(&mut written).progress(&mut tell);
    done(lab.get_to(&name("a/b"), &mut target), promise);
    check(&told);
}
