use super::{Name, Namespace, Prefix};
use crate::{Digest, ErrorKind};

#[test]
fn plain_names_are_names() {
    let segment = "s".repeat(255);
    let whole = format!("{}/{}", [&*segment; 3].join("/"), "s".repeat(256 - 1));
    for text in [
        "a/b",
        "a/b.c/d e/-f",
        "results/ab/cdef",
        "a/.hidden",
        "a/~",
        "a/#%&+,;=@[]{}'!$()",
        "a/\u{e9}t\u{e9}",
        "a/\u{65e5}\u{672c}",
        "a/\u{1f600}",
        "a/null",
        "a/com",
        "a/com12",
        "a/comx.txt",
        "a/ b",
        "a/b..c",
        "a/...c",
        &*whole,
    ] {
        let name = Name::new(text).unwrap();
        assert_eq!(name.to_string(), text);
        assert_eq!(name, text.parse().unwrap());
        let bytes = postcard::to_stdvec(&name).unwrap();
        assert_eq!(postcard::from_bytes::<Name>(&bytes).unwrap(), name);
    }
}

#[test]
fn what_leaves_the_store_or_means_something_else_elsewhere_is_no_name() {
    let segment = format!("a/{}", "s".repeat(256));
    let whole = format!("a/{}", ["s"; 512].join("/"));
    let composed = "a/e\u{301}";
    for (text, wrong) in [
        ("", "empty"),
        ("a", "namespace"),
        ("/", "begins or ends"),
        ("/a/b", "begins or ends"),
        ("a/b/", "begins or ends"),
        ("a//b", "begins or ends"),
        ("..", "`..`"),
        ("a/..", "`..`"),
        ("../a", "`..`"),
        ("a/../b", "`..`"),
        ("a/./b", "`..`"),
        ("a/b\0", "control"),
        ("a/b\nc", "control"),
        ("a/\u{7f}", "control"),
        ("a/\u{85}", "control"),
        ("a\\b", "characters"),
        ("a/..\\b", "characters"),
        ("C:/b", "characters"),
        ("a/b:c", "characters"),
        ("a/*", "characters"),
        ("a/b.", "dot or a space"),
        ("a/b ", "dot or a space"),
        ("a /b", "dot or a space"),
        ("a/...", "dot or a space"),
        ("a/nul", "device"),
        ("a/NUL.txt", "device"),
        ("a/nul .txt", "device"),
        ("Con/b", "device"),
        ("a/com1", "device"),
        ("a/LPT9.tar.gz", "device"),
        ("a/com\u{b2}", "device"),
        ("a/conin$", "device"),
        (composed, "NFC"),
        (&segment, "255 bytes"),
        (&whole, "1024 bytes"),
    ] {
        let error = Name::new(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidName);
        assert!(error.to_string().contains(wrong), "{text:?}: {error}");
        assert!(error.to_string().len() < 1024, "{error}");
        let bytes = postcard::to_stdvec(text).unwrap();
        assert!(postcard::from_bytes::<Name>(&bytes).is_err(), "{text:?} from elsewhere");
    }
}

#[test]
fn the_parts_of_a_name() {
    let name = Name::new("a/b/c").unwrap();
    assert_eq!(name.namespace(), Namespace::new("a").unwrap());
    assert_eq!(name.folder(), Prefix::new("a/b").unwrap());
    assert_eq!(name.segments().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(name.folder().name("c").unwrap(), name);
    assert_eq!(name.namespace().name("b/c").unwrap(), name);
    assert_eq!(Prefix::from(&name.namespace()).folder("b").unwrap(), name.folder());
    assert_eq!((&*Prefix::root().start(), &*name.folder().start()), ("", "a/b/"));
    assert_eq!(Prefix::root(), Prefix::new("").unwrap());
    for text in ["", "a/b", "..", "a."] {
        assert!(Namespace::new(text).is_err(), "{text:?}");
    }
    for text in ["/", "a/", "../a", "a//b"] {
        assert!(Prefix::new(text).is_err(), "{text:?}");
    }
    assert!(Prefix::root().name("a").is_err());
}

/// The names of what is stored are a format: with others, it is not found.
#[test]
fn the_names_of_results_stay() {
    let digest =
        Digest::from_bytes(std::array::from_fn(|index| u8::try_from(index).unwrap() * 8 + 3));
    let name = Name::of_result(&digest);
    assert_eq!(
        name.as_str(),
        "results/03/0b131b232b333b434b535b636b737b838b939ba3abb3bbc3cbd3dbe3ebf3fb"
    );
    assert_eq!(name, Name::new(name.as_str()).unwrap());
}

#[test]
fn whatever_is_damaged_gets_a_name_of_its_own() {
    let names = ["a/b", &format!("a/{}", "s".repeat(255)), &["s"; 512].join("/")]
        .map(|text| Name::new(text).unwrap());
    for name in names {
        let damaged = [name.of_damaged(), name.of_damaged()];
        assert_ne!(damaged[0], damaged[1]);
        for damaged in damaged {
            assert_eq!(damaged.namespace().as_str(), "damaged");
            assert_eq!(Name::new(damaged.as_str()).unwrap(), damaged);
        }
        assert_eq!(Prefix::new(name.snapshots().as_str()).unwrap(), name.snapshots());
    }
}

#[test]
fn the_name_of_a_content_tells_its_digest() {
    let digest = Digest::of(b"content");
    let name = Name::of_result(&digest);
    assert_eq!(name.result_digest(), Some(digest));
    let others = [
        name.as_str().to_uppercase().replace("RESULTS", "results"),
        name.as_str().replacen('/', "", 2).replace("results", "results/"),
        name.as_str().replace("results", "named"),
        format!("{name}/x"),
        "results/ab/cd".to_owned(),
    ];
    for other in others {
        assert_eq!(Name::new(&other).unwrap().result_digest(), None, "{other}");
    }
}
