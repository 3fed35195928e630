//! What objects are called on a service, and what in a folder.
//!
//! A service has keys, which are names as they are. In a folder, there can be no file `a` beside a folder `a`, parts of
//! a path have at most 255 bytes, and the library takes `#1` at the end for a mark of its own. So folders get a `=` at
//! the end there, parts that are long go on in a folder with `=+` at the end, and `=` and `#` are written as `=3D` and
//! `=23`.

use memento::Name;

/// How long a part of a path is at most, before what is added to it.
const LONGEST: usize = 200;

/// The path of an object's file.
pub(crate) fn to_path(name: &str) -> String {
    let mut segments = name.split('/').peekable();
    let mut path = String::new();
    while let Some(segment) = segments.next() {
        let mut rest = &*segment.replace('=', "=3D").replace('#', "=23");
        while rest.len() > LONGEST {
            let (part, behind) = rest.split_at(boundary(rest));
            path = path + part + "=+/";
            rest = behind;
        }
        path += rest;
        if segments.peek().is_some() {
            path += "=/";
        }
    }
    path
}

/// Where a part may end that is too long: between characters, and not in what stands for one.
fn boundary(text: &str) -> usize {
    let is_escape = |at: usize| text.as_bytes()[at.saturating_sub(2)..at].contains(&b'=');
    let is_whole = |at: &usize| text.is_char_boundary(*at) && !is_escape(*at);
    (1..=LONGEST).rev().find(is_whole).unwrap_or(text.len())
}

/// The name of the object in this file; `None` where it is none of ours.
pub(crate) fn from_path(path: &str) -> Option<Name> {
    let mut name = String::new();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match (part.strip_suffix("=+"), part.strip_suffix('=')) {
            (Some(part), _) if !is_last => name += part,
            (None, Some(part)) if !is_last => name = name + part + "/",
            (None, None) if is_last => name += part,
            _ => return None,
        }
    }
    let name = name.replace("=23", "#").replace("=3D", "=");
    Name::new(&name).ok().filter(|name| to_path(name.as_str()) == path)
}

/// The path of a folder, with a `/` at the end.
pub(crate) fn to_folder(prefix: &str) -> String {
    if prefix.is_empty() {
        return String::new();
    }
    let mut folder = to_path(&format!("{prefix}/x"));
    folder.pop();
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_paths() {
        let long = "s".repeat(255);
        let escapes = "=".repeat(255);
        let wide = "日".repeat(85);
        for (name, path) in [
            ("a/b", Some("a=/b")),
            ("a/b/c.txt", Some("a=/b=/c.txt")),
            ("a=/b#1", Some("a=3D=/b=231")),
            ("a/=3D", Some("a=/=3D3D")),
            ("a/b=+", None),
            (&*format!("{long}/{escapes}"), None),
            (&*format!("a/{wide}/{wide}"), None),
        ] {
            let found = to_path(name);
            assert!(path.is_none_or(|path| path == found), "{found}");
            assert!(found.split('/').all(|part| part.len() <= LONGEST + 2), "{found}");
            assert_eq!(from_path(&found).unwrap().as_str(), name);
        }
    }

    #[test]
    fn folders_are_what_the_paths_of_their_objects_begin_with() {
        let long = format!("xml/{}", "x".repeat(255));
        for prefix in ["xml", "reports/xml", "x/x/x", "a=/x#1", &long] {
            assert_eq!(to_folder(prefix) + "x", to_path(&format!("{prefix}/x")));
        }
        assert_eq!(to_folder("reports/xml"), "reports=/xml=/");
        assert_eq!(to_folder(""), "");
    }

    #[test]
    fn files_of_others_are_none() {
        for path in ["a/b", "b", "a=/b=", "a=/=23=", "a=/=+", "a=/#1", "a=/b/c"] {
            assert_eq!(from_path(path), None, "{path}");
        }
    }
}
