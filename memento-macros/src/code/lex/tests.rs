use super::*;

fn lex(text: &str) -> Option<Vec<String>> {
    let source = Source::new(text.to_owned())?;
    Some((0..source.len()).map(|at| source.text(at).to_owned()).collect())
}

#[test]
fn every_kind_of_token() {
    let text = r##"#!/bin/sh
        fn r#type<'a>(x: &'a str) /* a /* nested */ one */ { // to the end
            'x'; '\''; '\u{1F600}'; 'é'; b'a'; "a\"b"; r"\"; r#"a"b"#; br#"x"#; c"y";
            1.0e-5f64; 0xE+1; 1..2; x.0.1; 1.max(2)
        }"##;
    let expected = [
        "fn",
        "r#type",
        "<",
        "'a",
        ">",
        "(",
        "x",
        ":",
        "&",
        "'a",
        "str",
        ")",
        "{",
        "'x'",
        ";",
        r"'\''",
        ";",
        r"'\u{1F600}'",
        ";",
        "'é'",
        ";",
        "b'a'",
        ";",
        r#""a\"b""#,
        ";",
        r#"r"\""#,
        ";",
        r##"r#"a"b"#"##,
        ";",
        r##"br#"x"#"##,
        ";",
        r#"c"y""#,
        ";",
        "1.0e-5f64",
        ";",
        "0xE",
        "+",
        "1",
        ";",
        "1",
        ".",
        ".",
        "2",
        ";",
        "x",
        ".",
        "0.1",
        ";",
        "1",
        ".",
        "max",
        "(",
        "2",
        ")",
        "}",
    ];
    assert_eq!(lex(text).unwrap(), expected);
}

#[test]
fn what_is_no_rust_has_no_tokens() {
    for text in ["(", ")", "(]", "\"", "/* ", "r#\"x\"", "{ ( }"] {
        assert!(lex(text).is_none(), "{text}");
    }
}

#[test]
fn groups_lines_and_columns() {
    let source = Source::new("a\n(b, [c])\nd".to_owned()).unwrap();
    assert_eq!(source.inside(1), 2..7);
    assert_eq!(source.text(source.skip(1)), "d");
    let at = |line, column| source.text(source.at_character(line, column));
    assert_eq!([at(1, 1), at(2, 1), at(2, 3), at(2, 5), at(2, 6)], ["a", "(", ",", "[", "c"]);
    assert_eq!(source.at_character(3, 1), 8);
    assert_eq!(source.at_character(3, 2), 9);
}

#[test]
fn columns_are_those_of_characters() {
    let text = "\u{feff}mod a { b }\r\n/* é😀 */\tmod c { d }\r\n";
    let source = Source::new(text.to_owned()).unwrap();
    let at = |line, column| source.text(source.at_character(line, column));
    assert_eq!([at(1, 1), at(1, 9), at(1, 10)], ["mod", "b", "}"]);
    assert_eq!([at(2, 10), at(2, 18), at(2, 19)], ["mod", "d", "}"]);
}
