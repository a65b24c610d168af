//! The heads of the last frames, for a support bundle.
//!
//! A reply of an ID-card reader is a person's name, address and number, and a support bundle
//! leaves the box. So the trace keeps of each frame only its length and its first ten bytes, which
//! is preamble, length and status of a reader's frame and never a byte of card data; and of bytes
//! that were no frame (noise, a frame cut short) only how many there were, because they may well
//! be the middle of a card.

use std::collections::VecDeque;
use std::fmt;

/// How many frames are kept.
pub const TRACE_FRAMES: usize = 64;
/// How many bytes of a frame are kept.
pub const HEAD_BYTES: usize = 10;

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceKind {
    /// A frame to the device.
    Sent,
    /// A frame from the device.
    Received,
    /// Bytes from the device that belonged to no frame.
    Dropped,
}

/// One line of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    at_ms: u64,
    kind: TraceKind,
    frame_bytes: usize,
    head: Vec<u8>,
}

impl fmt::Display for TraceEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.kind {
            TraceKind::Sent => ">",
            TraceKind::Received => "<",
            TraceKind::Dropped => "x",
        };
        write!(f, "{} {arrow} {} B", self.at_ms, self.frame_bytes)?;
        for byte in &self.head {
            write!(f, " {byte:02X}")?;
        }
        Ok(())
    }
}

/// A bounded list of the last frames.
#[derive(Debug, Clone, Default)]
pub struct FrameTrace {
    entries: VecDeque<TraceEntry>,
}

impl FrameTrace {
    /// An empty trace.
    pub const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
        }
    }

    /// Notes a frame that went to the device: its first bytes and its length.
    pub fn sent(&mut self, at_ms: u64, head: &[u8], frame_bytes: usize) {
        self.push(at_ms, TraceKind::Sent, head, frame_bytes);
    }

    /// Notes a whole frame that came from the device: its first bytes and its length.
    pub fn received(&mut self, at_ms: u64, head: &[u8], frame_bytes: usize) {
        self.push(at_ms, TraceKind::Received, head, frame_bytes);
    }

    /// Notes that this many bytes came from the device and belonged to no frame.
    pub fn dropped(&mut self, at_ms: u64, bytes: usize) {
        self.push(at_ms, TraceKind::Dropped, &[], bytes);
    }

    /// The entries, oldest first; each displays as one line of text.
    pub fn entries(&self) -> impl Iterator<Item = &TraceEntry> {
        self.entries.iter()
    }

    fn push(&mut self, at_ms: u64, kind: TraceKind, frame: &[u8], frame_bytes: usize) {
        if self.entries.len() == TRACE_FRAMES {
            self.entries.pop_front();
        }
        let head = frame.iter().copied().take(HEAD_BYTES).collect();
        self.entries.push_back(TraceEntry {
            at_ms,
            kind,
            frame_bytes,
            head,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_kept_as_its_head_and_length_only() {
        let mut trace = FrameTrace::new();
        let mut reply = vec![0xAA, 0xAA, 0xAA, 0x96, 0x69, 0x05, 0x08, 0x00, 0x00, 0x90];
        reply.extend([0x5A; 1285]);
        trace.received(17, &reply, reply.len());
        let line = trace.entries().next().unwrap().to_string();
        assert_eq!(line, "17 < 1295 B AA AA AA 96 69 05 08 00 00 90");
    }

    #[test]
    fn bytes_outside_frames_are_only_counted() {
        let mut trace = FrameTrace::new();
        trace.dropped(5, 300);
        assert_eq!(trace.entries().next().unwrap().to_string(), "5 x 300 B");
    }

    #[test]
    fn the_oldest_frame_makes_room() {
        let mut trace = FrameTrace::new();
        for at_ms in 0..200 {
            trace.sent(at_ms, &[1, 2, 3], 3);
        }
        assert_eq!(trace.entries().count(), TRACE_FRAMES);
        assert!(
            trace
                .entries()
                .next()
                .unwrap()
                .to_string()
                .starts_with("136 > 3 B 01 02 03")
        );
    }
}
