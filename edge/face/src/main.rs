//! `menwei-face`: cameras, models and templates.

use std::process::ExitCode;

use clap::Parser;
use edge_face::{Cli, execute};

fn main() -> ExitCode {
    execute(Cli::parse())
}
