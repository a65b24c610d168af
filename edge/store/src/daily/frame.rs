//! One record in a daily file: length, checksum, and the record sealed.
//!
//! A file begins with [`MAGIC`]. A frame is the length of what follows the checksum (4 bytes, little
//! endian), its CRC-32C, and nonce and ciphertext of epoch, number, hash and body. Whoever meets bytes
//! that are no frame looks for the next one: a torn write, or a damaged sector, costs only itself.

use crc::{CRC_32_ISCSI, Crc};
use sync_wire::record::CARRIED_BYTES_MAX;
use sync_wire::seal::{self, DataKey};
use sync_wire::{Hash, Head, WireError};
use zeroize::Zeroizing;

/// What a daily file begins with.
pub(crate) const MAGIC: &[u8; 8] = b"MENWEID1";

const CHECK: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
const HEAD_BYTES: usize = 8;
const EPOCH_BYTES: usize = 16;
/// Epoch, number and hash before the body.
const FIXED_BYTES: usize = EPOCH_BYTES + 8 + 32;
/// The longest and the shortest that can follow the checksum: nonce and tag are 28 bytes.
const SEALED_BYTES_MAX: usize = FIXED_BYTES + CARRIED_BYTES_MAX + 28;
const SEALED_BYTES_MIN: usize = FIXED_BYTES + 28;

/// The longest frame.
pub(crate) const FRAME_BYTES_MAX: usize = HEAD_BYTES + SEALED_BYTES_MAX;

/// A record of a daily file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DailyRecord {
    /// Its epoch.
    pub(crate) epoch: String,
    /// Its number, and the chain at it.
    pub(crate) head: Head,
    /// Its exact bytes.
    pub(crate) body: Vec<u8>,
}

/// Writes a record behind `out`.
pub(crate) fn write(
    out: &mut Vec<u8>,
    (key, box_id): (&DataKey, &str),
    nonce: [u8; 12],
    record: &DailyRecord,
) -> Result<(), WireError> {
    let mut plain = Zeroizing::new(Vec::with_capacity(FIXED_BYTES + record.body.len()));
    plain.extend(record.epoch.as_bytes());
    plain.extend(record.head.seq.to_le_bytes());
    plain.extend(record.head.hash.as_bytes());
    plain.extend(&record.body);
    let sealed = seal::seal_daily(&plain, key, nonce, box_id)?;
    let length = u32::try_from(sealed.len()).map_err(|_long| WireError::CannotSeal)?;
    out.extend(length.to_le_bytes());
    out.extend(CHECK.checksum(&sealed).to_le_bytes());
    out.extend(sealed);
    Ok(())
}

/// What stands at the beginning of some bytes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'a> {
    /// A frame: its sealed part, and the length of all of it.
    Frame(&'a [u8], usize),
    /// No frame begins here.
    Junk,
    /// Perhaps one, but it goes on behind these bytes.
    Short,
}

/// Looks for a frame at the beginning of `bytes`.
pub(crate) fn next(bytes: &[u8]) -> Next<'_> {
    let Some((length, rest)) = bytes.split_first_chunk::<4>() else {
        return Next::Short;
    };
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if !(SEALED_BYTES_MIN..=SEALED_BYTES_MAX).contains(&length) {
        return Next::Junk;
    }
    let Some((check, rest)) = rest.split_first_chunk::<4>() else {
        return Next::Short;
    };
    match rest.get(..length) {
        None => Next::Short,
        Some(sealed) if CHECK.checksum(sealed) == u32::from_le_bytes(*check) => {
            Next::Frame(sealed, HEAD_BYTES + length)
        }
        Some(_) => Next::Junk,
    }
}

/// Opens the sealed part of a frame; `None` where it is not this box's, or not under this key.
pub(crate) fn open(sealed: &[u8], (key, box_id): (&DataKey, &str)) -> Option<DailyRecord> {
    let plain = Zeroizing::new(seal::unseal_daily(sealed, key, box_id).ok()?);
    let (epoch, rest) = plain.split_at_checked(EPOCH_BYTES)?;
    let (seq, rest) = rest.split_first_chunk::<8>()?;
    let (hash, body) = rest.split_first_chunk::<32>()?;
    Some(DailyRecord {
        epoch: String::from_utf8(epoch.to_vec()).ok()?,
        head: Head {
            seq: u64::from_le_bytes(*seq),
            hash: Hash::from_bytes(*hash),
        },
        body: body.to_vec(),
    })
}
