//! Storage providers: containers of blobs. Their commands are tested with the program `memento`:
//! `memento-cli/tests/cli/peers.rs`.

use std::io::Cursor;
use std::time::{Duration, SystemTime};

use memento::storage::{DataStore, ListOptions, Namespace, Prefix, PutOptions, Source, Target};
use memento::{Environment, ErrorKind};
use memento_storage_layers::{Guarded, Retry};
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};
use memento_tests::warnings;

use crate::asked::Asked;
use crate::{environment, name, runs, with_each};

fn all(store: &dyn DataStore, folder: &str, options: &ListOptions) -> (Vec<String>, Vec<String>) {
    let listing = store.list(&Prefix::new(folder).unwrap(), options).unwrap();
    let mut objects: Vec<_> = listing.objects.iter().map(|o| o.name.to_string()).collect();
    let mut folders: Vec<_> = listing.folders.iter().map(Prefix::start).collect();
    objects.sort();
    folders.sort();
    (objects, folders)
}

#[test]
fn containers_are_there_made_listed_and_deleted() {
    with_each(|store| {
        let container = Namespace::new("container").unwrap();
        assert!(!store.has_namespace(&container).unwrap());
        assert!(store.create_namespace(&container).unwrap());
        assert!(!store.create_namespace(&container).unwrap(), "it is there already");
        assert!(store.list_namespaces().unwrap().contains(&container));
        store.put(&name("container/a"), b"text").unwrap();
        assert!(store.remove_namespace(&container).unwrap());
        assert!(!store.has_namespace(&container).unwrap());
        assert_eq!(store.get(&name("container/a")).unwrap(), None);
    });
}

#[test]
fn blobs_are_made_from_text_and_files_and_read_as_both() {
    with_each(|store| {
        let (blob, text) = (name("c/blob"), "text, and more of it");
        store.put(&blob, text.as_bytes()).unwrap();
        assert_eq!(store.get(&blob).unwrap().unwrap(), text.as_bytes());
        assert_eq!(store.get_range(&blob, 6..9).unwrap().unwrap(), b"and");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(store.get_to(&blob, &mut Target::new(&mut file)).unwrap(), Some(20));
        let (other, mut told) = (name("c/other"), Vec::new());
        let mut tell = |current, total| told.push((current, total));
        store.put_file(&other, file.path(), &PutOptions::default(), &mut tell).unwrap();
        assert_eq!(told.last(), Some(&(20, Some(20))));
        assert_eq!(store.get(&other).unwrap().unwrap(), text.as_bytes());
        assert!(store.remove(&other).unwrap());
        assert!(!store.remove(&other).unwrap());
        assert_eq!(store.get(&other).unwrap(), None);
    });
}

#[test]
fn blobs_are_listed_with_all_below_or_one_level_with_size_and_time() {
    with_each(|store| {
        for path in ["c/a", "c/dir/b", "c/dir/deep/d", "other/e"] {
            store.put(&name(path), path.as_bytes()).unwrap();
        }
        let recursive = ListOptions::default();
        let files = ["c/a", "c/dir/b", "c/dir/deep/d"].map(str::to_owned).to_vec();
        assert_eq!(all(store, "c", &recursive), (files, vec![]));
        let level = (vec!["c/a".to_owned()], vec!["c/dir/".to_owned()]);
        assert_eq!(all(store, "c", &ListOptions::one_level()), level);
        let paged = store.list(&Prefix::new("c").unwrap(), &recursive.limit(2)).unwrap();
        assert!(paged.len() <= 2 && paged.next.is_some(), "{paged:?}");
        for object in paged.objects {
            assert_eq!(object.size, object.name.as_str().len() as u64);
            if store.capabilities().modified {
                let age = SystemTime::now().duration_since(object.modified.unwrap());
                assert!(age.unwrap_or_default() < Duration::from_hours(1));
            }
        }
    });
}

