mod held;
mod puts;

use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use memento::storage::{
    DataStore, ListOptions, Listing, Namespace, Prefix, PutOptions, UserMetadata,
};
use memento::{Digest, ErrorKind, Name};
use tempfile::TempDir;

use super::FileDataStore;
use crate::{Durability, Options};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn store() -> (TempDir, FileDataStore) {
    let folder = TempDir::new().unwrap();
    let store = FileDataStore::new(&Options::new(folder.path()));
    (folder, store)
}

/// All files and folders below `path`.
fn below(path: &Path) -> Vec<String> {
    let mut found: Vec<_> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flat_map(|entry| {
            let entry = entry.unwrap();
            let own = entry.file_name().into_string().unwrap();
            let inner = below(&entry.path()).into_iter().map(|inner| format!("{own}/{inner}"));
            std::iter::once(own.clone()).chain(inner.collect::<Vec<_>>()).collect::<Vec<_>>()
        })
        .collect();
    found.sort();
    found
}

/// The names of all objects, in pages of up to `limit`.
fn names(store: &FileDataStore, prefix: &str, limit: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut options = ListOptions::default().limit(limit);
    loop {
        let page = store.list(&Prefix::new(prefix).unwrap(), &options).unwrap();
        assert!(page.len() <= limit);
        names.extend(page.objects.iter().map(|object| object.name.to_string()));
        match page.next {
            None => return names,
            Some(next) => options = options.from(next),
        }
    }
}

#[test]
fn a_file_is_its_content_unless_there_is_metadata() {
    let (folder, store) = store();
    let path = folder.path().join("data/a/b");
    store.put(&name("a/b"), b"content").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"content");
    let red = PutOptions::default().metadata("colour", "red");
    store.put_with(&name("a/b"), b"content", &red).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 512);
    assert_eq!(store.properties(&name("a/b")).unwrap().unwrap().metadata, red.metadata);
    store.put(&name("a/b"), b"content").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"content");
}

/// The bytes of the file are a format: objects are read by later releases.
#[test]
fn the_format_of_metadata_stays() {
    let (folder, store) = store();
    let red = PutOptions::default().metadata("colour", "red");
    store.put_with(&name("a/b"), b"content", &red).unwrap();
    let metadata = br#"{"colour":"red"}"#;
    let mut expected = b"content".to_vec();
    expected.extend(metadata);
    expected.resize(512 - 40, 0);
    let lengths = [7, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0];
    expected.extend(lengths);
    expected.extend(&Digest::of(&lengths).as_bytes()[..8]);
    expected.extend(b"memento object 1");
    assert_eq!(fs::read(folder.path().join("data/a/b")).unwrap(), expected);
}

#[test]
fn contents_that_look_like_files_with_metadata_are_what_they_are() {
    let (folder, store) = store();
    let blue = PutOptions::default().metadata("colour", "blue");
    store.put_with(&name("a/b"), b"content", &blue).unwrap();
    let file = fs::read(folder.path().join("data/a/b")).unwrap();
    for written_by in ["put", "put", "put_with", "create", "append"] {
        let content = match written_by {
            "put" => {
                store.put(&name("a/c"), &file).unwrap();
                &*file
            }
            "put_with" => {
                assert!(store.put_with(&name("a/c"), &file, &blue).unwrap());
                &*file
            }
            "create" => {
                let mut staged = store.create().unwrap();
                // In parts that are shorter than what shows it.
                for part in file.chunks(7) {
                    staged.write_all(part).unwrap();
                }
                assert!(staged.keep(&name("a/c"), &PutOptions::default()).unwrap());
                &*file
            }
            _ => {
                store.put(&name("a/c"), &file[..500]).unwrap();
                store.append(&name("a/c"), &file[500..]).unwrap();
                &*file
            }
        };
        assert_eq!(store.get(&name("a/c")).unwrap().unwrap(), content, "{written_by}");
        let properties = store.properties(&name("a/c")).unwrap().unwrap();
        assert_eq!(properties.size, 512, "{written_by}");
        assert_eq!(properties.metadata.len(), usize::from(written_by == "put_with"));
        let listed = store.list(&Prefix::root(), &ListOptions::default()).unwrap();
        let sizes: Vec<_> = listed.objects.iter().map(|object| object.size).collect();
        assert_eq!(sizes, [7, 512], "{written_by}");
        let range = store.get_range(&name("a/c"), 500..2000).unwrap().unwrap();
        assert_eq!(range, file[500..], "{written_by}");
    }
}

