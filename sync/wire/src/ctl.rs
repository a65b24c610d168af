//! Hello, comparison, heartbeat and results of commands, on `up/ctl`.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;
use crate::down::ResultCode;
use crate::error::WireError;
use crate::name::{VERSION, check_box_name, check_epoch, check_version};
use crate::record::{ClockQuality, Gap};

/// Most bytes of a control message.
pub const CTL_BYTES_MAX: usize = 16 * 1024;
/// Most marks in one comparison.
pub const MARKS_MAX: usize = 64;
/// Most parts in one digest, and most checkpoints that one asks about.
pub const PARTS_MAX: usize = 64;
/// Most declared gaps in one heartbeat.
pub const GAPS_MAX: usize = 16;

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
    /// An older epoch of the box: it grows no more, and going back is its nature.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// Version of the roster in force, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_version: Option<u64>,
    /// Version of the box's software.
    pub software: String,
    /// Trust in the box's clock.
    pub clock: ClockQuality,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
    /// The key with which the box signs its checkpoints, 64 lower-case hexadecimal characters. The
    /// city keeps the first that it hears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
    /// Only asks on while records flow: the answer names the parked records after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_after: Option<u64>,
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
    /// Records that the city has not acknowledged, of all epochs.
    pub backlog: u64,
    /// When the oldest of them happened, by the stamp it has, Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_at: Option<i64>,
    /// Declared gaps whose records are among them, newest last, at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
    /// How far the city's clock is ahead of the box's, as last measured, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew_ms: Option<i64>,
    /// Trust in the box's clock.
    pub clock: ClockQuality,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// One point of the box's chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The record.
    pub seq: u64,
    /// The box's hash at it.
    pub hash: Hash,
}

/// "Up to where do we agree?" after a hello that showed that we do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// Protocol version, 1.
    pub v: u32,
    /// Number in the series of the hellos; the answer repeats it.
    pub number: u64,
    /// The box.
    pub r#box: String,
    /// The epoch.
    pub epoch: String,
    /// Points of the box's chain, ascending, 1 to 64.
    pub marks: Vec<Mark>,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// A run of records, and the root over them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// First record.
    pub from: u64,
    /// Last record.
    pub to: u64,
    /// Root of the tree over them, their hashes computed anew from their bodies; see
    /// [`crate::merkle`].
    pub root: Hash,
}

/// "Do you have these days as I have them?" once a day, and in smaller parts where not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Protocol version, 1.
    pub v: u32,
    /// Number in a series of its own; the answer repeats it.
    pub number: u64,
    /// The box.
    pub r#box: String,
    /// The epoch.
    pub epoch: String,
    /// Ascending, 0 to 64.
    pub parts: Vec<Part>,
    /// Checkpoints whose countersignatures the box lacks, ascending, at most 64.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsigned: Vec<u64>,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// How a signed message of the city ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Protocol version, 1.
    pub v: u32,
    /// The box.
    pub r#box: String,
    /// `roster` or `cmd`: the topic on which the message came.
    pub topic: ReportTopic,
    /// The number of the message; absent where nothing vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// The message's `type`, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Whether it was carried out.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ResultCode>,
    /// The same in Chinese, with what is known beyond the code; at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The box's wall clock, Unix ms.
    pub sent_at: i64,
}

/// On which topic a signed message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportTopic {
    /// `dn/roster`.
    Roster,
    /// `dn/cmd`.
    Cmd,
}

/// A control message from box to city.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Ctl {
    /// Asks for the cursor.
    Hello(Hello),
    /// Looks for the last record that both have alike.
    Compare(Compare),
    /// Proves life.
    Heartbeat(Heartbeat),
    /// Tells how a signed message ended.
    Result(Report),
    /// Compares what both have of a day.
    Digest(Digest),
}

/// The words of [`Ctl`].
const TYPES: [&str; 5] = ["hello", "compare", "heartbeat", "result", "digest"];

