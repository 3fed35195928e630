//! How the layers are chosen.

use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use memento::Result;
use memento::configuration::Options;
use memento::plugin::{LayerPlugin, Stores, inventory};

use crate::{Breaker, Faults, Guarded, Metrics, Policy, ReadOnly, Retry, SizeLimit, TimeLimit};

/// How long an operation takes at most unless told otherwise.
const LIMIT: Duration = Duration::from_secs(10);

/// The layer of this name.
const fn layer(
    name: &'static str,
    order: u32,
    wrap: fn(&mut Options, Stores) -> Result<Stores>,
) -> LayerPlugin {
    LayerPlugin { name, provided_by: "memento-storage-layers", order, wrap }
}

inventory::submit! { layer("size_limit", 50, size_limit) }
inventory::submit! { layer("faults", 100, faults) }
inventory::submit! { layer("time_limit", 200, time_limit) }
inventory::submit! { layer("breaker", 300, breaker) }
inventory::submit! { layer("retry", 400, retry) }
inventory::submit! { layer("read_only", 900, |_, stores| Ok(guarded(stores, || ReadOnly))) }
inventory::submit! { layer("metrics", 1000, metrics) }

/// Both stores, each behind a policy of its own.
fn guarded<P: Policy + 'static>(stores: Stores, policy: impl Fn() -> P) -> Stores {
    Stores {
        data: Arc::new(Guarded::new(policy(), stores.data)),
        metadata: Arc::new(Guarded::new(policy(), stores.metadata)),
    }
}

fn size_limit(options: &mut Options, stores: Stores) -> Result<Stores> {
    let limit = options.take::<ByteSize>("limit")?.map_or(SizeLimit::LIMIT, |size| size.as_u64());
    Ok(guarded(stores, || SizeLimit::new(limit)))
}

fn faults(options: &mut Options, stores: Stores) -> Result<Stores> {
    let rate = options.take("rate")?.unwrap_or_default();
    let seed = options.take("seed")?.unwrap_or_default();
    Ok(guarded(stores, || Faults::new(rate, seed)))
}

fn time_limit(options: &mut Options, stores: Stores) -> Result<Stores> {
    let limit = options.take_duration("limit")?.unwrap_or(LIMIT);
    Ok(Stores {
        data: Arc::new(TimeLimit::new(limit, stores.data)),
        metadata: Arc::new(TimeLimit::new(limit, stores.metadata)),
    })
}

fn retry(options: &mut Options, stores: Stores) -> Result<Stores> {
    let mut retry = Retry::default();
    if let Some(attempts) = options.take("attempts")? {
        retry = retry.attempts(attempts);
    }
    if let Some(pause) = options.take_duration("first_pause")? {
        retry = retry.first_pause(pause);
    }
    if let Some(pause) = options.take_duration("longest_pause")? {
        retry = retry.longest_pause(pause);
    }
    Ok(guarded(stores, || retry))
}

fn breaker(options: &mut Options, stores: Stores) -> Result<Stores> {
    let failures = options.take("failures")?.unwrap_or(Breaker::FAILURES);
    let period = options.take_duration("period")?.unwrap_or(Breaker::PERIOD);
    Ok(guarded(stores, || Breaker::new(failures, period)))
}

fn metrics(options: &mut Options, stores: Stores) -> Result<Stores> {
    let Stores { data, metadata } = stores;
    let store = options.take("store")?.unwrap_or_else(|| kind_of(&data.location()));
    Ok(Stores {
        data: Arc::new(Guarded::new(Metrics::data(store.clone()), data)),
        metadata: Arc::new(Guarded::new(Metrics::metadata(store), metadata)),
    })
}

/// The kind of store that is at this place: the scheme of a URL, `filesystem` for a path, or else what it calls itself.
fn kind_of(location: &str) -> String {
    match location.split_once("://") {
        Some((scheme, _)) => scheme.to_owned(),
        None if location.contains(['/', '\\']) => "filesystem".to_owned(),
        None => location.to_owned(),
    }
}
