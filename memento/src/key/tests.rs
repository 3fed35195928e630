use super::function_key;
use crate::argument::Argument;
use crate::encoding::{Encoded, Encoder, Rendered, Sink as _};
use crate::stack::Context;
use crate::{Invocation, Key, Version};

const VERSION: Version = Version::from_bytes([3; 32]);

/// The context with these arguments.
fn context(values: &[(&str, u8)]) -> Context {
    let mut context = Context::default();
    for &(name, value) in values {
        context.insert(name, value).unwrap();
    }
    context
}

/// What names a call with two arguments.
fn invocation_of(
    function_key: [u8; 32],
    first: &impl Argument,
    second: &impl Argument,
    context: Option<&Context>,
) -> Invocation {
    let mut encoded = Encoded::for_test(&function_key);
    encoded
        .put_arguments(|encoder| {
            encoder.argument(first)?;
            encoder.argument(second)
        })
        .unwrap();
    if let Some(context) = context {
        encoded.put(context.encoding());
    }
    encoded.finish();
    encoded.invocation()
}

/// The table in the documentation of this module, done by hand, and the digests that it came to when it was written.
/// They name all results ever stored: an edit here needs another format.
#[test]
fn golden() {
    let mut row = b"memento key 0002".to_vec();
    row.extend(6_u64.to_le_bytes());
    row.extend(b"prices");
    row.extend(19_u64.to_le_bytes());
    row.extend(b"package::mod::count");
    let function_key = function_key("prices", "package::mod::count");
    assert_eq!(function_key, *blake3::hash(&row).as_bytes());
    assert_eq!(
        Invocation::from_bytes(function_key).to_string(),
        "7f4b1cb703dc9d1b4c814e312a94fbfdbc40e5a288b6af37b6ab9736df2aa236"
    );

    let mut row = vec![0x1d, 0x0b, 12, 0, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0];
    row.extend(b"ab\0");
    let invocation = invocation_of(function_key, &12_u64, &"ab", None);
    assert_eq!(invocation.as_bytes(), blake3::keyed_hash(&function_key, &row).as_bytes());
    assert_eq!(
        invocation.to_string(),
        "1055198c7c04d263f054c4bc4dc27b48b6f82d87065baa31718e752c3f596429"
    );
    let key = invocation.key(&VERSION);
    assert_eq!(key.as_bytes(), blake3::keyed_hash(&[3; 32], invocation.as_bytes()).as_bytes());
    assert_eq!(key.to_string(), "c59852b401b2ce3e7129c5688c1d7959274fbcb4c5d3417ef1a5d168ba61497b");

    row.extend([0x1f, 0x10, 4, 0, 0, 0, 0, 0, 0, 0]);
    row.extend(b"seed\x08\x05\0");
    let invocation = invocation_of(function_key, &12_u64, &"ab", Some(&context(&[("seed", 5)])));
    assert_eq!(invocation.as_bytes(), blake3::keyed_hash(&function_key, &row).as_bytes());
    assert_eq!(
        invocation.to_string(),
        "629f4aa889f1a7e3688c3251a0c60634775d782c98cc51d7114f0e25e564a85c"
    );
    let key = invocation.key(&VERSION);
    assert_eq!(key.as_bytes(), blake3::keyed_hash(&[3; 32], invocation.as_bytes()).as_bytes());
    assert_eq!(key.to_string(), "f3d48d5444623a7bdf6bd807d79d94b2383892ece030e2e01e05ce5d2faa9141");
}

/// A type, a constant, a value in place of an argument, and one that is not there.
#[test]
fn golden_of_what_is_no_argument() {
    let function_key = function_key("", "package::area");
    let mut encoded = Encoded::for_test(&function_key);
    let write = |encoder: &mut Encoder<'_, '_>| {
        encoder.type_parameter::<Vec<u8>>()?;
        encoder.argument(&3_u64)?;
        encoder.type_of(&'x')?;
        encoder.unencoded(&std::cell::Cell::new(1));
        encoder.key("ab")
    };
    encoded.put_arguments(write).unwrap();
    encoded.finish();
    let mut row = vec![0x1d, 0x15, 0x10, 19, 0, 0, 0, 0, 0, 0, 0];
    row.extend(b"alloc::vec::Vec<u8>\x0b\x03\0\0\0\0\0\0\0");
    row.extend([0x15, 0x10, 4, 0, 0, 0, 0, 0, 0, 0]);
    row.extend(b"char\x10\x02\0\0\0\0\0\0\0ab\0");
    let invocation = encoded.invocation();
    assert_eq!(encoded.kept(), Some(&*row));
    assert_eq!(invocation.as_bytes(), blake3::keyed_hash(&function_key, &row).as_bytes());
    assert_eq!(Rendered(&row).to_string(), "(alloc::vec::Vec<u8>, 3, char, \"ab\")");
}

