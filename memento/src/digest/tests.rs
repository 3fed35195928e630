use super::Version;

const NUMBERED: [u8; 32] = {
    let mut bytes = [0; 32];
    let mut at = 0_u8;
    while at < 32 {
        bytes[at as usize] = at;
        at += 1;
    }
    bytes
};

#[test]
fn an_option_that_is_inactive_leaves_the_version_as_it_is() {
    let version = Version::from_bytes([0xa5; 32]);
    assert_eq!(version.when(false, &NUMBERED), version);
}

#[test]
fn an_option_that_is_active_makes_another_version() {
    // What is known when it is compiled.
    const FIXED: Version = Version::from_bytes([0xa5; 32]).when(true, &NUMBERED);
    let version = Version::from_bytes([0xa5; 32]).when(true, &NUMBERED);
    assert_eq!(*version.as_bytes(), NUMBERED.map(|byte| byte ^ 0xa5));
    assert_eq!(FIXED, version);
}

#[test]
fn each_set_of_active_options_is_a_version_of_its_own() {
    let addends = [[1; 32], [2; 32], [4; 32], NUMBERED];
    let mut seen = Vec::new();
    for set in 0..1_u8 << addends.len() {
        let version = addends
            .iter()
            .enumerate()
            .fold(Version::from_bytes([7; 32]), |version, (index, addend)| {
                version.when(set >> index & 1 == 1, addend)
            });
        assert!(!seen.contains(&version), "{set:b}");
        seen.push(version);
    }
}

#[test]
fn the_order_of_options_does_not_count() {
    let version = Version::from_bytes([7; 32]);
    let (one, other) = (&[1; 32], &NUMBERED);
    assert_eq!(
        version.when(true, one).when(true, other),
        version.when(true, other).when(false, one).when(true, one)
    );
}