/// Each byte of what stands behind the content is damaged: the content is what it was, or an error.
#[test]
fn damaged_metadata_is_an_error_and_never_another_content() {
    let (folder, store) = store();
    let path = folder.path().join("data/a/b");
    let red = PutOptions::default().metadata("colour", "red");
    store.put_with(&name("a/b"), b"content", &red).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut errors = 0;
    for position in (7..whole.len() - 16).filter(|position| *position < 40 || *position >= 460) {
        let mut damaged = whole.clone();
        damaged[position] ^= 0x80;
        fs::write(&path, damaged).unwrap();
        match store.get(&name("a/b")) {
            Ok(content) => assert_eq!(content.unwrap(), b"content", "{position}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Damaged, "{position}: {error}");
                errors += 1;
            }
        }
        let _ = store.properties(&name("a/b")).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Damaged, "{position}: {error}");
        });
        assert_eq!(names(&store, "", 10), ["a/b"]);
    }
    assert_eq!(errors, 24, "lengths that are not those of the file are found out");
    store.put(&name("a/b"), b"new").unwrap();
    assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"new");
}

/// Nothing is known of what would be appended to, or compared.
#[test]
fn what_is_damaged_is_neither_appended_to_nor_compared() {
    let (folder, store) = store();
    let path = folder.path().join("data/a/b");
    let red = PutOptions::default().metadata("colour", "red");
    store.put_with(&name("a/b"), b"content", &red).unwrap();
    let mut damaged = fs::read(&path).unwrap();
    // The length of the content, at the end.
    let at = damaged.len() - 40;
    damaged[at] ^= 0x80;
    fs::write(&path, &damaged).unwrap();
    let appended = store.append(&name("a/b"), b" and more").unwrap_err();
    let put = store.put_if_absent(&name("a/b"), b"content").unwrap_err();
    assert_eq!([appended, put].map(|error| error.kind()), [ErrorKind::Damaged; 2]);
    assert_eq!(fs::read(&path).unwrap(), damaged);
}

#[test]
fn folders_go_with_their_last_object() {
    let (folder, store) = store();
    store.put(&name("a/b/c/d"), b"").unwrap();
    store.put(&name("a/e"), b"").unwrap();
    assert!(store.remove(&name("a/b/c/d")).unwrap());
    assert_eq!(below(&folder.path().join("data")), ["a", "a/e"]);
    store.set_aside(&name("a/e")).unwrap();
    assert_eq!(below(&folder.path().join("data")).len(), 3, "`damaged`, and in it `a` with a file");
}

#[test]
fn a_folder_with_nothing_in_it_is_in_nobodys_way() {
    let (folder, store) = store();
    fs::create_dir_all(folder.path().join("data/a/b")).unwrap();
    assert_eq!(store.get(&name("a/b")).unwrap(), None);
    assert_eq!(store.list_namespaces().unwrap(), []);
    assert!(!store.remove(&name("a/b")).unwrap());
    store.put(&name("a/b"), b"content").unwrap();
    assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"content");
}

