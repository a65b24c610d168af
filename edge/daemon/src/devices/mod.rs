//! The devices of the settings as things that can be exchanged, and the gate's voice.

mod identity;
mod voice;

pub(crate) use identity::{Identity, KnownDevices};
pub(crate) use voice::GateVoice;
