//! The records of one worker in a file that proves itself: whoever has the box's public key can check
//! it, anywhere, without the ledger.
//!
//! ```text
//! file = payload + "\n" + base64( Ed25519( "menwei-proof-1|" + payload ) )
//! ```
//!
//! Each record comes with the hash before it and its way up the tree to the root of a checkpoint, so
//! nothing of anybody else's is in the file but hashes. A segment of the chain would prove the same
//! with up to 255 foreign records around each. What the file proves is that these records are the
//! ledger's; not that there are no others.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::chain::{self, Hash, Head};
use crate::checkpoint::{self, Countersign, Doubt};
use crate::down::{SigningKey, VerifyingKey};
use crate::error::WireError;
use crate::merkle;
use crate::name::{VERSION, check_box_name, check_epoch};
use crate::record::{BODY_BYTES_MAX, Checkpoint, Kind, Record};

/// Most bytes of a file.
pub const PROOF_BYTES_MAX: usize = 16 * 1024 * 1024;

const DOMAIN: &str = "menwei-proof-1|";

/// A checkpoint with the hash before it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProofCheckpoint {
    epoch: String,
    seq: u64,
    prev: Hash,
    body: Box<RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    countersign: Option<Countersign>,
}

/// A record with the hash before it, and its way to the root of a checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProofRecord {
    epoch: String,
    seq: u64,
    prev: Hash,
    body: Box<RawValue>,
    checkpoint: usize,
    path: Vec<Hash>,
}

/// What a ledger gives for a proof.
#[derive(Debug, Clone, Default)]
pub struct Proving {
    /// Checkpoints that cover any of the records.
    pub checkpoints: Vec<ProofCheckpoint>,
    /// The records, in the ledger's order.
    pub records: Vec<ProofRecord>,
    /// Records of the worker that no checkpoint covers yet.
    pub uncovered: usize,
}

/// What a proof is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The box.
    pub r#box: String,
    /// The worker's number at the box.
    pub worker: u32,
    /// Begin of the time, Unix ms.
    pub from: i64,
    /// Its end, which is not in it.
    pub to: i64,
    /// When the file was made, Unix ms by the box's clock.
    pub made_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    v: u32,
    about: About,
    uncovered: usize,
    checkpoints: Vec<ProofCheckpoint>,
    records: Vec<ProofRecord>,
}

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// What it is about.
    pub about: About,
    /// The bodies, in order, with epoch and number.
    pub records: Vec<(String, u64, Vec<u8>)>,
    /// Checkpoints that stand for them.
    pub checkpoints: usize,
    /// How many of these the city signed; `None` where nobody gave its key.
    pub countersigned: Option<usize>,
    /// When the city signed the last of them, Unix ms by its clock.
    pub city_at: Option<i64>,
    /// Records of the worker that the box had not signed yet.
    pub uncovered: usize,
}

/// Why a file proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofFault {
    /// It is longer than any.
    TooLong,
    /// It is none, or of another version, or cut.
    Unreadable,
    /// Another box's key made it, or the key that was given is another box's.
    OtherKey,
    /// A checkpoint, by its number.
    Checkpoint(u64, Doubt),
    /// The city has not signed this checkpoint, though it says so.
    Countersign(u64),
    /// A record is not the one that was signed.
    Record(u64),
    /// A record is not the worker's, or not of this time.
    Foreign(u64),
    /// A record stands there twice, or not in the ledger's order.
    Order(u64),
    /// Something else of the file was changed after it was made.
    Signature,
}

fn raw(body: &[u8]) -> Result<Box<RawValue>, WireError> {
    let text = String::from_utf8(body.to_vec()).map_err(|_| WireError::BodyNotObject(None))?;
    RawValue::from_string(text).map_err(WireError::NotSerializable)
}

impl ProofCheckpoint {
    /// A checkpoint's record as it stands: the chain at it, the hash before it, its body.
    ///
    /// # Errors
    /// [`WireError::NotSerializable`]: the body is no JSON.
    pub fn new(
        epoch: &str,
        (head, prev, body): (Head, Hash, &[u8]),
        countersign: Option<Countersign>,
    ) -> Result<Self, WireError> {
        Ok(Self {
            epoch: epoch.to_owned(),
            seq: head.seq,
            prev,
            body: raw(body)?,
            countersign,
        })
    }

    /// Checks it by itself; what it says.
    fn check(
        &self,
        box_name: &str,
        (device, city): (&VerifyingKey, Option<&VerifyingKey>),
    ) -> Result<Checkpoint, ProofFault> {
        let doubt = |doubt| ProofFault::Checkpoint(self.seq, doubt);
        let body = self.body.get().as_bytes();
        let record = Record::from_body(body).map_err(|_| doubt(Doubt::Signature))?;
        let Kind::Checkpoint(said) = record.kind else {
            return Err(doubt(Doubt::Signature));
        };
        let name = (box_name, self.epoch.as_str());
        if said.key != device.to_hex() {
            return Err(doubt(Doubt::Key));
        }
        if !checkpoint::is_signed(name, body, &said) {
            return Err(doubt(Doubt::Signature));
        }
        if said.to.checked_add(1) != Some(self.seq) || said.from == 0 || said.from > said.to {
            return Err(doubt(Doubt::Place));
        }
        if said.head != self.prev {
            return Err(doubt(Doubt::Chain));
        }
        if let Some(signed) = &self.countersign {
            let is_here = signed.seq == self.seq && signed.head == chain::next(&self.prev, body);
            if !is_here || city.is_some_and(|city| !signed.holds(city, name)) {
                return Err(ProofFault::Countersign(self.seq));
            }
        }
        Ok(said)
    }
}

