//! Contents by digest, as results are, which never change.
//!
//! A store that is made of others may have them in more places than other objects.

use std::io::Write as _;

use memento::storage::{ListOptions, PutOptions, Source};
use memento::{Digest, Name};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name};
use crate::suite::promised;

/// A content of this length that is another one for each seed, and its name.
fn named(seed: usize, length: usize) -> (Name, Vec<u8>) {
    let content = content(seed, length);
    (Name::of_result(&Digest::of(&content)), content)
}

/// Puts contents of every length in each way that there is.
fn put_all(lab: &Lab) -> Vec<(Name, Vec<u8>)> {
    let promise = "contents can be put in each way that there is";
    let of_way = |way: usize| {
        // In one chunk of what transforms it, and in two.
        let lengths = [0, 1, 65_537, 300_000];
        // What has no length is one content.
        let lengths = lengths.into_iter().filter(move |length| *length > 0 || way == 0);
        lengths.map(move |length| named(way, length + way)).collect::<Vec<_>>()
    };
    for (name, content) in of_way(0) {
        done(lab.put(&name, &content), promise);
    }
    for (name, content) in of_way(1) {
        let mut reader = &*content;
        let mut source = Source::new(&mut reader);
        done(lab.put_from(&name, &mut source, &PutOptions::default()), promise);
    }
    for (name, content) in of_way(2) {
        let mut staged = done(lab.create(), promise);
        staged.write_all(&content).expect(promise);
        done(staged.keep(&name, &PutOptions::default()), promise);
    }
    let together = of_way(3);
    let objects: Vec<_> =
        together.iter().map(|(name, content)| (name.clone(), &**content)).collect();
    lab.put_many(&objects).into_iter().for_each(|put| done(put, promise));
    (0..4).flat_map(of_way).collect()
}

pub(super) fn contents_are_kept_however_they_are_put(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a content is what its name says, for all who use the store";
    let contents = put_all(&lab);
    // As often as it is put, it is the same.
    done(lab.put(&contents[2].0, &contents[2].1), promise);
    let other = lab.other();
    // The first time it may come from somewhere else than the second one.
    for store in [&*other, &*lab, &*other] {
        for (name, content) in &contents {
            let found = done(store.get(name), promise);
            promised(found.as_ref() == Some(content), promise, || {
                format!("`{name}` is another one")
            });
        }
        let names: Vec<_> = contents.iter().map(|(name, _)| name.clone()).collect();
        for found in store.get_many(&names).into_iter().zip(&contents) {
            let (found, (name, content)) = (done(found.0, promise), found.1);
            promised(found.as_ref() == Some(content), promise, || {
                format!("`{name}` is another one")
            });
        }
        let there = store.contains(&names).into_iter().filter(|there| matches!(there, Ok(true)));
        let there = there.count();
        promised(there == contents.len(), promise, || format!("{there} of {}", contents.len()));
    }
    for (name, content) in &contents {
        lab.holds(promise, name.as_str(), Some(content));
    }
    let listed = lab.listed("results", ListOptions::default());
    done(lab.flush(), promise);
    let listed_then = lab.listed("results", ListOptions::default());
    let mut expected: Vec<_> = contents.iter().map(|(name, _)| name.to_string()).collect();
    expected.sort();
    promised(
        listed_then == expected && listed.iter().all(|name| expected.contains(name)),
        promise,
        || format!("{listed:?}, and {listed_then:?} in the end, not {expected:?}"),
    );
}

pub(super) fn contents_that_are_removed_are_gone(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a content that is removed is gone, and can be put again";
    let contents = put_all(&lab);
    for (index, (name, _)) in contents.iter().enumerate() {
        let removed = match index % 2 {
            0 => done(lab.remove(name), promise),
            _ => lab
                .remove_many(std::slice::from_ref(name))
                .into_iter()
                .all(|removed| done(removed, promise)),
        };
        promised(removed, promise, || format!("`{name}` was not there"));
        lab.holds(promise, name.as_str(), None);
    }
    done(lab.flush(), promise);
    let listed = lab.listed("results", ListOptions::default());
    promised(listed.is_empty(), promise, || format!("{listed:?} is still there"));
    for (name, content) in &contents {
        done(lab.put(name, content), promise);
        lab.holds(promise, name.as_str(), Some(content));
    }
    // Others are none of them.
    lab.holds(promise, "a/b", None);
    let removed = done(lab.remove(&name("a/b")), promise);
    promised(!removed, promise, || "what was never there was removed".to_owned());
}
