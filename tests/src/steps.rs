//! Edits of a [`Project`], and which functions each of them makes run again.
//!
//! Each step edits the project as its fixture has it: what the step before it did is undone in the same build. So a
//! step shows two things: that the functions which it names run, and that all others hit again, those of the step
//! before it included.

use std::collections::{BTreeMap, BTreeSet};

use crate::project::{Place, Project, Run};

/// A change, and what comes of it.
#[derive(Debug)]
pub struct Step {
    name: String,
    edits: Vec<Edit>,
    /// Whether the edits have nothing to do with each other.
    is_independent: bool,
    runs: BTreeMap<&'static str, usize>,
    /// Functions that may run or not.
    may_run: BTreeSet<&'static str>,
    /// What the explanation of a function has to contain, before the functions run.
    reasons: Vec<(&'static str, Vec<&'static str>)>,
    /// Functions whose value changes.
    changes: BTreeSet<&'static str>,
    /// Functions that keep their value, although their code would now give another.
    keeps: BTreeSet<&'static str>,
}

#[derive(Debug)]
enum Edit {
    Replace(String, String),
    Swap(&'static str, &'static str),
    Write(&'static str, Vec<u8>),
    Feature(&'static str),
    Variable(&'static str, &'static str),
}

/// A change of this name.
pub fn step(name: &str) -> Step {
    Step {
        name: name.to_owned(),
        edits: Vec::new(),
        is_independent: false,
        runs: BTreeMap::new(),
        may_run: BTreeSet::new(),
        reasons: Vec::new(),
        changes: BTreeSet::new(),
        keeps: BTreeSet::new(),
    }
}

/// Steps for rows of a text, what replaces it, the function that runs again with another value, and the item whose code
/// it says to have changed.
///
/// Builds take time, so a step takes some rows that are far from each other. That no function runs because of another
/// one's row is seen from the changes that each names.
pub fn edits<const N: usize>(rows: [[&'static str; 4]; N]) -> Vec<Step> {
    let count = N.div_ceil(TOGETHER);
    let steps = (0..count).map(|first| rows.iter().skip(first).step_by(count));
    steps.map(|rows| rows.fold(step(""), |step, row| step.row(*row))).collect()
}

/// How many rows a step takes.
const TOGETHER: usize = 4;

impl Step {
    /// Replaces `from`, which the project has exactly once, in whatever file.
    pub fn edit(self, from: &str, to: &str) -> Self {
        self.with(Edit::Replace(from.to_owned(), to.to_owned()))
    }

    /// Lets two texts, which the project has exactly once, change places.
    pub fn swap(self, one: &'static str, other: &'static str) -> Self {
        self.with(Edit::Swap(one, other))
    }

    /// Makes a file what it should be.
    pub fn write(self, file: &'static str, content: impl Into<Vec<u8>>) -> Self {
        self.with(Edit::Write(file, content.into()))
    }

    /// Builds with a feature.
    pub fn feature(self, name: &'static str) -> Self {
        self.with(Edit::Feature(name))
    }

    /// Builds with an environment variable.
    pub fn variable(self, name: &'static str, value: &'static str) -> Self {
        self.with(Edit::Variable(name, value))
    }

    fn with(mut self, edit: Edit) -> Self {
        self.edits.push(edit);
        self
    }

    /// `function` runs once, because the code of `item` has changed, and returns something else.
    pub fn reruns(self, function: &'static str, item: &'static str) -> Self {
        self.runs(function, 1).changes(function).explains(function, &["code changed", item])
    }

    fn row(mut self, [from, to, function, item]: [&'static str; 4]) -> Self {
        assert!(!self.runs.contains_key(function), "neighbours only have the same function");
        let separator = if self.is_independent { ", " } else { "" };
        self.name = format!("{}{separator}{from:?} for {function}", self.name);
        self.is_independent = true;
        self.edit(from, to).reruns(function, item)
    }

    /// `function` runs once, because a memento function that it calls returns something else; so does it.
    pub fn follows(self, function: &'static str, callee: &'static str) -> Self {
        self.runs(function, 1).changes(function).explains(function, &["callee", callee])
    }

    /// `function` runs so often.
    pub fn runs(mut self, function: &'static str, times: usize) -> Self {
        self.runs.insert(function, times);
        self
    }

    /// It does not matter whether `function` runs.
    pub fn may_run(mut self, function: &'static str) -> Self {
        self.may_run.insert(function);
        self
    }

    /// `function`, which is asked for its value, returns another one.
    pub fn changes(mut self, function: &'static str) -> Self {
        self.changes.insert(function);
        self
    }

    /// The value of `function` is that of its old code, as somebody wished.
    pub fn keeps(mut self, function: &'static str) -> Self {
        self.keeps.insert(function);
        self
    }

    /// What `function` says before anything has run contains all of `parts`; of a part with `|` in it, one side.
    pub fn explains(mut self, function: &'static str, parts: &[&'static str]) -> Self {
        self.reasons.push((function, parts.to_vec()));
        self
    }

    fn apply(&self, project: &mut Project) {
        project.reset();
        for edit in &self.edits {
            match edit {
                Edit::Replace(from, to) => project.edit(from, to),
                Edit::Swap(one, other) => {
                    project.edit(one, "<one>");
                    project.edit(other, one);
                    project.edit("<one>", other);
                }
                Edit::Write(file, content) => project.write(file, content.clone()),
                Edit::Feature(name) => project.feature(name),
                Edit::Variable(name, value) => project.variable(name, value),
            }
        }
    }
}

/// Takes `steps`, and then undoes the last one.
///
/// # Panics
///
/// Where something is not as a step says. All steps are taken before that.
#[track_caller]
pub fn take(mut project: Project, steps: impl IntoIterator<Item = Step>) {
    let place = project.place();
    let first = project.build().run(&place, &[]);
    let mut faults = Vec::new();
    let (mut count, mut failed) = (0, 0);
    for step in steps.into_iter().chain([step("everything as it was")]) {
        let found = step.take(&mut project, &place, &first);
        count += 1;
        if !found.is_empty() {
            failed += 1;
            faults.push(format!("{}:\n    - {}", step.name, found.join("\n    - ")));
        }
    }
    assert!(failed == 0, "{failed} of {count} steps went wrong\n\n{}\n", faults.join("\n"));
}

impl Step {
    /// What is not as it should be.
    fn take(&self, project: &mut Project, place: &Place, first: &Run) -> Vec<String> {
        self.apply(project);
        let build = match project.try_build() {
            Ok(build) => build,
            Err(errors) => return vec![format!("it does not build:\n{errors}")],
        };
        let mut faults = Vec::new();
        let before = build.run(place, &["why"]);
        let mut run = build.run(place, &[]);
        run.ran.retain(|name, _| !self.may_run.contains(&**name));
        let after = build.run(place, &["why"]);
        let right = build.run(&project.place(), &[]);

        let expected = self.runs.iter().map(|(name, times)| (String::from(*name), *times));
        let expected = expected.collect::<BTreeMap<_, _>>();
        if run.ran != expected {
            faults.push(format!("ran {}, not {}", list(&run.ran), list(&expected)));
        }
        for (call, value, right) in compare(&run, &right) {
            if !self.keeps.contains(name(call)) {
                faults.push(format!("WRONG VALUE: {call} = {value}, which should be {right}"));
            }
        }
        let changed: BTreeSet<_> = compare(first, &right).map(|(call, ..)| name(call)).collect();
        let changes: BTreeSet<_> = self.changes.union(&self.keeps).copied().collect();
        if changed != changes {
            faults.push(format!("the step itself changes {changed:?}, not {changes:?}"));
        }
        self.check_reasons(&before, &mut faults);
        let misses = explanations(&after).filter(|(_, text)| *text != "hit");
        faults.extend(misses.map(|(name, text)| format!("afterwards, {name} says {text:?}")));
        faults
    }

    /// Each function that misses says why, and each other one that it hits.
    fn check_reasons(&self, before: &Run, faults: &mut Vec<String>) {
        let has = |text: &str, part: &&str| part.split('|').any(|part| text.contains(part));
        for (name, text) in explanations(before) {
            let reasons = self.reasons.iter().filter(|(function, _)| *function == name);
            let mut parts: Vec<&str> = reasons.flat_map(|(_, parts)| parts).copied().collect();
            if parts.is_empty() && !self.runs.contains_key(name) && !self.may_run.contains(name) {
                parts.push("hit");
            }
            if !parts.iter().all(|part| has(text, part)) {
                faults.push(format!("{name} says {text:?}, without {parts:?}"));
            }
        }
        // Which function named a change.
        let mut named = BTreeMap::new();
        for (name, text) in explanations(before).filter(|(name, _)| self.runs.contains_key(name)) {
            for change in text.split_once("code changed: ").map_or("", |(_, all)| all).split(", ") {
                let other = named.insert(change, name).unwrap_or(name);
                if other != name && !change.is_empty() && self.is_independent {
                    faults.push(format!("{name} and {other} both have {change:?} changed"));
                }
            }
        }
        for (function, _) in &self.reasons {
            if !explanations(before).any(|(name, _)| name == *function) {
                faults.push(format!("the program does not ask {function} why"));
            }
        }
    }
}

/// The lines `name: explanation`.
fn explanations(run: &Run) -> impl Iterator<Item = (&str, &str)> {
    run.output.iter().filter_map(|line| line.split_once(": "))
}

/// The lines `call = value` whose values differ: the call, and both values.
fn compare<'a>(one: &'a Run, other: &'a Run) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    assert_eq!(one.output.len(), other.output.len(), "{one:?}\n{other:?}");
    let lines = one.output.iter().zip(&other.output).filter(|(one, other)| one != other);
    lines.map(|(one, other)| {
        let (call, value) = one.split_once(" = ").unwrap_or((one, ""));
        (call, value, other.split_once(" = ").map_or(&**other, |(_, value)| value))
    })
}

/// The name of the function in `path::name(arguments)`.
fn name(call: &str) -> &str {
    let path = call.split('(').next().unwrap_or_default();
    path.rsplit("::").next().unwrap_or_default()
}

fn list(runs: &BTreeMap<String, usize>) -> String {
    let runs = runs.iter().map(|(name, times)| format!("{name} × {times}"));
    let runs: Vec<_> = runs.collect();
    if runs.is_empty() { "nothing".to_owned() } else { runs.join(", ") }
}
