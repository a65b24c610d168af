//! The log: one line an event on standard error, which journald keeps.

use tracing_subscriber::fmt;

/// Starts the log at INFO, or at DEBUG where `verbose`.
pub(crate) fn start(verbose: bool) {
    let level = if verbose {
        tracing::Level::DEBUG
    } else {
        tracing::Level::INFO
    };
    fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        // A line that cannot be written is lost. Told on the same standard error, it would panic.
        .log_internal_errors(false)
        .init();
}