#[test]
fn an_object_is_no_folder() {
    let (_folder, store) = store();
    store.put(&name("a/b"), b"").unwrap();
    store.put(&name("a/c/d"), b"").unwrap();
    for text in ["a/b/c", "a/b/c/d", "a/c"] {
        let error = store.put(&name(text), b"").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("nested"), "{error}");
        assert_eq!(store.get(&name(text)).unwrap(), None);
        assert!(store.properties(&name(text)).unwrap().is_none());
        assert!(!store.remove(&name(text)).unwrap());
        assert!(!store.contains(&[name(text)]).pop().unwrap().unwrap());
    }
    assert_eq!(names(&store, "", 10), ["a/b", "a/c/d"]);
}

#[test]
fn what_is_below_a_folder_stays_where_the_folder_is_said_to_be_damaged() {
    let (folder, store) = store();
    store.put(&name("a/c/d"), b"content").unwrap();
    store.set_aside(&name("a/c")).unwrap();
    assert_eq!(store.get(&name("a/c/d")).unwrap().unwrap(), b"content");
    store.set_aside(&name("a/c/d/e")).unwrap();
    store.set_aside(&name("a/b")).unwrap();
    assert_eq!(below(&folder.path().join("data")), ["a", "a/c", "a/c/d"]);
}

#[test]
fn ten_thousand_names_are_listed() {
    let (folder, store) = store();
    let mut expected = Vec::new();
    for index in 0..10_000 {
        let path = folder.path().join(format!("data/many/{}/{index:04}", index % 3));
        if index < 3 {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        fs::write(path, "").unwrap();
        expected.push(format!("many/{}/{index:04}", index % 3));
    }
    expected.sort();
    for limit in [700, 1000, 3333, 10_000] {
        assert_eq!(names(&store, "", limit), expected);
    }
    assert_eq!(names(&store, "many/1", 1000).len(), 3333);
    let page = store.list(&Prefix::new("many").unwrap(), &ListOptions::one_level()).unwrap();
    let folders = ["many/0", "many/1", "many/2"].map(|text| Prefix::new(text).unwrap());
    assert_eq!(page, Listing { folders: folders.into(), ..Listing::default() });
    assert_eq!(store.info().unwrap().objects, 10_000);
    assert!(store.remove_namespace(&Namespace::new("many").unwrap()).unwrap());
    assert_eq!(below(&folder.path().join("data")), [""; 0]);
}

/// What others left in the folder, under names that no object has.
#[test]
fn what_is_no_object_is_not_listed() {
    let (folder, store) = store();
    store.put(&name("a/b"), b"").unwrap();
    let data = folder.path().join("data");
    fs::write(data.join("no namespace"), "").unwrap();
    for odd in ["con", "back\\slash", "dot.", "new\nline", "e\u{301}", "co:lon"] {
        fs::write(data.join("a").join(odd), "").unwrap();
        fs::create_dir(data.join(format!("{odd}x."))).unwrap();
        fs::write(data.join(format!("{odd}x./c")), "").unwrap();
    }
    let not_text = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    fs::write(data.join("a").join(not_text), "").unwrap();
    std::os::unix::fs::symlink(&data, data.join("a/loop")).unwrap();
    std::os::unix::fs::symlink(data.join("a/b"), data.join("a/link")).unwrap();
    assert_eq!(names(&store, "", 100), ["a/b"]);
    let page = store.list(&Prefix::root(), &ListOptions::one_level()).unwrap();
    assert_eq!(page.folders, [Prefix::new("a").unwrap()]);
}

#[test]
fn names_of_every_language_and_the_longest_are_files() {
    let (_folder, store) = store();
    let long = format!("a/{}", "s".repeat(255));
    let deep = ["deep"; 200].join("/");
    let mut expected = vec![
        "a/ leading",
        "a/#%&+,;=@[]{}'!$()",
        "a/.hidden",
        "a/~tilde",
        "a/ünï",
        "a/日本",
        "a/😀",
        &*long,
        &*deep,
    ];
    for text in &expected {
        store.put(&name(text), text.as_bytes()).unwrap();
        store.set_aside(&name(text)).unwrap();
        store.put(&name(text), text.as_bytes()).unwrap();
        assert_eq!(store.get(&name(text)).unwrap().unwrap(), text.as_bytes());
        let snapshot = store.snapshot(&name(text)).unwrap().unwrap();
        assert_eq!(store.list_snapshots(&name(text)).unwrap(), [snapshot]);
    }
    expected.sort_unstable();
    let found = names(&store, "", 5);
    let own: Vec<_> =
        found.iter().filter(|text| text.starts_with("a/") || text.starts_with("deep/")).collect();
    assert_eq!(own, expected.iter().collect::<Vec<_>>());
    assert_eq!(found.len(), 3 * expected.len());
}

#[test]
fn urls_are_those_of_the_files() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("ä b");
    let store = FileDataStore::new(&Options::new(&root));
    store.put(&name("a/c d%"), b"").unwrap();
    let url = store.url(&name("a/c d%")).unwrap();
    let parent = folder.path().display();
    assert_eq!(url, format!("file://{parent}/%C3%A4%20b/data/a/c%20d%25"));
}

