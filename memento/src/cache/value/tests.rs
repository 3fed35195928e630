use std::fmt::Debug;
use std::sync::Arc;

use super::{Kind, Value, number};

/// Keeps `value`, and asks for it as what it is and as what it is not.
#[track_caller]
fn check<T, O>(value: &T)
where
    T: Clone + PartialEq + Debug + Send + Sync + 'static,
    O: Clone + 'static,
{
    let (kind, kept) = Value::new(Arc::new(value.clone()));
    assert!(kept.is::<T>(kind) && !kept.is::<O>(kind));
    assert_eq!(kept.to_shared(kind).downcast_ref::<T>(), Some(value));
    match kept {
        Value::Shared(_) => assert_eq!(kind, Kind::Other),
        Value::Number(bytes) => {
            assert_eq!(number::<T>(kind, bytes).as_ref(), Some(value));
            assert!(number::<O>(kind, bytes).is_none(), "it is of another type");
        }
    }
}

#[test]
fn numbers_are_what_they_were_and_of_no_other_type() {
    check::<u64, i64>(&u64::MAX);
    check::<i64, u64>(&i64::MIN);
    check::<usize, u64>(&usize::MAX);
    check::<isize, i64>(&isize::MIN);
    check::<u32, f32>(&u32::MAX);
    check::<i32, u32>(&-1);
    check::<u16, i16>(&u16::MAX);
    check::<i16, u16>(&i16::MIN);
    check::<u8, bool>(&1);
    check::<i8, u8>(&-1);
    check::<bool, u8>(&true);
    check::<bool, u8>(&false);
    check::<char, u32>(&'\u{10ffff}');
    check::<f32, u32>(&f32::MIN_POSITIVE);
    check::<f64, u64>(&-0.0);
}

#[test]
fn what_is_no_number_stands_behind_a_pointer() {
    check::<(), u8>(&());
    check::<String, u64>(&"text".to_owned());
    check::<(u64, u64), u64>(&(1, 2));
    check::<u128, u64>(&u128::MAX);
}

#[test]
fn no_bit_of_a_number_is_lost() {
    let odd = f64::from_bits(0x7ff4_0000_0000_0001);
    let (kind, kept) = Value::new(Arc::new(odd));
    let Value::Number(bytes) = kept else { panic!("it is a number") };
    assert_eq!(number::<f64>(kind, bytes).map(f64::to_bits), Some(odd.to_bits()));
}
