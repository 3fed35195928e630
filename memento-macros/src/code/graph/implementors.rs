//! What the types may be that a generic function is called with.
//!
//! The function does not name them. What it can do with them is what its bounds allow: it leads to all impls of those
//! traits, and to all types that derive them. Which impls a trait of another crate reaches, beside its own, is known
//! for those that everybody uses; any other one may reach any impl.

use std::collections::HashSet;

use super::super::index::Index;
use super::super::item::Kind;
use super::{Graph, Joint};

/// Traits of the standard library and of serde that reach other impls than their own: those of the traits that they
/// require, or are implemented by.
const REACHING: [(&str, &[&str]); 21] = [
    ("BorrowMut", &["Borrow"]),
    ("BufRead", &["Read"]),
    ("Copy", &["Clone"]),
    ("DerefMut", &["Deref"]),
    ("DeserializeOwned", &["Deserialize"]),
    ("DoubleEndedIterator", &["Iterator"]),
    ("Eq", &["PartialEq"]),
    ("Error", &["Debug", "Display"]),
    ("ExactSizeIterator", &["Iterator"]),
    ("Fn", &["FnMut", "FnOnce"]),
    ("FnMut", &["FnOnce"]),
    ("FusedIterator", &["Iterator"]),
    ("IndexMut", &["Index"]),
    ("Into", &["From"]),
    ("IntoIterator", &["Iterator"]),
    ("Ord", &["Eq", "PartialEq", "PartialOrd"]),
    ("PartialOrd", &["PartialEq"]),
    ("ToOwned", &["Borrow", "Clone"]),
    ("ToString", &["Display"]),
    ("TryFrom", &["From", "Into"]),
    ("TryInto", &["From", "Into", "TryFrom"]),
];

/// Traits of the standard library and of serde that reach their own impls only.
const PLAIN: [&str; 53] = [
    "Add",
    "AddAssign",
    "AsMut",
    "AsRef",
    "BitAnd",
    "BitAndAssign",
    "BitOr",
    "BitOrAssign",
    "BitXor",
    "BitXorAssign",
    "Borrow",
    "Clone",
    "Debug",
    "Default",
    "Deref",
    "Deserialize",
    "Display",
    "Div",
    "DivAssign",
    "Drop",
    "Extend",
    "FnOnce",
    "From",
    "FromIterator",
    "FromStr",
    "Future",
    "Hash",
    "Hasher",
    "Index",
    "Iterator",
    "LowerHex",
    "Mul",
    "MulAssign",
    "Neg",
    "Not",
    "PartialEq",
    "Product",
    "Read",
    "RefUnwindSafe",
    "Rem",
    "RemAssign",
    "Send",
    "Serialize",
    "Shl",
    "Shr",
    "Sized",
    "Sub",
    "SubAssign",
    "Sum",
    "Sync",
    "Unpin",
    "UnwindSafe",
    "UpperHex",
];

impl Graph<'_> {
    /// Makes `from` lead to all types in the crates that are followed which have traits of these names. What an impl of
    /// these is for may have other traits, as its header says: `impl<T: Display> Describe for T`.
    pub(in super::super) fn lead_to_implementors(&mut self, from: usize, traits: &[String]) {
        let index = self.index;
        let mut met: HashSet<String> = traits.iter().cloned().collect();
        let mut unread = traits.to_vec();
        while let Some(name) = unread.pop() {
            let is_trait =
                |&item: &usize| matches!(index.nodes[item].item.kind, Kind::Trait { .. });
            let found = index.named(&name);
            let is_followed = found.is_some_and(|found| found.items.iter().any(is_trait));
            let reached = REACHING.iter().find(|(reaching, _)| *reaching == name);
            let reached = reached.map_or(&[][..], |(_, reached)| reached);
            if !is_followed && reached.is_empty() && !PLAIN.contains(&name.as_str()) {
                self.lead_to(from, Joint::Implementors, Self::lead_to_all_implementors);
                continue;
            }
            for name in reached.iter().copied().chain([&*name]) {
                self.lead_to_trait(from, name);
                let bounds = bounds_of_impls(index, name);
                unread.extend(bounds.filter(|bound| met.insert(bound.clone())));
            }
        }
    }

    fn lead_to_all_implementors(&mut self, from: usize) {
        for node in 0..self.index.nodes.len() {
            if matches!(self.index.nodes[node].item.kind, Kind::Impl { .. } | Kind::Type { .. }) {
                self.lead_to_item(from, node);
            }
        }
    }
}

/// The names of the traits in the bounds in the headers of all impls of a trait.
fn bounds_of_impls<'i>(index: &'i Index, name: &str) -> impl Iterator<Item = String> + use<'i> {
    let impls = index.named(name).map_or(&[][..], |found| &found.with_trait);
    impls.iter().flat_map(|&item| match &index.nodes[item].item.kind {
        Kind::Impl { bounds, .. } => bounds.clone(),
        _ => Vec::new(),
    })
}
