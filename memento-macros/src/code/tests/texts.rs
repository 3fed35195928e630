//! Names in texts.

use super::super::facts::Reader;
use super::super::lex::Source;
use super::Program;

/// Two modules of the same kind, of which one is named.
const UTIL: &str = "
    pub mod util {
        pub mod cents {
            pub fn serialize(n: &u64) -> u64 { *n * CENTS }
            pub fn deserialize(n: u64) -> u64 { n / CENTS }
            const CENTS: u64 = 100;
        }
        pub mod mills {
            pub fn serialize(n: &u64) -> u64 { *n * 1000 }
            pub fn deserialize(n: u64) -> u64 { n / 1000 }
        }
    }";

#[test]
fn what_is_in_the_module_that_an_attribute_of_serde_names_is_reached() {
    for (import, with) in [
        ("", "crate::util::cents"),
        ("use util::cents;", "cents"),
        ("use util::cents as money;", "money"),
        ("mod money { pub use crate::util::cents::*; }", "self::money"),
        ("mod money { pub use crate::util::cents::{deserialize, serialize}; }", "money"),
    ] {
        for attribute in ["serde(with = W)", "cfg_attr(all(), serde(default, with = W))"] {
            let attribute = attribute.replace('W', &format!("{with:?}"));
            let price = format!("pub struct Price {{ #[{attribute}] pub paid: u64 }}");
            let program = Program::of(&format!("{UTIL} {import} {price}"));
            let found = program.reach("fn of(price: Price) -> u64 { price.paid }");
            found.has("fn serialize (app::util::cents)");
            found.has("fn deserialize (app::util::cents)");
            found.has("const CENTS");
            // What has another name may be any module, and what is imported as a whole may be from any.
            if !import.contains(" as ") && !import.contains('*') {
                found.lacks("mills");
            }
        }
    }
    let plain = Program::of(&format!("{UTIL} pub struct Price {{ #[serde(default)] paid: u64 }}"));
    plain.reach("fn of(price: Price) -> u64 { price.paid }").lacks("serialize");
}

#[test]
fn what_is_in_the_module_that_an_attribute_in_another_crate_names_is_reached() {
    let price = "pub struct Price { #[serde(with = \"crate::util::cents\")] pub paid: u64 }";
    let near = format!("{UTIL} {price}");
    let program = Program::new(&[
        (
            "app/src/lib.rs",
            "pub struct Bill { #[serde(with = \"near::util::mills\")] pub all: u64 }",
        ),
        ("near/src/lib.rs", &near),
    ]);
    let found = program.reach("fn of(price: near::Price) -> u64 { price.paid }");
    found.has("fn serialize (near::util::cents)");
    found.has("fn deserialize (near::util::cents)");
    found.lacks("mills");
    let found = program.reach("fn of(bill: Bill) -> u64 { bill.all }");
    found.has("fn serialize (near::util::mills)");
    found.lacks("cents");
}

#[test]
fn what_is_of_the_type_that_an_attribute_of_serde_names_is_reached() {
    let program = Program::of(
        "struct Cents; struct Mills;
         impl Cents { fn serialize(n: &u64) -> u64 { *n * 100 } }
         impl Mills { fn serialize(n: &u64) -> u64 { *n * 1000 } }
         struct Price { #[serde(with = \"Cents\")] paid: u64 }
         struct Bill { #[serde(with = \"As::<Vec<Cents>>\")] paid: Vec<u64> }",
    );
    for code in ["Price", "Bill"] {
        let found = program.reach(&format!("fn of(of: {code}) {{}}"));
        found.has("fn Cents::serialize");
        found.lacks("Mills");
    }
}

#[test]
fn what_attributes_of_serde_name_is_reached() {
    let program = Program::of(
        "mod rates {
             pub fn usual() -> u64 { 19 }
             pub fn is_usual(n: &u64) -> bool { *n == 19 }
             pub struct Rate(u64);
             impl Rate { pub fn value(&self) -> u64 { self.0 } pub fn none() -> Self { Self(0) } }
             pub trait Rated {}
             impl Rated for u8 {}
         }
         fn plain() -> u64 { 7 }",
    );
    for (attribute, piece) in [
        ("default = \"rates::usual\"", "fn usual"),
        ("default = \"plain\"", "fn plain"),
        ("default = \"rates::Rate::none\"", "fn Rate::none"),
        ("skip_serializing_if = \"rates::is_usual\"", "fn is_usual"),
        ("serialize_with = \"rates::usual\"", "fn usual"),
        ("deserialize_with = \"rates::usual\"", "fn usual"),
        ("getter = \"rates::Rate::value\"", "fn Rate::value"),
        ("remote = \"rates::Rate\"", "struct Rate"),
        ("from = \"rates::Rate\"", "struct Rate"),
        ("try_from = \"rates::Rate\"", "struct Rate"),
        ("into = \"rates::Rate\"", "struct Rate"),
        ("bound = \"T: rates::Rated\"", "impl Rated for u8"),
        ("bound(serialize = \"T: rates::Rated\")", "impl Rated for u8"),
    ] {
        let function = format!("fn of() {{ #[serde({attribute})] struct Price {{ paid: u64 }} }}");
        program.reach(&function).has(piece);
    }
}

#[test]
fn a_crate_that_an_attribute_names_in_a_text_is_reached() {
    let program = Program::of("mod cents {}");
    for (attribute, roots) in [
        ("serde(with = \"hex\")", &["hex"][..]),
        ("serde(with = \"hex::serde\")", &["hex"]),
        ("serde(with = \"As::<Vec<::hex::Hex>>\")", &["As", "hex"]),
        ("serde(default = \"fastrand::bool\")", &["fastrand"]),
        ("serde(rename = \"hex\")", &[]),
        ("error(\"no price: {0}\")", &[]),
    ] {
        let source = Source::new(format!("#[{attribute}] struct Price {{ paid: u64 }}")).unwrap();
        let mut reader = Reader::new(&source, &program.folder, Some(&program.index));
        reader.read(0..source.len());
        assert_eq!(reader.facts.roots, roots, "{attribute}");
    }
}
