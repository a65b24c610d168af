//! Face terminals: devices with a camera, a face library and often a relay of their own, which look
//! and decide by themselves and tell it.
//!
//! Reading order, bottom first: `error` why a terminal is of no use now · `settings` · `moment` the times that it writes, and how far its clock is off · `novelty` what was
//! told before · `login` when a refused login is tried again · `parts` multipart bodies as they come ·
//! `library` what must be put into it and taken out · `event` what one tells · `line` the trait of one make ·
//! `hik` Hikvision's ISAPI · `panel_bytes`, `panel` the `mqtt/face` panels · `handle` · `keeper` the
//! loop that every make shares · `outside` all readers of a terminal's bytes, for tests that bring any.
//!
//! A terminal decides nothing for the site: what it tells is a face that asks to pass, or a report
//! of the past. It knows no worker but by number, no lane and no ledger.

mod error;
mod settings;
mod moment;
mod novelty;
mod login;
mod parts;
mod library;
mod event;
mod line;
mod hik;
mod panel_bytes;
mod panel;
mod handle;
mod keeper;
mod outside;

pub use error::TerminalFault;
pub use event::{FaceEvent, TerminalNews};
pub use handle::{TerminalHandle, TerminalOrders, terminal_channel};
pub use keeper::run;
pub use library::{LibraryPerson, LibraryState};
pub use outside::{read_answer, read_message, read_stream};
pub use settings::{Address, Login, PictureOf, TerminalSettings};
