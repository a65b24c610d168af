//! Checkpoints: what a box signs of its ledger, and what the city signs after it.
//!
//! ```text
//! signed by the box  = "menwei-checkpoint-1|" box "|" epoch "|" body up to ,"signature":
//! signed by the city = "menwei-countersign-1|" box "|" epoch "|" seq "|" hash at seq "|" at
//! ```
//!
//! The box signs with a key of its own that stands apart from its database; the city with the key that
//! the box pinned when it was claimed. `seq` is the number of the checkpoint's own record: its hash
//! holds the whole chain and the box's signature.

use serde::{Deserialize, Serialize};

use crate::chain::{Hash, Head};
use crate::down::{SigningKey, VerifyingKey};
use crate::error::WireError;
use crate::record::{Checkpoint, Kind, PreviousEpoch, Record, Stamp};

/// A checkpoint is due after so many records.
pub const CHECKPOINT_RECORDS: u64 = 256;
/// And after so long with new records, ms.
pub const CHECKPOINT_MS: u64 = 10 * 60 * 1_000;
/// Most records that one checkpoint covers.
pub const COVERED_MAX: u64 = 65_536;
/// Most countersignatures in one acknowledgement.
pub const COUNTERSIGNS_MAX: usize = 64;

const DOMAIN: &str = "menwei-checkpoint-1";
const CITY_DOMAIN: &str = "menwei-countersign-1";
const SIGNATURE: &[u8] = b",\"signature\":\"";
const END: &[u8] = b"\"}";

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The first record that it covers: the checkpoint before, or 1.
    pub from: u64,
    /// The last: the record just before it.
    pub head: Head,
    /// The root over all of them.
    pub root: Hash,
    /// What the box knows to have had, and does not have any more.
    pub lost: Option<PreviousEpoch>,
}

/// Why a checkpoint is not to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The signature is not that of the key which it names.
    Signature,
    /// It names another key than the box's.
    Key,
    /// It does not stand where it says, or does not follow the one before.
    Place,
    /// The chain before it is not the one that was signed.
    Chain,
    /// The root is not that of its records.
    Root,
}

/// The body of a checkpoint's record.
///
/// # Errors
/// [`WireError::NotSerializable`] does not happen.
pub fn write(
    key: &SigningKey,
    (box_name, epoch): (&str, &str),
    stamp: Stamp,
    facts: &Facts,
) -> Result<Vec<u8>, WireError> {
    let record = Record {
        stamp,
        kind: Kind::Checkpoint(Checkpoint {
            from: facts.from,
            to: facts.head.seq,
            head: facts.head.hash,
            root: facts.root,
            lost: facts.lost.clone(),
            key: key.verifying_key().to_hex(),
            signature: String::new(),
        }),
    };
    let unsigned = record.to_body()?;
    let end = unsigned.len().saturating_sub(SIGNATURE.len() + END.len());
    let (said, _) = unsigned.split_at(end);
    let signature = key.sign_bytes(&signed_text(box_name, epoch, said));
    Ok([said, SIGNATURE, signature.as_bytes(), END].concat())
}

/// Whether the box that holds the key which the checkpoint names has signed exactly this body.
pub fn is_signed((box_name, epoch): (&str, &str), body: &[u8], checkpoint: &Checkpoint) -> bool {
    let Ok(key) = VerifyingKey::from_hex(&checkpoint.key) else {
        return false;
    };
    let ending = [SIGNATURE, checkpoint.signature.as_bytes(), END].concat();
    body.strip_suffix(ending.as_slice()).is_some_and(|said| {
        let text = signed_text(box_name, epoch, said);
        key.verifies_bytes(&text, checkpoint.signature.as_bytes())
    })
}

/// First record that a checkpoint after record `to` covers: the checkpoint before (`last`, 0 for
/// none), or the epoch's first. What is too much for one is left to the chain alone.
pub fn covered_from(last: u64, to: u64) -> u64 {
    let most = to.saturating_sub(COVERED_MAX).saturating_add(1);
    last.max(1).max(most)
}

/// Whether a checkpoint stands where it says, and tells the chain before it; `before`
/// is the record just before it, `last` the checkpoint before (0: none), `root` the root over what
/// it covers.
///
/// # Errors
/// The first doubt.
pub fn check_place(
    checkpoint: &Checkpoint,
    before: Head,
    last: u64,
    root: Option<Hash>,
) -> Result<(), Doubt> {
    if checkpoint.to != before.seq || checkpoint.from != covered_from(last, before.seq) {
        return Err(Doubt::Place);
    }
    if checkpoint.head != before.hash {
        return Err(Doubt::Chain);
    }
    if root != Some(checkpoint.root) {
        return Err(Doubt::Root);
    }
    Ok(())
}