#[derive(Deserialize)]
struct OnlyType {
    r#type: String,
}

impl Ctl {
    /// The bytes to send.
    ///
    /// # Errors
    /// [`WireError::ListTooLong`]; [`WireError::NotSerializable`] never happens with valid names.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        self.check()?;
        serde_json::to_vec(self).map_err(WireError::NotSerializable)
    }

    /// Reads a control message.
    ///
    /// # Errors
    /// [`WireError::MessageTooLarge`], [`WireError::BadMessage`], [`WireError::UnknownVersion`],
    /// [`WireError::UnknownType`] (to be counted and ignored: the box is newer),
    /// [`WireError::BadBoxName`], [`WireError::BadEpoch`], [`WireError::ListTooLong`],
    /// [`WireError::CountsDisagree`] (marks that do not ascend).
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        if bytes.len() > CTL_BYTES_MAX {
            return Err(WireError::MessageTooLarge {
                bytes: bytes.len(),
                limit: CTL_BYTES_MAX,
            });
        }
        check_version(bytes)?;
        let only: OnlyType = serde_json::from_slice(bytes).map_err(WireError::BadMessage)?;
        if !TYPES.contains(&only.r#type.as_str()) {
            let kind = only.r#type.chars().take(64).collect();
            return Err(WireError::UnknownType { kind });
        }
        let ctl: Self = serde_json::from_slice(bytes).map_err(WireError::BadMessage)?;
        ctl.check()?;
        Ok(ctl)
    }

    fn check(&self) -> Result<(), WireError> {
        let (version, box_name, epoch) = match self {
            Self::Hello(hello) => (hello.v, &hello.r#box, Some(&hello.epoch)),
            Self::Compare(compare) => (compare.v, &compare.r#box, Some(&compare.epoch)),
            Self::Heartbeat(beat) => (beat.v, &beat.r#box, Some(&beat.epoch)),
            Self::Result(report) => (report.v, &report.r#box, None),
            Self::Digest(digest) => (digest.v, &digest.r#box, Some(&digest.epoch)),
        };
        if version != VERSION {
            return Err(WireError::UnknownVersion { version });
        }
        check_box_name(box_name)?;
        epoch.map_or(Ok(()), |epoch| check_epoch(epoch))?;
        match self {
            Self::Compare(compare) => check_marks(&compare.marks),
            Self::Digest(digest) => check_parts(digest),
            Self::Heartbeat(beat) if beat.gaps.len() > GAPS_MAX => Err(WireError::ListTooLong {
                list: "gaps",
                entries: beat.gaps.len(),
                limit: GAPS_MAX,
            }),
            Self::Hello(_) | Self::Heartbeat(_) | Self::Result(_) => Ok(()),
        }
    }
}

fn check_parts(digest: &Digest) -> Result<(), WireError> {
    for (list, entries) in [
        ("parts", digest.parts.len()),
        ("unsigned", digest.unsigned.len()),
    ] {
        if entries > PARTS_MAX {
            let limit = PARTS_MAX;
            return Err(WireError::ListTooLong {
                list,
                entries,
                limit,
            });
        }
    }
    let mut before = 0;
    for part in &digest.parts {
        if part.from <= before || part.to < part.from {
            return Err(WireError::CountsDisagree {
                from: part.from,
                to: part.to,
                count: 0,
            });
        }
        before = part.to;
    }
    Ok(())
}

fn check_marks(marks: &[Mark]) -> Result<(), WireError> {
    if marks.is_empty() || marks.len() > MARKS_MAX {
        return Err(WireError::ListTooLong {
            list: "marks",
            entries: marks.len(),
            limit: MARKS_MAX,
        });
    }
    let mut before = 0;
    for mark in marks {
        if mark.seq <= before {
            return Err(WireError::CountsDisagree {
                from: before,
                to: mark.seq,
                count: 0,
            });
        }
        before = mark.seq;
    }
    Ok(())
}
