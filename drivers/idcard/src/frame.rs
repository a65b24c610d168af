//! Bytes on the wire, both directions.
//!
//! ```text
//! host to reader  AA AA AA 96 69 | LEN_H LEN_L | CMD PARA DATA | CHK
//! reader to host  AA AA AA 96 69 | LEN_H LEN_L | SW1 SW2 SW3 DATA | CHK
//! ```
//! `LEN` counts what follows it, `CHK` is the exclusive or of everything between the preamble and
//! itself (GA 467, the interface of the security module).

use std::fmt;
use std::marker::PhantomData;

use zeroize::{Zeroize, Zeroizing};

/// What every frame begins with.
pub const PREAMBLE: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
/// The largest `LEN` accepted; the longest reply known (text, portrait, two fingerprints) has 2314.
pub const LEN_MAX: u16 = 2_316;
/// The longest frame accepted.
pub const FRAME_BYTES_MAX: usize = 5 + 2 + 2_316;

const HEADER_BYTES: usize = PREAMBLE.len() + 2;
/// How much is appended between two scans, so that memory stays bounded whatever is fed.
const CHUNK_BYTES: usize = 1_024;

/// What stands between `LEN` and `CHK`: a command or a reply.
pub trait Payload: Sized {
    /// The fewest bytes it can have.
    const BYTES_MIN: usize;

    /// Takes it apart; `None` where it is shorter than [`Self::BYTES_MIN`].
    fn parse(payload: &[u8]) -> Option<Self>;
}

/// A command as the reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandFrame {
    /// Command byte.
    pub command: u8,
    /// Parameter byte.
    pub parameter: u8,
    /// Further bytes; none in any command this driver sends.
    pub data: Vec<u8>,
}

impl CommandFrame {
    /// The bytes on the wire.
    pub fn encode(&self) -> Vec<u8> {
        encode(&[self.command, self.parameter], &self.data)
    }
}

impl Payload for CommandFrame {
    const BYTES_MIN: usize = 2;

    fn parse(payload: &[u8]) -> Option<Self> {
        let (&[command, parameter], data) = payload.split_first_chunk()?;
        Some(Self {
            command,
            parameter,
            data: data.to_vec(),
        })
    }
}

/// A reply as the host sees it. `Debug` shows only how much data there is, for it may be a person's.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyFrame {
    /// First status byte of the card itself, normally 0.
    pub sw1: u8,
    /// Second status byte of the card itself, normally 0.
    pub sw2: u8,
    /// Status of the security module; see [`crate::SamStatus`].
    pub sw3: u8,
    /// What was asked for; wiped when dropped.
    pub data: Zeroizing<Vec<u8>>,
}

impl ReplyFrame {
    /// A reply with the card's own status bytes at zero.
    pub fn new(sw3: u8, data: impl Into<Vec<u8>>) -> Self {
        Self {
            sw1: 0,
            sw2: 0,
            sw3,
            data: Zeroizing::new(data.into()),
        }
    }

    /// The first ten bytes on the wire: preamble, length and status, never card data.
    pub fn head(&self) -> [u8; 10] {
        let len = u16::try_from(self.data.len() + 4).unwrap_or(u16::MAX);
        let mut head = [0; 10];
        let parts = PREAMBLE.into_iter().chain(len.to_be_bytes());
        let parts = parts.chain([self.sw1, self.sw2, self.sw3]);
        for (place, byte) in head.iter_mut().zip(parts) {
            *place = byte;
        }
        head
    }

    /// How long the frame is on the wire.
    pub fn frame_bytes(&self) -> usize {
        HEADER_BYTES + 3 + self.data.len() + 1
    }

    /// The bytes on the wire, for the simulator. Data beyond what [`LEN_MAX`] allows is a frame
    /// that [`FrameDecoder`] refuses; beyond 65,531 bytes it is cut.
    pub fn encode(&self) -> Vec<u8> {
        encode(&[self.sw1, self.sw2, self.sw3], &self.data)
    }
}

impl Payload for ReplyFrame {
    const BYTES_MIN: usize = 3;

    fn parse(payload: &[u8]) -> Option<Self> {
        let (&[sw1, sw2, sw3], data) = payload.split_first_chunk()?;
        Some(Self {
            sw1,
            sw2,
            sw3,
            data: Zeroizing::new(data.to_vec()),
        })
    }
}

impl fmt::Debug for ReplyFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyFrame")
            .field("sw1", &self.sw1)
            .field("sw2", &self.sw2)
            .field("sw3", &self.sw3)
            .field("data_bytes", &self.data.len())
            .finish()
    }
}

