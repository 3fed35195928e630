mod attributes;
mod hostile;
mod messages;
mod properties;
mod values;

use std::any::{type_name, type_name_of_val};
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::encoding::{decode, encode};

/// Checks that what is decoded from the encoding of `value` has the same encoding. So has what is equal to it, and a
/// NaN of the same bits.
#[track_caller]
fn same_bytes<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let bytes = encode(value).unwrap();
    let back: T = decode(&bytes).unwrap();
    assert_eq!(encode(&back).unwrap(), bytes);
    back
}

/// Checks that `value` comes back from its encoding.
#[track_caller]
fn comes_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    assert_eq!(&same_bytes(value), value);
}

/// Checks that the bytes of `value` are the encoding of no `T`.
#[track_caller]
fn is_no<T: DeserializeOwned>(value: &impl Serialize) {
    let (asked, given) = (type_name::<T>(), type_name_of_val(value));
    assert!(decode::<T>(&encode(value).unwrap()).is_err(), "a {given} was read as a {asked}");
}
