//! The wire between a simulated device and the box.
//!
//! - `pacing`: bytes take their time, ten bits each
//! - `pty`: a pseudo-terminal under a stable name
//! - `port`: both together: one serial socket of a device, with its cable in or out

mod pacing;
mod pty;
mod port;

pub(crate) use port::{Delivered, Port};
