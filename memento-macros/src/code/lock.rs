//! `Cargo.lock`: which packages there are, in which versions, and which needs which.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// The packages in one `Cargo.lock`.
pub(crate) struct Lock {
    pub(crate) packages: Vec<Package>,
    /// The packages of each name.
    by_name: HashMap<String, Vec<usize>>,
}

#[derive(Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Where it is from; none for a folder on this machine.
    pub(crate) source: Option<String>,
    checksum: String,
    /// The packages that it needs: name, then version and source where there are several of the name.
    dependencies: Vec<String>,
}

/// How exactly versions of other packages count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    /// Each version is another one.
    Exact,
    /// Versions that Cargo takes for compatible are the same.
    Compatible,
}

impl Package {
    /// What the crate is called in code, unless its package says otherwise.
    pub(crate) fn crate_name(&self) -> String {
        self.name.replace('-', "_")
    }

    /// What tells this version from others.
    fn identity(&self, exactness: Exactness) -> String {
        match exactness {
            Exactness::Exact => {
                let source = self.source.as_deref().unwrap_or_default();
                format!("{} {} {source} {}", self.name, self.version, self.checksum)
            }
            Exactness::Compatible => format!("{} {}", self.name, compatible(&self.version)),
        }
    }
}

/// The part of a version that compatible ones share.
fn compatible(version: &str) -> String {
    let mut parts: Vec<&str> = version.split(['-', '+']).next().unwrap_or("").split('.').collect();
    let significant = parts.iter().position(|part| *part != "0").unwrap_or(parts.len());
    parts.truncate(significant + 1);
    parts.join(".")
}

impl Lock {
    /// The nearest `Cargo.lock` at or above `folder` that has this package.
    pub(crate) fn find(folder: &Path, name: &str, version: &str) -> Option<(Self, usize)> {
        folder.ancestors().find_map(|folder| {
            let lock = Self::parse(&std::fs::read_to_string(folder.join("Cargo.lock")).ok()?);
            let is_this = |package: &Package| {
                package.name == name && package.version == version && package.source.is_none()
            };
            let package = lock.packages.iter().position(is_this)?;
            Some((lock, package))
        })
    }

    /// Reads the text, which Cargo writes in one way: a value to a line.
    fn parse(text: &str) -> Self {
        let mut packages: Vec<Package> = Vec::new();
        let mut in_package = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_package = line == "[[package]]";
                if in_package {
                    packages.push(Package::default());
                }
                continue;
            }
            let Some(package) = packages.last_mut().filter(|_| in_package) else { continue };
            let value = line.split('"').nth(1).unwrap_or_default().to_owned();
            match line.split(' ').next() {
                Some("name") => package.name = value,
                Some("version") => package.version = value,
                Some("source") => package.source = Some(value),
                Some("checksum") => package.checksum = value,
                Some("") => package.dependencies.push(value),
                _ => {}
            }
        }
        let mut by_name = HashMap::<_, Vec<_>>::new();
        for (number, package) in packages.iter().enumerate() {
            by_name.entry(package.name.clone()).or_default().push(number);
        }
        Self { packages, by_name }
    }

    /// The packages that `package` needs itself.
    pub(crate) fn dependencies(&self, package: usize) -> impl Iterator<Item = usize> {
        self.packages[package].dependencies.iter().filter_map(|dependency| {
            let mut parts = dependency.split(' ');
            let (name, version) = (parts.next()?, parts.next());
            let source = parts.next().map(|source| source.trim_matches(['(', ')']));
            self.by_name.get(name)?.iter().copied().find(|&package| {
                let package = &self.packages[package];
                version.is_none_or(|version| package.version == version)
                    && source.is_none_or(|source| package.source.as_deref() == Some(source))
            })
        })
    }

    /// `package` and all that it needs, however far, without what is behind those that `is_end` says yes to.
    pub(crate) fn closure(
        &self,
        package: usize,
        is_end: impl Fn(usize) -> bool,
    ) -> BTreeSet<usize> {
        let mut closure = BTreeSet::from([package]);
        let mut waiting = vec![package];
        while let Some(package) = waiting.pop() {
            for dependency in self.dependencies(package) {
                if !is_end(dependency) && closure.insert(dependency) {
                    waiting.push(dependency);
                }
            }
        }
        closure
    }

    /// The digest of the versions of some packages.
    pub(crate) fn digest(
        &self,
        packages: impl IntoIterator<Item = usize>,
        exactness: Exactness,
    ) -> blake3::Hash {
        let packages = packages.into_iter().map(|package| &self.packages[package]);
        let mut identities: Vec<String> =
            packages.map(|package| package.identity(exactness)).collect();
        identities.sort_unstable();
        blake3::hash(identities.join("\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "helper-lib",
 "rand 0.9.1",
]

[[package]]
name = "helper-lib"
version = "0.1.0"

[[package]]
name = "rand"
version = "0.8.5"
source = "registry"
checksum = "aa"

[[package]]
name = "rand"
version = "0.9.1"
source = "registry"
checksum = "bb"
dependencies = [
 "rand_core",
]

[[package]]
name = "rand_core"
version = "0.9.3"
source = "registry"
checksum = "cc"

[metadata]
name = "no package"
"#;

    #[test]
    fn packages_and_what_they_need() {
        let lock = Lock::parse(LOCK);
        let names: Vec<&str> = lock.packages.iter().map(|package| &*package.name).collect();
        assert_eq!(names, ["app", "helper-lib", "rand", "rand", "rand_core"]);
        assert_eq!(lock.dependencies(0).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(lock.closure(0, |_| false), BTreeSet::from([0, 1, 3, 4]));
        let is_rand = |package: usize| lock.packages[package].name == "rand";
        assert_eq!(lock.closure(0, is_rand), BTreeSet::from([0, 1]));
        assert_eq!(lock.packages[1].crate_name(), "helper_lib");
    }

    #[test]
    fn a_version_far_below_counts_exactly_or_by_compatibility() {
        let (lock, patched) = (Lock::parse(LOCK), Lock::parse(&LOCK.replace("0.9.3", "0.9.4")));
        let breaking = Lock::parse(&LOCK.replace("0.9.3", "0.10.0"));
        let [exact, compatible] = [Exactness::Exact, Exactness::Compatible]
            .map(|exactness| move |lock: &Lock| lock.digest(lock.closure(3, |_| false), exactness));
        assert_ne!(exact(&lock), exact(&patched));
        assert_eq!(compatible(&lock), compatible(&patched));
        assert_ne!(compatible(&lock), compatible(&breaking));
    }

    #[test]
    fn compatible_versions_share_their_first_significant_part() {
        for (version, part) in
            [("1.2.3", "1"), ("0.9.1", "0.9"), ("0.0.3-alpha+x", "0.0.3"), ("0.0.0", "0.0.0")]
        {
            assert_eq!(compatible(version), part);
        }
    }
}
