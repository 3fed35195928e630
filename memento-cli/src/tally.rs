//! What came of copying, exporting and importing.

use memento::Result;
use serde::Serialize;

use crate::output::{self, Output};

/// How much went from one place to another.
#[derive(Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) contents: u64,
    pub(crate) objects: u64,
    pub(crate) mementos: u64,
    /// Of contents and objects.
    pub(crate) bytes: u64,
    /// What was there already, where that is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) present: Option<u64>,
}

impl Tally {
    /// Of something that looks at what is there.
    pub(crate) fn comparing() -> Self {
        Self { present: Some(0), ..Self::default() }
    }

    /// Counts what was there already.
    pub(crate) fn leave(&mut self, count: u64) {
        *self.present.get_or_insert(0) += count;
    }

    /// `2 contents, 1 object, 3 mementos (4.0 KiB); 5 were there already`.
    pub(crate) fn tell(&self, done: &str, output: &mut Output) -> Result<()> {
        let contents = output::count(self.contents, "content");
        let objects = output::count(self.objects, "object");
        let mementos = output::count(self.mementos, "memento");
        let present = self.present.map(|present| format!("; {present} were there already"));
        let (size, present) = (output::size(self.bytes), present.unwrap_or_default());
        output.say(format_args!("{done} {contents}, {objects}, {mementos} ({size}){present}"), self)
    }
}