fn encode(head: &[u8], data: &[u8]) -> Vec<u8> {
    let data_bytes_max = usize::from(u16::MAX) - head.len() - 1;
    let data = data.get(..data_bytes_max).unwrap_or(data);
    let len = u16::try_from(head.len() + data.len() + 1).unwrap_or(u16::MAX);
    let mut frame = Vec::with_capacity(HEADER_BYTES + usize::from(len));
    frame.extend(PREAMBLE);
    frame.extend(len.to_be_bytes());
    frame.extend(head);
    frame.extend(data);
    let check = frame
        .iter()
        .skip(PREAMBLE.len())
        .fold(0, |sum, byte| sum ^ byte);
    frame.push(check);
    frame
}

/// Finds frames in a stream of bytes.
///
/// Noise before, between and inside frames costs at most the frame it hits: wherever bytes turn
/// out not to be a frame, exactly one is dropped and the search starts again at the next.
/// Holds at most one frame and one chunk of bytes, whatever is fed.
pub struct FrameDecoder<P> {
    buffer: Zeroizing<Vec<u8>>,
    dropped: usize,
    payload: PhantomData<P>,
}

enum Scan<P> {
    /// A frame of this many bytes.
    Frame(P, usize),
    /// Not a frame: drop the first byte.
    Noise,
    /// Could become a frame.
    Incomplete,
}

impl<P: Payload> FrameDecoder<P> {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self {
            buffer: Zeroizing::new(Vec::with_capacity(FRAME_BYTES_MAX + CHUNK_BYTES)),
            dropped: 0,
            payload: PhantomData,
        }
    }

    /// Takes bytes as they arrived, returns the frames that are now whole.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<P> {
        let mut found = Vec::new();
        for chunk in bytes.chunks(CHUNK_BYTES) {
            self.buffer.extend_from_slice(chunk);
            self.scan(&mut found);
        }
        found
    }

    /// Called when the line has been silent for too long: what looked like the beginning of a
    /// frame is not one. Returns whole frames that stand inside it; nothing is pending afterwards.
    pub fn give_up(&mut self) -> Vec<P> {
        let mut found = Vec::new();
        while !self.buffer.is_empty() {
            self.consume(1);
            self.dropped += 1;
            self.scan(&mut found);
        }
        found
    }

    /// Forgets what is pending; returns how many bytes.
    pub fn clear(&mut self) -> usize {
        let pending = self.buffer.len();
        self.buffer.zeroize();
        pending
    }

    /// `LEN` of the frame that is arriving, as soon as its header is in.
    pub fn arriving_len(&self) -> Option<u16> {
        let rest = self.buffer.strip_prefix(&PREAMBLE)?;
        rest.first_chunk().map(|&len| u16::from_be_bytes(len))
    }

    /// How many bytes wait for the rest of their frame.
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// How many bytes were dropped as noise since this was last asked.
    pub fn take_dropped(&mut self) -> usize {
        std::mem::take(&mut self.dropped)
    }

    fn scan(&mut self, found: &mut Vec<P>) {
        let mut start = 0;
        while let Some(rest) = self.buffer.get(start..).filter(|rest| !rest.is_empty()) {
            match scan_one(rest) {
                Scan::Frame(payload, frame_bytes) => {
                    found.push(payload);
                    start += frame_bytes;
                }
                Scan::Noise => {
                    self.dropped += 1;
                    start += 1;
                }
                Scan::Incomplete => break,
            }
        }
        self.consume(start);
    }

    fn consume(&mut self, count: usize) {
        if count >= self.buffer.len() {
            self.buffer.zeroize();
        } else {
            self.buffer.drain(..count);
        }
    }
}

fn scan_one<P: Payload>(bytes: &[u8]) -> Scan<P> {
    if !bytes
        .iter()
        .zip(&PREAMBLE)
        .all(|(byte, expected)| byte == expected)
    {
        return Scan::Noise;
    }
    let Some(after) = bytes.get(PREAMBLE.len()..) else {
        return Scan::Incomplete;
    };
    let Some((&len, body)) = after.split_first_chunk() else {
        return Scan::Incomplete;
    };
    let len = u16::from_be_bytes(len);
    if len > LEN_MAX || usize::from(len) <= P::BYTES_MIN {
        return Scan::Noise;
    }
    let Some(body) = body.get(..usize::from(len)) else {
        return Scan::Incomplete;
    };
    let checked = after.iter().take(2).chain(body);
    let Some((_, payload)) = body.split_last() else {
        return Scan::Noise;
    };
    if checked.fold(0, |sum, byte| sum ^ byte) != 0 {
        return Scan::Noise;
    }
    match P::parse(payload) {
        Some(parsed) => Scan::Frame(parsed, HEADER_BYTES + body.len()),
        None => Scan::Noise,
    }
}

impl<P: Payload> Default for FrameDecoder<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> fmt::Debug for FrameDecoder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameDecoder")
            .field("pending_bytes", &self.buffer.len())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}
