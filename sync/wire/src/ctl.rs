//! Hello and heartbeat, on `up/ctl`.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::error::WireError;
use crate::name::{VERSION, check_box_name, check_epoch};
use crate::record::ClockQuality;

/// Most bytes of a control message.
pub const CTL_BYTES_MAX: usize = 16 * 1024;

/// "Here I am, this is my ledger: what do you have of it?"
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Protocol version, 1.
    pub v: u32,
    /// Number of this hello. The answer repeats it, so that an old answer is not taken for a new.
    pub number: u64,
    /// The site.
    pub site: String,
    /// The box.
    pub r#box: String,
    /// The epoch.
    pub epoch: String,
    /// First record that the box still has, 1 unless it ever drops some.
    pub first: u64,
    /// Last record, 0 where there is none yet.
    pub last: u64,
    /// Hash at `last`.
    pub head: Hash,
    /// What the box believes to be acknowledged.
    pub acked_through: u64,
    /// Version of the roster in force, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_version: Option<u64>,
    /// Version of the box's software.
    pub software: String,
    /// Trust in the box's clock.
    pub clock: ClockQuality,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// "I live", every 30 s while connected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Protocol version, 1.
    pub v: u32,
    /// The box.
    pub r#box: String,
    /// The epoch.
    pub epoch: String,
    /// Last record.
    pub last: u64,
    /// What is acknowledged without a hole.
    pub acked_through: u64,
    /// Records that the city has not acknowledged.
    pub backlog: u64,
    /// How far the city's clock is ahead of the box's, as last measured, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// Trust in the box's clock.
    pub clock: ClockQuality,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// A control message from box to city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Ctl {
    /// Asks for the cursor.
    Hello(Hello),
    /// Proves life.
    Heartbeat(Heartbeat),
}

impl Ctl {
    /// The bytes to send.
    ///
    /// # Errors
    /// [`WireError::NotSerializable`] never happens with valid names.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        serde_json::to_vec(self).map_err(WireError::NotSerializable)
    }

    /// Reads a control message. A `type` that is not known here is [`WireError::BadMessage`]: it is
    /// counted and ignored.
    ///
    /// # Errors
    /// [`WireError::MessageTooLarge`], [`WireError::BadMessage`], [`WireError::UnknownVersion`],
    /// [`WireError::BadBoxName`], [`WireError::BadEpoch`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > CTL_BYTES_MAX {
            return Err(WireError::MessageTooLarge {
                bytes: bytes.len(),
                limit: CTL_BYTES_MAX,
            });
        }
        let ctl: Self = serde_json::from_slice(bytes).map_err(WireError::BadMessage)?;
        let (version, box_name, epoch) = match &ctl {
            Self::Hello(hello) => (hello.v, &hello.r#box, &hello.epoch),
            Self::Heartbeat(beat) => (beat.v, &beat.r#box, &beat.epoch),
        };
        if version != VERSION {
            return Err(WireError::UnknownVersion { version });
        }
        check_box_name(box_name)?;
        check_epoch(epoch)?;
        Ok(ctl)
    }
}
