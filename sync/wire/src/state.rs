//! The retained message on `state`: "online", and "offline" as the broker's last will.

use serde::{Deserialize, Serialize};

use crate::error::WireError;
use crate::name::check_version;

/// Most bytes of a state.
pub const STATE_BYTES_MAX: usize = 4 * 1024;

/// Whether the box holds a connection to the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It does.
    Online,
    /// It does not.
    Offline,
}

/// The state of a box.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Protocol version, 1.
    pub v: u32,
    /// Online or offline.
    pub state: Presence,
    /// The epoch.
    pub epoch: String,
    /// Version of the box's software.
    pub software: String,
    /// The box's wall clock when it connected (also in a last will), Unix ms.
    pub since: i64,
}

impl State {
    /// The bytes to publish.
    ///
    /// # Errors
    /// [`WireError::NotSerializable`] never happens with valid names.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        serde_json::to_vec(self).map_err(WireError::NotSerializable)
    }

    /// Reads a state.
    ///
    /// # Errors
    /// [`WireError::MessageTooLarge`], [`WireError::BadMessage`], [`WireError::UnknownVersion`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > STATE_BYTES_MAX {
            return Err(WireError::MessageTooLarge {
                bytes: bytes.len(),
                limit: STATE_BYTES_MAX,
            });
        }
        check_version(bytes)?;
        serde_json::from_slice(bytes).map_err(WireError::BadMessage)
    }
}
