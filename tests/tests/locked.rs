//! Packages from elsewhere count by their versions.

use memento_tests::project::{Place, Project};

/// A program that needs the package `tiny`, of which `Cargo.lock` tells version and revision.
struct Program {
    project: Project,
    place: Place,
}

impl Program {
    fn new() -> Self {
        let project = Project::new("locked", env!("CARGO_TARGET_TMPDIR"));
        Self { place: project.place(), project }
    }

    /// The functions that run in it with `tiny` of this version and revision, after they have said why.
    fn run(&mut self, version: &str, revision: char) -> Vec<String> {
        let lock = std::fs::read_to_string("../Cargo.lock").unwrap();
        let revision = revision.to_string().repeat(40);
        let packages = format!(
            "\n[[package]]\nname = \"changes-locked\"\nversion = \"0.1.0\"\n\
            dependencies = [\n \"memento\",\n \"memento-storage-fs\",\n \"report\",\n \"tiny\",\n]\n\
            \n[[package]]\nname = \"tiny\"\nversion = \"{version}\"\n\
            source = \"git+https://example.invalid/tiny?branch=main#{revision}\"\n"
        );
        self.project.write("Cargo.lock", lock + &packages);
        // Each revision is in a folder of its own, as those that Cargo downloads are.
        let folder = format!("copies/{version}-{revision}");
        let manifest =
            format!("[package]\nname = \"tiny\"\nversion = \"{version}\"\nedition = \"2024\"\n");
        for (file, content) in [
            ("Cargo.toml", manifest.as_str()),
            ("src/lib.rs", "pub fn ten() -> u64 {\n    10\n}\n"),
            (".cargo-checksum.json", "{\"files\":{}}"),
        ] {
            self.project.write(&format!("{folder}/tiny/{file}"), content);
        }
        let source = format!(
            "[source.\"https://example.invalid/tiny\"]\n\
            git = \"https://example.invalid/tiny\"\nbranch = \"main\"\n\
            replace-with = \"copies\"\n[source.copies]\ndirectory = \"{folder}\"\n"
        );
        self.project.write(".cargo/config.toml", source);
        let build = self.project.build();
        let why = build.run(&self.place, &["why"]).output;
        let run = build.run(&self.place, &[]);
        for name in run.ran.keys() {
            let is_named = |line: &&String| line.starts_with(name);
            let reason = why.iter().find(is_named).unwrap();
            let is_known = reason.contains("never run") || reason.contains("crate tiny");
            assert!(is_known, "{reason}");
        }
        assert_eq!(run.output, ["with::of_package(4) = 14", "without::of_nothing(4) = 4"]);
        run.ran.into_keys().collect()
    }
}

#[test]
fn each_version_counts_unless_compatible_ones_are_the_same() {
    let mut program = Program::new();
    assert_eq!(program.run("0.1.0", 'a'), ["of_nothing", "of_package"]);
    assert!(program.run("0.1.0", 'a').is_empty());
    assert_eq!(program.run("0.1.0", 'b'), ["of_package"], "another revision");
    assert_eq!(program.run("0.1.1", 'b'), ["of_package"], "another version");
    assert!(program.run("0.1.0", 'a').is_empty(), "what it was at first");

    program.project.variable("MEMENTO_CRATE_VERSIONS", "compatible");
    assert_eq!(program.run("0.1.0", 'a'), ["of_package"], "versions count in another way");
    assert!(program.run("0.1.0", 'b').is_empty());
    assert!(program.run("0.1.1", 'c').is_empty());
    assert_eq!(program.run("0.2.0", 'c'), ["of_package"], "an incompatible version");
    assert!(program.run("0.2.7", 'd').is_empty());
}
