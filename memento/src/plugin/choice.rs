//! Which plugin is meant by a name or by a URL.

use std::collections::{BTreeMap, BTreeSet};

use super::Plugin;
use crate::configuration::Options;
use crate::{Error, ErrorKind, Result};

/// The plugin of this name, or `None` where there is none.
///
/// # Errors
///
/// [`ErrorKind::Ambiguous`] where two crates register the name.
pub(crate) fn find<P: Plugin>(name: &str) -> Result<Option<&'static P>> {
    let mut named = P::registered().filter(|plugin| plugin.name() == name);
    let (found, other) = (named.next(), named.next());
    match (found, other) {
        (Some(one), Some(two)) => Err(Error::new(ErrorKind::Ambiguous, "choose a plugin")
            .with(P::KIND, name)
            .with("provided by", format!("{} and {}", one.provided_by(), two.provided_by()))
            .help("depend on one of these crates only")),
        _ => Ok(found),
    }
}

/// The plugin that `options` chooses by its `type`, by the scheme of its `url`, or else `default`.
///
/// # Errors
///
/// [`ErrorKind::Configuration`] where nobody registered the name; it lists those that are registered.
pub(crate) fn choose<P: Plugin>(options: &mut Options, default: &str) -> Result<&'static P> {
    let name = match options.take::<String>("type")? {
        Some(name) => name,
        None => by_scheme::<P>(options)?.unwrap_or(default).to_owned(),
    };
    if let Some(plugin) = find::<P>(&name)? {
        return Ok(plugin);
    }
    Err(unknown::<P>(options, &name))
}

/// The error of a `type` that nobody registered.
fn unknown<P: Plugin>(options: &Options, name: &str) -> Error {
    let error = Error::new(ErrorKind::Configuration, format!("find the {} plugin", P::KIND));
    // There may be a password in a URL.
    let has_url = name.contains([':', '@']);
    let error = if has_url { error } else { error.with("type", name) };
    let error = error.with("set by", options.origin_of("type"));
    if P::HAS_URLS && has_url {
        return error
            .because("`type` has a URL in it, and is to be a name")
            .help("write the URL as `url = \"…\"`, without `type`");
    }
    if P::registered().any(|plugin| plugin.schemes().contains(&name)) {
        return error
            .because("that is the scheme of a URL")
            .help(format!("write `url = \"{name}://…\"`, without `type`"));
    }
    let registered: BTreeMap<_, _> = P::registered().map(|p| (p.name(), p.provided_by())).collect();
    let registered: Vec<String> =
        registered.iter().map(|(name, crate_name)| format!("`{name}` ({crate_name})")).collect();
    error.help(format!(
        "choose one that is linked into this program: {}; or {}",
        registered.join(", "),
        to_add(P::KIND, name)
    ))
}

/// The name of the plugin that the scheme of a `url` stands for, if there is one. Nothing else of the URL is looked at
/// or shown: there may be a password in it. The plugin takes it.
fn by_scheme<P: Plugin>(options: &Options) -> Result<Option<&'static str>> {
    let Some(url) = options.look::<String>("url")? else { return Ok(None) };
    let scheme = url.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| is_scheme(scheme));
    let takes = |plugin: &&P| scheme.is_some_and(|scheme| plugin.schemes().contains(&scheme));
    let names: BTreeSet<_> = P::registered().filter(takes).map(Plugin::name).collect();
    match names.iter().collect::<Vec<_>>()[..] {
        [] => {}
        [name] => return Ok(Some(name)),
        ref several => {
            let error = format!("find the {} plugin by a URL", P::KIND);
            return Err(Error::new(ErrorKind::Configuration, error)
                .with("scheme", scheme.unwrap_or_default())
                .with("set by", options.origin_of("url"))
                .help(format!("set `type` to one of those that take it: {several:?}")));
        }
    }
    // `user:password@host` has none.
    let scheme = scheme.filter(|_| url.contains("://") || !url.contains('@'));
    let schemes: Vec<_> = P::registered().flat_map(Plugin::schemes).collect();
    let available = match &*schemes {
        [] => "no plugin that is linked into this program takes a URL".to_owned(),
        _ => schemes.iter().map(|scheme| format!("`{scheme}`")).collect::<Vec<_>>().join(", "),
    };
    let add = scheme.map_or_else(String::new, |scheme| format!("; or {}", to_add(P::KIND, scheme)));
    Err(Error::new(ErrorKind::Configuration, format!("find the {} plugin by a URL", P::KIND))
        .with("scheme", scheme.unwrap_or("none"))
        .with("set by", options.origin_of("url"))
        .help(format!("the schemes are: {available}{add}")))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// The crates of this project by what they provide: kinds of plugins, their names, and schemes of URLs.
const PROVIDED: [(&str, &[&str], &str); 5] = [
    ("storage", &["filesystem"], "memento-storage-fs"),
    ("storage", &["tiers"], "memento-storage-tiers"),
    ("storage", &["object", "s3", "gs", "az", "file"], "memento-storage-object"),
    (
        "storage",
        &[
            "redis",
            "rediss",
            "unix",
            "redis+unix",
            "redis+sentinel",
            "rediss+sentinel",
            "redis+cluster",
            "rediss+cluster",
        ],
        "memento-storage-redis",
    ),
    ("runner", &["process"], "memento-runner-process"),
];

/// What to do for a plugin that nobody has registered. A crate is named where it is one of this project's: under any
/// other name, there may be somebody else's.
pub(crate) fn to_add(kind: &str, name: &str) -> String {
    let provides = |(of, names, _): &&(&str, &[&str], &str)| *of == kind && names.contains(&name);
    match PROVIDED.iter().find(provides) {
        Some((_, _, krate)) => format!("add `{krate}`, which provides it, to the dependencies"),
        None => "add the crate that provides it to the dependencies".to_owned(),
    }
}
