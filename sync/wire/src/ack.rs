//! The city's word that it has stored, on `dn/ack`, published after its commit.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::checkpoint::{COUNTERSIGNS_MAX, Countersign};
use crate::ctl::PARTS_MAX;
use crate::error::{ParkCode, WireError};
use crate::name::{VERSION, check_epoch, check_version};

/// Most bytes of an acknowledgement.
pub const ACK_BYTES_MAX: usize = 64 * 1024;
/// Most ranges in one acknowledgement.
pub const RANGES_MAX: usize = 64;
/// Most parked records named in one acknowledgement.
pub const PARKED_MAX: usize = 100;
/// Longest message of a parked record, in characters.
pub const PARKED_MESSAGE_CHARS_MAX: usize = 200;

/// Records that are stored although something before them is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AckRange {
    /// First of them.
    pub from: u64,
    /// Last of them.
    pub to: u64,
    /// Hash at `to`.
    pub head: Hash,
}

/// A record that is stored but waits for a person or an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The record.
    pub seq: u64,
    /// Why.
    pub code: ParkCode,
    /// The reason in Chinese, for the clerk; at most 200 characters.
    pub message: String,
}

/// The answer to a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The number of the comparison.
    pub number: u64,
    /// The highest of its marks at which the city has the same hash; 0 where it has none.
    pub same: u64,
}

/// The answer to a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestAnswer {
    /// The number of the digest.
    pub number: u64,
    /// Whether the city has all of its parts alike.
    pub same: bool,
    /// Smaller parts of what differs, first and last record of each, to be told in a digest of their
    /// own; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ask: Vec<(u64, u64)>,
    /// The records that differ, once they are found; at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<u64>,
}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Protocol version, 1.
    pub v: u32,
    /// The epoch that it speaks of.
    pub epoch: String,
    /// Everything from 1 to here is stored; read from the city's own table after its commit.
    pub through: u64,
    /// Hash at `through` as the city computed it; of an empty ledger where `through` is 0.
    pub head: Hash,
    /// What is stored beyond `through`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ranges: Vec<AckRange>,
    /// Records newly parked; in the answer to a hello: all that are, oldest first, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Parked>,
    /// The city's signatures under checkpoints that it has checked, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countersign: Vec<Countersign>,
    /// The answer to a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Box<DigestAnswer>>,
    /// The number of the hello that this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello: Option<u64>,
    /// The answer to a comparison.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compared>,
    /// The city has just started, or lost its place: the box says hello at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub greet: bool,
    /// The city is busy: no bulk message before this time has gone by, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// Most records a second by the bulk tier, for ten minutes or until the next word; 0: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bulk_rate: Option<u64>,
    /// The city's wall clock, Unix ms.
    pub now: i64,
}

impl Ack {
    /// The bytes to send.
    ///
    /// # Errors
    /// [`WireError::ListTooLong`], [`WireError::NotSerializable`].
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        self.check()?;
        serde_json::to_vec(self).map_err(WireError::NotSerializable)
    }

    /// Reads an acknowledgement.
    ///
    /// # Errors
    /// [`WireError::MessageTooLarge`], [`WireError::BadMessage`], [`WireError::UnknownVersion`],
    /// [`WireError::BadEpoch`], [`WireError::ListTooLong`], [`WireError::CountsDisagree`].
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > ACK_BYTES_MAX {
            return Err(WireError::MessageTooLarge {
                bytes: bytes.len(),
                limit: ACK_BYTES_MAX,
            });
        }
        check_version(bytes)?;
        let ack: Self = serde_json::from_slice(bytes).map_err(WireError::BadMessage)?;
        ack.check()?;
        Ok(ack)
    }

    fn check(&self) -> Result<(), WireError> {
        if self.v != VERSION {
            return Err(WireError::UnknownVersion { version: self.v });
        }
        check_epoch(&self.epoch)?;
        check_list("ranges", self.ranges.len(), RANGES_MAX)?;
        check_list("parked", self.parked.len(), PARKED_MAX)?;
        check_list("countersign", self.countersign.len(), COUNTERSIGNS_MAX)?;
        if let Some(digest) = &self.digest {
            check_list("ask", digest.ask.len(), PARTS_MAX)?;
            check_list("differs", digest.differs.len(), PARTS_MAX)?;
        }
        for range in &self.ranges {
            if range.from == 0 || range.to < range.from {
                return Err(WireError::CountsDisagree {
                    from: range.from,
                    to: range.to,
                    count: 0,
                });
            }
        }
        Ok(())
    }
}

fn check_list(list: &'static str, entries: usize, limit: usize) -> Result<(), WireError> {
    if entries > limit {
        return Err(WireError::ListTooLong {
            list,
            entries,
            limit,
        });
    }
    Ok(())
}
