//! What code reads while it is compiled: files and variables.

use std::collections::HashSet;
use std::path::PathBuf;

use super::Reader;
use super::surroundings::{Surroundings, Tokens};
use crate::code::literal;

impl Reader<'_> {
    /// Notes what `include!` and `env!` and their kin read.
    pub(super) fn compile_time_macro(&mut self, at: usize, surroundings: Surroundings) {
        let source = self.source;
        let inside = source.inside(at + 2);
        match source.ident(at) {
            Some(name) if is_include(name) => {
                match literal::path(source, inside.clone(), self.path, &|name| self.variable(name))
                {
                    Some(path) => self.included(path, name == "include"),
                    None => self.facts.is_unknown = true,
                }
                if let Some(text) = source
                    .string(inside.start)
                    .filter(|_| surroundings.tokens == Tokens::Definition)
                {
                    self.included_by_callers(&text, name == "include");
                }
            }
            // A folder in the path of a file does not count: the file does.
            Some("env" | "option_env") if !surroundings.in_include => {
                match literal::first(source, inside, &|name| self.variable(name)) {
                    Some(name) => self.facts.variables.push(name),
                    None => self.facts.is_unknown = true,
                }
            }
            _ => {}
        }
    }

    /// Notes the files that a macro may include: the compiler looks for them beside the file in which it is called.
    fn included_by_callers(&mut self, name: &str, is_code: bool) {
        let callers = self.index.into_iter().flat_map(|index| &index.files);
        let files = callers.map(|file| file.path.with_file_name(name));
        let files: HashSet<PathBuf> = files.filter(|path| path.is_file()).collect();
        for path in files {
            self.included(path, is_code);
        }
    }

    fn included(&mut self, path: PathBuf, is_code: bool) {
        if !self.facts.files.iter().any(|(known, _)| *known == path) {
            self.facts.files.push((path, is_code));
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        match self.index {
            Some(index) => index.crates.all[self.krate].variable(name),
            None => std::env::var(name).ok(),
        }
    }
}

/// Whether a macro of the standard library is called this that reads a file.
pub(super) fn is_include(name: &str) -> bool {
    matches!(name, "include" | "include_str" | "include_bytes")
}
