//! Lists.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use memento::storage::{ListOptions, Prefix};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name};
use crate::suite::promised;

const NAMES: [&str; 10] =
    ["a/b", "a/c/d", "a/c/e", "a/c-d", "a/c.d/e", "a/d/e/f/g", "ab/c", "a-b/c", "b/c", "b/xy/z"];

fn fill(lab: &Lab) {
    for text in NAMES {
        lab.keep(text, text.as_bytes());
    }
}

/// Checks what is in folders, in pages of different lengths.
#[track_caller]
fn are(lab: &Lab, promise: &str, options: &ListOptions, folders: &[(&str, &[&str])]) {
    for limit in [0, 1, 2, 3, 1000] {
        for (folder, expected) in folders {
            let listed = lab.listed(folder, options.clone().limit(limit));
            promised(listed == *expected, promise, || {
                format!("in `{folder}`, by pages of {limit}: {listed:?}, not {expected:?}")
            });
        }
    }
}

pub(super) fn lists_hold_what_is_below(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a list holds all objects below a folder, and no others";
    are(&lab, promise, &ListOptions::default(), &[("", &[]), ("a", &[])]);
    fill(&lab);
    let mut all = NAMES;
    all.sort_unstable();
    let folders: [(&str, &[&str]); 8] = [
        ("", &all),
        ("a", &["a/b", "a/c-d", "a/c.d/e", "a/c/d", "a/c/e", "a/d/e/f/g"]),
        ("a/c", &["a/c/d", "a/c/e"]),
        ("a/d", &["a/d/e/f/g"]),
        ("b/xy", &["b/xy/z"]),
        ("a/b", &[]),
        ("c", &[]),
        ("a/c/d/e", &[]),
    ];
    are(&lab, promise, &ListOptions::default(), &folders);
}

pub(super) fn one_level_has_objects_and_folders(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a list of one level has the objects there, and the folders that objects are in";
    fill(&lab);
    let options = ListOptions::one_level();
    let folders: [(&str, &[&str]); 4] = [
        ("", &["a-b/", "a/", "ab/", "b/"]),
        ("a", &["a/b", "a/c-d", "a/c.d/", "a/c/", "a/d/"]),
        ("a/d/e", &["a/d/e/f/"]),
        ("c", &[]),
    ];
    are(&lab, promise, &options, &folders);
    for text in ["a/d/e/f/g", "a/c/d", "a/c/e", "b/c", "b/xy/z"] {
        done(lab.remove(&name(text)), promise);
    }
    let left: [(&str, &[&str]); 2] =
        [("", &["a-b/", "a/", "ab/"]), ("a", &["a/b", "a/c-d", "a/c.d/"])];
    are(&lab, promise, &options, &left);
}

pub(super) fn pages_hold_each_object_once(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "each object is in exactly one page";
    let mut names: Vec<_> = (0..1100).map(|index| format!("many/{}/{index}", index % 4)).collect();
    for text in &names {
        lab.keep(text, b"");
    }
    names.sort();
    for limit in [7, 100, 1000, 1100, 5000] {
        for folder in ["", "many"] {
            let listed = lab.listed(folder, ListOptions::default().limit(limit));
            promised(listed == names, promise, || {
                format!("{} by pages of {limit}, of {}", listed.len(), names.len())
            });
        }
    }
}

pub(super) fn pages_go_on_while_objects_come_and_go(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is there all the while is in exactly one page, whatever comes and goes";
    for index in 0..60 {
        lab.keep(&format!("a/{}/stays {index:02}", index % 5), b"");
        lab.keep(&format!("a/{}/goes {index:02}", index % 5), b"");
    }
    let mut found = BTreeMap::<String, usize>::new();
    let mut options = ListOptions::default().limit(9);
    for turn in 0.. {
        promised(turn < 1000, "a list comes to an end", || "it did not in 1000 pages".to_owned());
        let page = done(lab.list(&Prefix::root(), &options), promise);
        for object in &page.objects {
            *found.entry(object.name.to_string()).or_default() += 1;
        }
        if turn < 60 {
            done(lab.remove(&name(&format!("a/{}/goes {turn:02}", turn % 5))), promise);
            lab.keep(&format!("a/{}/comes {turn:02}", turn % 7), b"");
            // One whose content changes is the same object.
            lab.keep(&format!("a/{}/stays {turn:02}", turn % 5), b"new");
        }
        match page.next {
            None => break,
            Some(next) => options = options.from(next),
        }
    }
    for index in 0..60 {
        let text = format!("a/{}/stays {index:02}", index % 5);
        let times = found.get(&text).copied().unwrap_or_default();
        promised(times == 1, promise, || format!("`{text}` is in {times} pages"));
    }
    let twice: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    promised(twice.is_empty(), promise, || format!("{twice:?}"));
}

pub(super) fn lists_tell_sizes_and_times(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "lists and properties tell how long objects are, and when they were put";
    let lengths = [0, 1, 512, 100_000];
    // Clocks of stores may be others, and coarse.
    let earliest = SystemTime::now() - Duration::from_hours(24);
    for length in lengths {
        lab.keep(&format!("a/{length}"), &content(1, length));
    }
    let latest = SystemTime::now() + Duration::from_hours(24);
    let is_told = |time: Option<SystemTime>| match time {
        Some(time) => earliest < time && time < latest,
        None => !lab.capabilities().modified,
    };
    let mut sizes = BTreeMap::new();
    for object in lab.pages("a", ListOptions::default()).iter().flat_map(|page| &page.objects) {
        promised(is_told(object.modified), promise, || format!("{object:?}"));
        sizes.insert(object.size, object.name.to_string());
        let properties = done(lab.properties(&object.name), promise);
        let same = properties.as_ref().is_some_and(|properties| {
            properties.size == object.size && is_told(properties.modified)
        });
        promised(same, promise, || format!("{properties:?} of {object:?}"));
    }
    let expected = lengths.map(|length| (length as u64, format!("a/{length}")));
    promised(sizes == expected.into(), promise, || format!("{sizes:?}"));
    let none = done(lab.properties(&name("a/b")), promise);
    promised(none.is_none(), promise, || format!("{none:?} of what is not there"));
}
