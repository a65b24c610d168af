//! What may go wrong at a reader, and what each fault does to the bytes of a reply.

use serde::{Deserialize, Serialize};

use super::frame::PREAMBLE;
use crate::seed::Seeded;

/// Longest stretch of line noise, in bytes.
const NOISE_BYTES_MAX: u64 = 24;

/// One fault. All but `wrong_baud`, `self_test_failed` and `not_authorized` strike one base-read reply and are gone;
/// those three stay until they are switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReaderFault {
    /// Junk on the line before the reply; the reply is whole.
    NoiseBefore,
    /// Junk in the middle of the reply.
    NoiseInside,
    /// Junk behind the reply; the reply is whole.
    NoiseAfter,
    /// A fourth `AA` before the reply; the reply is whole.
    FourAa,
    /// The checksum is wrong.
    BadChecksum,
    /// The length says more than there is.
    LengthLie,
    /// Only so many bytes come, then nothing.
    HalfFrame {
        /// How many bytes come; more than the reply has is the whole reply.
        bytes: usize,
    },
    /// The reply comes in pieces with pauses between; the reply is whole.
    Chunks {
        /// Bytes of a piece, 1 to 64.
        bytes: usize,
    },
    /// The reply comes twice; the first is whole.
    Doubled,
    /// The read fails with this status and no data; the next one works.
    Status {
        /// Third status byte, such as 0x41 (65).
        status: u8,
    },
    /// No answer to so many commands of any kind.
    Silence {
        /// How many commands stay unanswered.
        commands: u32,
    },
    /// The person lifts the card while it is being read.
    LiftDuringRead,
    /// Both ends have different speeds: everything is garbage.
    WrongBaud {
        /// On, or right again.
        on: bool,
    },
    /// Every command but the reset is answered with status 60.
    SelfTestFailed {
        /// On, or healed.
        on: bool,
    },
    /// Every card command is answered with status 66 (licence).
    NotAuthorized {
        /// On, or licensed again.
        on: bool,
    },
}

impl ReaderFault {
    /// The word in journal and page.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoiseBefore => "noise_before",
            Self::NoiseInside => "noise_inside",
            Self::NoiseAfter => "noise_after",
            Self::FourAa => "four_aa",
            Self::BadChecksum => "bad_checksum",
            Self::LengthLie => "length_lie",
            Self::HalfFrame { .. } => "half_frame",
            Self::Chunks { .. } => "chunks",
            Self::Doubled => "doubled",
            Self::Status { .. } => "status",
            Self::Silence { .. } => "silence",
            Self::LiftDuringRead => "lift_during_read",
            Self::WrongBaud { .. } => "wrong_baud",
            Self::SelfTestFailed { .. } => "self_test_failed",
            Self::NotAuthorized { .. } => "not_authorized",
        }
    }

    /// True when the box must still get the card out of the changed reply.
    pub(super) fn leaves_reply_whole(self, reply_bytes: usize) -> bool {
        match self {
            Self::NoiseBefore
            | Self::NoiseAfter
            | Self::FourAa
            | Self::Chunks { .. }
            | Self::Doubled => true,
            Self::HalfFrame { bytes } => bytes >= reply_bytes,
            Self::NoiseInside
            | Self::BadChecksum
            | Self::LengthLie
            | Self::Status { .. }
            | Self::Silence { .. }
            | Self::LiftDuringRead
            | Self::WrongBaud { .. }
            | Self::SelfTestFailed { .. }
            | Self::NotAuthorized { .. } => false,
        }
    }

    /// The pieces that go onto the line instead of `reply`, in order; between pieces the line pauses.
    pub(super) fn changed(self, mut reply: Vec<u8>, seeded: &mut Seeded) -> Vec<Vec<u8>> {
        match self {
            Self::NoiseBefore => vec![[noise(seeded), reply].concat()],
            Self::NoiseAfter => vec![[reply, noise(seeded)].concat()],
            Self::NoiseInside => {
                let middle = reply.len() / 2;
                let tail = reply.split_off(middle);
                vec![[reply, noise(seeded), tail].concat()]
            }
            Self::FourAa => vec![[vec![0xAA], reply].concat()],
            Self::BadChecksum => {
                if let Some(last) = reply.last_mut() {
                    *last ^= 0x01;
                }
                vec![reply]
            }
            Self::LengthLie => {
                if let Some(length) = reply.get_mut(PREAMBLE.len()) {
                    *length = length.wrapping_add(1);
                }
                vec![reply]
            }
            Self::HalfFrame { bytes } => {
                reply.truncate(bytes);
                vec![reply]
            }
            Self::Chunks { bytes } => reply
                .chunks(bytes.clamp(1, 64))
                .map(<[u8]>::to_vec)
                .collect(),
            Self::Doubled => vec![[reply.clone(), reply].concat()],
            Self::Status { .. }
            | Self::Silence { .. }
            | Self::LiftDuringRead
            | Self::WrongBaud { .. }
            | Self::SelfTestFailed { .. }
            | Self::NotAuthorized { .. } => vec![reply],
        }
    }
}

/// Junk that holds no whole preamble: it never has `96`.
fn noise(seeded: &mut Seeded) -> Vec<u8> {
    let count = seeded.between(1, NOISE_BYTES_MAX);
    (0..count)
        .map(|_| seeded.byte())
        .map(|byte| if byte == 0x96 { 0xAA } else { byte })
        .collect()
}
