//! Orders of a command to the box, and the texts that become orders.

mod folder;
mod notice;

pub(crate) use folder::{Order, OrderFolder, Outcome};
pub(crate) use notice::notice;
