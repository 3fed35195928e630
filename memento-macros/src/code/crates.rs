//! Which crates are followed, and what stands for the others.
//!
//! The sources of packages on this machine are followed: path dependencies, members of the workspace, the package's own
//! library. Other packages are what `Cargo.lock` says that they are.

mod notes;
mod transitive;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::artifact::{Artifact, BuildScript};
use super::lock::{Exactness, Lock, Package};
use crate::rustc::{self, Dependency};

/// The variable that says how exactly the versions of other packages count: `exact` or `compatible`.
pub(crate) const EXACTNESS: &str = "MEMENTO_CRATE_VERSIONS";

/// A crate whose sources are followed.
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    /// `None` for the crate that is being compiled.
    pub(crate) artifact: Option<Artifact>,
    /// Of a crate that only others need: the artifacts of those, which tell its own from others.
    pub(crate) used_by: Option<String>,
    /// The numbers of the crates whose items it can name.
    pub(crate) sees: BTreeSet<usize>,
    /// The names that the crate being compiled has for it.
    pub(crate) names: Vec<String>,
    /// What stands for the crates that are not followed, by the name that this crate has for each.
    pub(crate) foreign: BTreeMap<String, Foreign>,
}

impl Crate {
    fn new(name: &str, root: PathBuf, artifact: Option<Artifact>) -> Self {
        let (sees, foreign) = (BTreeSet::new(), BTreeMap::new());
        let names = vec![name.to_owned()];
        Self { name: name.to_owned(), root, artifact, used_by: None, sees, names, foreign }
    }

    /// The value of a variable while it was compiled, as far as that is known.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let known = self.artifact.iter().flat_map(|artifact| &artifact.variables);
        let known = known.into_iter().find(|(known, _)| known == name);
        known.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok())
    }
}

/// A crate that is not followed.
pub(crate) struct Foreign {
    /// What it is called itself.
    original: String,
    /// Its package, if that is known.
    package: Option<usize>,
    /// What was compiled of it, where the compiler says.
    artifact: Option<Artifact>,
    /// What stands for it, told when it is asked for first.
    stand_in: OnceLock<(String, blake3::Hash)>,
}

impl Foreign {
    fn new(original: &str, package: Option<usize>, artifact: Option<Artifact>) -> Self {
        Self { original: original.to_owned(), package, artifact, stand_in: OnceLock::new() }
    }

    /// Whether it runs in the compiler.
    pub(crate) fn is_procedural_macro(&self) -> bool {
        self.artifact.as_ref().is_some_and(Artifact::is_procedural_macro)
    }
}

/// All crates that are followed; the first is the one that is being compiled.
#[derive(Default)]
pub(crate) struct Crates {
    pub(crate) all: Vec<Crate>,
    /// The package of each crate in the lock.
    packages: Vec<Option<usize>>,
    lock: Option<Lock>,
    /// What was compiled of the packages on this machine that followed crates and procedural macros need, by package: the
    /// procedural macros, where there are any.
    artifacts: BTreeMap<usize, Artifact>,
    /// The packages on this machine that Cargo may have compiled, and of which nothing was found.
    missing: BTreeSet<usize>,
}

fn exactness() -> Exactness {
    match std::env::var(EXACTNESS).as_deref() {
        Ok("compatible") => Exactness::Compatible,
        _ => Exactness::Exact,
    }
}

impl Crates {
    /// The crates of this compilation; `None` where the compiler says nothing about it.
    pub(crate) fn of_compilation() -> Option<Self> {
        let root = rustc::crate_root()?;
        let name = rustc::crate_name()?;
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let folder = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
        let found =
            Lock::find(&folder, &variable("CARGO_PKG_NAME"), &variable("CARGO_PKG_VERSION"));
        Some(Self::of(&name, root, found, rustc::dependencies(), &rustc::folders()))
    }

    /// The crates of the compilation of one that begins at `root`, with the lock that has its package, with these
    /// `dependencies`; further ones are in `folders`.
    pub(super) fn of(
        name: &str,
        root: PathBuf,
        found: Option<(Lock, usize)>,
        dependencies: impl Iterator<Item = Dependency>,
        folders: &BTreeSet<PathBuf>,
    ) -> Self {
        let (lock, package) = found.unzip();
        let mut crates = Self { lock, ..Self::default() };
        crates.add(Crate::new(name, root, None), package);
        let mut beside = BTreeSet::new();
        for dependency in dependencies.filter(|found| !rustc::is_framework(&found.original)) {
            beside.extend(dependency.artifact.parent().map(Path::to_owned));
            let artifact = Artifact::new(&dependency.artifact);
            let package = crates.package(&dependency.original, &artifact, package);
            crates.take(dependency.name, &dependency.original, artifact, package);
        }
        if let Some(package) = package {
            crates.add_transitive(package, &beside, folders);
        }
        crates.see();
        crates
    }

