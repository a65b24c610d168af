//! `menwei`: the box at the gate.

use std::process::ExitCode;

use clap::Parser;
use edge_daemon::{Cli, execute};

fn main() -> ExitCode {
    execute(&Cli::parse())
}
