//! Arguments to exit code; everything else is in the library.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use hw_sim::Cli;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(cause) = source {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            // Without a standard error there is nobody to tell.
            drop(writeln!(std::io::stderr(), "hw-sim: {text}"));
            ExitCode::FAILURE
        }
    }
}
