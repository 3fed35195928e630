//! The conditions under which code is compiled.

use std::ops::Range;

use super::{KEYWORDS, Reader, Surroundings, normal};
use crate::code::lex::Source;

/// Attributes of modules and crates that are no macros, beside lint levels and documentation.
const BUILT_IN: [&str; 13] = [
    "cfg",
    "cfg_attr",
    "crate_name",
    "crate_type",
    "deprecated",
    "feature",
    "macro_use",
    "must_use",
    "no_implicit_prelude",
    "no_std",
    "path",
    "recursion_limit",
    "type_length_limit",
];

/// What the attributes of a module have in them that says when it is there, or from which file.
pub(super) fn of_module(source: &Source, attributes: Range<usize>) -> Vec<Range<usize>> {
    let mut conditions = Vec::new();
    let mut at = attributes.start;
    while at < attributes.end {
        let decides = |inside: Range<usize>| {
            inside.into_iter().any(|at| source.is(at, "path") || source.is(at, "cfg"))
        };
        let is_condition = source.opens(at + 1, "(")
            && (source.is(at, "cfg")
                || source.is(at, "cfg_attr") && decides(source.inside(at + 1)));
        let end = if is_condition { source.skip(at + 1) } else { at + 1 };
        conditions.extend(is_condition.then_some(at..end));
        at = end;
    }
    conditions
}

/// The attributes of a module that only a macro can have: all that the compiler does not know.
pub(super) fn macros_of_module(source: &Source, attributes: Range<usize>) -> Vec<Range<usize>> {
    let mut macros = Vec::new();
    let mut at = attributes.start;
    while at < attributes.end {
        let bracket = if source.is(at + 1, "!") { at + 2 } else { at + 1 };
        let end = source.skip(bracket).max(at + 1);
        let is_tool =
            ["clippy", "rustfmt", "diagnostic", "miri"].contains(&source.text(bracket + 1));
        let is_known = is_tool || BUILT_IN.contains(&source.text(bracket + 1));
        if source.opens(bracket, "[") && !is_known && normal::silent_attribute(source, at).is_none()
        {
            macros.push(at..end);
        }
        at = end;
    }
    macros
}

impl Reader<'_> {
    /// Notes the options in `cfg!(…)` and `cfg_select! { … }`, and in `cfg(…)` and `cfg_attr(…, …)` where they are no
    /// calls of functions.
    pub(super) fn condition(&mut self, at: usize, surroundings: Surroundings) {
        let source = self.source;
        let is_macro = source.is(at + 1, "!");
        let may_be_condition = || self.may_be_condition(at, surroundings);
        match source.text(at) {
            "cfg" if is_macro => self.options(source.inside(at + 2)),
            "cfg_select" if is_macro => self.choices(source.inside(at + 2)),
            "cfg" if may_be_condition() => self.options(source.inside(at + 1)),
            "cfg_attr" if may_be_condition() => {
                let inside = source.inside(at + 1);
                let mut end = inside.start;
                while end < inside.end && !source.is(end, ",") {
                    end = source.skip(end);
                }
                self.options(inside.start..end);
            }
            _ => {}
        }
    }

    /// Whether `name(…)` is what an attribute has in it, or what a macro may make an attribute of.
    fn may_be_condition(&self, at: usize, surroundings: Surroundings) -> bool {
        let source = self.source;
        let before = at.wrapping_sub(1);
        // Functions and methods may be called `cfg`, too.
        let is_function = || {
            source.is(before, ".") || source.is(before, "fn") || at >= 2 && source.is_path(at - 2)
        };
        let is_there = surroundings.in_attribute || surroundings.in_macro() && !is_function();
        is_there && source.opens(at + 1, "(")
    }

    /// Notes the options before each `=>` in `cfg_select! { … }`.
    fn choices(&mut self, range: Range<usize>) {
        let source = self.source;
        let is_arrow = |at| source.is(at, "=") && source.is(at + 1, ">") && source.touches(at);
        let until = |mut at: usize, is_end: &dyn Fn(usize) -> bool| {
            while at < range.end && !is_end(at) {
                at = source.skip(at);
            }
            at
        };
        let mut at = range.start;
        while at < range.end {
            let arrow = until(at, &is_arrow);
            self.options(at..arrow);
            let chosen = arrow + 2;
            at = if source.opens(chosen, "{") {
                source.skip(chosen)
            } else {
                until(chosen, &|at| source.is(at, ","))
            };
            at += usize::from(source.is(at, ","));
        }
    }

    /// Notes the options in what stands behind `cfg`.
    fn options(&mut self, range: Range<usize>) {
        let source = self.source;
        let is_option = |name: &&str| {
            !matches!(*name, "any" | "all" | "not" | "true" | "false") && !KEYWORDS.contains(name)
        };
        let mut at = range.start;
        while at < range.end {
            // What the compiler is asked for has to be a name: keywords, which `r#` makes names of, are none.
            let is_raw = source.text(at).starts_with("r#");
            if let Some(name) = source.ident(at).filter(is_option).filter(|_| !is_raw) {
                let value = source.is(at + 1, "=").then(|| source.string(at + 2)).flatten();
                self.facts.options.push(match value {
                    Some(value) => format!("{name} = {value:?}"),
                    None => name.to_owned(),
                });
                if source.is(at + 1, "=") {
                    at += 2;
                }
            }
            at += 1;
        }
    }
}
