//! What can be asked for on the command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use memento_examples::arguments::{self, Known};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Audits Rust sources: how much is `unsafe`, how long, which functions are the longest.

Usage: audit [--path DIR] [--svg FILE] [--top N]

  --path DIR  each folder in DIR that has a Cargo.toml is a crate; DIR itself is
              the crate if it has one, or if no folder in it has.
              Default: the crates that cargo has downloaded, in registry/src
  --svg FILE  where to draw the chart; default: audit.svg
  --top N     how many crates to show; default: 10
  --help      prints this

The last line counts the calls of memento functions in this run. `errors` are the
files that were read now, and did not parse.
";

/// What to audit, and how to show it.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) root: Root,
    /// The file to draw the chart into.
    pub(crate) svg: PathBuf,
    /// How many crates to show.
    pub(crate) top: usize,
}

/// Where the crates are.
#[derive(Debug)]
pub(crate) enum Root {
    /// The folder with a folder for each registry, in which there is a folder for each crate.
    Registries(PathBuf),
    /// A folder of crates, or a crate.
    Folder(PathBuf),
}

/// What may stand on the command line.
const KNOWN: [Known; 3] = [
    Known { name: "--path", value: "DIR", what: "a folder" },
    Known { name: "--svg", value: "FILE", what: "a file" },
    Known { name: "--top", value: "N", what: "a number" },
];

/// Reads the arguments after the program's name; `None` where help is asked for.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<Options>, String> {
    let Some([path, svg, top]) = arguments::read(arguments, &KNOWN)? else {
        return Ok(None);
    };
    Ok(Some(Options {
        root: path.map_or_else(registries, |path| Ok(Root::Folder(path.into())))?,
        svg: svg.map_or_else(|| "audit.svg".into(), PathBuf::from),
        top: arguments::number("--top", top.as_ref(), 10)?,
    }))
}

/// Where cargo keeps the sources that it has downloaded.
fn registries() -> Result<Root, String> {
    let cargo = match env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .ok_or("there is no home folder; choose one with `--path DIR`")?
            .join(".cargo"),
    };
    Ok(Root::Registries(cargo.join("registry").join("src")))
}