impl ProofRecord {
    /// A record with what proves it.
    ///
    /// # Errors
    /// [`WireError::NotSerializable`]: the body is no JSON.
    pub fn new(
        (epoch, seq): (&str, u64),
        (prev, body): (Hash, &[u8]),
        (checkpoint, path): (usize, Vec<Hash>),
    ) -> Result<Self, WireError> {
        Ok(Self {
            epoch: epoch.to_owned(),
            seq,
            prev,
            body: raw(body)?,
            checkpoint,
            path,
        })
    }

    fn check(&self, about: &About, checkpoints: &[(&str, Checkpoint)]) -> Result<(), ProofFault> {
        #[derive(Deserialize)]
        struct Named {
            at: i64,
            worker: Option<u32>,
        }
        let wrong = ProofFault::Record(self.seq);
        let body = self.body.get().as_bytes();
        let (epoch, said) = checkpoints.get(self.checkpoint).ok_or(wrong)?;
        let is_covered = *epoch == self.epoch && (said.from..=said.to).contains(&self.seq);
        if !is_covered || body.len() > BODY_BYTES_MAX || self.path.len() > merkle::PATH_MAX {
            return Err(wrong);
        }
        let leaf = merkle::leaf(self.seq, &chain::next(&self.prev, body));
        let count = said.to.saturating_sub(said.from).saturating_add(1);
        let place = (self.seq.saturating_sub(said.from), count);
        if merkle::root_of_path(leaf, place, &self.path) != Some(said.root) {
            return Err(wrong);
        }
        let named: Named = serde_json::from_slice(body).map_err(|_| wrong)?;
        let is_his = named.worker == Some(about.worker);
        if !is_his || !(about.from..about.to).contains(&named.at) {
            return Err(ProofFault::Foreign(self.seq));
        }
        Ok(())
    }
}

/// The bytes of a proof's file.
///
/// # Errors
/// [`WireError::MessageTooLarge`]: a shorter time fits; [`WireError::NotSerializable`] does not happen.
pub fn write(key: &SigningKey, about: About, proving: Proving) -> Result<Vec<u8>, WireError> {
    let payload = Payload {
        v: VERSION,
        about,
        uncovered: proving.uncovered,
        checkpoints: proving.checkpoints,
        records: proving.records,
    };
    let payload = to_raw_value(&payload).map_err(WireError::NotSerializable)?;
    let payload = payload.get();
    let bytes = [payload, "\n", &key.sign_note(&signed_text(payload)), "\n"].concat();
    if bytes.len() > PROOF_BYTES_MAX {
        return Err(WireError::MessageTooLarge {
            bytes: bytes.len(),
            limit: PROOF_BYTES_MAX,
        });
    }
    Ok(bytes.into_bytes())
}

fn signed_text(payload: &str) -> String {
    [DOMAIN, payload].concat()
}

/// Checks a proof's file with the box's public key, and with the city's where it is known.
///
/// # Errors
/// The first thing that is not as it was signed.
pub fn verify(
    bytes: &[u8],
    (device, city): (&VerifyingKey, Option<&VerifyingKey>),
) -> Result<Proven, ProofFault> {
    if bytes.len() > PROOF_BYTES_MAX {
        return Err(ProofFault::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ProofFault::Unreadable)?;
    let lines = text
        .strip_suffix('\n')
        .and_then(|text| text.split_once('\n'));
    let (payload, signature) = lines.ok_or(ProofFault::Unreadable)?;
    let proof: Payload = serde_json::from_str(payload).map_err(|_| ProofFault::Unreadable)?;
    let about = proof.about;
    if proof.v != VERSION || check_box_name(&about.r#box).is_err() {
        return Err(ProofFault::Unreadable);
    }
    let is_signed = device.verifies_note(&signed_text(payload), signature);
    let mut checkpoints = Vec::with_capacity(proof.checkpoints.len());
    for one in &proof.checkpoints {
        check_epoch(&one.epoch).map_err(|_| ProofFault::Unreadable)?;
        let said = one.check(&about.r#box, (device, city));
        let said = said.map_err(|fault| {
            let is_other = fault == ProofFault::Checkpoint(one.seq, Doubt::Key);
            // All of the file is by another key.
            if is_other && !is_signed {
                ProofFault::OtherKey
            } else {
                fault
            }
        })?;
        checkpoints.push((one.epoch.as_str(), said));
    }
    let mut records: Vec<(String, u64, Vec<u8>)> = Vec::with_capacity(proof.records.len());
    let mut last = None;
    for one in &proof.records {
        one.check(&about, &checkpoints)?;
        let place = (one.checkpoint, one.seq);
        if last.is_some_and(|last| last >= place) {
            return Err(ProofFault::Order(one.seq));
        }
        last = Some(place);
        let body = one.body.get().as_bytes().to_vec();
        records.push((one.epoch.clone(), one.seq, body));
    }
    if !is_signed {
        return Err(ProofFault::Signature);
    }
    let signed = proof
        .checkpoints
        .iter()
        .filter_map(|one| one.countersign.as_ref());
    Ok(Proven {
        about,
        records,
        checkpoints: proof.checkpoints.len(),
        countersigned: city.map(|_| signed.clone().count()),
        city_at: city.and_then(|_| signed.map(|one| one.at).max()),
        uncovered: proof.uncovered,
    })
}
