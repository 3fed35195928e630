use std::sync::Arc;

use super::*;
use crate::cache::Landed;
use crate::{Digest, Invocation};

#[test]
fn many_are_looked_up_as_one_is() {
    let cache = MemoryCache::new(1 << 20);
    let landed = Landed {
        invocation: Invocation::from_bytes([1; 32]),
        digest: Digest::from_bytes([2; 32]),
        validity: None,
        took: 3,
    };
    let arguments: Vec<Vec<u8>> =
        (0..MANY).map(|n| vec![u8::try_from(n).unwrap(); 1 + n]).collect();
    // All hashes of some arguments are the same, and short and long ones are among them.
    let identity = |n: usize| Identity {
        function: 1,
        hash: (n as u64 % 20) << 40,
        arguments: &arguments[n],
        padded: None,
    };
    for n in (0..MANY).filter(|n| n % 3 != 0) {
        let value = Arc::new((n, n.to_string()));
        cache.put_if(identity(n), value, landed.clone(), 1, || true);
    }
    let (mut found, mut admitted) = (Vec::new(), Vec::new());
    cache.get_many::<(usize, String)>(
        MANY - 1,
        |n| (n % 5 != 0).then(|| identity(n)),
        |n, mut found| {
            assert_eq!(*found.recorded_by(), 0);
            admitted.push(n);
            n % 7 != 0
        },
        |n, value| found.push((n, value)),
    );
    admitted.sort_unstable();
    found.sort_unstable();
    let here = || (0..MANY - 1).filter(|n| n % 3 != 0 && n % 5 != 0);
    assert!(admitted.into_iter().eq(here()));
    let expected: Vec<_> = here().filter(|n| n % 7 != 0).map(|n| (n, (n, n.to_string()))).collect();
    assert_eq!(found, expected);
    assert_eq!(cache.hits(), expected.len() as u64);
    cache.get_many::<u8>(MANY, |n| Some(identity(n)), |_, _| true, |_, _| panic!("another type"));
    assert_eq!(cache.hits(), expected.len() as u64);
}
