//! What the suites have in common: properties by their names, and tests made of them.

use std::panic::resume_unwind;
use std::thread;

/// A property by its name, and what checks it.
pub type Property<S> = (&'static str, fn(&S));

/// Ends the property where `kept` is not so.
///
/// # Panics
///
/// With the promise, and with what was found instead.
#[track_caller]
pub(crate) fn promised(kept: bool, promise: &str, found: impl FnOnce() -> String) {
    assert!(kept, "broken promise: {promise}\nfound: {}", found());
}

/// Does `work` in so many threads at once, each with its number; fails as the first of them that fails.
pub(crate) fn in_threads(count: usize, work: impl Fn(usize) + Sync) {
    let ended: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        started.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    for ended in ended {
        if let Err(payload) = ended {
            resume_unwind(payload);
        }
    }
}

/// Checks the property of this name.
///
/// # Panics
///
/// Where it does not hold.
pub fn check<S>(name: &str, properties: &[Property<S>], suite: &S) {
    let property = properties.iter().find(|property| property.0 == name);
    property.expect("a property of the list that the test was made of").1(suite);
}

/// Defines a list of properties, and the macro that makes tests of it.
macro_rules! properties {
    (
        $(#[$attribute:meta])*
        $place:ident::$suite:ident, $list:ident, $macro:ident, ($dollar:tt):
        $($module:ident { $($name:ident)* })*
    ) => {
        $(#[$attribute])*
        pub const $list: &[$crate::suite::Property<$suite>] =
            &[$($((stringify!($name), $module::$name),)*)*];

        #[doc(hidden)]
        #[macro_export]
        macro_rules! $macro {
            ($dollar tested:expr) => {
                $crate::make_tests! { $dollar tested; $place $suite $list: $($($name)*)* }
            };
        }
    };
}

pub(crate) use properties;

/// Makes the tests.
#[doc(hidden)]
#[macro_export]
macro_rules! make_tests {
    ($tested:expr; $place:ident $suite:ident $list:ident: $($name:ident)*) => {
        fn suite() -> $crate::$place::$suite {
            #[allow(unused_imports)]
            use $crate::$place::$suite;
            $tested
        }

        $(
            #[test]
            fn $name() {
                $crate::suite::check(stringify!($name), $crate::$place::$list, &suite());
            }
        )*
    };
}
