//! What each tier is asked, and what came of it.

use std::collections::BTreeMap;

use memento::Environment;
// Nothing else of it is used: it is there because the program depends on it.
use memento_storage_layers as _;
use memento_storage_tiers::{Tier, Tiers};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::behind::behind;
use crate::store::Store;
use crate::{of, runs};

const TIERS: &str = "[storage]\ntiers = ['near', 'far']\nmemory_cache = '0B'\n\
                     [storage.near]\ntype = 'memory'\nmetrics.store = 'near'\n\
                     [storage.far]\ntype = 'filesystem'\npath = 'far'\nmetrics.store = 'far'\n";

/// What `work` made of each counter and tier, data and mementos together; and how many operations were timed.
fn counted(work: impl FnOnce()) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let heard = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let mut counts = BTreeMap::new();
    for (key, _, _, value) in heard.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        let Some(metric) = key.name().strip_prefix("memento_store_") else { continue };
        let store = key.labels().find(|label| label.key() == "store").unwrap().value();
        let count = match value {
            DebugValue::Counter(count) => count,
            DebugValue::Histogram(times) => times.len() as u64,
            DebugValue::Gauge(_) => panic!("there are none"),
        };
        *counts.entry(format!("{store} {metric}")).or_default() += count;
    }
    counts
}

#[test]
fn each_tier_counts_hits_misses_errors_bytes_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    std::fs::write(&file, TIERS).unwrap();
    let fresh = || Environment::load(&file).unwrap();
    assert_eq!(runs(&fresh()), 10);
    // The first tier is empty again: each of ten records and of five large results is missed there, and found below.
    let counts = counted(|| {
        let environment = fresh();
        assert_eq!((runs(&environment), runs(&environment)), (0, 0));
    });
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    assert_eq!((count("near misses_total"), count("far hits_total")), (10 + 5, 10 + 5));
    assert_eq!((count("near errors_total"), count("far errors_total")), (0, 0));
    // In the second round; four of the results are streamed, and were so in the first one when they had been copied up.
    assert_eq!(count("near hits_total"), 10 + 5 + 4);
    assert!(count("far read_bytes_total") > 500_000, "{counts:?}");
    assert!(count("near written_bytes_total") >= 500_000, "what was found is copied up");
    assert_eq!(count("far written_bytes_total"), 0);
    for tier in ["near", "far"] {
        let operations = count(&format!("{tier} operations_total"));
        assert_eq!(operations, count(&format!("{tier} operation_duration_seconds")));
    }
}

/// What `work` made of the counters of tiers, by name and labels.
fn counted_of_tiers(work: impl FnOnce()) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let heard = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let mut counts = BTreeMap::new();
    for (key, unit, description, value) in heard.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        assert!(unit.is_some() && description.is_some(), "{key:?} says what it is");
        let labels: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
        let DebugValue::Counter(count) = value else { panic!("{key:?} is no counter") };
        counts.insert(format!("{} {}", key.name(), labels.join(" ")), count);
    }
    counts
}

#[test]
fn what_fails_and_what_is_lost_is_counted_for_each_tier() {
    let (near, far) = (Store::default(), Store::default());
    let mut failures = Vec::new();
    let counts = counted_of_tiers(|| {
        let all = Tiers::new([Tier::new("near", near.stores()), behind(&far).queue(4)]);
        let environment = of(all.clone().into_stores());
        far.set_away(true);
        assert_eq!(runs(&environment), 10);
        environment.flush().unwrap_err();
        failures = all.failures();
    });
    let count = |name: &str| counts[&format!("memento_tier_{name}")];
    assert_eq!(failures[0], 0);
    assert_eq!(
        (count("failures_total near call"), count("failures_total far call")),
        (0, failures[1])
    );
    assert!(failures[1] >= 10, "each look-up has failed");
    assert_eq!(count("failures_total near behind"), 0);
    // Each attempt to write asks the tier once, and so does each look-up.
    assert_eq!(count("failures_total far behind") + failures[1], far.failures());
    // The code of each of the two functions is put with its results: 12 mementos, and 5 contents.
    assert_eq!((count("lost_total near"), count("lost_total far")), (0, 17));
}

#[test]
fn a_tier_that_fails_counts_each_operation_as_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    std::fs::write(&file, [TIERS, "faults.rate = 1.0\n"].concat()).unwrap();
    let counts = counted(|| {
        let environment = Environment::load(&file).unwrap();
        assert_eq!((runs(&environment), runs(&environment)), (10, 0));
    });
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let (operations, errors) = (count("far operations_total"), count("far errors_total"));
    assert_eq!((errors, count("near errors_total")), (operations, 0));
    assert!(errors >= 20, "each look-up and each memento: {errors}");
    assert_eq!((count("far hits_total"), count("far misses_total")), (0, 0));
    assert_eq!(count("far written_bytes_total"), 0);
}
