use std::io::ErrorKind;

use crate::resource;
use crate::resource::pattern::Pattern;

#[test]
fn patterns_match_whole_paths() {
    let matches = [
        ("a.csv", "a.csv", true),
        ("a.csv", "A.csv", false),
        ("a.csv", "b/a.csv", false),
        ("*.csv", "a.csv", true),
        ("*.csv", ".csv", true),
        ("*.csv", ".a.csv", true),
        ("*.csv", "b/a.csv", false),
        ("*.csv", "a.csv.gz", false),
        ("*", "a", true),
        ("*", "a/b", false),
        ("**", "a/b/c", true),
        ("**/*.rs", "a.rs", true),
        ("**/*.rs", "a/b/c.rs", true),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/c/d/b", true),
        ("a/**/b", "a/cb", false),
        ("**/a/**", "a/b", true),
        ("**/a/**", "c/a/b", true),
        ("**/a/**", "ca/b", false),
        ("?.csv", "ä.csv", true),
        ("?.csv", ".csv", false),
        ("a?b", "a/b", false),
        ("[a-c].csv", "b.csv", true),
        ("[a-c].csv", "d.csv", false),
        ("[!a-c].csv", "d.csv", true),
        ("a[!b]c", "a/c", false),
        ("[]].csv", "].csv", true),
        ("[*].csv", "*.csv", true),
        ("[*].csv", "a.csv", false),
        ("[{]a}", "{a}", true),
        ("[!{]", "a", true),
        ("*a*a*a*a*a*a*a*b", &"a".repeat(200), false),
    ];
    for (pattern, path, expected) in matches {
        assert_eq!(Pattern::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
    }
}

#[test]
fn only_as_deep_as_needed() {
    let depth = |pattern| Pattern::new(pattern).unwrap().depth();
    assert_eq!(["*", "a/b/*", "*/?/[a/]"].map(depth), [1, 3, 4]);
    assert_eq!(["**", "a/**", "**/*.rs"].map(depth), [usize::MAX; 3]);
    let pattern = Pattern::new("a/b/*/c/*").unwrap();
    assert!(pattern.admits(0, "whatever"));
    assert!(pattern.admits(1, "a") && !pattern.admits(1, "b"));
    assert!(pattern.admits(2, "b") && !pattern.admits(2, "a"));
    assert!(pattern.admits(3, "whatever") && pattern.admits(4, "whatever"));
    assert!(Pattern::new("a.csv").unwrap().admits(1, "whatever"));
}

#[test]
fn a_malformed_pattern_is_an_error_that_helps() {
    let faults = [
        ("", "it is empty"),
        ("/etc/*", "begins with a separator"),
        ("../*", "`..`"),
        ("a/./*", "`.`"),
        ("a//b", "empty name"),
        ("a/", "empty name"),
        ("*.{csv,tsv}", "no alternatives"),
        ("[a]{b}", "no alternatives"),
        ("a**", "single path component, at `a**`"),
        ("a/**b", "single path component, at `b`"),
        ("***", "wildcards are either"),
        ("a[b", "invalid range pattern, at `[b`"),
        ("[]", "invalid range pattern"),
        ("[", "invalid range pattern"),
        ("ä[!]", "invalid range pattern, at `[!]`"),
    ];
    for (pattern, reason) in faults {
        let error = resource::directory(".", pattern).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let message = error.to_string();
        assert!(
            message.starts_with(&format!("cannot read the pattern `{pattern}`: ")),
            "{message}"
        );
        assert!(message.contains(reason), "{message}");
    }
}
