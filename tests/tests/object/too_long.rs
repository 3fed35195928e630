//! Mementos that are longer than a storage reads.

use memento::storage::{Filter, MetadataStore as _};
use memento::{ErrorKind, Query};
use memento_storage_object::{ObjectMetadataStore, storage};
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::small;

use super::{keys, visit};

#[test]
fn of_mementos_that_are_asked_for_together_the_others_are_found() {
    let server = S3Server::start();
    assert_eq!(visit(&server, &[Call::Small(1), Call::Small(2)]), Visit::computed(2));
    let options = || server.options().max_object_size(10_000);
    let visitor = || Visitor::on(storage(&options()));
    let asked = visitor().enter(|| [1, 2].map(|n| small::memento(n).unwrap().unwrap().key));
    let digits = asked[0].to_string();
    let key = format!("mementos/{}/{}", &digits[..2], &digits[2..]);
    let mut long = server.buckets().get(BUCKET, &key).unwrap().content.to_vec();
    long.resize(100_000, b'x');
    server.buckets().put(BUCKET, &key, long);

    let store = ObjectMetadataStore::new(&options());
    assert_eq!(store.get(&asked[0]).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(store.get_many(&asked).unwrap_err().kind(), ErrorKind::TooLarge);
    let each = store.get_each(&asked).unwrap();
    assert_eq!(each[0].as_ref().unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(each[1].as_ref().unwrap().is_some());

    let mut listed = store.list(&Filter::default(), None, 10).unwrap().entries;
    listed.sort_by_key(|entry| entry.key != asked[0]);
    assert_eq!(listed.iter().map(|entry| entry.key).collect::<Vec<_>>(), asked);
    assert_eq!(listed[0].function, listed[1].function);
    assert_eq!(
        listed.iter().map(|entry| entry.record.is_empty()).collect::<Vec<_>>(),
        [true, false]
    );
    let told = visitor().measure(0, || {
        assert_eq!(small::list(&Query::default()).unwrap().mementos.len(), 1);
    });
    assert!(told.warnings[0].contains("max_object_size: 10000 bytes"), "{told:?}");
    assert!(keys(&server, "damaged/").is_empty(), "it stays");

    assert!(visitor().enter(|| small::forget(1).unwrap()));
    assert!(visitor().enter(|| small::memento(1).unwrap().is_none()));
    assert_eq!(visitor().visit(&[Call::Small(1)]), Visit::computed(1));
}
