//! From files and variables to options.

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::options::Setting;
use super::{FILE_VARIABLE, Options, Origin, WORKER_VARIABLE};
use crate::{Error, ErrorKind, Result};

/// Options in `[storage]` that mean the same whatever the type is.
const STORAGE_OPTIONS: [&str; 2] = ["memory_cache", "inline_limit"];

/// What the names of all variables that set options begin with.
const PREFIX: &str = "MEMENTO_";
/// Those among them that set none. The last one is read while programs compile, and Cargo passes it on to them.
const OTHERS: [&str; 3] = [FILE_VARIABLE, WORKER_VARIABLE, "MEMENTO_CRATE_VERSIONS"];

/// The options that `file` and the variables of this process set.
pub(super) fn read(file: Option<&Path>) -> Result<Options> {
    let mut options = match file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| failed(file.display()).because(error))?;
            parse(&text, file)?
        }
        None => Options::new(),
    };
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    // Types and URLs first: they clear the way for other options.
    let mut variables: Vec<(String, String)> = variables.collect();
    let chooses = |name: &str| name.ends_with("__TYPE") || name.ends_with("__URL");
    variables.sort_by_key(|(name, _)| (!chooses(name), name.clone()));
    for (name, value) in variables {
        if let Some(option) = name.strip_prefix(PREFIX).filter(|_| !OTHERS.contains(&&*name)) {
            set_by_variable(&mut options, &name, option, &value)?;
        }
    }
    Ok(options)
}

fn failed(place: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Configuration, "read the configuration").with("place", place)
}

/// The options that `text`, which is in `file`, sets.
pub(super) fn parse(text: &str, file: &Path) -> Result<Options> {
    let source = Source { text, file: Arc::from(file) };
    let table = DeTable::parse(text).map_err(|error| {
        failed(source.origin(error.span().unwrap_or_default())).because(error.message().to_owned())
    })?;
    source.table(String::new(), table.span(), table.get_ref())
}

struct Source<'a> {
    text: &'a str,
    file: Arc<Path>,
}

impl Source<'_> {
    fn origin(&self, span: Range<usize>) -> Origin {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        Origin::File(Arc::clone(&self.file), before.matches('\n').count() + 1)
    }

    fn table(&self, path: String, span: Range<usize>, table: &DeTable<'_>) -> Result<Options> {
        let mut options = Options::table(path, self.origin(span));
        for (name, value) in table {
            let origin = self.origin(name.span());
            let name = name.get_ref();
            let setting = match value.get_ref() {
                DeValue::Table(inner) => {
                    let path = options.path_of(name);
                    Setting::Table(self.table(path, value.span(), inner)?)
                }
                _ => Setting::Value(Self::value(value, &origin)?, origin),
            };
            options.set(name, setting);
        }
        Ok(options)
    }

    /// The value, with the variables in it replaced.
    fn value(value: &Spanned<DeValue<'_>>, origin: &Origin) -> Result<toml::Value> {
        use serde::Deserialize as _;
        use serde::de::IntoDeserializer as _;

        let mut plain = toml::Value::deserialize(value.clone().into_deserializer())
            .map_err(|error| failed(origin).because(error.message().to_owned()))?;
        expand_all(&mut plain, origin)?;
        Ok(plain)
    }
}

fn expand_all(value: &mut toml::Value, origin: &Origin) -> Result<()> {
    match value {
        toml::Value::String(text) => *text = expand(text, origin)?,
        toml::Value::Array(items) => {
            for item in items {
                expand_all(item, origin)?;
            }
        }
        toml::Value::Table(table) => {
            for (_, item) in table.iter_mut() {
                expand_all(item, origin)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// `text` with each `${NAME}` replaced by the value of the variable.
fn expand(text: &str, origin: &Origin) -> Result<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, reference)) = rest.split_once("${") {
        let (name, after) = reference
            .split_once('}')
            .ok_or_else(|| failed(origin).because("`${` without `}`").help("write `${NAME}`"))?;
        if name.trim().is_empty() {
            return Err(failed(origin)
                .because("`${}` names no environment variable")
                .help("write `${NAME}`"));
        }
        let value = std::env::var(name).map_err(|_| {
            failed(origin)
                .because(format!("the environment variable {name} is not set"))
                .help("set it, or write the value into the file")
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Sets the option that `option` names, as in `STORAGE__PATH`, to `value`.
fn set_by_variable(options: &mut Options, variable: &str, option: &str, value: &str) -> Result<()> {
    let origin = Origin::Variable(variable.into());
    let way = option.to_lowercase();
    let (tables, name) = way.rsplit_once("__").unwrap_or(("", &way));
    let mut options = options;
    for table in tables.split("__").filter(|table| !table.is_empty()) {
        let table = name_in(options, table, &origin)?;
        options = options.table_mut(&table, &origin).ok_or_else(|| {
            failed(&origin)
                .because(format!("`{table}` is a value, not a table"))
                .help("use two underscores between the names of tables and options")
        })?;
    }
    // `4`, `true`, `["a", "b"]` and `"4"` mean what they mean in the file; anything else is text.
    let parsed = toml::from_str::<toml::Table>(&format!("value = {value}"));
    let parsed = parsed.ok().and_then(|mut table| table.remove("value"));
    let typed = parsed.filter(|parsed| !parsed.is_datetime());
    let value = typed.unwrap_or_else(|| toml::Value::String(value.to_owned()));
    if name == "type" || name == "url" && !is_same_kind(options, value.as_str().unwrap_or_default())
    {
        // The options in the file are meant for the type in the file.
        options.retain_of_file(&STORAGE_OPTIONS);
    }
    options.set(name, Setting::Value(value, origin));
    Ok(())
}

/// What `options` have that a variable calls `name`, in small letters: variables do not tell them from capitals.
fn name_in(options: &Options, name: &str, origin: &Origin) -> Result<String> {
    let names = options.names();
    if names.contains(name) {
        return Ok(name.to_owned());
    }
    let mut same = names.into_iter().filter(|other| other.to_lowercase() == name);
    match (same.next(), same.next()) {
        (None, _) => Ok(name.to_owned()),
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => Err(failed(origin)
            .because(format!("it may mean `{one}` or `{other}`"))
            .help("give them names that differ in more than capitals")),
    }
}

/// Whether the file chooses what `url` chooses: by a URL with the same scheme, or by a type that the scheme begins
/// with.
fn is_same_kind(options: &Options, url: &str) -> bool {
    let scheme = |url: &str| url.split_once(':').map_or("", |(scheme, _)| scheme).to_owned();
    match (options.text_of_file("url"), options.text_of_file("type")) {
        (Some(of_file), _) => scheme(of_file) == scheme(url),
        (None, Some(kind)) => scheme(url).starts_with(kind),
        (None, None) => false,
    }
}
