//! What the box records about itself.

use serde::{Deserialize, Serialize};

use crate::chain::Hash;

/// Why a new epoch began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EpochReason {
    /// The box has never recorded before.
    FirstStart,
    /// The file was restored from a backup.
    Restored,
    /// The old file was damaged and set aside.
    Damaged,
    /// The city knows another continuation of the old epoch.
    Forked,
}

/// The old epoch as far as this box knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousEpoch {
    /// Its name.
    pub epoch: String,
    /// Its last record as known here.
    pub last: u64,
    /// The hash at `last`.
    pub head: Hash,
}

/// `epoch_began`: always record 1 of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochBegan {
    /// The box.
    pub r#box: String,
    /// The site that the box serves.
    pub site: String,
    /// The epoch that begins.
    pub epoch: String,
    /// Version of the box's software.
    pub software: String,
    /// Why.
    pub reason: EpochReason,
    /// The epoch before, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousEpoch>,
}

/// `started`: the box's process started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The kernel's boot id (UUID text): tells a restart of the process from one of the machine.
    pub boot_id: String,
    /// Version of the box's software.
    pub software: String,
    /// Last moment at which the box is known to have been alive, Unix ms. The time from then to
    /// `at` is the declared gap: nothing was recorded because nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_since: Option<i64>,
}

/// State of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceState {
    /// Answers.
    Online,
    /// Does not answer.
    Offline,
    /// Answers that it is broken.
    Fault,
}

/// `device`: a reader or gate board came, went or broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Name of the device in the site's settings.
    pub device: String,
    /// The lane it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Its new state.
    pub state: DeviceState,
    /// What is known about the reason, for a technician.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it says it is (a reader's SAM number, a board's serial number and version).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
}

/// What happened to the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockChange {
    /// A time source began to discipline it.
    Synced,
    /// It moved against monotonic time.
    Jumped,
    /// It is no longer trusted.
    Unset,
}

/// `clock`: the wall clock changed; `after - before` corrects earlier records of this boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockChanged {
    /// What happened.
    pub change: ClockChange,
    /// Wall time just before, Unix ms.
    pub before: i64,
    /// Wall time just after, Unix ms.
    pub after: i64,
}

/// Why there are no records of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The box had no power or its process did not run.
    PoweredOff,
    /// The site declared that no work takes place (停工).
    Suspended,
}

/// `gap`: a declared absence of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Begin, Unix ms.
    pub from: i64,
    /// End, Unix ms.
    pub to: i64,
    /// Why.
    pub cause: GapCause,
    /// What the notice of 停工 says, up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `carried`: a record of an epoch that forked, which the city does not have. The stamp of this
/// record is when it was carried; the act is what `body` says, with the stamp that it has there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The epoch in which it was first recorded.
    pub epoch: String,
    /// Its number there.
    pub seq: u64,
    /// The bytes of that body as they were. Written and read beside the derived code: the chain
    /// lives from exact bytes.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// `policy_applied`: a policy of the city is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyApplied {
    /// Its number; only grows.
    pub version: u32,
    /// SHA-256 of the signed payload, lower-case hexadecimal.
    pub digest: String,
}

/// `roster_applied`: a roster version is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterApplied {
    /// Its number; only grows.
    pub version: u64,
    /// SHA-256 of the roster file, lower-case hexadecimal.
    pub digest: String,
    /// Workers that were new.
    pub added: u32,
    /// Workers whose data changed.
    pub changed: u32,
    /// Workers that were revoked.
    pub revoked: u32,
}

/// `checkpoint`: the box signs its ledger up to the record before this one, as the module `checkpoint`
/// says. `signature` stays the last field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// First record that it covers: the checkpoint before, or 1.
    pub from: u64,
    /// Last record that it covers: the one before this.
    pub to: u64,
    /// The chain's hash at `to`.
    pub head: Hash,
    /// Root of the tree over all records that it covers; see [`crate::merkle`].
    pub root: Hash,
    /// The last record that the box knows to have had, where its ledger does not have it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<PreviousEpoch>,
    /// The public key of the box, 64 lower-case hexadecimal characters.
    pub key: String,
    /// Ed25519, base64.
    pub signature: String,
}
