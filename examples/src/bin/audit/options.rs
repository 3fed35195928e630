//! What can be asked for on the command line.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

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

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Asked {
    /// An audit.
    Audit(Options),
    /// How to ask.
    Help,
}

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

/// Reads the arguments after the program's name.
pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let (mut path, mut svg, mut top) = (None, None, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let option = argument.to_string_lossy().into_owned();
        let (place, what) = match option.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--path" => (&mut path, "a folder"),
            "--svg" => (&mut svg, "a file"),
            "--top" => (&mut top, "a number"),
            _ => {
                return Err(format!(
                    "there is no option `{option}`; there are --path DIR, --svg FILE, --top N and --help"
                ));
            }
        };
        let value = arguments.next().ok_or_else(|| format!("`{option}` needs {what} after it"))?;
        if place.replace(value).is_some() {
            return Err(format!("`{option}` is given twice"));
        }
    }
    Ok(Asked::Audit(Options {
        root: path.map_or_else(registries, |path| Ok(Root::Folder(path.into())))?,
        svg: svg.map_or_else(|| "audit.svg".into(), PathBuf::from),
        top: top.as_ref().map_or(Ok(10), number)?,
    }))
}

fn number(value: &OsString) -> Result<usize, String> {
    let number = value.to_str().and_then(|text| text.parse().ok()).filter(|&number| number > 0);
    number.ok_or_else(|| {
        format!("`--top` needs a number from 1 on, and `{}` is none", value.to_string_lossy())
    })
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