#[test]
fn blobs_have_properties_and_metadata() {
    with_each(|store| {
        let (blob, options) = (name("c/blob"), PutOptions::default().metadata("owner", "me"));
        assert!(store.put_with(&blob, b"text", &options).unwrap());
        let properties = store.properties(&blob).unwrap().unwrap();
        assert_eq!((properties.size, &*properties.metadata["owner"]), (4, "me"));
        assert_eq!(store.properties(&name("c/none")).unwrap(), None);
    });
}

#[test]
fn who_is_to_fail_if_a_blob_exists_does() {
    with_each(|store| {
        let blob = name("c/blob");
        let put = |content| store.put_if_absent(&blob, content).unwrap();
        let both = std::thread::scope(|scope| {
            let one = scope.spawn(|| put(b"one"));
            (put(b"two"), one.join().unwrap())
        });
        assert_ne!(both.0, both.1, "of two writers, one is told");
        let expected: &[u8] = if both.0 { b"two" } else { b"one" };
        assert_eq!(store.get(&blob).unwrap().unwrap(), expected);
    });
}

#[test]
fn what_several_append_is_all_there() {
    with_each(|store| {
        let blob = name("c/log");
        std::thread::scope(|scope| {
            for line in ["one\n", "two\n", "six\n"] {
                let blob = &blob;
                scope.spawn(move || {
                    (0..5).for_each(|_| store.append(blob, line.as_bytes()).unwrap());
                });
            }
        });
        let text = String::from_utf8(store.get(&blob).unwrap().unwrap()).unwrap();
        assert_eq!(text.lines().count(), 15);
        assert_eq!(text.lines().filter(|line| *line == "two").count(), 5);
    });
}

#[test]
fn blobs_are_copied_between_containers_and_kept_as_snapshots() {
    with_each(|store| {
        let (blob, copy) = (name("c/blob"), name("d/copy"));
        store.put(&blob, b"before").unwrap();
        assert!(store.copy(&blob, &copy).unwrap());
        let snapshot = store.snapshot(&blob).unwrap().unwrap();
        store.put(&blob, b"after").unwrap();
        assert_eq!(store.get(&copy).unwrap().unwrap(), b"before");
        let mut read = Vec::new();
        let mut stream = store.read_snapshot(&blob, &snapshot).unwrap().unwrap();
        std::io::Read::read_to_end(&mut stream, &mut read).unwrap();
        assert_eq!(read, b"before");
        assert_eq!(store.list_snapshots(&blob).unwrap(), std::slice::from_ref(&snapshot));
        assert!(store.remove_snapshot(&blob, &snapshot).unwrap());
        assert!(store.read_snapshot(&blob, &snapshot).unwrap().is_none());
        assert_eq!(store.get(&blob).unwrap().unwrap(), b"after", "its source stays");
    });
}

#[test]
fn large_transfers_tell_how_far_they_are() {
    with_each(|store| {
        let (blob, content) = (name("c/blob"), vec![7; 3_000_000]);
        let mut sent = Vec::new();
        let mut tell = |current, total| sent.push((current, total));
        let mut reader = Cursor::new(&content);
        let mut source = Source::new(&mut reader).total(3_000_000).progress(&mut tell);
        store.put_from(&blob, &mut source, &PutOptions::default()).unwrap();
        assert!(sent.len() > 1 && sent.is_sorted(), "{sent:?}");
        assert_eq!(sent.last(), Some(&(3_000_000, Some(3_000_000))));
        let mut received = 0;
        let mut tell = |current, _| received = current;
        let mut target = Vec::new();
        store.get_to(&blob, &mut Target::new(&mut target).progress(&mut tell)).unwrap();
        assert_eq!((received, target == content), (3_000_000, true));
    });
}

