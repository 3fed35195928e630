//! Tiers that a configuration asks for.

use memento::Environment;

use crate::runs;

fn environment(text: &str) -> Result<(tempfile::TempDir, Environment), memento::Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    std::fs::write(&file, text).unwrap();
    let environment = Environment::load(&file)?;
    environment.storage("")?;
    Ok((folder, environment))
}

const TWO: &str = "[storage]\ntiers = ['memory', 'team']\nmemory_cache = '0B'\n\
                   [storage.team]\ntype = 'filesystem'\npath = 'team'\n";
const TEAM: &str = "[storage]\ntype = 'filesystem'\npath = 'team'\nmemory_cache = '0B'\n";

#[test]
fn tiers_are_those_that_the_configuration_names() {
    for (more, is_written) in [("", true), ("write = 'behind'", true), ("write = 'never'", false)] {
        let (folder, environment) = environment(&format!("{TWO}{more}")).unwrap();
        assert_eq!((runs(&environment), runs(&environment)), (10, 0));
        environment.flush().unwrap();
        let file = folder.path().join("team.toml");
        std::fs::write(&file, TEAM).unwrap();
        let team = Environment::load(&file).unwrap();
        assert_eq!(runs(&team), if is_written { 0 } else { 10 }, "{more}");
    }
}

#[test]
fn two_tiers_may_be_of_one_type() {
    let text = "[storage]\ntiers = ['a', 'b']\n[storage.a]\ntype = 'filesystem'\npath = 'a'\n\
                [storage.b]\ntype = 'filesystem'\npath = 'b'\npromote = false\n";
    let (folder, environment) = environment(text).unwrap();
    assert_eq!(runs(&environment), 10);
    for name in ["a", "b"] {
        assert!(folder.path().join(name).join("mementos.sqlite").exists());
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (text, expected) in [
        ("tiers = []", vec!["there are none", "memento.toml:2"]),
        ("tiers = ['memory', 'memory']", vec!["`memory` is there twice"]),
        (
            "tiers = ['redis://:secret@host:1', 'redis://:secret@host:1']",
            vec!["`redis` is there twice", "memento.toml:2"],
        ),
        ("tiers = ['memory', 'none']", vec!["tier", "none", "`filesystem`", "memento.toml:2"]),
        ("tiers = ['memory', 'none://user:secret@host']", vec!["scheme", "none"]),
        (
            "tiers = ['memory', 'team']\n[storage.team]\ntype = 'memory'\nwrites = 'never'",
            vec!["storage.team.writes", "`write`"],
        ),
        (
            "tiers = ['memory', 'team']\n[storage.team]\ntype = 'memory'\nwrite = 'later'",
            vec!["storage.team.write", "`later`", "`behind`"],
        ),
        ("tiers = ['memory']\n[storage.memory]\nwrite = 'behind'", vec!["at once"]),
        ("tiers = ['memory']\ntype = 'filesystem'", vec!["tiers"]),
        (
            "tiers = ['memory', 'team']\n[storage.team]\ntype = 'memory'\nqueue = 10",
            vec!["storage.team.queue", "it says nothing here", "`write = \"behind\"`"],
        ),
        (
            "tiers = ['memory', 'team']\n[storage.team]\ntype = 'memory'\npromote = true",
            vec!["storage.team.promote", "there is no tier below"],
        ),
        (
            "tiers = ['memory', 'team']\n[storage.memory]\nwrite = 'never'\npromote = true",
            vec!["storage.memory.promote", "never written"],
        ),
    ] {
        let error = environment(&format!("[storage]\n{text}")).unwrap_err();
        let shown = format!("{error:#}");
        for part in expected {
            assert!(shown.contains(part), "{text}: {shown} lacks {part}");
        }
        assert!(!shown.contains("secret"), "{shown}");
    }
}
