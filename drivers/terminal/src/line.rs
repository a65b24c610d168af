//! What every make of terminal can do for the loop that keeps it.

use crate::error::TerminalFault;
use crate::event::Report;
use crate::library::{Step, Stepped};
use crate::settings::Local;

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A sign of life, with the terminal's own time where it tells one, Unix ms.
    Alive(Option<i64>),
    /// A report.
    Face(Report),
    /// The terminal says that it goes.
    Gone,
}

/// What is known about a terminal once it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Its serial number.
    pub(crate) serial: Option<String>,
    /// Its time, Unix ms.
    pub(crate) clock_ms: Option<i64>,
}

/// One make of terminal. What takes time at the terminal is a future of its own, so that an answer
/// never waits for a picture.
pub(crate) trait FaceTerminal {
    /// Longest silence of one that works, ms.
    const SILENCE_MS: u64;

    /// Reaches it and tells it how it has to work.
    async fn open(&mut self) -> Result<Facts, TerminalFault>;

    /// The next thing that it says. May be dropped and called again.
    async fn hear(&mut self) -> Result<Heard, TerminalFault>;

    /// Answers a report that asks.
    fn answer(&self, seq: u64, opens: bool) -> Local<Result<(), TerminalFault>>;

    /// Lets it forget a report.
    fn written(&self, seq: u64) -> Local<Result<(), TerminalFault>>;

    /// Reports after this number, oldest first; empty where it keeps none or sends them by itself.
    fn history(&self, after: u64) -> Local<Result<Vec<Report>, TerminalFault>>;

    /// Does one step at its library. `picture` is awaited for a [`Step::Put`] only.
    fn library(
        &self,
        step: Step,
        picture: Local<Option<Vec<u8>>>,
    ) -> Local<Result<Stepped, TerminalFault>>;
}
