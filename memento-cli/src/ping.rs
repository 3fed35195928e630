//! `memento ping`: does a storage answer, and what can it do.

use std::time::{Duration, Instant};

use clap::Args;
use memento::plugin::Stores;
use memento::{Capabilities, DataStore, Error, Filter, MetadataStore, Result, StoreInfo};
use serde::Serialize;

use crate::output::{self, Output};
use crate::storage::{Access, Choice, Leaf, data_leaves, metadata_leaves};

const DATA: &str = "data";

/// Ask each store of a storage whether it answers, and how much is in it
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Other storages than the one of the configuration: URLs, folders, clusters, types
    #[arg(value_name = "STORAGE")]
    storages: Vec<String>,
}

/// A store that is asked.
#[derive(Serialize)]
struct Asked<'a> {
    store: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'a str>,
    location: String,
    capabilities: Capabilities,
}

/// What it answered.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    asked: Asked<'a>,
    answers: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(flatten)]
    info: Option<StoreInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Arguments {
    pub(crate) fn names_storages(&self) -> bool {
        !self.storages.is_empty()
    }

    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        if self.storages.is_empty() {
            return ping(&choice.stores(Access::Read)?, output);
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

fn ping(stores: &Stores, output: &mut Output) -> Result<()> {
    let (data, metadata) = (data_leaves(&stores.data), metadata_leaves(&stores.metadata));
    data.iter().try_for_each(|leaf| ping_data(leaf, output))?;
    metadata.iter().try_for_each(|leaf| ping_metadata(leaf, output))
}

fn ping_data(Leaf { store: data, tier }: &Leaf<dyn DataStore>, output: &mut Output) -> Result<()> {
    let tier = tier.as_deref();
    let answered = timed(|| data.ping());
    let answered = answered.and_then(|took| Ok((took, Some(data.info()?))));
    Asked { store: DATA, tier, location: data.location(), capabilities: data.capabilities() }
        .tell(answered, output)
}

fn ping_metadata(
    Leaf { store: metadata, tier }: &Leaf<dyn MetadataStore>,
    output: &mut Output,
) -> Result<()> {
    let tier = tier.as_deref();
    let answered = timed(|| metadata.list(&Filter::default(), None, 1).map(drop));
    let answered = answered.map(|took| (took, None));
    let (location, capabilities) = (metadata.location(), metadata.capabilities());
    Asked { store: "metadata", tier, location, capabilities }.tell(answered, output)
}

/// How long it takes.
fn timed(ask: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let began = Instant::now();
    ask().map(|()| began.elapsed())
}

impl Asked<'_> {
    /// What it can do, in the words of [`Capabilities`]: of a metadata store, there are two things to say.
    fn able(&self) -> String {
        let able = self.capabilities;
        let of_both = [("writable", able.writable), ("conditional", able.conditional)];
        let of_data = [
            ("metadata", able.metadata),
            ("modified", able.modified),
            ("nested", able.nested),
            ("streams", able.streams),
            ("url", able.url),
        ];
        let of_data = of_data.into_iter().filter(|_| self.store == DATA);
        let all = of_both.into_iter().chain(of_data);
        let able: Vec<_> = all.filter(|(_, can)| *can).map(|(name, _)| name).collect();
        if able.is_empty() { "reads only".to_owned() } else { able.join(", ") }
    }

    fn tell(
        self,
        answered: Result<(Duration, Option<StoreInfo>), Error>,
        output: &mut Output,
    ) -> Result<()> {
        let end = match &answered {
            Ok((took, info)) => {
                let held = info.as_ref().map_or_else(String::new, held);
                format!("answers in {:.1} ms{held}", took.as_secs_f64() * 1e3)
            }
            Err(_) => "does not answer".to_owned(),
        };
        let tier = self.tier.map_or_else(String::new, |tier| format!("{tier}  "));
        let (store, location, able) = (self.store, self.location.clone(), self.able());
        let answer = Answer {
            asked: self,
            answers: answered.is_ok(),
            seconds: answered.as_ref().ok().map(|(took, _)| took.as_secs_f64()),
            info: answered.as_ref().ok().and_then(|(_, info)| *info),
            error: answered.as_ref().err().map(ToString::to_string),
        };
        output.say(format_args!("{store:<8}  {tier}{location}  {end}  ({able})"), &answer)?;
        if let Err(error) = answered {
            output.problem(&error);
        }
        Ok(())
    }
}

fn held(info: &StoreInfo) -> String {
    format!(", {} of {}", output::count(info.objects, "object"), output::size(info.bytes))
}