#[test]
fn each_part_counts() {
    let function = function_key("a", "b::c");
    let invocations = [
        invocation_of(function, &1_u8, &2_u8, None),
        invocation_of(function_key("", "b::c"), &1_u8, &2_u8, None),
        invocation_of(function_key("x", "b::c"), &1_u8, &2_u8, None),
        invocation_of(function_key("a", "b::d"), &1_u8, &2_u8, None),
        invocation_of(function, &2_u8, &1_u8, None),
        invocation_of(function, &1_u8, &3_u8, None),
        invocation_of(function, &1_u16, &2_u8, None),
        invocation_of(function, &1_u8, &2_u8, Some(&context(&[("a", 1)]))),
        invocation_of(function, &1_u8, &2_u8, Some(&context(&[("a", 2)]))),
        invocation_of(function, &1_u8, &2_u8, Some(&context(&[("b", 1)]))),
        invocation_of(function, &1_u8, &2_u8, Some(&context(&[("a", 1), ("b", 1)]))),
    ];
    let versions = [VERSION, Version::from_bytes([4; 32])];
    let keys: Vec<Key> = versions
        .iter()
        .flat_map(|version| invocations.iter().map(|invocation| invocation.key(version)))
        .collect();
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{index}");
        // Nor is it the invocation of anything.
        assert!(!invocations.iter().any(|other| other.as_bytes() == key.as_bytes()), "{index}");
    }
    for (index, invocation) in invocations.iter().enumerate() {
        assert!(!invocations[..index].contains(invocation), "{index}");
    }
}

#[test]
fn the_same_call_has_the_same_key() {
    let key = || {
        let context = context(&[("a", 1), ("b", 1)]);
        let function = function_key("a", "b::c");
        invocation_of(function, &1_u8, &"x".repeat(1000), Some(&context)).key(&VERSION)
    };
    assert_eq!(key(), key());
}

#[test]
fn the_order_of_context_arguments_does_not_count() {
    let name =
        |context| invocation_of(function_key("", "f"), &1_u8, &2_u8, Some(&context)).key(&VERSION);
    assert_eq!(name(context(&[("a", 1), ("b", 2)])), name(context(&[("b", 2), ("a", 1)])));
    assert_eq!(name(context(&[("a", 7), ("a", 1)])), name(context(&[("a", 1)])));
}

#[test]
fn cluster_and_path_are_not_mixed_up() {
    assert_ne!(function_key("a", "bc"), function_key("ab", "c"));
    assert_ne!(function_key("", "abc"), function_key("abc", ""));
}

#[test]
fn arguments_and_context_are_not_mixed_up() {
    let function = function_key("", "f");
    let map = std::collections::BTreeMap::from([("a", 1_u8)]);
    let mut as_argument = Encoded::for_test(&function);
    as_argument.put_arguments(|encoder| encoder.argument(&map)).unwrap();
    as_argument.finish();
    let mut as_context = Encoded::for_test(&function);
    as_context.put_arguments(|_| Ok(())).unwrap();
    as_context.put(context(&[("a", 1)]).encoding());
    as_context.finish();
    assert_ne!(as_argument.invocation(), as_context.invocation());
}

/// `Binding::all` names all invocations of a function by the hash of no bytes.
#[test]
fn no_invocation_has_no_encoding() {
    let function = function_key("", "f");
    let mut encoded = Encoded::for_test(&function);
    encoded.put_arguments(|_| Ok(())).unwrap();
    encoded.finish();
    let all = Invocation::from_bytes(blake3::keyed_hash(&function, &[]).into());
    assert_ne!(encoded.invocation(), all);
}
