//! What is known of a type by its name.

use std::any::type_name;

/// Whether `T` is made of what the standard library defines, and of nothing else: serde reads that as it writes it, and
/// nobody has told it otherwise. That the type is known only by its name costs no correctness: a type of anybody else's
/// has a path that begins with the name of its crate.
pub(super) fn is_of_std<T: ?Sized>() -> bool {
    let is_in_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '#' | '{' | '}');
    let mut paths = type_name::<T>().split(|c| !is_in_path(c)).filter(|path| path.contains("::"));
    paths.all(|path| ["alloc::", "core::", "std::"].iter().any(|std| path.starts_with(std)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::rc::Rc;
    use std::time::SystemTime;

    use super::is_of_std;

    struct Own<T>(T);

    #[test]
    fn types_of_others_are_told_from_those_of_the_standard_library() {
        assert!(is_of_std::<u64>());
        assert!(is_of_std::<str>());
        assert!(is_of_std::<[Option<&[u8]>; 3]>());
        assert!(is_of_std::<(HashMap<String, Vec<f64>>, Result<SystemTime, Box<str>>)>());
        assert!(!is_of_std::<Own<u64>>());
        assert!(!is_of_std::<Vec<(u64, Rc<[Own<u64>]>)>>());
        assert!(!is_of_std::<(u64, serde_json::Value)>());
        assert!(!is_of_std::<Result<u64, crate::Error>>());
    }
}
