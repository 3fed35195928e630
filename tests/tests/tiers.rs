//! Programs whose results go into a storage behind the calls.

use std::fs;
use std::process::Command;

use memento::{DataStore as _, Digest, Environment, Filter, Name};
use memento_storage_fs::{FileDataStore, Options};

const TIERS: &str = "[storage]\ntiers = ['near', 'far']\n\
                     [storage.near]\ntype = 'filesystem'\npath = 'near'\n\
                     [storage.far]\ntype = 'filesystem'\npath = 'far'\nwrite = 'behind'\n";
const FAR: &str = "[storage]\ntype = 'filesystem'\npath = 'far'\n";

#[test]
fn what_waits_when_a_program_ends_is_written() {
    for end in ["return", "exit"] {
        let folder = tempfile::tempdir().unwrap();
        let (tiers, far) = (folder.path().join("tiers.toml"), folder.path().join("far.toml"));
        fs::write(&tiers, TIERS).unwrap();
        fs::write(&far, FAR).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_behind"));
        let status = program.arg(end).env("MEMENTO_CONFIG", &tiers).status().unwrap();
        assert!(status.success());
        let storage = Environment::load(&far).unwrap().storage("").unwrap();
        let (mementos, _) = storage.list(&Filter::default(), None, 100).unwrap();
        assert_eq!(mementos.len(), 20, "where it ends by {end}");
        let data = FileDataStore::new(&Options::new(folder.path().join("far")));
        for memento in mementos {
            let digest = memento.outcome.digest;
            let content =
                data.get(&Name::of_result(&digest)).unwrap().expect("its result is there");
            assert_eq!(Digest::of(&content), digest);
        }
        assert_eq!(storage.failures(), 0);
    }
}
