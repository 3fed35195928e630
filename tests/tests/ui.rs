//! What a mistake is answered with.

#[test]
fn messages() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
