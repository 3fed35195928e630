//! Archives that are not what was written, or were written to do harm.

use std::fs;

use memento_tests::folder::Folder;

use super::exported;
use crate::{Place, json};

const IMPORT: [&str; 4] = ["--storage", "./to", "import", "bad"];

/// Refuses these bytes as an archive, and keeps nothing.
#[track_caller]
fn refused(place: &Place, archive: &[u8], parts: &[&str]) {
    place.write("bad", archive);
    place.refused(&IMPORT, &[&["archive: bad"], parts].concat());
    assert!(!place.path("to").exists(), "nothing is kept");
}

#[test]
fn each_flipped_bit_is_found() {
    let place = exported();
    let archive = place.read("archive");
    let places = (0..64).chain((64..archive.len()).step_by(archive.len() / 97));
    for at in places.chain([archive.len() - 1]) {
        let mut flipped = archive.clone();
        flipped[at] ^= 1 << (at % 8);
        let place_named = if at < 20 { "bad" } else { "at byte: " };
        refused(&place, &flipped, &[place_named]);
    }
}

#[test]
fn one_that_ends_too_early_or_too_late_is_found() {
    let place = exported();
    let archive = place.read("archive");
    for length in [1, 15, 19, 25, 31, 32, 63, archive.len() / 2, archive.len() - 1] {
        refused(&place, &archive[..length], &[]);
    }
    refused(&place, &[&archive[..], b"x"].concat(), &["something follows the end", "at byte: "]);
    refused(&place, &[], &["it is no archive of `memento export`"]);
    refused(&place, b"memento.toml is not one either", &["it is no archive"]);
    fs::create_dir(place.path("folder")).unwrap();
    place.refused(&["--storage", "./to", "import", "folder"], &["archive: folder"]);
}

/// An archive whose digests are right, whatever is in it.
struct Archive(Vec<u8>);

impl Archive {
    fn new(format: u32) -> Self {
        Self([&b"memento archive\n"[..], &format.to_le_bytes()].concat())
    }

    fn member(mut self, head: &[u8], body: &[u8]) -> Self {
        self.0.extend(u32::try_from(head.len()).unwrap().to_le_bytes());
        self.0.extend((body.len() as u64).to_le_bytes());
        self.0.extend([head, body].concat());
        self.seal()
    }

    fn seal(mut self) -> Self {
        let digest = blake3::hash(&self.0);
        self.0.extend(digest.as_bytes());
        self
    }

    fn content(self, body: &[u8]) -> Self {
        let digest = blake3::hash(body);
        self.member(&[&[0], &digest.as_bytes()[..]].concat(), body)
    }

    fn object(self, name: &str) -> Self {
        let length = u8::try_from(name.len()).unwrap();
        self.member(&[&[1, length], name.as_bytes(), &[0]].concat(), b"content")
    }

    fn end(self, members: u8) -> Vec<u8> {
        self.member(&[3, members], b"").0
    }
}

#[test]
fn one_that_is_made_by_hand_is_read() {
    let place = Place::new();
    place.write("bad", Archive::new(1).content(b"content").object("a/b").end(2));
    let told = place.done(&IMPORT);
    assert!(told.starts_with("imported 1 content, 1 object, 0 mementos (14 B)"), "{told}");
    assert_eq!(place.done(&["--storage", "./to", "blob", "get", "a/b"]), "content");
}

/// More than go together, with nothing behind them.
#[test]
fn contents_are_kept_where_nothing_follows_them() {
    let place = Place::new();
    let contents: Vec<_> = (0..300).map(|n| format!("content {n}")).collect();
    let archive = contents.iter().fold(Archive::new(1), |all, one| all.content(one.as_bytes()));
    // In postcard, 300 takes two bytes.
    place.write("bad", archive.member(&[3, 0xac, 0x02], b"").0);
    let told = json(&place.done(&[&["--json"], &IMPORT[..]].concat()));
    assert_eq!((&told[0]["contents"], &told[0]["present"]), (&300.into(), &0.into()));
    let to = Folder::at(place.path("to"));
    assert_eq!(to.results().len(), 300);
    to.assert_results_whole();
}

#[test]
fn what_would_do_harm_is_refused() {
    let place = Place::new();
    let new = || Archive::new(1);
    for name in ["../../etc/cron.d/x", "/etc/passwd", "a/../b", "a/nul", "alone"] {
        let archive = new().content(b"whole").object(name).end(2);
        refused(&place, &archive, &["what a member is cannot be read", "at byte: "]);
    }
    for name in ["results/ab/cd", "damaged/x"] {
        refused(&place, &new().object(name).end(1), &[name, "no object is called that"]);
    }
    let other = [&[0], &blake3::hash(b"other").as_bytes()[..]].concat();
    let archive = new().content(b"whole").member(&other, b"content").end(2);
    refused(&place, &archive, &["its bytes are not those that were written", "results/"]);
    let key = [&[2], &[7; 32][..]].concat();
    let archive = new().content(b"whole").member(&key, b"no record at all").end(2);
    refused(&place, &archive, &["read a memento", "too short to be a memento"]);
    refused(&place, &new().member(&[9], b"").end(1), &["what a member is cannot be read"]);
}

#[test]
fn an_order_and_numbers_that_cannot_be_are_refused() {
    let place = Place::new();
    let new = || Archive::new(1);
    let archive = new().object("a/b").content(b"content").end(2);
    refused(&place, &archive, &["it stands behind what has to come after it", "at byte: "]);
    refused(&place, &new().content(b"content").end(2), &["members are missing"]);
    refused(&place, &new().content(b"content").0, &["it ends too early"]);
    let mut twice = new().content(b"content").end(1);
    twice.extend_from_within(20..);
    refused(&place, &twice, &["something follows the end"]);
    refused(&place, &Archive::new(2).end(0), &["its format is 2", "update this program"]);
    refused(&place, &Archive::new(0).end(0), &["it is of no known format"]);
    for (head, body) in [(8, u64::MAX), (u32::MAX, 0), (8, 1 << 40), (1 << 20, 8)] {
        let mut huge = new();
        huge.0.extend(u32::to_le_bytes(head));
        huge.0.extend(u64::to_le_bytes(body));
        huge.0.extend([0; 100]);
        refused(&place, &huge.seal().0, &["is declared, and 132 bytes follow", "at byte: 20"]);
    }
}
