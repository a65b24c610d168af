//! Bytes on the line: `COBS( address | number | postcard | CRC-32C le ) 00`.
//!
//! COBS leaves 00 to the frame's end alone, so a receiver is in step again after the next 00. The
//! CRC covers everything before it (CRC-32C has Hamming distance 6 at this length).

use core::fmt;
use core::marker::PhantomData;
use crc::{CRC_32_ISCSI, Crc, NoTable};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest frame before COBS: address, number, message, CRC.
pub const PLAIN_BYTES_MAX: usize = 192;

/// Longest frame on the line: COBS adds one byte up to 254, the delimiter another.
pub const FRAME_BYTES_MAX: usize = PLAIN_BYTES_MAX + 2;

const HEAD_BYTES: usize = 2;
const CRC_BYTES: usize = 4;
const COBS_BYTES_MAX: usize = PLAIN_BYTES_MAX + 1;

/// A table would cost 1 KiB of flash and save microseconds.
static CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISCSI);

/// CRC-32C of `bytes`, the check of frames; boards check what they keep with it, too.
pub fn checksum(bytes: &[u8]) -> u32 {
    CRC.checksum(bytes)
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    /// Longer than [`FRAME_BYTES_MAX`]; it was swallowed up to its end.
    TooLong,
    /// The COBS code is broken.
    Stuffing,
    /// Shorter than address, number, one byte of message and CRC.
    TooShort,
    /// The checksum differs.
    Checksum,
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "frame too long",
            Self::Stuffing => "broken byte stuffing",
            Self::TooShort => "frame too short",
            Self::Checksum => "wrong checksum",
        })
    }
}

impl core::error::Error for FrameFault {}

/// A frame that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<M> {
    /// The board's address on the line, in both directions.
    pub address: u8,
    /// Number of the request; the reply repeats it.
    pub number: u8,
    /// CRC-32C of the frame: tells a repeated request from another one under the same number.
    pub checksum: u32,
    /// The message; `None` if the frame is whole but this end cannot read what it says.
    pub message: Option<M>,
}

/// What a receiver made of the bytes up to a delimiter.
pub type Received<M> = Result<Frame<M>, FrameFault>;

/// Writes one frame, delimiter included, into `out` and returns its length in bytes.
///
/// # Errors
/// [`FrameFault::TooLong`] if the message does not fit into a frame or the frame into `out`.
pub fn encode_frame<M: Serialize>(
    address: u8,
    number: u8,
    message: &M,
    out: &mut [u8],
) -> Result<usize, FrameFault> {
    let mut plain = [0; PLAIN_BYTES_MAX];
    let (head, body) = plain.split_at_mut(HEAD_BYTES);
    head.copy_from_slice(&[address, number]);
    let used = postcard::to_slice(message, body)
        .map_err(|_| FrameFault::TooLong)?
        .len();
    let (summed, rest) = plain.split_at_mut(HEAD_BYTES + used);
    let crc = rest.get_mut(..CRC_BYTES).ok_or(FrameFault::TooLong)?;
    crc.copy_from_slice(&CRC.checksum(summed).to_le_bytes());
    let whole = plain
        .get(..HEAD_BYTES + used + CRC_BYTES)
        .ok_or(FrameFault::TooLong)?;
    let stuffed = cobs::try_encode(whole, out).map_err(|_| FrameFault::TooLong)?;
    *out.get_mut(stuffed).ok_or(FrameFault::TooLong)? = 0;
    Ok(stuffed + 1)
}

/// Collects bytes, however they were split, and gives out frames. Its memory is fixed.
#[derive(Debug)]
pub struct Receiver<M> {
    bytes: [u8; COBS_BYTES_MAX],
    used: usize,
    overlong: bool,
    message: PhantomData<fn() -> M>,
}

impl<M: DeserializeOwned> Receiver<M> {
    /// A receiver that has heard nothing.
    pub const fn new() -> Self {
        Self {
            bytes: [0; COBS_BYTES_MAX],
            used: 0,
            overlong: false,
            message: PhantomData,
        }
    }

    /// Takes one byte; a delimiter ends a frame. Empty frames (a lone 00) are skipped.
    pub fn push(&mut self, byte: u8) -> Option<Received<M>> {
        if byte != 0 {
            match self.bytes.get_mut(self.used) {
                Some(place) => {
                    *place = byte;
                    self.used += 1;
                }
                None => self.overlong = true,
            }
            return None;
        }
        let used = core::mem::take(&mut self.used);
        if core::mem::take(&mut self.overlong) {
            return Some(Err(FrameFault::TooLong));
        }
        let bytes = self.bytes.get_mut(..used)?;
        (!bytes.is_empty()).then(|| decode(bytes))
    }

    /// Forgets a frame that was begun.
    pub fn clear(&mut self) {
        self.used = 0;
        self.overlong = false;
    }
}

impl<M: DeserializeOwned> Default for Receiver<M> {
    fn default() -> Self {
        Self::new()
    }
}

fn decode<M: DeserializeOwned>(bytes: &mut [u8]) -> Received<M> {
    let used = cobs::decode_in_place(bytes).map_err(|_| FrameFault::Stuffing)?;
    let plain = bytes.get(..used).ok_or(FrameFault::Stuffing)?;
    let (summed, crc) = plain
        .split_last_chunk::<CRC_BYTES>()
        .ok_or(FrameFault::TooShort)?;
    let ([address, number], body) = summed
        .split_first_chunk::<HEAD_BYTES>()
        .ok_or(FrameFault::TooShort)?;
    if body.is_empty() {
        return Err(FrameFault::TooShort);
    }
    let checksum = u32::from_le_bytes(*crc);
    if CRC.checksum(summed) != checksum {
        return Err(FrameFault::Checksum);
    }
    let message = match postcard::take_from_bytes::<M>(body) {
        Ok((message, [])) => Some(message),
        _ => None,
    };
    Ok(Frame {
        address: *address,
        number: *number,
        checksum,
        message,
    })
}
