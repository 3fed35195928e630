//! `memento ping`: does a storage answer, and what can it do.

use std::time::{Duration, Instant};

use clap::Args;
use memento::{Capabilities, Error, Filter, Result, StoreInfo};
use serde::Serialize;

use crate::output::{self, Output};
use crate::storage::{Access, Choice};

/// Ask each store of a storage whether it answers, and how much is in it
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Other storages than the one of the configuration: URLs, folders, clusters, types
    #[arg(value_name = "STORAGE")]
    storages: Vec<String>,
}

/// What a store answered.
#[derive(Serialize)]
struct Answer {
    store: &'static str,
    location: String,
    capabilities: Capabilities,
    answers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(flatten)]
    info: Option<StoreInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Arguments {
    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        if self.storages.is_empty() {
            return ping(&choice.stores(Access::Write)?, output);
        }
        for storage in &self.storages {
            match choice.open(storage, Access::Read) {
                Ok(stores) => ping(&stores, output)?,
                Err(error) => output.problem(&error),
            }
        }
        Ok(())
    }
}

fn ping(stores: &memento::plugin::Stores, output: &mut Output) -> Result<()> {
    let memento::plugin::Stores { data, metadata } = stores;
    let answered = timed(|| data.ping());
    let answered = answered.and_then(|took| Ok((took, Some(data.info()?))));
    tell("data", data.location(), data.capabilities(), answered, output)?;
    let answered = timed(|| metadata.list(&Filter::default(), None, 1).map(drop));
    let answered = answered.map(|took| (took, None));
    tell("metadata", metadata.location(), metadata.capabilities(), answered, output)
}

/// How long it takes.
fn timed(ask: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let began = Instant::now();
    ask().map(|()| began.elapsed())
}

fn tell(
    store: &'static str,
    location: String,
    capabilities: Capabilities,
    answered: Result<(Duration, Option<StoreInfo>), Error>,
    output: &mut Output,
) -> Result<()> {
    let (end, seconds, info) = match &answered {
        Ok((took, info)) => {
            let info = info.map(|info| (info, held(&info)));
            let end = format!("answers in {:.1} ms", took.as_secs_f64() * 1e3);
            let end = end + info.as_ref().map_or("", |(_, held)| held);
            (end, Some(took.as_secs_f64()), info.map(|(info, _)| info))
        }
        Err(_) => ("does not answer".to_owned(), None, None),
    };
    let error = answered.as_ref().err().map(ToString::to_string);
    let line = format!("{store:<8}  {location}  {end}  ({})", able(capabilities));
    let answer =
        Answer { store, location, capabilities, answers: error.is_none(), seconds, info, error };
    output.say(format_args!("{line}"), &answer)?;
    if let Err(error) = answered {
        output.problem(&error);
    }
    Ok(())
}

fn held(info: &StoreInfo) -> String {
    format!(", {} of {}", output::count(info.objects, "object"), output::size(info.bytes))
}

/// What a store can do, in the words of [`Capabilities`].
fn able(capabilities: Capabilities) -> String {
    let Capabilities { writable, conditional, metadata, modified, nested, streams, url, .. } =
        capabilities;
    let all = [
        ("writable", writable),
        ("conditional", conditional),
        ("metadata", metadata),
        ("modified", modified),
        ("nested", nested),
        ("streams", streams),
        ("url", url),
    ];
    let able: Vec<_> = all.into_iter().filter(|(_, can)| *can).map(|(name, _)| name).collect();
    if able.is_empty() { "reads only".to_owned() } else { able.join(", ") }
}
