//! Backends in order, and writes behind the call.

use std::sync::mpsc::channel;
use std::time::Duration;

use memento::{Digest, Environment, LocalRunner, Name, Storage};
use memento_storage_tiers::{Tier, Tiers, Writes};

use super::redis;
use crate::asked::Asked;
use crate::{environment, in_folder, runs};

fn over(tiers: impl IntoIterator<Item = Tier>) -> Environment {
    let storage = Storage::from(Tiers::new(tiers).into_stores()).memory_cache(0);
    Environment::new(storage, LocalRunner::new())
}

fn near(store: &Asked) -> Tier {
    Tier::new("near", store.stores())
}

fn far(store: &Asked) -> Tier {
    Tier::new("far", store.stores())
}

/// Backends are asked in their order, the earlier ones first: where those have everything, later ones are asked
/// nothing, and what only a later one has is copied up into them.
#[test]
fn backends_are_asked_in_order_and_what_is_found_is_copied_up() {
    let (one, two) = (Asked::default(), Asked::default());
    assert_eq!(runs(&over([near(&one), far(&two)])), 6);
    for (first, second) in [(&one, &two), (&two, &one)] {
        first.forget();
        second.forget();
        assert_eq!(runs(&over([near(first), far(second)])), 0);
        assert!(first.count("") > 0);
        assert_eq!(second.count(""), 0, "{second:?}");
    }
    let empty = Asked::default();
    one.forget();
    assert_eq!(runs(&over([near(&empty), far(&one)])), 0);
    assert!(empty.count("get") > 0 && one.count("get") > 0, "each look-up went through both");
    assert!(empty.count("put") > 0 && one.count("put") == 0);
    one.forget();
    assert_eq!(runs(&over([near(&empty), far(&one)])), 0);
    assert_eq!(one.count(""), 0, "the first one has it now");
}

#[test]
fn the_order_of_backends_is_that_of_the_file() {
    let team = redis("order");
    let (_folder, alone) = environment(&team).unwrap();
    assert_eq!(runs(&alone), 6);
    let tiers = format!(
        "tiers = ['near', 'team']\n[storage.near]\ntype = 'filesystem'\npath = 'near'\n\
         [storage.team]\n{team}"
    );
    let (folder, tiered) = environment(&tiers).unwrap();
    let tiers = tiered.storage("").unwrap().stores().data.tiers();
    assert_eq!(tiers.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), ["near", "team"]);
    assert_eq!(runs(&tiered), 0);
    let near = in_folder(&folder, "type = 'filesystem'\npath = 'near'").unwrap();
    assert_eq!(runs(&near), 0, "the first one has it now");
}

/// Writes are made behind the call: it returns while the backend takes nothing. Who flushes waits for them.
#[test]
fn writes_are_made_behind_the_call() {
    let (one, two) = (Asked::default(), Asked::default());
    let environment = over([near(&one), far(&two).writes(Writes::Behind)]);
    two.closed(|| {
        let (sender, receiver) = channel();
        let environment = environment.clone();
        std::thread::spawn(move || sender.send(runs(&environment)));
        // A call that waited for the far one would wait for ever.
        assert_eq!(receiver.recv_timeout(Duration::from_mins(1)), Ok(6), "nobody waits");
        assert_eq!(two.stores().data.info().unwrap().objects, 0);
    });
    environment.flush().unwrap();
    let alone = Environment::new(Storage::from(two.stores()).memory_cache(0), LocalRunner::new());
    assert_eq!(runs(&alone), 0);
}

/// What was put twice is sent once: a content has one name, and is looked for where it is to go.
#[test]
fn what_is_put_twice_behind_the_call_is_written_once() {
    let (one, two) = (Asked::default(), Asked::default());
    let stores = Tiers::new([near(&one), far(&two).writes(Writes::Behind)]).into_stores();
    let content = vec![7; 300_000];
    let name = Name::of_result(&Digest::of(&content));
    for _ in 0..3 {
        stores.data.put(&name, &content).unwrap();
    }
    stores.data.flush().unwrap();
    assert_eq!(two.count("put"), 1, "{two:?}");
    assert_eq!(two.stores().data.get(&name).unwrap().unwrap(), content);
}

#[test]
fn what_cannot_be_written_behind_the_call_is_told() {
    let (one, two) = (Asked::default(), Asked::default());
    let environment = over([near(&one), far(&two).writes(Writes::Behind)]);
    two.set_away(true);
    assert_eq!(runs(&environment), 6);
    let error = environment.flush().unwrap_err().to_string();
    assert!(error.contains("write results behind the calls"), "{error}");
    two.set_away(false);
    environment.flush().unwrap();
    assert_eq!(runs(&environment), 0, "it is in the tier above");
}