    /// The state of an option in a crate that others depend on, as text.
    pub(crate) fn state(&self, option: &str, krate: &Crate) -> String {
        let Some(artifact) = &krate.artifact else { return String::new() };
        let feature = option.strip_prefix("feature = ").map(|name| name.trim_matches('"'));
        let state = match (&krate.used_by, feature, artifact.features()) {
            (Some(used_by), ..) => used_by.clone(),
            (None, Some(feature), Some(active)) => {
                active.iter().any(|name| name == feature).to_string()
            }
            (None, ..) => artifact.identity(),
        };
        match artifact.build_script(option) {
            BuildScript::Nothing => state,
            BuildScript::Sets(is_set) => format!("{state} {is_set}"),
            BuildScript::Unknown => {
                let named = Some(krate).filter(|krate| krate.used_by.is_none());
                format!("{state} {}", self.compiled(named))
            }
        }
    }

    /// What a crate was compiled to: it differs with all that it was compiled from. Without one, what all were that the
    /// one being compiled can name, which has the digests of all that they need in it.
    fn compiled(&self, krate: Option<&Crate>) -> String {
        let is_meant = |other: &&Crate| match krate {
            Some(krate) => std::ptr::eq(*other, krate),
            None => other.used_by.is_none(),
        };
        let artifacts = self.all.iter().filter(is_meant).filter_map(|of| of.artifact.as_ref());
        let digests: Vec<String> =
            artifacts.map(|artifact| artifact.digest().to_hex().to_string()).collect();
        digests.join(" ")
    }

    fn add(&mut self, krate: Crate, package: Option<usize>) {
        self.all.push(krate);
        self.packages.push(package);
    }

    /// The package of a crate that `dependent` needs: on this machine, the manifest above its root tells.
    fn package(
        &self,
        original: &str,
        artifact: &Artifact,
        dependent: Option<usize>,
    ) -> Option<usize> {
        let lock = self.lock.as_ref()?;
        let dependent = dependent?;
        let direct: Vec<usize> = lock.dependencies(dependent).chain([dependent]).collect();
        let find = |is_it: &dyn Fn(&Package) -> bool| {
            direct.iter().copied().find(|&package| is_it(&lock.packages[package]))
        };
        let own = artifact.root().filter(|root| !is_downloaded(root));
        let own = own.and_then(|_| artifact.package());
        let is_own = |package: &Package| own.as_ref() == Some(&package.name);
        if let Some(package) = find(&|package| package.source.is_none() && is_own(package)) {
            return Some(package);
        }
        let root = artifact.root().map(|root| root.to_string_lossy().replace('\\', "/"));
        let is_at = |package: &Package| {
            let folder = format!("/{}-{}/", package.name, package.version);
            root.as_ref().is_some_and(|root| root.contains(&folder))
        };
        let is_named = |&package: &usize| lock.packages[package].crate_name() == original;
        let named: Vec<usize> = direct.iter().copied().filter(is_named).collect();
        match named[..] {
            [package] => Some(package),
            // Several versions of one name, or a crate that is not called as its package is.
            _ => find(&is_at).or_else(|| find(&is_own)).or(named.first().copied()),
        }
    }

    /// Follows a crate that the one being compiled can name, or notes what stands for it.
    fn take(&mut self, name: String, original: &str, artifact: Artifact, package: Option<usize>) {
        let locked = package.and_then(|package| self.lock.as_ref()?.packages.get(package));
        let is_elsewhere = locked.is_some_and(|package| package.source.is_some());
        let is_here = |root: &&Path| locked.is_some() || !is_downloaded(root);
        let root = artifact.root().filter(is_here).map(Path::to_owned);
        match root.filter(|_| !is_elsewhere && !artifact.is_procedural_macro()) {
            Some(root) => {
                let mut krate = Crate::new(original, root, Some(artifact));
                krate.names.push(name);
                self.add(krate, package);
            }
            None => {
                let foreign = Foreign::new(original, package, Some(artifact));
                self.all[0].foreign.insert(name, foreign);
            }
        }
    }

