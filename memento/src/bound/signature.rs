//! What can be done with a reference, by the number of arguments that are left.

use serde::Serialize;

use super::Bound;
use crate::Result;
use crate::internal::{failure, raise};

/// The type of a function that is left.
pub trait Signature {
    /// How many arguments it takes.
    const ARITY: usize;
}

/// Implements the calls of references to functions with as many arguments as there are names.
macro_rules! calls {
    ($($type:ident $name:ident),*) => {
        impl<$($type,)* R> Signature for fn($($type),*) -> R {
            const ARITY: usize = 0 $(+ { let _ = stringify!($name); 1 })*;
        }

        #[allow(clippy::too_many_arguments, reason = "functions have that many")]
        impl<$($type: Serialize,)* R: 'static> Bound<fn($($type),*) -> R> {
            /// Calls the function: as `f(…)`.
            ///
            /// # Panics
            ///
            /// With the function's own panic; and where the function could not be run, which
            /// [`try_call`](Self::try_call) returns as an error.
            #[track_caller]
            pub fn call(&self, $($name: $type),*) -> R {
                match self.run(self.with_arguments($(&$name),*)) {
                    Ok(output) => output,
                    Err(ending) => raise(ending, self.function),
                }
            }

            /// Calls the function; what keeps it from being run is an error instead of a panic: as `f::try_call(…)`.
            ///
            /// # Errors
            ///
            /// What keeps the function from being run, and [`ErrorKind::Panicked`](crate::ErrorKind::Panicked).
            pub fn try_call(&self, $($name: $type),*) -> Result<R> {
                self.run(self.with_arguments($(&$name),*)).map_err(|ending| failure(ending, self.function))
            }

            fn with_arguments(&self, $($name: &$type),*) -> Result<Vec<u8>> {
                #[allow(unused_mut, reason = "there may be nothing to add")]
                let mut arguments = self.arguments()?;
                $(self.push(&mut arguments, $name)?;)*
                Ok(arguments)
            }
        }
    };
}

/// Implements references to functions with arguments, and those with the first ones fixed.
macro_rules! signatures {
    () => {
        calls!();
    };
    ($type:ident $name:ident $(, $types:ident $names:ident)*) => {
        calls!($type $name $(, $types $names)*);

        impl<$type: Serialize, $($types,)* R> Bound<fn($type, $($types),*) -> R> {
            /// A reference with the next argument fixed. One that cannot be encoded is the error of each call.
            #[must_use = "the reference itself stays as it is"]
            pub fn fix(&self, $name: $type) -> Bound<fn($($types),*) -> R> {
                self.fixing(&$name)
            }
        }

        signatures!($($types $names),*);
    };
}

signatures!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);
