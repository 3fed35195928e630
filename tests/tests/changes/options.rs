//! Functions that say themselves what their version is.

use memento_tests::steps::{step, take};

use crate::project;

#[test]
fn a_salt_adds_to_the_code_and_a_version_stands_for_it() {
    let steps = [
        step("a salt")
            .edit("salt = \"sea\"", "salt = \"rock\"")
            .runs("salted", 1)
            .explains("salted", &["code changed", "salt"]),
        step("a helper").edit("n + 100", "n + 101").reruns("salted", "sweeten"),
        step("a helper of a function with a version")
            .edit("n + 200", "n + 201")
            .keeps("versioned")
            .keeps("of_versioned"),
        step("its own body")
            .edit("help(n) + 210", "help(n) + 211")
            .keeps("versioned")
            .keeps("of_versioned"),
        step("the version")
            .edit("version = \"1.0\"", "version = \"1.1\"")
            .runs("versioned", 1)
            .explains("versioned", &["code changed", "version"])
            .explains("of_versioned", &["callee", "versioned"]),
        step("the version and a helper")
            .edit("version = \"1.0\"", "version = \"1.2\"")
            .edit("n + 200", "n + 202")
            .reruns("versioned", "version")
            .follows("of_versioned", "versioned"),
        step("the signature")
            .edit("fn versioned(n: u64) -> u64", "fn versioned(m: u64) -> u64")
            .edit("help(n) + 210", "help(m) + 210")
            .runs("versioned", 1)
            .explains("versioned", &["code changed", "versioned"])
            .may_run("of_versioned"),
    ];
    take(project("options"), steps);
}

#[test]
fn options_say_what_belongs_to_the_code() {
    let steps = [
        step("what is not followed").edit("n + 100", "n + 101").keeps("alone"),
        step("its own body").edit("ignored(n) + 110", "ignored(n) + 111").reruns("alone", "alone"),
        step("what is named").edit("n + 200", "n + 201").reruns("with_named", "named"),
        step("what is not named").edit("n + 210", "n + 211").keeps("with_named"),
        step("what nothing else leads to")
            .edit("TABLE: u64 = 300", "TABLE: u64 = 301")
            .runs("with_more", 1)
            .explains("with_more", &["code changed", "TABLE"]),
        step("what is followed besides").edit("n + 310", "n + 311").reruns("with_more", "reached"),
        step("code that stays the same, as somebody says")
            .edit("callee(n) + 420", "callee(n) + 421")
            .keeps("asserted"),
        step("its helper").edit("n + 400", "n + 401").reruns("asserted", "helper"),
        step("what somebody says")
            .edit("code_hash = \"one\"", "code_hash = \"two\"")
            .runs("asserted", 1)
            .explains("asserted", &["code changed", "code_hash"]),
        step("its callee")
            .edit("n + 410", "n + 411")
            .runs("callee", 1)
            .follows("asserted", "callee"),
    ];
    take(project("scope"), steps);
}
