//! A version follows the code: what has to run again after a change runs, and nothing else does.
//!
//! Each test takes a program of `fixtures/changes` and edits it step by step.

mod callees;
mod corners;
mod harmless;
mod imports;
mod inputs;
mod macros;
mod methods;
mod options;
mod places;
mod shapes;
mod targets;
mod things;
mod traits;

use memento_tests::project::Project;

/// The project of this name.
fn project(name: &str) -> Project {
    Project::new(name, env!("CARGO_TARGET_TMPDIR"))
}