    /// What stands for a crate that is not followed: what it is called, for people, and a digest that changes when the
    /// crate does.
    pub(crate) fn stand_in<'f>(&self, foreign: &'f Foreign) -> (&'f str, blake3::Hash) {
        let (label, digest) = foreign.stand_in.get_or_init(|| {
            let Foreign { original, package, artifact, .. } = foreign;
            let locked = self.lock.as_ref().zip(*package);
            let elsewhere =
                locked.filter(|(lock, package)| lock.packages[*package].source.is_some());
            match (elsewhere, artifact) {
                (Some((lock, package)), artifact) => {
                    let digest = lock.digest(lock.closure(package, |_| false), exactness());
                    let package = &lock.packages[package];
                    let label = format!("crate {}", package.name);
                    let features = artifact.as_ref().and_then(Artifact::features);
                    let features = features.unwrap_or_default().join(" ");
                    (label, blake3::hash(format!("{digest} {features}").as_bytes()))
                }
                (None, Some(artifact)) if artifact.is_procedural_macro() => {
                    (format!("procedural macros {original}"), self.content(artifact, *package))
                }
                (None, Some(artifact)) => (format!("crate {original}"), artifact.digest()),
                (None, None) => {
                    let compiled = self.compiled(None);
                    (format!("crate {original}"), blake3::hash(compiled.as_bytes()))
                }
            }
        });
        (label, *digest)
    }

    /// The digest of all that procedural macros on this machine are made of: their sources, those of the packages here
    /// that they need, and the versions of the others.
    fn content(&self, macros: &Artifact, package: Option<usize>) -> blake3::Hash {
        let Some((lock, package)) = self.lock.as_ref().zip(package) else {
            return macros.content();
        };
        let is_here = |package: &usize| lock.packages[*package].source.is_none();
        // What needs the macros itself is there for their tests only.
        let is_end = |other: usize| {
            let is_framework = || rustc::is_framework(&lock.packages[other].crate_name());
            let is_user = || lock.closure(other, |_| false).contains(&package);
            is_here(&other) && (is_framework() || is_user())
        };
        let mut helpers = lock.closure(package, is_end);
        helpers.remove(&package);
        let (here, elsewhere): (Vec<_>, Vec<_>) = helpers.into_iter().partition(is_here);
        let mut hasher = blake3::Hasher::new();
        hasher.update(macros.content().as_bytes());
        for helper in here {
            let mut followed = self.all.iter().zip(&self.packages);
            let followed = followed.find(|(_, package)| **package == Some(helper));
            let followed = followed.and_then(|(krate, _)| krate.artifact.as_ref());
            let digest = match self.artifacts.get(&helper).or(followed) {
                Some(artifact) => artifact.content(),
                None if self.missing.contains(&helper) => macros.digest(),
                None => continue,
            };
            hasher.update(digest.as_bytes());
        }
        hasher.update(lock.digest(elsewhere, exactness()).as_bytes());
        hasher.finalize()
    }

    /// Notes which crates can name which.
    fn see(&mut self) {
        for number in 0..self.all.len() {
            let closure = match (&self.lock, self.packages[number]) {
                (Some(lock), Some(package)) => Some(lock.closure(package, |_| false)),
                _ => None,
            };
            let sees = (0..self.all.len()).filter(|&other| {
                other == number
                    || number == 0
                    || other != 0
                        && closure.as_ref().is_none_or(|closure| {
                            self.packages[other].is_none_or(|package| closure.contains(&package))
                        })
            });
            self.all[number].sees = sees.collect();
            if number > 0 {
                self.all[number].foreign = self.foreign(number);
            }
        }
    }

    /// What stands for the crates that a crate needs, and that are not followed.
    fn foreign(&self, number: usize) -> BTreeMap<String, Foreign> {
        let Some(lock) = &self.lock else { return BTreeMap::new() };
        let Some(package) = self.packages[number] else {
            // What it needs, only the compiler knows.
            let name = self.all[number].name.clone();
            let foreign = Foreign::new(&name, None, None);
            return BTreeMap::from([(name, foreign)]);
        };
        let foreign = lock.dependencies(package).filter_map(|other| {
            let name = lock.packages[other].crate_name();
            let is_elsewhere = lock.packages[other].source.is_some();
            let compiled = self.artifacts.get(&other);
            let procedural = compiled.filter(|of| of.is_procedural_macro()).cloned();
            let is_foreign = is_elsewhere || procedural.is_some() || self.missing.contains(&other);
            let foreign = is_foreign.then(|| Foreign::new(&name, Some(other), procedural));
            foreign.map(|foreign| (name, foreign))
        });
        foreign.collect()
    }
}

/// Whether a file is a copy that Cargo made of what is elsewhere.
fn is_downloaded(root: &Path) -> bool {
    let root = root.to_string_lossy().replace('\\', "/");
    root.contains("/registry/src/") || root.contains("/git/checkouts/")
}
