use std::path::{Path, PathBuf};

use super::super::{Options, Origin};
use super::{expand, parse, set_by_variable};
use crate::{Error, ErrorKind};

const FILE: &str = "/project/memento.toml";
const MISSING: &str = "MEMENTO_TESTS_NEVER_SET_THIS";

fn parsed(text: &str) -> Result<Options, Error> {
    parse(text, Path::new(FILE))
}

/// The options of a file with this text and of variables, by what follows their prefix.
fn with_variables(text: &str, variables: &[(&str, &str)]) -> Result<Options, Error> {
    let mut options = parsed(text).unwrap();
    for &(option, value) in variables {
        set_by_variable(&mut options, &format!("MEMENTO_{option}"), option, value)?;
    }
    Ok(options)
}

fn table(options: &mut Options, name: &str) -> Options {
    options.take_options(name).unwrap().unwrap()
}

#[track_caller]
fn refused<T>(result: Result<T, Error>, expected: &str) {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    for (text, line) in [
        ("[storage", 1),
        ("[storage]\ntype\n", 2),
        ("[storage]\ntype = memory\n[runner]", 2),
        ("[storage]\n\n\ntype = \"memory\n[runner]", 4),
        ("[storage]\ntype = 'a'\ntype = 'b'", 3),
        ("[storage]\r\ntype = 'a'\r\n[storage]", 3),
        ("# é\n[storage]\n# é\na = é", 4),
    ] {
        let error = parsed(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        let message = error.to_string();
        let expected = format!("cannot read the configuration (place: {FILE}:{line}): ");
        assert!(message.starts_with(&expected), "{text:?}: {message}");
        assert!(message.len() > expected.len(), "{text:?} has no reason");
        assert!(!message.contains('\n'), "{text:?}: {message}");
    }
}

#[test]
fn variables_in_values_are_replaced() {
    let path = std::env::var("PATH").unwrap();
    let origin = Origin::Program;
    assert_eq!(expand("${PATH}", &origin).unwrap(), path);
    assert_eq!(expand("a/${PATH}/${PATH}b", &origin).unwrap(), format!("a/{path}/{path}b"));
    assert_eq!(expand("$PATH {PATH} $ } $$", &origin).unwrap(), "$PATH {PATH} $ } $$");
    assert_eq!(expand("", &origin).unwrap(), "");
}

#[test]
fn variables_are_replaced_wherever_there_is_text() {
    let path = std::env::var("PATH").unwrap();
    let mut options =
        parsed("a = '${PATH}'\nb = ['x', ['${PATH}']]\nc.d = '${PATH}'\ne = [{ f = '${PATH}' }]")
            .unwrap();
    assert_eq!(options.take::<String>("a").unwrap().unwrap(), path);
    let b = options.take::<(String, Vec<String>)>("b").unwrap().unwrap();
    assert_eq!(b, ("x".to_owned(), vec![path.clone()]));
    assert_eq!(table(&mut options, "c").take::<String>("d").unwrap().unwrap(), path);
    let e = options.take::<Vec<toml::Table>>("e").unwrap().unwrap();
    assert_eq!(e[0]["f"].as_str().unwrap(), path);
}

#[test]
fn a_variable_that_is_not_set_is_refused() {
    refused(
        parsed(&format!("[storage]\nurl = 'redis://${{{MISSING}}}/0'")),
        "cannot read the configuration (place: /project/memento.toml:2): the environment variable \
         MEMENTO_TESTS_NEVER_SET_THIS is not set; set it, or write the value into the file",
    );
}

#[test]
fn an_unfinished_variable_is_refused() {
    refused(
        parsed("[storage]\npath = '${HOME/x'"),
        "cannot read the configuration (place: /project/memento.toml:2): `${` without `}`; write \
         `${NAME}`",
    );
}

#[test]
fn a_variable_without_a_name_is_refused() {
    for text in ["${}", "a/${ }/b"] {
        refused(
            parsed(&format!("[storage]\n\npath = '{text}'")),
            "cannot read the configuration (place: /project/memento.toml:3): `${}` names no \
             environment variable; write `${NAME}`",
        );
    }
}

#[test]
fn a_variable_sets_an_option() {
    let mut options = with_variables("", &[("STORAGE__TYPE", "memory")]).unwrap();
    let mut storage = table(&mut options, "storage");
    assert_eq!(storage.take::<String>("type").unwrap().unwrap(), "memory");
    assert_eq!(storage.origin_of("type"), "the environment variable MEMENTO_STORAGE__TYPE");
}

#[test]
fn a_variable_overrides_the_file() {
    let text = "[storage]\ntype = 'x'\npath = 'a'\n[clusters.a.runner]\nthreads = 1";
    let variables = [("STORAGE__PATH", "b"), ("CLUSTERS__A__RUNNER__THREADS", "2")];
    let mut options = with_variables(text, &variables).unwrap();
    let mut storage = table(&mut options, "storage");
    assert_eq!(storage.take::<String>("type").unwrap().unwrap(), "x");
    assert_eq!(storage.take::<String>("path").unwrap().unwrap(), "b");
    let mut cluster = table(&mut table(&mut options, "clusters"), "a");
    assert_eq!(table(&mut cluster, "runner").take::<u8>("threads").unwrap(), Some(2));
}

#[test]
fn variables_do_not_tell_capitals_in_the_names_of_tables() {
    let text = "[clusters.Prices.runner]\nthreads = 1\n[clusters.Other]\n[clusters.other]";
    let variables =
        [("CLUSTERS__PRICES__RUNNER__THREADS", "2"), ("CLUSTERS__OTHER__RUNNER__THREADS", "3")];
    let mut options = with_variables(text, &variables).unwrap();
    let mut clusters = table(&mut options, "clusters");
    assert!(clusters.names().iter().eq(["Other", "Prices", "other"]));
    for (cluster, threads) in [("Prices", 2), ("other", 3)] {
        let mut runner = table(&mut table(&mut clusters, cluster), "runner");
        assert_eq!(runner.take::<u8>("threads").unwrap(), Some(threads));
    }
    refused(
        with_variables("[clusters.Ab]\n[clusters.aB]", &[("CLUSTERS__AB__X", "")]),
        "cannot read the configuration (place: the environment variable MEMENTO_CLUSTERS__AB__X): it \
         may mean `Ab` or `aB`; give them names that differ in more than capitals",
    );
}

/// What the file says belongs to the type that it says it with.
#[test]
fn a_variable_that_sets_the_type_hides_the_options_in_the_file() {
    let text = "[storage]\ntype = 'x'\npath = 'a'\n[runner]\nthreads = 1";
    for variables in [
        [("STORAGE__TYPE", "y"), ("STORAGE__URL", "b")],
        [("STORAGE__URL", "b"), ("STORAGE__TYPE", "y")],
    ] {
        let mut options = with_variables(text, &variables).unwrap();
        let mut storage = table(&mut options, "storage");
        assert_eq!(storage.take::<String>("type").unwrap().unwrap(), "y");
        assert_eq!(storage.take::<String>("url").unwrap().unwrap(), "b");
        assert_eq!(storage.take::<String>("path").unwrap(), None);
        assert_eq!(table(&mut options, "runner").take::<u8>("threads").unwrap(), Some(1));
    }
}

#[test]
fn a_variable_that_sets_a_url_hides_the_options_in_the_file_unless_they_are_of_the_same_kind() {
    for (of_file, is_kept) in [
        ("url = 'xs://a'", true),
        ("url = 'z://a'", false),
        ("type = 'x'", true),
        ("type = 'z'", false),
        ("path = 'a'", false),
    ] {
        let text = format!("[storage]\n{of_file}\nsize = 1\nmemory_cache = 2");
        let mut options = with_variables(&text, &[("STORAGE__URL", "xs://b")]).unwrap();
        let mut storage = table(&mut options, "storage");
        assert_eq!(storage.take::<String>("url").unwrap().unwrap(), "xs://b");
        assert_eq!(storage.take::<u8>("size").unwrap().is_some(), is_kept, "{of_file}");
        assert_eq!(storage.take::<u8>("memory_cache").unwrap(), Some(2));
        let kind = storage.take::<String>("type").unwrap();
        assert_eq!(kind.is_some(), of_file == "type = 'x'");
    }
}

#[test]
fn values_of_variables_mean_what_they_mean_in_a_file() {
    let variables = [
        ("X__NUMBER", "4"),
        ("X__FLAG", "true"),
        ("X__LIST", "['a', 'b']"),
        ("X__TEXT", "256 MiB"),
        ("X__QUOTED", "\"123456\""),
        ("X__PATH", "/a/b = c"),
        ("X__DATE", "2024-01-01"),
        ("X__EMPTY", ""),
        ("X__LITERAL", "${PATH}"),
    ];
    let mut options = with_variables("", &variables).unwrap();
    let mut x = table(&mut options, "x");
    assert_eq!(x.take::<u8>("number").unwrap(), Some(4));
    assert_eq!(x.take::<bool>("flag").unwrap(), Some(true));
    assert_eq!(x.take::<Vec<String>>("list").unwrap().unwrap(), ["a", "b"]);
    for (name, text) in [
        ("text", "256 MiB"),
        ("quoted", "123456"),
        ("path", "/a/b = c"),
        ("date", "2024-01-01"),
        ("empty", ""),
        ("literal", "${PATH}"),
    ] {
        assert_eq!(x.take::<String>(name).unwrap().unwrap(), text);
    }
}

#[test]
fn relative_paths_in_variables_start_at_the_working_directory() {
    let text = "[storage]\npath = 'of/file'";
    let mut options = with_variables(text, &[("STORAGE__PATH", "of/variable")]).unwrap();
    let path = table(&mut options, "storage").take_path("path").unwrap();
    assert_eq!(path, Some(PathBuf::from("of/variable")));
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    let variables = [("STORAGE__THREADS", "many"), ("STORAGE__UNKNOWN", "1")];
    let mut options = with_variables("", &variables).unwrap();
    let mut storage = table(&mut options, "storage");
    refused(
        storage.take::<u8>("threads"),
        "cannot understand an option (option: storage.threads, set by: the environment variable \
         MEMENTO_STORAGE__THREADS): invalid type: string \"many\", expected u8",
    );
    refused(
        storage.finish(),
        "cannot understand an option (option: storage.unknown, set by: the environment variable \
         MEMENTO_STORAGE__UNKNOWN): there is no such option; the options here are `threads`",
    );
}

#[test]
fn a_variable_below_a_value_is_refused() {
    refused(
        with_variables("storage = 'memory'", &[("STORAGE__TYPE", "null")]),
        "cannot read the configuration (place: the environment variable MEMENTO_STORAGE__TYPE): \
         `storage` is a value, not a table; use two underscores between the names of tables and \
         options",
    );
}
