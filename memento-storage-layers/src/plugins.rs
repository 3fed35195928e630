//! How the layers are chosen.

use std::sync::Arc;
use std::time::Duration;

use memento::configuration::Options;
use memento::plugin::{LayerPlugin, Stores, inventory};
use memento::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{
    Breaker, Compression, Encryption, Eviction, Faults, Guarded, Keys, Metrics, Policy, ReadOnly,
    Retry, Signing, SizeLimit, TimeLimit, Transform, Transformed,
};

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
inventory::submit! { layer("signing", 500, signing) }
inventory::submit! { layer("encryption", 600, encryption) }
inventory::submit! { layer("compression", 700, compression) }
// Inside of what puts and drops by itself.
inventory::submit! { layer("read_only", 750, |_, stores| Ok(guarded(stores, || ReadOnly))) }
inventory::submit! { layer("eviction", 800, eviction) }
inventory::submit! { layer("metrics", 1000, metrics) }

/// Both stores, each behind a policy of its own.
fn guarded<P: Policy + 'static>(stores: Stores, policy: impl Fn() -> P) -> Stores {
    Stores {
        data: Arc::new(Guarded::new(policy(), stores.data)),
        metadata: Arc::new(Guarded::new(policy(), stores.metadata)),
    }
}

/// Both stores, with a transform of what is in them, which the layer of this name is.
fn transformed<T: Transform + Clone>(
    layer: &'static str,
    stores: Stores,
    transform: &T,
) -> Result<Stores> {
    Ok(Stores {
        metadata: Arc::new(Transformed::new(transform.clone(), Arc::clone(&stores.metadata))),
        ..transformed_data(layer, stores, transform.clone())?
    })
}

/// The same of contents alone. Tiers compare what they copy from one to the other with its digest, and would take what
/// is transformed around them for damaged.
fn transformed_data<T: Transform>(
    layer: &'static str,
    stores: Stores,
    transform: T,
) -> Result<Stores> {
    if let Some((name, _)) = stores.data.tiers().first() {
        return Err(Error::new(ErrorKind::Configuration, "put a layer around tiers")
            .with("layer", layer)
            .because("what changes contents on their way stands around each tier by itself")
            .help(format!(
                "write it for each tier that is to have it, as in `[storage.{name}.{layer}]`"
            )));
    }
    Ok(Stores { data: Arc::new(Transformed::new(transform, stores.data)), ..stores })
}

/// The value of an option that is a size of which something has to fit.
fn take_most(options: &mut Options, name: &str) -> Result<Option<u64>> {
    match options.take_size(name)? {
        Some(0) => Err(options.invalid(name, "nothing fits in it; it has to be 1 byte at least")),
        size => Ok(size),
    }
}

fn size_limit(options: &mut Options, stores: Stores) -> Result<Stores> {
    let limit = take_most(options, "limit")?.unwrap_or(SizeLimit::LIMIT);
    Ok(guarded(stores, || SizeLimit::new(limit)))
}

fn faults(options: &mut Options, stores: Stores) -> Result<Stores> {
    let rate = options.take("rate")?.unwrap_or_default();
    if !(0.0..=1.0).contains(&rate) {
        return Err(options.invalid("rate", "it is a part of all operations, from 0 to 1"));
    }
    let seed = options.take("seed")?.unwrap_or_default();
    Ok(guarded(stores, || Faults::new(rate, seed)))
}

fn time_limit(options: &mut Options, stores: Stores) -> Result<Stores> {
    let limit = options.take_limit("limit")?.unwrap_or(LIMIT);
    let Stores { data, metadata } = stores;
    let (of_data, of_metadata) = (data.location(), metadata.location());
    Ok(Stores {
        data: Arc::new(TimeLimit::new(limit, data).named(&of_data)),
        metadata: Arc::new(TimeLimit::new(limit, metadata).named(&of_metadata)),
    })
}

fn retry(options: &mut Options, stores: Stores) -> Result<Stores> {
    let mut retry = Retry::default();
    if let Some(attempts) = options.take_count("attempts")? {
        retry = retry.attempts(attempts);
    }
    let longest = options.take_duration("longest_pause")?.unwrap_or(Retry::LONGEST_PAUSE);
    retry = retry.longest_pause(longest);
    if let Some(pause) = options.take_duration("first_pause")? {
        if pause > longest {
            let wrong = format!("it is longer than `longest_pause`, which is {longest:?}");
            return Err(options.invalid("first_pause", wrong));
        }
        retry = retry.first_pause(pause);
    }
    if let Some(names) = options.take::<Vec<String>>("errors")? {
        retry = retry.errors(retryable(options, &names)?);
    }
    Ok(guarded(stores, || retry.clone()))
}

