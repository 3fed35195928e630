//! Several at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use memento::storage::ListOptions;

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name, read_all, same};
use crate::suite::{in_threads, promised};

/// So long that it is not written at once.
const LENGTH: usize = 300_000;

pub(super) fn a_reader_sees_what_one_writer_wrote(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a reader sees what one writer wrote, whole";
    let name = name("a/b");
    let contents = [content(1, LENGTH), content(2, LENGTH * 2)];
    lab.keep("a/b", &contents[0]);
    let writing = AtomicUsize::new(contents.len());
    let is_one = |found: &[u8]| contents.iter().any(|content| content == found);
    in_threads(4, |thread| {
        let other = lab.other();
        if let Some(content) = contents.get(thread) {
            let _ended = Ended(&writing);
            return (0..30).for_each(|_| done(other.put(&name, content), promise));
        }
        loop {
            let found = match thread {
                2 => done(other.get(&name), promise),
                _ => done(other.read(&name), promise)
                    .map(|mut stream| read_all(promise, &mut stream)),
            };
            promised(found.as_deref().is_some_and(is_one), promise, || {
                let length = found.as_ref().map(Vec::len);
                format!("a content that nobody wrote, of length {length:?}")
            });
            if writing.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    });
    let last = done(lab.get(&name), promise);
    promised(last.is_some_and(|last| is_one(&last)), promise, || "in the end, neither".to_owned());
}

/// Tells when a writer has ended, however it does.
struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) fn a_reader_goes_on_with_what_it_began(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a reader that has begun goes on with what it began with";
    let length = 3 << 20;
    lab.keep("a/b", &content(1, length));
    for replaced in [true, false] {
        let mut stream = done(lab.read(&name("a/b")), promise).expect("it is there");
        let mut first = [0; 10];
        stream.read_exact(&mut first).expect(promise);
        if replaced {
            lab.keep("a/b", &content(2, length));
        } else {
            done(lab.remove(&name("a/b")), promise);
        }
        let seed = if replaced { 1 } else { 2 };
        let rest = read_all(promise, &mut stream);
        let found = [&first, &*rest].concat();
        same(promise, "a/b", Some(&found), Some(&content(seed, length)));
    }
}

pub(super) fn objects_of_many_writers_are_all_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what many write under names of their own is all there";
    let text = |writer: usize, index: usize| format!("a/{}/{writer}-{index}", index % 3);
    in_threads(4, |writer| {
        let other = lab.other();
        for index in 0..25 {
            let name = name(&text(writer, index));
            // Folders come and go meanwhile.
            done(other.put(&name, b"first"), promise);
            done(other.remove(&name), promise);
            done(other.put(&name, &content(writer, index)), promise);
        }
    });
    for (writer, index) in (0..100).map(|number| (number / 25, number % 25)) {
        lab.holds(promise, &text(writer, index), Some(&content(writer, index)));
    }
    let listed = lab.listed("a", ListOptions::default()).len();
    promised(listed == 100, promise, || format!("{listed} of 100 are listed"));
}

pub(super) fn what_is_put_is_seen_by_others(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let other = lab.other();
    let promise = "what is put and removed is seen by all who use the store";
    for index in 0..10 {
        lab.keep("a/b", &content(index, 100));
        let found = done(other.get(&name("a/b")), promise);
        same(promise, "a/b", found.as_deref(), Some(&content(index, 100)));
        let listed = done(other.list(&name("a/b").folder(), &ListOptions::default()), promise);
        promised(listed.objects.len() == 1, promise, || format!("{listed:?}"));
        done(lab.remove(&name("a/b")), promise);
        same(promise, "a/b", done(other.get(&name("a/b")), promise).as_deref(), None);
    }
}
