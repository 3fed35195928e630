//! A table of options that is read by taking out what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use serde::de::DeserializeOwned;

use super::Origin;
use crate::{Error, ErrorKind, Result};

/// A time of an option is no longer than this: a thousand years.
const LONGEST: Duration = Duration::from_hours(24 * 365 * 1000);

/// Options for something that a configuration chooses: a storage, a runner.
///
/// A plugin takes the options that it knows by name and type; what nobody has taken in the end is reported with its
/// place and the names that could have stood there. So the code that reads the options is the list of them.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The way to this table from the root of the configuration: `clusters.prices.storage`.
    path: String,
    origin: Origin,
    settings: BTreeMap<String, Setting>,
    /// Names that were asked for, whether set or not, with where they were set.
    known: BTreeMap<String, Option<Origin>>,
    /// Names that could have been set, which errors list, too. What is set and not taken is unknown all the same.
    possible: &'static [&'static str],
}

/// One option.
#[derive(Clone)]
pub(super) enum Setting {
    Value(toml::Value, Origin),
    Table(Options),
}

impl Setting {
    fn origin(&self) -> &Origin {
        match self {
            Self::Value(_, origin) => origin,
            Self::Table(options) => &options.origin,
        }
    }
}

/// Without values: there may be passwords among them.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_, origin) => write!(f, "set by {origin}"),
            Self::Table(options) => options.fmt(f),
        }
    }
}

impl Options {
    /// No options, for a program that sets them itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option, as a configuration file would.
    pub fn with(mut self, name: &str, value: impl Into<toml::Value>) -> Self {
        self.set(name, Setting::Value(value.into(), Origin::Program));
        self
    }

    /// An empty table at `path`.
    pub(super) fn table(path: String, origin: Origin) -> Self {
        Self { path, origin, ..Self::default() }
    }

    pub(super) fn set(&mut self, name: &str, setting: Setting) {
        self.settings.insert(name.to_owned(), setting);
    }

    /// Drops what a file set, but for options of these names.
    pub(super) fn retain_of_file(&mut self, names: &[&str]) {
        self.settings.retain(|name, setting| {
            names.contains(&&**name) || !matches!(setting.origin(), Origin::File(..))
        });
    }

    /// The table called `name`, made if there is none; `None` where a value is in its place.
    pub(super) fn table_mut(&mut self, name: &str, origin: &Origin) -> Option<&mut Options> {
        let path = self.path_of(name);
        let setting = self.settings.entry(name.to_owned());
        match setting.or_insert_with(|| Setting::Table(Self::table(path, origin.clone()))) {
            Setting::Table(options) => Some(options),
            Setting::Value(..) => None,
        }
    }

