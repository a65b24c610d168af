//! The devices of the settings as things that can be exchanged.

mod identity;

pub(crate) use identity::{Identity, KnownDevices};
