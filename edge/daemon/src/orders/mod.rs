//! Orders of a command to the box, and the texts that become orders.

mod folder;
mod notice;

pub(crate) use folder::{CodeHash, ImageText, Order, OrderFolder, Outcome, Waiting};
pub(crate) use notice::notice;
