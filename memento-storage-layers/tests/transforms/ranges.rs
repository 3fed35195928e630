//! Parts of contents.

use proptest::prelude::*;

use crate::{CHUNK, all, name, random, text};

/// Lengths around those of chunks, and any.
fn length() -> impl Strategy<Value = usize> {
    let near = (0..3_usize, 0..5_usize);
    prop_oneof![
        near.prop_map(|(chunks, more)| (chunks * CHUNK + more).saturating_sub(2)),
        0..700_000_usize
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_range_is_that_part_of_the_content(
        length in length(),
        ranges in prop::collection::vec((length(), length()), 8),
        repeats: bool,
    ) {
        let content = if repeats { text(length) } else { random(length as u64, length) };
        for (what, _, transformed) in all() {
            transformed.put(&name("a"), &content).unwrap();
            let size = transformed.properties(&name("a")).unwrap().unwrap().size;
            prop_assert_eq!(size, length as u64, "{}", what);
            for (from, to) in &ranges {
                let part = transformed.get_range(&name("a"), *from as u64..*to as u64).unwrap();
                let end = *to.min(&length);
                let expected = content.get(*from..end).unwrap_or_default();
                prop_assert!(part.unwrap() == expected, "{} {}..{} of {}", what, from, to, length);
            }
        }
    }
}
