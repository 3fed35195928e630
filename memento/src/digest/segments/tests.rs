use super::{Outline, SEGMENT};
use crate::Digest;

/// Bytes of which no two segments are the same.
fn content(length: usize) -> Vec<u8> {
    let words = (0..=length as u64 / 64).flat_map(|n| [n.to_le_bytes(); 8].concat());
    words.take(length).collect()
}

/// Lengths around those where the tree changes its shape.
fn lengths() -> impl Iterator<Item = usize> {
    let counts = [1, 2, 3, 4, 7, 8];
    counts.into_iter().flat_map(|count| [0, 1, 1025].map(|more| count * SEGMENT + more))
}

#[test]
fn the_digest_is_that_of_the_whole() {
    for length in lengths().chain([0, 1, SEGMENT - 1]) {
        let content = content(length);
        let (digest, outline) = Digest::with_outline(&content);
        assert_eq!(digest, Digest::of(&content), "{length}");
        let count = length.div_ceil(SEGMENT);
        assert_eq!(outline.len(), if count > 1 { 32 * count } else { 0 }, "{length}");
    }
}

#[test]
fn each_segment_is_told_from_others() {
    for length in lengths().filter(|length| *length > SEGMENT) {
        let mut content = content(length);
        let (digest, outline) = Digest::with_outline(&content);
        let outline = Outline::read(&outline, &digest, length as u64).unwrap();
        assert_eq!(
            (outline.size(), outline.count()),
            (length as u64, content.chunks(SEGMENT).len())
        );
        for (index, segment) in content.chunks(SEGMENT).enumerate() {
            assert_eq!(outline.length(index), segment.len());
            assert!(outline.has(index, segment));
            assert!(!outline.has(index, &segment[..segment.len() - 1]));
            assert!(!outline.has(index + 1, segment), "in another's place");
        }
        for index in 0..outline.count() {
            content[index * SEGMENT] ^= 0x80;
            assert!(!outline.has(index, content.chunks(SEGMENT).nth(index).unwrap()));
        }
    }
}

#[test]
fn what_makes_another_digest_is_no_outline() {
    let content = content(3 * SEGMENT + 5);
    let (digest, outline) = Digest::with_outline(&content);
    let is_one = |bytes: &[u8], digest: &Digest, size| Outline::read(bytes, digest, size).is_some();
    let size = content.len() as u64;
    assert!(is_one(&outline, &digest, size));
    assert!(!is_one(&outline, &Digest::of(b""), size));
    assert!(!is_one(&outline, &digest, 3 << 20), "of three segments");
    assert!(!is_one(&outline, &digest, (4 << 20) + 1), "of five segments");
    assert!(!is_one(&outline[1..], &digest, size));
    assert!(!is_one(&outline[..32], &digest, 1));
    assert!(!is_one(&[], &Digest::of(b""), 0));
    for at in 0..outline.len() {
        let mut other = outline.clone();
        other[at] ^= 1;
        assert!(!is_one(&other, &digest, size));
    }
}
