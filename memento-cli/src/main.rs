//! The program `memento`: looks after storages, without the programs that fill them.
//!
//! But for examples and benches, only this crate of the workspace prints, and of it only [`output`] does.

mod archive;
mod blob;
mod contents;
mod copy;
mod export;
mod file;
mod import;
mod mementos;
mod output;
mod ping;
mod storage;
mod tally;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use memento::Result;

use crate::output::Output;
use crate::storage::Choice;

/// Looks after storages of memento: objects, results and mementos.
#[derive(Debug, Parser)]
#[command(name = "memento", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    choice: Choice,
    /// Write JSON, an object a line, for programs that read it
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List, read and write objects by name
    #[command(subcommand)]
    Blob(blob::Command),
    Ping(ping::Arguments),
    Copy(copy::Arguments),
    Export(export::Arguments),
    Import(import::Arguments),
}

impl Command {
    /// Whether storages are among its arguments.
    fn names_storages(&self) -> bool {
        match self {
            Self::Copy(_) => true,
            Self::Ping(ping) => ping.names_storages(),
            Self::Blob(_) | Self::Export(_) | Self::Import(_) => false,
        }
    }
}

fn main() -> ExitCode {
    let Arguments { choice, json, command } = Arguments::parse();
    if command.names_storages() && choice.is_made() {
        let conflict = "this command names its storages itself: leave out --storage and --cluster";
        Arguments::command().error(ErrorKind::ArgumentConflict, conflict).exit();
    }
    let mut output = Output::new(json);
    let done = run(&choice, command, &mut output);
    output.end(done)
}

fn run(choice: &Choice, command: Command, output: &mut Output) -> Result<()> {
    match command {
        Command::Blob(command) => command.run(choice, output),
        Command::Ping(arguments) => arguments.run(choice, output),
        Command::Copy(arguments) => arguments.run(choice, output),
        Command::Export(arguments) => arguments.run(choice, output),
        Command::Import(arguments) => arguments.run(choice, output),
    }
}