/// What is removed while it is read, is read to its end; what is not kept, leaves nothing behind.
#[test]
fn nothing_is_left_behind() {
    let (folder, store) = store();
    store.put(&name("a/b"), b"content").unwrap();
    let mut reader = store.read(&name("a/b")).unwrap().unwrap();
    store.put(&name("a/b"), b"other").unwrap();
    store.remove(&name("a/b")).unwrap();
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(read, "content");

    store.create().unwrap().write_all(b"begun").unwrap();
    store.put_with(&name("a/b"), b"new", &PutOptions::if_content("old")).unwrap();
    store.put(&name("a/c"), b"content").unwrap();
    store.put(&name("a/c/d"), b"content").unwrap_err();
    assert_eq!(below(&folder.path().join("temporary")), [""; 0]);
}

#[test]
fn a_folder_that_is_removed_is_made_again() {
    for durability in [Durability::Fast, Durability::Full] {
        let folder = TempDir::new().unwrap();
        let store = FileDataStore::new(&Options::new(folder.path()).durability(durability));
        store.put(&name("a/b"), b"one").unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        store.put(&name("a/b"), b"two").unwrap();
        fs::remove_dir_all(folder.path()).unwrap();
        store.append(&name("a/b"), b"three").unwrap();
        store.append(&name("a/b"), b"four").unwrap();
        assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"threefour");
        fs::remove_dir_all(folder.path()).unwrap();
        assert!(store.put_if_absent(&name("a/b"), b"five").unwrap());
    }
}

#[test]
fn a_store_that_is_open_for_reading_changes_nothing() {
    let (folder, store) = store();
    store.put(&name("a/b"), b"content").unwrap();
    let before = below(folder.path());
    let store = FileDataStore::new(&Options::new(folder.path()).readonly());
    let namespace = Namespace::new("new").unwrap();
    let kinds = [
        store.put(&name("a/b"), b"").map(drop),
        store.put_if_absent(&name("a/c"), b"").map(drop),
        store.remove(&name("a/b")).map(drop),
        store.append(&name("a/b"), b"").map(drop),
        store.copy(&name("a/b"), &name("a/c")).map(drop),
        store.create().map(drop),
        store.snapshot(&name("a/b")).map(drop),
        store.set_aside(&name("a/b")),
        store.create_namespace(&namespace).map(drop),
        store.remove_namespace(&Namespace::new("a").unwrap()).map(drop),
    ];
    for result in kinds {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ReadOnly);
    }
    assert_eq!(below(folder.path()), before);
    assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"content");
    assert_eq!(store.properties(&name("a/b")).unwrap().unwrap().metadata, UserMetadata::new());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_told() {
    let place = TempDir::new().unwrap();
    let path = place.path().join("file");
    fs::write(&path, "").unwrap();
    let store = FileDataStore::new(&Options::new(&path));
    let error = store.put(&name("notes/a"), b"one").unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(error.contains("there is a file, and a folder is needed; remove it"), "{error}");
}
