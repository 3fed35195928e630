use std::ffi::{OsStr, OsString};

use proptest::prelude::*;

use crate::ErrorKind;
use crate::resource::name::{escape, escape_also, unescape};

#[test]
fn what_is_unicode_stays_readable() {
    for text in
        ["", "data/prices.csv", "Preise für heute.csv", "C:\\data", "a b", "日本語", "~$!`'\""]
    {
        assert_eq!(escape(text.as_ref()), text);
    }
    assert_eq!(escape("100%\n\u{7f}".as_ref()), "100%25%0A%7F");
    assert_eq!(escape_also("a b in c".as_ref(), &[' ']), "a%20b%20in%20c");
}

#[test]
#[cfg(unix)]
fn what_is_not_unicode_survives() {
    use std::os::unix::ffi::OsStrExt as _;

    for (bytes, name) in [
        (&b"\xff"[..], "%FF"),
        (b"a\xe4b", "a%E4b"),
        (b"%FF", "%25FF"),
        // The beginning of a character, and one that is too long.
        (b"\xc3", "%C3"),
        (b"\xc0\x80", "%C0%80"),
        ("\u{9b}".as_bytes(), "%C2%9B"),
    ] {
        let text = OsStr::from_bytes(bytes);
        assert_eq!(escape(text), name);
        assert_eq!(unescape(name).unwrap(), text);
    }
}

#[test]
fn a_name_that_nobody_wrote_is_an_error() {
    for name in ["%", "a%", "%2", "%zz", "%+5", "%u", "% 20", "%ä", "a%2ä"] {
        let error = unescape(name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged);
        assert!(error.to_string().contains(name), "{error}");
    }
}

proptest! {
    #[test]
    fn names_of_text_lead_back_to_it(text in any::<String>()) {
        let text = OsString::from(text);
        let name = escape(&text);
        prop_assert!(!name.contains(char::is_control));
        prop_assert_eq!(unescape(&name).unwrap(), text.clone());
        prop_assert_eq!(unescape(&escape_also(&text, &[' ', 'a', '2'])).unwrap(), text);
    }

    #[test]
    #[cfg(unix)]
    fn names_of_bytes_lead_back_to_them(bytes in any::<Vec<u8>>()) {
        use std::os::unix::ffi::OsStringExt as _;

        let text = OsString::from_vec(bytes);
        let name = escape(&text);
        prop_assert!(!name.contains(char::is_control));
        prop_assert_eq!(unescape(&name).unwrap(), text);
    }

    #[test]
    fn any_name_is_read_or_refused(name in any::<String>()) {
        let _ = unescape(&name);
    }
}
