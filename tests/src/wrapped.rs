//! What stores promise behind layers and below tiers, for those that take their time to answer.

use std::path::Path;

use memento::plugin::Stores;
use memento_testkit::data_store::{self, DataStoreSuite};
use memento_testkit::metadata_store::{self, MetadataStoreSuite};
use memento_testkit::suite::Property;

use crate::wrapping::{Wrap, read_only};

/// Those that put, ask for or list a thousand things, or have many rounds: they hold behind layers around stores that
/// answer at once.
const LONG: &[&str] = &[
    "objects_of_many_writers_are_all_there",
    "of_many_writers_one_is_first",
    "what_many_append_is_all_there",
    "each_of_a_batch_has_its_own_result",
    "pages_hold_each_object_once",
    "pages_go_on_while_objects_come_and_go",
    "a_namespace_goes_with_its_objects_alone",
    "a_reader_sees_what_one_writer_wrote",
    "many_come_in_the_order_asked_for",
    "streamed_records_come_in_the_order_asked_for",
    "levels_are_looked_up_until_none_is_asked_for",
    "what_came_since_is_not_replaced",
    "entries_of_many_writers_are_all_there",
    "pages_hold_each_entry_once",
    "pages_go_on_while_entries_come_and_go",
    "what_nobody_else_has_is_claimed",
];

/// Stores that are somewhere else, for a test with a folder of its own.
#[derive(Clone, Copy, Debug)]
pub struct Wrapped(pub fn(&Path) -> Stores);

impl Wrapped {
    /// The suite of the data store behind `wrap`.
    pub fn data(self, wrap: Wrap) -> DataStoreSuite {
        let stores = move |folder: &Path| wrap(self.0(folder), folder);
        DataStoreSuite::new(move |folder| stores(folder).data)
            .shared()
            .read_only(move |folder| read_only(stores(folder), folder).data)
    }

    /// The suite of the metadata store behind `wrap`.
    pub fn metadata(self, wrap: Wrap) -> MetadataStoreSuite {
        let stores = move |folder: &Path| wrap(self.0(folder), folder);
        MetadataStoreSuite::new(move |folder| stores(folder).metadata)
            .shared()
            .read_only(move |folder| read_only(stores(folder), folder).metadata)
    }

    /// Checks the data store behind `wrap`, but for what takes long.
    pub fn check_data(self, wrap: Wrap) {
        check(data_store::KEEPING, &self.data(wrap));
    }

    /// Checks the metadata store behind `wrap`, but for what takes long.
    pub fn check_metadata(self, wrap: Wrap) {
        check(metadata_store::KEEPING, &self.metadata(wrap));
        self.check_claims(wrap);
    }

    /// Checks the claims of the metadata store behind `wrap`.
    pub fn check_claims(self, wrap: Wrap) {
        check(metadata_store::CLAIMING, &self.metadata(wrap));
    }
}

/// Checks all properties that do not take long, one after the other.
fn check<S>(properties: &[Property<S>], suite: &S) {
    for (name, property) in properties.iter().filter(|(name, _)| !LONG.contains(name)) {
        println!("{name}");
        property(suite);
    }
}

/// Tests of [`Wrapped`] stores behind each transform, and behind other tiers.
#[macro_export]
macro_rules! wrapped_suites {
    ($wrapped:expr) => {
        $crate::wrapped_suites! { $wrapped;
            data_that_are_signed: check_data, signed;
            records_that_are_signed: check_metadata, signed;
            data_that_are_encrypted: check_data, encrypted;
            records_that_are_encrypted: check_metadata, encrypted;
            data_that_are_compressed: check_data, compressed;
            data_below_files: check_data, below_files;
            records_below_files: check_metadata, below_files;
            data_behind_files: check_data, behind_files;
            records_behind_files: check_metadata, behind_files;
            data_below_memory: check_data, below_memory;
            claims_below_memory: check_claims, below_memory;
            claims_of_processes: check_claims, bare;
        }
    };
    ($wrapped:expr; $($name:ident: $check:ident, $wrap:ident;)+) => {
        $(
            #[test]
            fn $name() {
                $wrapped.$check($crate::wrapping::$wrap);
            }
        )+
    };
}