/// How often an operation is tried can be said in code and in the configuration. What failed is tried again; what says
/// something of the blob itself, or might be done twice, is not.
#[test]
fn how_often_is_tried_again_can_be_said() {
    let store = Asked::default();
    let patient = Retry::default().attempts(5).first_pause(Duration::ZERO);
    let patient = Guarded::new(patient, store.stores().data);
    let blob = name("c/blob");
    patient.put(&blob, b"text").unwrap();
    assert_eq!(store.count(""), 1, "what is done is not done again");
    store.forget();
    store.set_away(true);
    assert_eq!(patient.get(&blob).unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(store.count("get"), 5);
    assert!(patient.append(&blob, b"more").is_err());
    assert_eq!(store.count("append"), 1, "it may have been done");
    store.set_away(false);
    store.set_damaged(true);
    assert_eq!(patient.get(&blob).unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(store.count("get"), 5 + 1, "that is an answer");
    store.set_damaged(false);
    assert_eq!(patient.get(&blob).unwrap().unwrap(), b"text");

    let faults = "type = 'memory'\n[storage.faults]\nrate = 0.5\nseed = 1\n";
    let retry = "[storage.retry]\nattempts = 100\nfirst_pause = '1ns'\n";
    let (_folder, faulty) = environment(faults).unwrap();
    runs(&faulty);
    let (_folder, patient) = environment(&format!("{faults}{retry}")).unwrap();
    assert_eq!((runs(&patient), runs(&patient)), (6, 0));
    let failures = |environment: &Environment| environment.statistics().store_failures;
    assert!(failures(&patient) < failures(&faulty), "what may not be done twice still fails");
}

/// A provider is named in the configuration, and its credentials are variables: no message has them, and neither has
/// what is shown of a storage.
#[test]
fn credentials_come_from_variables_and_are_in_no_message() {
    // What every process has.
    let secret = std::env::var("PATH").unwrap();
    let s3 = S3Server::start();
    let in_s3 = |scheme: &str, more: &str| {
        format!(
            "url = '{scheme}://{BUCKET}/secrets'\nendpoint = '{}'\nallow_http = true\n\
             access_key_id = '{}'\nsecret_access_key = '${{PATH}}'\n{more}",
            endpoint(s3.port()),
            KEY.0
        )
    };
    let redis = RedisServer::with(&["--requirepass", &secret, "--save", ""]);
    let at = |password: &str, more: &str| {
        format!("url = 'redis://:{password}@127.0.0.1:{}'\n{more}", redis.port())
    };
    let (_folder, right) = environment(&at("${PATH}", "")).unwrap();
    assert_eq!((runs(&right), runs(&right)), (6, 0), "it is the password");

    let mut said = vec![format!("{right:?}{:?}", right.storage("").unwrap().stores())];
    for text in [in_s3("s3", ""), at("wrong${PATH}", "")] {
        let (_folder, wrong) = environment(&text).unwrap();
        let (ran, warnings) = warnings::collect(|| runs(&wrong));
        assert!(ran == 6 && !warnings.is_empty(), "{text}");
        let stores = wrong.storage("").unwrap().stores();
        said.push(stores.data.ping().unwrap_err().to_string());
        said.push(format!("{warnings:?}{stores:?}{wrong:?}"));
    }
    for text in [in_s3("s4", ""), in_s3("s3", "no_such = 1"), at("${PATH}", "ttl = 'soon'")] {
        said.push(environment(&text).unwrap_err().to_string());
    }
    let error = environment(&at("${NO_SUCH_SECRET}", "")).unwrap_err().to_string();
    assert!(error.contains("NO_SUCH_SECRET"), "{error}");
    for said in said {
        assert!(!said.contains(&secret), "{said}");
    }
}

#[test]
fn names_do_not_escape() {
    for text in ["..", "a/../b", "/a", "", "a\0b", "a//b", "a/.", "CON", "a/nul.txt", "a\\b"] {
        assert!(memento::Name::new(text).is_err(), "{text:?}");
    }
    assert!(memento::Name::new(&"long/".repeat(1000)).is_err());
}
