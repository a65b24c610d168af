//! Is an image good?

use crate::image::{
    BoardKind, DIGEST_BYTES, HEAD_BYTES, HEADER_BYTES, Header, SIGNATURE_BYTES, TrustedKey,
};
use embedded_storage::nor_flash::ReadNorFlash;
use firmware_protocol::UpdateFault;
use salty::{PublicKey, Sha512, Signature};

/// Bytes read at a time.
const PIECE_BYTES: usize = 128;

/// The header of the image in a slot, if it has one.
pub fn header(slot: &mut impl ReadNorFlash) -> Option<Header> {
    let mut bytes = [0; HEADER_BYTES];
    slot.read(0, &mut bytes).ok()?;
    Header::read(&bytes)
}

/// Judges the image in a slot of which `room` bytes may be used: its kind, its length, its digest
/// and its signature.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    slot: &mut impl ReadNorFlash,
    room: u32,
    kind: BoardKind,
    key: Option<TrustedKey>,
) -> Result<Header, UpdateFault> {
    let found = header(slot).ok_or(UpdateFault::NotAnImage)?;
    fits(&found, room, kind)?;
    signed(slot, &found, key.ok_or(UpdateFault::NoKey)?)?;
    if digest(slot, found.body_bytes)? == found.digest {
        Ok(found)
    } else {
        Err(UpdateFault::Digest)
    }
}

/// Whether an image with this header can be for this board at all.
///
/// # Errors
/// What is wrong with it.
pub fn fits(header: &Header, room: u32, kind: BoardKind) -> Result<(), UpdateFault> {
    if header.kind != kind {
        return Err(UpdateFault::OtherBoard);
    }
    let whole = header.body_bytes > 0 && header.body_bytes.is_multiple_of(4);
    if whole && header.image_bytes() <= room {
        Ok(())
    } else {
        Err(UpdateFault::Length)
    }
}

fn signed(
    slot: &mut impl ReadNorFlash,
    header: &Header,
    key: TrustedKey,
) -> Result<(), UpdateFault> {
    let mut signature = [0; SIGNATURE_BYTES];
    let at = u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX);
    slot.read(at, &mut signature)
        .map_err(|_| UpdateFault::Flash)?;
    let key = PublicKey::try_from(&key.0).map_err(|_| UpdateFault::NoKey)?;
    key.verify(&header.write(), &Signature::from(&signature))
        .map_err(|_| UpdateFault::Signature)
}

fn digest(
    slot: &mut impl ReadNorFlash,
    body_bytes: u32,
) -> Result<[u8; DIGEST_BYTES], UpdateFault> {
    let mut hash = Sha512::new();
    let mut piece = [0; PIECE_BYTES];
    let mut at = HEAD_BYTES;
    let end = HEAD_BYTES.saturating_add(body_bytes);
    while at < end {
        let left = usize::try_from(end - at).unwrap_or(PIECE_BYTES);
        let piece = piece
            .get_mut(..left.min(PIECE_BYTES))
            .ok_or(UpdateFault::Length)?;
        slot.read(at, piece).map_err(|_| UpdateFault::Flash)?;
        hash.update(piece);
        at = at.saturating_add(u32::try_from(piece.len()).unwrap_or(u32::MAX));
    }
    let whole = hash.finalize();
    whole
        .first_chunk::<DIGEST_BYTES>()
        .copied()
        .ok_or(UpdateFault::Digest)
}
