use proptest::collection::vec;
use proptest::prelude::*;

use super::bytes_of;
use crate::Invocation;
use crate::cache::SHORT;
use crate::encoding::{Encoded, Serializer, Sink};

static FUNCTION_KEY: [u8; 32] = [7; 32];

/// What `Encoded` makes of bytes that come in these pieces.
fn encoded_of<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Encoded<'static> {
    let mut encoded = Encoded::for_test(&FUNCTION_KEY);
    for piece in pieces {
        encoded.put(piece);
    }
    encoded.finish();
    encoded
}

fn plain_invocation(bytes: &[u8]) -> Invocation {
    Invocation::from_bytes(blake3::keyed_hash(&FUNCTION_KEY, bytes).into())
}

fn some_bytes(length: usize) -> Vec<u8> {
    (0..length).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

/// Where something changes: the stack is full, the record is full, a block is full.
const LENGTHS: [usize; 22] = [
    0, 1, 118, 119, 120, 121, 122, 240, 241, 4095, 4096, 4097, 65_415, 65_416, 65_535, 65_536,
    65_537, 65_657, 131_071, 131_072, 131_073, 204_800,
];

#[test]
fn the_invocation_is_the_keyed_hash_of_the_plain_bytes() {
    for length in LENGTHS {
        let bytes = some_bytes(length);
        for piece in [1, 2, 9, 64, 119, 120, 121, 4096, 65_535, 65_536, 65_537, 204_800] {
            let encoded = encoded_of(bytes.chunks(piece));
            assert_eq!(
                encoded.invocation(),
                plain_invocation(&bytes),
                "{length} bytes in pieces of {piece}"
            );
        }
    }
}

#[test]
fn short_arguments_are_compared_in_one_piece_and_no_others() {
    for length in 0..200 {
        let bytes = some_bytes(length);
        let encoded = encoded_of([&*bytes]);
        let identity = encoded.identity(0);
        let padded = identity.padded.map(<[u8; SHORT]>::as_slice);
        let mut expected = bytes.clone();
        expected.resize(SHORT, 0);
        assert_eq!(padded, (length <= SHORT).then_some(&*expected), "{length} bytes");
    }
}

#[test]
fn a_long_piece_may_come_behind_short_ones() {
    for before in [0, 1, 120, 121, 65_536] {
        for long in [65_535, 65_536, 65_537, 204_800] {
            for after in [0, 1, 65_536] {
                let pieces = [some_bytes(before), some_bytes(long), some_bytes(after)];
                let encoded = encoded_of(pieces.iter().map(Vec::as_slice));
                assert_eq!(
                    encoded.invocation(),
                    plain_invocation(&pieces.concat()),
                    "{before}, {long}, {after}"
                );
            }
        }
    }
}

#[test]
fn encodings_of_up_to_4_kib_are_kept() {
    for length in LENGTHS {
        let bytes = some_bytes(length);
        for piece in [1, 120, 4096, 204_800] {
            let encoded = encoded_of(bytes.chunks(piece));
            let expected = (length <= 4096).then_some(&*bytes);
            assert_eq!(encoded.kept(), expected, "{length} bytes in pieces of {piece}");
        }
    }
}

#[test]
fn the_identity_is_the_encoding_where_that_is_short() {
    for length in LENGTHS {
        let bytes = some_bytes(length);
        let encoded = encoded_of(bytes.chunks(50));
        if length <= 120 {
            assert_eq!(encoded.bytes(), bytes);
        } else {
            // No encoding starts with this byte.
            assert_eq!(encoded.bytes()[0], 0xff);
            assert_eq!(encoded.bytes()[1..], *encoded.invocation().as_bytes());
        }
    }
}

#[test]
fn the_function_is_part_of_the_invocation() {
    for length in LENGTHS {
        let bytes = some_bytes(length);
        let mut other = Encoded::for_test(&[8; 32]);
        other.put(&bytes);
        other.finish();
        assert_ne!(other.invocation(), encoded_of([&*bytes]).invocation());
    }
}

proptest! {
    #[test]
    fn pieces_do_not_count(
        pieces in vec(prop_oneof![
            8 => vec(any::<u8>(), 0..40),
            1 => (0_usize..100_000).prop_map(some_bytes),
        ], 0..40),
    ) {
        let bytes = pieces.concat();
        let encoded = encoded_of(pieces.iter().map(Vec::as_slice));
        prop_assert_eq!(encoded.invocation(), plain_invocation(&bytes));
        prop_assert_eq!(encoded.kept(), (bytes.len() <= 4096).then_some(&*bytes));
    }

    #[test]
    fn values_go_through_as_encode_writes_them(
        value in (vec(any::<u64>(), 0..700), "[a-z]{0,200}", any::<Option<f64>>()),
    ) {
        use serde::Serialize as _;
        let mut encoded = Encoded::for_test(&FUNCTION_KEY);
        value.serialize(Serializer::new(&mut encoded)).unwrap();
        encoded.finish();
        prop_assert_eq!(encoded.invocation(), plain_invocation(&bytes_of(&value)));
    }
}
