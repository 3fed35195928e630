//! What a memento function is made of: all code that it reaches, down to other memento functions.
//!
//! Nothing but names tells one piece of code from another here: types are not known while macros run. Rust's own rules
//! keep that from being vague: what is private can be named from its module only, what stands behind `Type::` is in an
//! `impl`, the orphan rule has every `impl` name a type or a trait that is followed. [`reach`] is the search; what it
//! stands on, from below:
//!
//! | file       | what                                                                                    |
//! | ---------- | --------------------------------------------------------------------------------------- |
//! | `lex`      | a text's tokens                                                                         |
//! | `normal`   | code without its layout                                                                 |
//! | `item`     | the items in a file, and how each is reached; `parser` finds them, `import` for `use`   |
//! | `literal`  | the paths in `include!` and the like                                                    |
//! | `files`    | the files and modules of a crate                                                        |
//! | `lock`     | `Cargo.lock`; `manifest`: `Cargo.toml`                                                  |
//! | `artifact` | what Cargo and rustc left beside a compiled crate                                       |
//! | `crates`   | which crates are followed, and what stands for the others                               |
//! | `index`    | all items by name                                                                       |
//! | `mention`  | names in code, and where they stand                                                     |
//! | `facts`    | what a piece of code mentions                                                           |
//! | `graph`    | what leads to what; `groups`: what leads to one another; `sets`: of small numbers        |
//! | `table`    | what the program is told of all that                                                    |

mod artifact;
mod crates;
mod facts;
mod files;
mod graph;
mod groups;
mod import;
mod index;
mod item;
mod lex;
mod literal;
mod lock;
mod manifest;
mod mention;
mod normal;
mod parser;
mod reach;
mod sets;
mod table;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};

use crates::Crates;
pub(crate) use crates::EXACTNESS;
use index::{Index, Place};
pub(crate) use lex::Source;
use reach::Code;
pub(crate) use reach::{Follow, Reached};
pub(crate) use table::Chunk;

/// All items of this compilation; `None` where the compiler does not say where they are, as in rust-analyzer.
static INDEX: LazyLock<Option<Index>> = LazyLock::new(|| Crates::of_compilation().map(Index::new));

/// What was read of them, once for all functions.
static CODE: LazyLock<Option<Mutex<Code<'static>>>> =
    LazyLock::new(|| INDEX.as_ref().map(|index| Mutex::new(Code::new(index))));

/// Where a macro was called: the file, the line, and the character in it, both from 1.
pub(crate) struct CallSite {
    file: Option<PathBuf>,
    line: usize,
    column: usize,
}

impl CallSite {
    pub(crate) fn of(span: proc_macro::Span) -> Self {
        Self { file: span.local_file(), line: span.line(), column: span.column() }
    }
}

/// What the code in `root`, called at `site`, reaches.
pub(crate) fn reach(root: &Source, site: &CallSite, follow: &Follow<'_>) -> Reached {
    let (Some(index), Some(code)) = (&*INDEX, &*CODE) else { return Reached::default() };
    let CallSite { file, line, column } = site;
    let found = file.as_ref().and_then(|file| index.place_at(file, *line, *column));
    // Code whose place is unknown may name anything.
    let anywhere = Place { krate: 0, module: None, at: None };
    let (place, path) = match found {
        Some((place, path)) => (place, path),
        None => (anywhere, index.crates.all[0].root.as_path()),
    };
    // A panic ends the compilation: nothing depends on what comes after it.
    let mut code = code.lock().unwrap_or_else(PoisonError::into_inner);
    code.reach(root, path, place, follow)
}

/// The normal form of some code.
pub(crate) fn normal(source: &Source) -> String {
    let mut text = String::new();
    normal::write(source, 0..source.len(), &mut text);
    text
}
