use super::function_key;
use crate::encoding::{Encoded, Sink as _};
use crate::returns::Argument;
use crate::stack::Context;
use crate::{Key, Version};

const VERSION: Version = Version::from_bytes([3; 32]);

/// The context with these arguments.
fn context(values: &[(&str, u8)]) -> Context {
    let mut context = Context::default();
    for &(name, value) in values {
        context.insert(name, value).unwrap();
    }
    context
}

/// The key of a call with two arguments.
fn key_of(
    function_key: [u8; 32],
    first: &impl Argument,
    second: &impl Argument,
    context: Option<&Context>,
) -> Key {
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
    encoded.key()
}

/// The table in the documentation of this module, done by hand, and the digests that it came to when it was written.
/// They name all results ever stored: an edit here needs another format.
#[test]
fn golden() {
    let mut row = b"memento key 0001".to_vec();
    row.extend(6_u64.to_le_bytes());
    row.extend(b"prices");
    row.extend(19_u64.to_le_bytes());
    row.extend(b"package::mod::count");
    row.extend([3; 32]);
    let function_key = function_key("prices", "package::mod::count", &VERSION);
    assert_eq!(function_key, *blake3::hash(&row).as_bytes());
    assert_eq!(
        Key::from_bytes(function_key).to_string(),
        "594293ef930e6122aae3f681662907dd82f019e9db1aae4935189df67862402b"
    );

    let mut row = vec![0x1d, 0x0b, 12, 0, 0, 0, 0, 0, 0, 0, 0x10, 2, 0, 0, 0, 0, 0, 0, 0];
    row.extend(b"ab\0");
    let key = key_of(function_key, &12_u64, &"ab", None);
    assert_eq!(key.as_bytes(), blake3::keyed_hash(&function_key, &row).as_bytes());
    assert_eq!(key.to_string(), "4f642a789f0a9cb5fc25b1aec54d6f71ab3817c2038278c81af69372048125fd");

    row.extend([0x1f, 0x10, 4, 0, 0, 0, 0, 0, 0, 0]);
    row.extend(b"seed\x08\x05\0");
    let key = key_of(function_key, &12_u64, &"ab", Some(&context(&[("seed", 5)])));
    assert_eq!(key.as_bytes(), blake3::keyed_hash(&function_key, &row).as_bytes());
    assert_eq!(key.to_string(), "4286af2fe60436f04e3756c58ee4547776295bffe6b75e2dfc96bd4334cd9b9b");
}

#[test]
fn each_part_counts() {
    let function = function_key("a", "b::c", &VERSION);
    let keys = [
        key_of(function, &1_u8, &2_u8, None),
        key_of(function_key("", "b::c", &VERSION), &1_u8, &2_u8, None),
        key_of(function_key("x", "b::c", &VERSION), &1_u8, &2_u8, None),
        key_of(function_key("a", "b::d", &VERSION), &1_u8, &2_u8, None),
        key_of(function_key("a", "b::c", &Version::from_bytes([4; 32])), &1_u8, &2_u8, None),
        key_of(function, &2_u8, &1_u8, None),
        key_of(function, &1_u8, &3_u8, None),
        key_of(function, &1_u16, &2_u8, None),
        key_of(function, &1_u8, &2_u8, Some(&context(&[("a", 1)]))),
        key_of(function, &1_u8, &2_u8, Some(&context(&[("a", 2)]))),
        key_of(function, &1_u8, &2_u8, Some(&context(&[("b", 1)]))),
        key_of(function, &1_u8, &2_u8, Some(&context(&[("a", 1), ("b", 1)]))),
    ];
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{index}");
    }
}

#[test]
fn the_same_call_has_the_same_key() {
    let key = || {
        let context = context(&[("a", 1), ("b", 1)]);
        key_of(function_key("a", "b::c", &VERSION), &1_u8, &"x".repeat(1000), Some(&context))
    };
    assert_eq!(key(), key());
}

#[test]
fn the_order_of_context_arguments_does_not_count() {
    let key = |context| key_of(function_key("", "f", &VERSION), &1_u8, &2_u8, Some(&context));
    assert_eq!(key(context(&[("a", 1), ("b", 2)])), key(context(&[("b", 2), ("a", 1)])));
    assert_eq!(key(context(&[("a", 7), ("a", 1)])), key(context(&[("a", 1)])));
}

#[test]
fn cluster_and_path_are_not_mixed_up() {
    assert_ne!(function_key("a", "bc", &VERSION), function_key("ab", "c", &VERSION));
    assert_ne!(function_key("", "abc", &VERSION), function_key("abc", "", &VERSION));
}

#[test]
fn arguments_and_context_are_not_mixed_up() {
    let function = function_key("", "f", &VERSION);
    let map = std::collections::BTreeMap::from([("a", 1_u8)]);
    let mut as_argument = Encoded::for_test(&function);
    as_argument.put_arguments(|encoder| encoder.argument(&map)).unwrap();
    as_argument.finish();
    let mut as_context = Encoded::for_test(&function);
    as_context.put_arguments(|_| Ok(())).unwrap();
    as_context.put(context(&[("a", 1)]).encoding());
    as_context.finish();
    assert_ne!(as_argument.key(), as_context.key());
}