    /// The way to `name` from the root of the configuration.
    pub(crate) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The names of the options that are set.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.settings.keys().cloned().collect()
    }

    /// Whether an option is set.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.settings.contains_key(name)
    }

    /// Whether an option is set that nobody has taken.
    pub(crate) fn is_left(&self, name: &str) -> bool {
        self.is_set(name) && !self.known.contains_key(name)
    }

    /// Lists these names in errors about unknown options, too.
    pub(crate) fn offer(&mut self, names: &'static [&'static str]) {
        self.possible = names;
    }

    /// Where an option is set, for errors about its value.
    pub fn origin_of(&self, name: &str) -> String {
        let taken = self.known.get(name).cloned().flatten();
        let origin =
            taken.or_else(|| self.settings.get(name).map(|setting| setting.origin().clone()));
        origin.map_or_else(|| "default".to_owned(), |origin| origin.to_string())
    }

    /// What is `wrong` with the value of an option, as an error of the kind [`ErrorKind::Configuration`]; it names the
    /// place.
    pub fn invalid(
        &self,
        name: &str,
        wrong: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error::new(ErrorKind::Configuration, "understand an option")
            .with("option", self.path_of(name))
            .with("set by", self.origin_of(name))
            .because(wrong)
    }

    /// The value of an option, or `None` where it is not set. What has been taken can be taken again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the value is not a `T`; it names the place.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>> {
        self.note(name);
        self.look(name)
    }

    /// The same, and nobody has taken it: it is unknown unless somebody else does.
    pub(crate) fn look<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        match self.settings.get(name) {
            None => Ok(None),
            Some(Setting::Value(value, _)) => match value.clone().try_into() {
                Ok(value) => Ok(Some(value)),
                Err(error) => Err(self.invalid(name, in_words(error.message()))),
            },
            Some(Setting::Table(_)) => {
                Err(self.invalid(name, "it is a table, and a value is expected"))
            }
        }
    }

    /// The value of an option that is a number of things of which there has to be one, such as threads or attempts.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take), and where it is 0 or less.
    pub fn take_count<T>(&mut self, name: &str) -> Result<Option<T>>
    where
        T: DeserializeOwned + From<u8> + PartialOrd,
    {
        let too_few = |options: &Self| Err(options.invalid(name, "it has to be 1 at least"));
        // There may be no such number among those of `T`.
        if let Ok(Some(..1)) = self.look::<i64>(name) {
            return too_few(self);
        }
        match self.take::<T>(name)? {
            Some(count) if count < T::from(1) => too_few(self),
            count => Ok(count),
        }
    }

    /// The value of an option that is a path. A relative one starts at the folder of the file that sets it.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_path(&mut self, name: &str) -> Result<Option<PathBuf>> {
        let path = self.take::<PathBuf>(name)?;
        if path.as_ref().is_some_and(|path| path.starts_with("~")) {
            let wrong = "`~` stands for no folder here";
            return Err(self.invalid(name, wrong).help("write `${HOME}`"));
        }
        let folder = self.known.get(name).cloned().flatten().unwrap_or_default().folder();
        Ok(path.map(|path| folder.join(path)))
    }

    /// The value of an option that is a time, as in `90s` or `2h 30m`.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_duration(&mut self, name: &str) -> Result<Option<Duration>> {
        let Some(value) = self.take::<toml::Value>(name)? else { return Ok(None) };
        let time = match &value {
            toml::Value::String(text) => {
                humantime::parse_duration(text).map_err(|error| error.to_string())
            }
            other => Err(format!("`{other}` is no time")),
        };
        let help = "write a time such as `\"90s\"`, `\"10 min\"` or `\"2h 30m\"`";
        // Times are added up, and to the clock.
        let is_long = time.as_ref().is_ok_and(|time| *time > LONGEST);
        let time =
            if is_long { Err("it is longer than a thousand years".to_owned()) } else { time };
        time.map(Some).map_err(|wrong| self.invalid(name, wrong).help(help))
    }

    /// The value of an option that is a time in which something has to happen: a millisecond at least.
    ///
    /// # Errors
    ///
    /// As [`take_duration`](Self::take_duration), and where it is shorter.
    pub fn take_limit(&mut self, name: &str) -> Result<Option<Duration>> {
        let limit = self.take_duration(name)?;
        if limit.is_some_and(|limit| limit.as_millis() == 0) {
            return Err(self.invalid(name, "it has to last a millisecond at least"));
        }
        Ok(limit)
    }

    /// The value of an option that is a size, as in `100 MB` or `64 KiB`, in bytes.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_size(&mut self, name: &str) -> Result<Option<u64>> {
        let Some(value) = self.take::<toml::Value>(name)? else { return Ok(None) };
        let size = match &value {
            toml::Value::String(text) => text.parse::<ByteSize>().ok().map(|size| size.as_u64()),
            other => other.as_integer().and_then(|bytes| u64::try_from(bytes).ok()),
        };
        let help = "write a size such as `\"100 MB\"` or `\"64 KiB\"`, or how many bytes it is";
        let wrong = || self.invalid(name, format!("`{value}` is no size")).help(help);
        size.map(Some).ok_or_else(wrong)
    }

    /// The value of an option that is a size up to which something may be: a byte at least.
    ///
    /// # Errors
    ///
    /// As [`take_size`](Self::take_size), and where it is 0.
    pub fn take_size_limit(&mut self, name: &str) -> Result<Option<u64>> {
        match self.take_size(name)? {
            Some(0) => Err(self.invalid(name, "it has to be a byte at least")),
            size => Ok(size),
        }
    }

    /// The options under `name`, or `None` where it is not set.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where a value is in the place of a table.
    pub fn take_options(&mut self, name: &str) -> Result<Option<Options>> {
        match self.note(name) {
            None => Ok(None),
            Some(Setting::Table(options)) => Ok(Some(options)),
            Some(Setting::Value(_, origin)) => Err(self
                .invalid(name, "it is a value, and a table is expected")
                .help(match origin {
                    Origin::Variable(variable) => {
                        format!("set `{variable}__TYPE` or another option below it")
                    }
                    _ => format!("write `[{}]` and the options below it", self.path_of(name)),
                })),
        }
    }

    /// The options under `name`. A text in their place is the one that chooses a plugin: `url`, where it has a scheme,
    /// or else `type`.
    ///
    /// # Errors
    ///
    /// As [`take_options`](Self::take_options).
    pub(crate) fn take_choice(&mut self, name: &str) -> Result<Option<Options>> {
        let Some(Setting::Value(value @ toml::Value::String(_), origin)) = self.settings.get(name)
        else {
            return self.take_options(name);
        };
        let is_url = value.as_str().is_some_and(|text| text.contains(':'));
        let mut options = Self::table(self.path_of(name), origin.clone());
        let choice = if is_url { "url" } else { "type" };
        options.set(choice, Setting::Value(value.clone(), origin.clone()));
        self.note(name);
        Ok(Some(options))
    }

    /// The options of what `name` stands for in the option `list`: the table of that name, if there is one, in which
    /// `type` is the name unless it says something else; a URL stands for itself.
    ///
    /// # Errors
    ///
    /// As [`take_options`](Self::take_options).
    pub fn take_listed(&mut self, name: &str, list: &str) -> Result<Options> {
        let is_url = name.contains(':');
        // There may be a password in a URL: it is no name of a table, nor of an option.
        let own = if is_url { None } else { self.take_options(name)? };
        let origin = self.known.get(list).cloned().flatten().unwrap_or_default();
        let path = self.path_of(if is_url { list } else { name });
        let mut own = own.unwrap_or_else(|| Self::table(path, origin.clone()));
        if !own.is_set("type") && !own.is_set("url") {
            let choice = if is_url { "url" } else { "type" };
            own.set(choice, Setting::Value(name.into(), origin));
        }
        Ok(own)
    }

    /// The text that the file sets for an option, if it does.
    pub(super) fn text_of_file(&self, name: &str) -> Option<&str> {
        match self.settings.get(name)? {
            Setting::Value(toml::Value::String(text), Origin::File(..)) => Some(text),
            _ => None,
        }
    }

    fn note(&mut self, name: &str) -> Option<Setting> {
        let setting = self.settings.get(name).cloned();
        let origin = setting.as_ref().map(|setting| setting.origin().clone());
        self.known.insert(name.to_owned(), origin);
        setting
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where an option is set that nobody has taken; it names the place and the options
    /// that are known here.
    pub fn finish(&self) -> Result<()> {
        let unknown = self.settings.iter().find(|(name, _)| !self.known.contains_key(*name));
        let Some((name, setting)) = unknown else { return Ok(()) };
        let known = self.known.keys().map(|name| &**name);
        let known: BTreeSet<&str> = known.chain(self.possible.iter().copied()).collect();
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let here = match &*known {
            [] => "there are no options here".to_owned(),
            known => format!("the options here are {}", known.join(", ")),
        };
        let more = match setting {
            Setting::Table(_) if self.path.split('.').any(|part| part == "storage") => {
                "; a layer needs the crate that provides it, such as `memento-storage-layers`"
            }
            // `MEMENTO_STORAGE_PATH`
            Setting::Value(_, Origin::Variable(_)) if self.is_below_another(name) => {
                "; in variables, two underscores stand between a table and what is in it"
            }
            _ => "",
        };
        Err(self.invalid(name, "there is no such option").help(here + more))
    }

    /// Whether `name` is that of a known option with something behind it.
    fn is_below_another(&self, name: &str) -> bool {
        let rest = |known: &String| name.strip_prefix(&**known)?.strip_prefix('_').map(str::len);
        self.known.keys().any(|known| rest(known) > Some(0))
    }
}

/// What is wrong with a value, in words for people who write no Rust.
fn in_words(message: &str) -> String {
    let types = [
        ("expected a sequence", "expected a list, as in `[\"a\", \"b\"]`"),
        ("expected usize", "expected a whole number"),
        ("expected u32", "expected a whole number"),
        ("expected u64", "expected a whole number"),
        ("expected f64", "expected a number"),
    ];
    types.iter().fold(message.to_owned(), |message, (from, to)| message.replace(from, to))
}