/// The kinds of errors that are tried again, by their names.
fn retryable(options: &Options, names: &[String]) -> Result<Vec<ErrorKind>> {
    let wrong = |wrong: String| {
        let help = format!("errors that may be none the next time are {}", Retry::kinds());
        options.invalid("errors", wrong).help(help)
    };
    if names.is_empty() {
        return Err(wrong("nothing would be tried again".to_owned()));
    }
    let kind = |name: &String| {
        Retry::kind(name)
            .ok_or_else(|| wrong(format!("to try `{name}` again is of no use, or there is none")))
    };
    names.iter().map(kind).collect()
}

fn breaker(options: &mut Options, stores: Stores) -> Result<Stores> {
    let failures = options.take_count("failures")?.unwrap_or(Breaker::FAILURES);
    let period = options.take_limit("period")?.unwrap_or(Breaker::PERIOD);
    Ok(guarded(stores, || Breaker::new(failures, period)))
}

fn signing(options: &mut Options, stores: Stores) -> Result<Stores> {
    transformed("signing", stores, &Signing::new(keys("signing", options)?))
}

fn encryption(options: &mut Options, stores: Stores) -> Result<Stores> {
    transformed("encryption", stores, &Encryption::new(keys("encryption", options)?))
}

/// Around data alone: records are short.
fn compression(options: &mut Options, stores: Stores) -> Result<Stores> {
    let mut compression = Compression::default();
    if let Some(level) = options.take("level")? {
        if !(1..=22).contains(&level) {
            let wrong = "there are the levels from 1 to 22";
            return Err(options.invalid("level", wrong));
        }
        compression = compression.level(level);
    }
    if let Some(size) = options.take_size("minimum")? {
        compression = compression.minimum(usize::try_from(size).unwrap_or(usize::MAX));
    }
    transformed_data("compression", stores, compression)
}

/// The keys of a layer: of `key`, a text or several, or of `key_file`, a file with a key in each line. Space around a
/// key is no part of it either way: the text of a variable may end in a line feed, as a line does.
fn keys(layer: &str, options: &mut Options) -> Result<Keys> {
    /// Nothing of a value is in an error.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(String),
        Several(Vec<String>),
        Other(IgnoredAny),
    }

    let given = options.take::<Given>("key")?;
    let file = options.take_path("key_file")?;
    let set_by = |error: Error, name| error.with("set by", options.origin_of(name));
    match (given, file) {
        (Some(_), Some(_)) => {
            Err(options.invalid("key", "there is a `key_file`, too").help("set one of the two"))
        }
        (None, None) => Err(Error::new(ErrorKind::Configuration, "find the keys of a layer")
            .with("layer", layer)
            .help("set `key` to an environment variable, as in `${NAME}`, or set `key_file`")),
        (None, Some(file)) => Keys::from_file(&file).map_err(|error| set_by(error, "key_file")),
        (Some(Given::One(text)), None) => {
            Keys::new([text.trim_ascii()]).map_err(|error| set_by(error, "key"))
        }
        (Some(Given::Several(texts)), None) => {
            let texts = texts.iter().map(|text| text.trim_ascii());
            Keys::new(texts).map_err(|error| set_by(error, "key"))
        }
        (Some(Given::Other(_)), None) => {
            Err(options.invalid("key", "it is neither a text nor a list of texts"))
        }
    }
}

fn eviction(options: &mut Options, stores: Stores) -> Result<Stores> {
    let size = take_most(options, "max_size")?;
    let age = options.take_limit("max_age")?;
    if size.is_none() && age.is_none() {
        return Err(Error::new(ErrorKind::Configuration, "find the limits of a storage")
            .with("layer", "eviction")
            .help("set `max_size`, as in \"10 GB\", or `max_age`, as in \"30 days\", or both"));
    }
    let mut eviction = Eviction::new().order(options.take("order")?.unwrap_or_default());
    if let Some(bytes) = size {
        eviction = eviction.max_size(bytes);
    }
    if let Some(age) = age {
        eviction = eviction.max_age(age);
    }
    let pinned = options.take::<Vec<String>>("pinned")?.unwrap_or_default();
    Ok(pinned.into_iter().fold(eviction, Eviction::pin).around(stores))
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
