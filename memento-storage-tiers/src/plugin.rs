//! How tiers are chosen.

use std::collections::BTreeSet;

use memento::configuration::Options;
use memento::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores, inventory};
use memento::{Error, ErrorKind, Result};

use crate::{Tier, Tiers, Writes};

inventory::submit! {
    StoragePlugin {
        name: "tiers",
        provided_by: "memento-storage-tiers",
        schemes: &[],
        is_default: false,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open,
    }
}

fn open(options: &mut Options) -> Result<Stores> {
    let names: Vec<String> = options.take("tiers")?.unwrap_or_default();
    let mut seen = BTreeSet::new();
    let again = names.iter().find(|name| !seen.insert(*name));
    if names.is_empty() || again.is_some() {
        let twice = |name: &String| format!("`{}` is there twice", shown(name));
        let source = again.map_or_else(|| "there are none".to_owned(), twice);
        return Err(Error::new(ErrorKind::Configuration, "understand the tiers of a storage")
            .with("option", "tiers")
            .with("set by", options.origin_of("tiers"))
            .because(source)
            .help("name the storages, the nearest first: `tiers = [\"filesystem\", \"redis://host\"]`"));
    }
    let count = names.len();
    let open = |(n, name): (usize, &String)| open_tier(options, name, n + 1 == count);
    let tiers = names.iter().enumerate().map(open).collect::<Result<Vec<Tier>>>()?;
    if tiers[0].writes == Writes::Behind {
        return Err(Error::new(ErrorKind::Configuration, "understand the tiers of a storage")
            .with("tier", &names[0])
            .because("the first tier is written at once, and its `write` is \"behind\"")
            .help("write \"through\" or \"never\", or put another tier first"));
    }
    Ok(Tiers::new(tiers).into_stores())
}

/// The tier of this name: what its table says, or else a type or a URL.
fn open_tier(options: &mut Options, name: &str, is_last: bool) -> Result<Tier> {
    let mut own = options.take_listed(name, "tiers")?;
    let writes = own.take("write")?.unwrap_or_default();
    let promotes = own.take("promote")?;
    let queue = own.take_count("queue")?;
    if queue.is_some() && writes != Writes::Behind {
        return Err(own
            .invalid("queue", "it says nothing here: no writes wait for this tier")
            .help("say `write = \"behind\"`, too, or leave it out"));
    }
    if promotes == Some(true) && (is_last || writes == Writes::Never) {
        let why = if is_last { "there is no tier below" } else { "this tier is never written" };
        return Err(own
            .invalid("promote", format!("nothing can be copied up into it: {why}"))
            .help("leave it out"));
    }
    let stores = Stores::open(&mut own).map_err(|error| error.with("tier", shown(name)))?;
    own.finish()?;
    let tier = Tier::new(shown(name), stores).writes(writes).promotes(promotes.unwrap_or(true));
    Ok(match queue {
        Some(queue) => tier.queue(queue),
        None => tier,
    })
}

/// What stands for a tier in messages: of a URL, in which there may be a password, the scheme.
fn shown(name: &str) -> &str {
    name.split_once(':').map_or(name, |(scheme, _)| scheme)
}
