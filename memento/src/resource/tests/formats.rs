use super::*;
use crate::resource::directory::Directory;
use crate::resource::variable::Variable;
use crate::resource::{Stamp, State};

/// All of this is in records: an edit makes results be computed again, or records be misread.
#[test]
fn golden() {
    let stamp = Stamp::of(b"facts");
    let digest = State::of(b"content").digest();
    let observation = Observation::new("file", "a.csv".to_owned(), Some(stamp), digest);
    let mut bytes = b"\x04file\x05a.csv\x01".to_vec();
    bytes.extend(&blake3::hash(b"facts").as_bytes()[..16]);
    bytes.extend(blake3::hash(b"content").as_bytes());
    assert_eq!(postcard::to_stdvec(&observation).unwrap(), bytes);
    assert_eq!(postcard::from_bytes::<Observation>(&bytes).unwrap(), observation);

    let denied = State::failed(&std::io::ErrorKind::PermissionDenied.into());
    let value = Variable::from_name("NAME").unwrap().state_of(Some("value".as_ref()));
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("deep")).unwrap();
    for file in ["b", "deep/c", "a"] {
        fs::write(folder.path().join(file), "").unwrap();
    }
    let listed = Directory::new(folder.path(), "**").unwrap().state();
    let states = [State::absent(), denied, value, listed];
    let digests = states.map(|state| state.digest().to_string());
    assert_eq!(
        digests,
        [
            "85ce340315c6d8efbb9e7ad3c31d6b9104fc58beba3112738fdc9e8cf1934c04",
            "7f1ed9f182ccca65acd9abc82ede3e6e3038463d074200c9a040d44d1ee68ed0",
            "60aa14e8b64d5cfb28bbffa466c9c28d23d4fe34af16787fa630e9237f63bdf5",
            "cf075447c5d975ce122c181c493697f663768491a3b52e74bd2e4de160061544",
        ]
    );
}
