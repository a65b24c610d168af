//! Face terminals of the lanes: `desk` what all of them share · `terminal_lamp` what a lamp says ·
//! `places` one lane's terminals, from what they tell to their answers.

mod desk;
mod terminal_lamp;
mod places;

pub(crate) use desk::TerminalDesk;
pub(super) use places::{Stepped, TerminalPlace, Terminals};
pub(super) use terminal_lamp::TerminalLamp;
