//! `memento ping`: does a storage answer, what can it do, and does it keep what it is given.

mod probe;

use std::time::Instant;

use clap::Args;
use memento::plugin::Stores;
use memento::storage::{Capabilities, DataStore, Filter, MetadataStore, StoreInfo};
use memento::{Error, Result};
use serde::Serialize;

use crate::output::{self, Output};
use crate::storage::{Access, Choice, Leaf, data_leaves, metadata_leaves};

const DATA: &str = "data";

/// Ask each store of a storage whether it answers, how much is in it, and whether more can be put
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Other storages than the one of the configuration: URLs, folders, clusters, types
    #[arg(value_name = "STORAGE")]
    storages: Vec<String>,
    /// Write nothing: that a store is full, or may only be read, is not seen then
    #[arg(long)]
    no_write: bool,
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

/// What came of it.
#[derive(Default, Serialize)]
struct Found {
    answers: bool,
    /// How long it takes to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(flatten)]
    info: Option<StoreInfo>,
    /// How many objects were set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<u64>,
    /// Whether it keeps something, where that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    writes: Option<bool>,
    /// How long it takes to put and to remove.
    #[serde(skip_serializing_if = "Option::is_none")]
    write_seconds: Option<f64>,
}

/// What a program is told.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    asked: &'a Asked<'a>,
    #[serde(flatten)]
    found: &'a Found,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Arguments {
    pub(crate) fn names_storages(&self) -> bool {
        !self.storages.is_empty()
    }

    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        if self.storages.is_empty() {
            return self.ping(&choice.stores(Access::Read)?, output);
        }
        for storage in &self.storages {
            match choice.open(storage, Access::Read) {
                Ok(stores) => self.ping(&stores, output)?,
                Err(error) => output.problem(&error),
            }
        }
        Ok(())
    }

    fn ping(&self, stores: &Stores, output: &mut Output) -> Result<()> {
        let (data, metadata) = (data_leaves(&stores.data), metadata_leaves(&stores.metadata));
        data.iter().try_for_each(|leaf| self.ping_data(leaf, output))?;
        metadata.iter().try_for_each(|leaf| self.ping_metadata(leaf, output))
    }

    fn ping_data(&self, leaf: &Leaf<dyn DataStore>, output: &mut Output) -> Result<()> {
        let (data, tier) = (&*leaf.store, leaf.tier.as_deref());
        let (location, capabilities) = (data.location(), data.capabilities());
        let ask = || {
            let seconds = Some(timed(|| data.ping())?);
            let (info, damaged) = (Some(data.info()?), Some(probe::damaged(data)?));
            Ok(Found { answers: true, seconds, info, damaged, ..Found::default() })
        };
        let asked = Asked { store: DATA, tier, location, capabilities };
        self.tell(&asked, ask(), || probe::write_data(data), output)
    }

    fn ping_metadata(&self, leaf: &Leaf<dyn MetadataStore>, output: &mut Output) -> Result<()> {
        let (metadata, tier) = (&*leaf.store, leaf.tier.as_deref());
        let (location, capabilities) = (metadata.location(), metadata.capabilities());
        let ask = || {
            let seconds = timed(|| metadata.list(&Filter::default(), None, 1).map(drop))?;
            Ok(Found { answers: true, seconds: Some(seconds), ..Found::default() })
        };
        let asked = Asked { store: "metadata", tier, location, capabilities };
        self.tell(&asked, ask(), || probe::write_metadata(metadata), output)
    }

    /// Lets `write` try a store that answers and is open for it, and tells what came of all.
    fn tell(
        &self,
        asked: &Asked<'_>,
        answered: Result<Found>,
        write: impl FnOnce() -> Result<()>,
        output: &mut Output,
    ) -> Result<()> {
        match answered {
            Ok(mut found) if asked.capabilities.writable && !self.no_write => {
                let written = found.write(write);
                asked.tell(&found, written, output)
            }
            Ok(found) => asked.tell(&found, Ok(()), output),
            Err(error) => asked.tell(&Found::default(), Err(error), output),
        }
    }
}

/// How many seconds it takes.
fn timed(ask: impl FnOnce() -> Result<()>) -> Result<f64> {
    let began = Instant::now();
    ask().map(|()| began.elapsed().as_secs_f64())
}

impl Found {
    fn write(&mut self, write: impl FnOnce() -> Result<()>) -> Result<()> {
        let written = timed(write);
        self.writes = Some(written.is_ok());
        self.write_seconds = written.as_ref().ok().copied();
        written.map(drop)
    }

    /// What people read of it.
    fn text(&self) -> String {
        let Some(seconds) = self.seconds else { return "does not answer".to_owned() };
        let written = match (self.write_seconds, self.writes) {
            (Some(seconds), _) => format!(", writes in {:.1} ms", seconds * 1e3),
            (None, Some(_)) => ", keeps nothing".to_owned(),
            (None, None) => String::new(),
        };
        let held = self.info.map_or_else(String::new, |info| {
            format!(", {} of {}", output::count(info.objects, "object"), output::size(info.bytes))
        });
        let used = self.info.and_then(|info| info.used);
        let used =
            used.map_or_else(String::new, |used| format!(", {} used in all", output::size(used)));
        let damaged = self.damaged.filter(|damaged| *damaged > 0);
        let damaged =
            damaged.map_or_else(String::new, |damaged| format!(", {damaged} of them damaged"));
        format!("answers in {:.1} ms{written}{held}{damaged}{used}", seconds * 1e3)
    }
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

    fn tell(&self, found: &Found, done: Result<(), Error>, output: &mut Output) -> Result<()> {
        let tier = self.tier.map_or_else(String::new, |tier| format!("{tier}  "));
        let (store, location, able) = (self.store, &self.location, self.able());
        let error = done.as_ref().err().map(ToString::to_string);
        let answer = Answer { asked: self, found, error };
        let text = found.text();
        output.say(format_args!("{store:<8}  {tier}{location}  {text}  ({able})"), &answer)?;
        if let Err(error) = done {
            output.problem(&error);
        }
        Ok(())
    }
}
