//! Packages whose crates Cargo has compiled.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::super::crates::Crates;
use super::super::index::Index;
use super::super::lock::Lock;
use super::{Found, Program, temporary};
use crate::rustc::Dependency;

/// A folder with packages, and what Cargo left of them. The first one is being compiled.
struct Workspace {
    folder: PathBuf,
    lock: String,
}

impl Workspace {
    fn new() -> Self {
        Self { folder: temporary(), lock: String::new() }
    }

    fn write(&self, path: &str, content: &str) -> PathBuf {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A package with some code, and what else it needs; `compiled` is what it is compiled to, below `target`.
    fn package(&mut self, name: &str, needs: &[&str], code: &str, compiled: &str) {
        let needs: Vec<String> = needs.iter().map(|name| format!(" {name:?},\n")).collect();
        let needs = needs.concat();
        self.lock = format!(
            "{}[[package]]\nname = {name:?}\nversion = \"0.1.0\"\ndependencies = [\n{needs}]\n",
            self.lock,
        );
        let root = self.write(&format!("{name}/src/lib.rs"), code);
        if !compiled.is_empty() {
            let file = self.write(&format!("target/{compiled}"), code);
            let stem = file.file_stem().unwrap().to_str().unwrap();
            let note = format!("{}.d", stem.strip_prefix("lib").unwrap());
            let rule = format!("{}: {}\n", file.display(), root.display());
            std::fs::write(file.with_file_name(note), rule).unwrap();
        }
    }

    /// The manifest of a package, whose library has a name of its own.
    fn library(&self, package: &str, library: &str) {
        let text = format!("[package]\nname = {package:?}\n\n[lib]\nname = {library:?}\n");
        self.write(&format!("{package}/Cargo.toml"), &text);
    }

    /// A package from a registry.
    fn registered(&mut self, name: &str, version: &str) {
        let text = format!("name = {name:?}\nversion = {version:?}\nsource = \"registry\"\n");
        self.lock = format!("{}[[package]]\n{text}", self.lock);
    }

    /// What is compiled with these artifacts below `target`, of which rustc is told by name, and further ones in
    /// these folders.
    fn program(self, artifacts: &[(&str, &str)], folders: &[&str]) -> Program {
        self.write("Cargo.lock", &self.lock);
        let folder = self.folder;
        let found = Lock::find(&folder.join("app"), "app", "0.1.0");
        let dependencies = artifacts.iter().map(|&(name, artifact)| {
            let artifact = folder.join("target").join(artifact);
            Dependency { name: name.to_owned(), original: name.to_owned(), artifact }
        });
        let folders: BTreeSet<PathBuf> =
            folders.iter().map(|path| folder.join("target").join(path)).collect();
        let root = folder.join("app/src/lib.rs");
        let crates = Crates::of("app", root, found, dependencies, &folders);
        Program { index: Index::new(crates), folder }
    }
}

const RATE: &str = "#[proc_macro_derive(Rate)] pub fn rate(_: TokenStream) -> TokenStream {}";

#[test]
fn procedural_macros_that_only_a_dependency_uses_count() {
    // Those of another machine are in a folder of their own.
    for (near, folders) in [
        ("debug/deps/libnear-01.rmeta", &["debug/deps"][..]),
        ("other/debug/deps/libnear-01.rmeta", &["other/debug/deps", "debug/deps"]),
    ] {
        let reach = |code: &str, macros: &str| {
            let mut workspace = Workspace::new();
            workspace.package("app", &["near"], "", "");
            workspace.package("near", &["mac"], code, near);
            workspace.package("mac", &[], macros, "debug/deps/libmac-02.so");
            // Cargo checks what is in the macros, too, and leaves more of them.
            workspace.write("target/debug/deps/libmac-03.rmeta", "");
            let root = workspace.folder.join("mac/src/lib.rs");
            workspace.write("target/debug/deps/mac-03.d", &format!("mac: {}\n", root.display()));
            let program = workspace.program(&[("near", near)], folders);
            program.reach("fn of() -> u64 { near::go(near::Tax) }")
        };
        for code in [
            "#[derive(mac::Rate)] pub struct Tax; pub fn go(_: Tax) {}",
            "use mac::Rate; #[derive(Rate)] pub struct Tax; pub fn go(_: Tax) {}",
            "use mac::*; #[derive(Rate)] pub struct Tax; pub fn go(_: Tax) {}",
            "use mac as macros; #[derive(macros::Rate)] pub struct Tax; pub fn go(_: Tax) {}",
            "pub fn go(tax: Tax) -> u64 { mac::rate!(tax) }",
            "#[mac::rate] pub fn go(_: Tax) {}",
            "pub use mac::rate as go;",
        ] {
            let found = reach(code, RATE);
            found.has("procedural macros mac");
            found.lacks("(mac)");
            assert_ne!(found.digest, reach(code, &RATE.replace("{}", "{ 7 }")).digest, "{code}");
        }
        reach("pub fn go(_: Tax) {}", RATE).lacks("mac");
    }
}

#[test]
fn procedural_macros_that_are_used_here_and_in_a_dependency_count() {
    let mut workspace = Workspace::new();
    workspace.package("app", &["mac", "near"], "", "");
    workspace.package("near", &["mac"], "#[mac::rate] pub fn go() {}", "deps/libnear-01.rmeta");
    workspace.package("mac", &[], RATE, "deps/libmac-02.so");
    let artifacts = [("near", "deps/libnear-01.rmeta"), ("mac", "deps/libmac-02.so")];
    let program = workspace.program(&artifacts, &[]);
    program.reach("fn of() { near::go() }").has("procedural macros mac");
    program.reach("fn of() { mac::rate!() }").has("procedural macros mac");
}

#[test]
fn what_procedural_macros_need_counts() {
    let digest = |helper: &str, version: &str, near: &str, is_direct: bool| {
        let mut workspace = Workspace::new();
        workspace.package("app", if is_direct { &["mac", "near"] } else { &["near"] }, "", "");
        let code = format!("pub fn go() -> u64 {{ mac::rate!() }} {near}");
        workspace.package("near", &["mac"], &code, "other/deps/libnear-01.rmeta");
        // For its tests, it needs what needs it.
        workspace.package("mac", &["mac-core", "near", "app"], RATE, "deps/libmac-02.so");
        workspace.package("mac-core", &["rates"], helper, "deps/libmac_core-03.rlib");
        workspace.registered("rates", version);
        let artifacts = [("near", "other/deps/libnear-01.rmeta"), ("mac", "deps/libmac-02.so")];
        let artifacts = if is_direct { &artifacts[..] } else { &artifacts[..1] };
        let program = workspace.program(artifacts, &["other/deps", "deps"]);
        let code = if is_direct { "mac::rate!()" } else { "near::go()" };
        let found = program.reach(&format!("fn of() -> u64 {{ {code} }}"));
        found.has("procedural macros mac");
        found.digest
    };
    for is_direct in [true, false] {
        let before = digest("fn of() {}", "1.0.0", "", is_direct);
        assert_ne!(digest("fn of() { 7 }", "1.0.0", "", is_direct), before);
        assert_ne!(digest("fn of() {}", "1.0.1", "", is_direct), before);
        assert_eq!(digest("fn of() {}", "1.0.0", "fn more() {}", is_direct), before);
    }
}

#[test]
fn a_crate_that_only_a_dependency_uses_is_followed() {
    let mut workspace = Workspace::new();
    workspace.package("app", &["near"], "", "");
    workspace.package(
        "near",
        &["far-off"],
        "pub fn go() { far_off::go() }",
        "deps/libnear-01.rlib",
    );
    workspace.package("far-off", &[], "pub fn go() {}", "deps/libfar_off-02.rlib");
    // What is there beside it may be a library for other programs.
    workspace.write("target/deps/libfar_off-02.so", "");
    let program = workspace.program(&[("near", "deps/libnear-01.rlib")], &[]);
    program.reach("fn of() { near::go() }").has("fn go (far_off)");
}

/// A crate that the one being compiled needs, or that only that one needs, whose package has a build script.
fn scripted(is_direct: bool, outputs: &[&str], compiled: &str, code: &str) -> Found {
    let mut workspace = Workspace::new();
    let needed = if is_direct { "far-off" } else { "near" };
    workspace.package("app", &[needed], "", "");
    let forward = "pub fn go() -> u64 { far_off::go() }";
    workspace.package("near", &["far-off"], forward, "debug/deps/libnear-01.rmeta");
    workspace.package("far-off", &[], code, "debug/deps/libfar_off-01.rmeta");
    workspace.write("far-off/Cargo.toml", "[package]\nname = \"far-off\"\n");
    workspace.write("far-off/build.rs", "fn main() {}");
    for (number, output) in outputs.iter().enumerate() {
        workspace.write(&format!("target/debug/build/far-off-1{number}/output"), output);
    }
    let name = needed.replace('-', "_");
    let artifact = format!("debug/deps/lib{name}-01.rmeta");
    workspace.write(&format!("target/{artifact}"), compiled);
    let program = workspace.program(&[(&name, &artifact)], &[]);
    program.reach(&format!("fn of() -> u64 {{ {name}::go() }}"))
}

#[test]
fn an_option_that_the_build_script_of_a_dependency_sets_counts() {
    let code = "pub fn go() -> u64 { if cfg!(new_tax) { 7 } else { 19 } }";
    let (set, not) = ("cargo::rustc-cfg=new_tax\n", "cargo::rustc-check-cfg=cfg(new_tax)\n");
    for is_direct in [true, false] {
        let digest = |outputs: &[&str], compiled: &str| {
            let found = scripted(is_direct, outputs, compiled, code);
            found.has("new_tax (far_off)");
            found.digest
        };
        assert_ne!(digest(&[set], "a"), digest(&[not], "a"));
        // What it was compiled to says more than the option does.
        assert_eq!(digest(&[set], "a"), digest(&[set, set], "b"));
        // It has to say which of several is in use, and where none is known.
        assert_eq!(digest(&[set, not], "a"), digest(&[not, set], "a"));
        assert_ne!(digest(&[set, not], "a"), digest(&[set, not], "b"));
        assert_ne!(digest(&[], "a"), digest(&[], "b"));
    }
}

#[test]
fn a_library_that_is_not_called_as_its_package_is_followed() {
    let mut workspace = Workspace::new();
    workspace.package("app", &["near"], "", "");
    let code = "pub fn go() { core_lib::go() }";
    workspace.package("near", &["core-lib", "my-core"], code, "deps/libnear-01.rmeta");
    workspace.package("my-core", &[], "pub fn go() {}", "deps/libcore_lib-02.rmeta");
    workspace.package("core-lib", &[], "", "");
    workspace.library("my-core", "core_lib");
    // A program of the package may be called as the package is.
    let main = workspace.write("my-core/src/main.rs", "fn go() {}");
    workspace.write("target/deps/my_core-03.d", &format!("my_core: {}\n", main.display()));
    let program = workspace.program(&[("near", "deps/libnear-01.rmeta")], &[]);
    let found = program.reach("fn of() { near::go() }");
    assert_eq!(found.lines.matches("fn go (core_lib)").count(), 1, "{}", found.lines);
    found.lacks("(my_core)");
}

#[test]
fn a_library_whose_file_has_no_hash_in_its_name_is_followed() {
    for compiled in ["deps/libfar_off.rlib", "deps/libfar_off.so"] {
        let mut workspace = Workspace::new();
        workspace.package("app", &["near"], "", "");
        let code = "pub fn go() { far_off::go() }";
        workspace.package("near", &["far-off"], code, "deps/libnear-01.rmeta");
        workspace.package("far-off", &[], "pub fn go() {}", compiled);
        let program = workspace.program(&[("near", "deps/libnear-01.rmeta")], &[]);
        program.reach("fn of() { near::go() }").has("fn go (far_off)");
    }
    // As what rustc is told of.
    let mut workspace = Workspace::new();
    workspace.package("app", &["near"], "", "");
    workspace.package("near", &[], "pub fn go() { step() } fn step() {}", "deps/libnear.so");
    let program = workspace.program(&[("near", "deps/libnear.so")], &[]);
    program.reach("fn of() { near::go() }").has("fn step (near)");
}

#[test]
fn a_package_counts_in_a_library_that_is_not_called_as_its_own_is() {
    // As a dependency, and as the package's own library.
    for package in ["near-by", "app"] {
        let digest = |version: &str| {
            let mut workspace = Workspace::new();
            let needs = if package == "app" { "rates" } else { package };
            workspace.package("app", &[needs], "", "");
            let code = "pub fn go() -> u64 { rates::of() }";
            workspace.package(package, &["rates"], code, "deps/libnearby-01.rmeta");
            workspace.library(package, "nearby");
            workspace.registered("rates", version);
            let program = workspace.program(&[("nearby", "deps/libnearby-01.rmeta")], &[]);
            let found = program.reach("fn of() -> u64 { nearby::go() }");
            found.has("fn go (nearby)");
            found.has("crate rates");
            found.digest
        };
        assert_ne!(digest("1.0.0"), digest("1.0.1"), "{package}");
    }
}

#[test]
fn a_package_on_this_machine_is_told_from_one_of_a_registry_with_its_name() {
    let mut workspace = Workspace::new();
    workspace.package("app", &["near 0.9.0", "near 0.1.0"], "", "");
    workspace.registered("near", "0.9.0");
    workspace.package("near", &[], "pub fn go() {}", "deps/libnear-01.rmeta");
    workspace.library("near", "near");
    let program = workspace.program(&[("near", "deps/libnear-01.rmeta")], &[]);
    let found = program.reach("fn of() { near::go() }");
    found.has("fn go (near)");
    found.lacks("crate near");
}

#[test]
fn each_version_of_a_package_counts() {
    let digest = |versions: [&str; 2]| {
        let mut workspace = Workspace::new();
        workspace.package("app", &["near", "far"], "", "");
        for (name, version) in ["near", "far"].into_iter().zip(versions) {
            let artifact = format!("deps/lib{name}-01.rmeta");
            let needed = format!("rates {version}");
            workspace.package(name, &[&needed], "pub fn go() -> u64 { rates::of() }", &artifact);
            workspace.registered("rates", version);
        }
        let artifacts = [("near", "deps/libnear-01.rmeta"), ("far", "deps/libfar-01.rmeta")];
        let program = workspace.program(&artifacts, &[]);
        program.reach("fn of() -> u64 { near::go() + far::go() }").digest
    };
    let before = digest(["1.0.0", "2.0.0"]);
    assert_ne!(digest(["1.0.1", "2.0.0"]), before);
    assert_ne!(digest(["1.0.0", "2.0.1"]), before);
}

#[test]
fn what_is_not_found_of_a_package_is_in_what_its_users_were_compiled_to() {
    let digest = |compiled: &str, noted: &str| {
        let mut workspace = Workspace::new();
        workspace.package("app", &["near"], "", "");
        let code = "pub fn go() { odd::go() }";
        workspace.package("near", &["far-off"], code, "deps/libnear-01.rmeta");
        workspace.package("far-off", &[], "pub fn go() {}", "");
        workspace.write("target/deps/libnear-01.rmeta", compiled);
        workspace.write(&format!("target/.fingerprint/{noted}-02/lib-odd"), "");
        let program = workspace.program(&[("near", "deps/libnear-01.rmeta")], &[]);
        let found = program.reach("fn of() { near::go() }");
        assert_eq!(found.lines.contains("crate far_off"), noted == "far-off");
        found.digest
    };
    assert_ne!(digest("a", "far-off"), digest("b", "far-off"));
    // What Cargo has not compiled is in none.
    assert_eq!(digest("a", "other"), digest("b", "other"));
}

#[test]
fn what_a_crate_of_no_known_package_needs_is_in_what_it_was_compiled_to() {
    let digest = |compiled: &str, code: &str| {
        let mut workspace = Workspace::new();
        workspace.package("app", &["near-by"], "", "");
        workspace.package("near-by", &["rates"], code, "deps/libodd-01.rmeta");
        workspace.registered("rates", "1.0.0");
        workspace.write("target/deps/libodd-01.rmeta", compiled);
        let program = workspace.program(&[("odd", "deps/libodd-01.rmeta")], &[]);
        program.reach("fn of() -> u64 { odd::go() }").digest
    };
    let code = "pub fn go() -> u64 { rates::of() }";
    assert_ne!(digest("a", code), digest("b", code));
    let code = "pub fn go() -> u64 { 7 }";
    assert_eq!(digest("a", code), digest("b", code));
}

#[test]
fn a_profile_may_do_otherwise_for_a_dependency() {
    let code = "pub fn go() -> u64 { if cfg!(debug_assertions) { 7 } else { 19 } }";
    let found = scripted(true, &[""], "", code);
    assert_eq!(found.options, ["debug_assertions"]);
    found.has("debug_assertions (far_off)");
    let digest = |artifact: &str| {
        let mut workspace = Workspace::new();
        workspace.package("app", &["near"], "", "");
        workspace.package("near", &[], code, artifact);
        let program = workspace.program(&[("near", artifact)], &[]);
        program.reach("fn of() -> u64 { near::go() }").digest
    };
    assert_ne!(digest("deps/libnear-01.rmeta"), digest("deps/libnear-02.rmeta"));
}
