//! The box's end of the line to a gate board.
//!
//! Read in this order: [`TurnstileSettings`] and [`TurnstileEvent`] (what goes in and out),
//! [`UpdateImage`] (a new firmware on its way), [`TurnstileHandle`] (commands), `history` (which events were delivered and acknowledged),
//! `line` (one request, one reply), `greeting` (who is there), `teller` (what the lane is told),
//! `desk` and `outbox` (commands that wait), `stop` (why a conversation ends), `master` (what is
//! said when).
//!
//! The driver knows no workers and decides nothing. It says Hello, polls every 50 ms, sends an
//! open command the moment the line is idle, and tells each thing the board saw once, in order.
//! A board keeps an event until the box has acknowledged it, so nothing is lost between them.

mod error;
mod event;
mod settings;
mod update;
mod handle;
mod desk;
mod outbox;
mod stop;
mod history;
mod line;
mod greeting;
mod teller;
mod master;

pub use error::TurnstileError;
pub use event::{BoardFacts, BoardReport, EventKey, OpenRefusal, TurnstileEvent};
pub use firmware_protocol::{
    BoardUid, CardNumber, Direction, EventKind, GateState, Inputs, KeyPress, Lamp, LinkLossPolicy,
    Mode, ResetCause, Settings as BoardTuning, Signal, UpdateFault,
};
pub use handle::{
    COMMANDS_MAX, Command, HOLD_MS_MAX, TurnstileCommands, TurnstileHandle, turnstile_channel,
};
pub use master::run;
pub use settings::{
    ADDRESS_DEFAULT, OPEN_WAIT_MS_MAX, POLL_MS, REPLY_TIMEOUT_MS, STATISTICS_MS, TRIES,
    TurnstileSettings,
};
pub use update::{UpdateFailure, UpdateImage, UpdateProgress};