fn signed_text(box_name: &str, epoch: &str, said: &[u8]) -> Vec<u8> {
    [format!("{DOMAIN}|{box_name}|{epoch}|").as_bytes(), said].concat()
}

/// The city's signature after the box's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Countersign {
    /// The checkpoint's record.
    pub seq: u64,
    /// The hash at it, as the city computed it.
    pub head: Hash,
    /// When the city signed, Unix ms by its clock.
    pub at: i64,
    /// Base64.
    pub signature: String,
}

impl Countersign {
    /// Signs.
    pub fn new(
        key: &SigningKey,
        (box_name, epoch): (&str, &str),
        checkpoint: Head,
        at: i64,
    ) -> Self {
        let mut made = Self {
            seq: checkpoint.seq,
            head: checkpoint.hash,
            at,
            signature: String::new(),
        };
        made.signature = key.sign_bytes(&made.text(box_name, epoch));
        made
    }

    /// Whether the city signed this of this box and epoch.
    pub fn holds(&self, key: &VerifyingKey, (box_name, epoch): (&str, &str)) -> bool {
        key.verifies_bytes(&self.text(box_name, epoch), self.signature.as_bytes())
    }

    fn text(&self, box_name: &str, epoch: &str) -> Vec<u8> {
        let Self { seq, head, at, .. } = self;
        format!("{CITY_DOMAIN}|{box_name}|{epoch}|{seq}|{head}|{at}").into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ClockQuality;

    const NAME: (&str, &str) = ("box-demo", "00112233aabbccdd");

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn written() -> Vec<u8> {
        let stamp = Stamp {
            at: 1_795_302_175_000,
            boot: 3,
            mono: 252_200,
            clock: ClockQuality::Synced,
        };
        let facts = Facts {
            from: 1,
            head: Head {
                seq: 32,
                hash: Hash::from_bytes([1; 32]),
            },
            root: Hash::from_bytes([2; 32]),
            lost: None,
        };
        write(&key(), NAME, stamp, &facts).unwrap()
    }

    fn checkpoint(body: &[u8]) -> Option<Checkpoint> {
        let record = Record::from_body(body).ok()?;
        if let Kind::Checkpoint(checkpoint) = record.kind {
            Some(checkpoint)
        } else {
            None
        }
    }

    #[test]
    fn no_byte_of_a_checkpoint_can_be_changed() {
        let body = written();
        let record = Record::from_body(&body).unwrap();
        assert_eq!(record.to_body().unwrap(), body, "canonical");
        assert!(is_signed(NAME, &body, &checkpoint(&body).unwrap()));
        for at in 0..body.len() {
            for flip in [1, 4, 32] {
                let mut other = body.clone();
                other[at] ^= flip;
                let believed = checkpoint(&other).is_some_and(|one| is_signed(NAME, &other, &one));
                assert!(!believed, "byte {at} ^ {flip}");
            }
        }
        let whole = checkpoint(&body).unwrap();
        assert!(!is_signed(("box-demo", "00112233aabbccde"), &body, &whole));
        assert!(!is_signed(("box-dem", "o|00112233aabbccdd"), &body, &whole));
    }

    #[test]
    fn a_field_after_the_signature_is_not_signed_and_not_believed() {
        let body = written();
        let text = String::from_utf8(body)
            .unwrap()
            .replace("\"}", "\",\"to\":9}");
        let believed =
            checkpoint(text.as_bytes()).is_some_and(|one| is_signed(NAME, text.as_bytes(), &one));
        assert!(!believed);
    }

    #[test]
    fn a_countersignature_is_of_one_record_of_one_box() {
        let head = Head {
            seq: 33,
            hash: Hash::from_bytes([3; 32]),
        };
        let made = Countersign::new(&key(), NAME, head, 5);
        let public = key().verifying_key();
        assert!(made.holds(&public, NAME));
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
        assert!(!made.holds(&other, NAME));
        assert!(!made.holds(&public, ("box-2", NAME.1)));
        for changed in [
            Countersign {
                seq: 34,
                ..made.clone()
            },
            Countersign {
                at: 6,
                ..made.clone()
            },
            Countersign {
                head: Hash::from_bytes([4; 32]),
                ..made
            },
        ] {
            assert!(!changed.holds(&public, NAME), "{changed:?}");
        }
    }
}
