//! Frames of the SAM protocol, seen from the device.
//!
//! Host to device `AA AA AA 96 69 | LEN_H LEN_L | CMD PARA DATA | CHK`, device to host
//! `AA AA AA 96 69 | LEN_H LEN_L | SW1 SW2 SW3 DATA | CHK`; LEN counts everything behind it, CHK is the exclusive or
//! of everything between preamble and CHK.

use std::collections::VecDeque;

/// Every frame begins with this.
pub(super) const PREAMBLE: [u8; 5] = [0xAA, 0xAA, 0xAA, 0x96, 0x69];
/// The longest command in use has one byte of data; a real device takes a little more.
const COMMAND_LEN_MAX: usize = 64;
const LEN_BYTES: usize = 2;

/// A command of the host, as two bytes on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// `10 FF`
    Reset,
    /// `11 FF`
    Status,
    /// `12 FF`
    SamId,
    /// `20 01`
    FindCard,
    /// `20 02`
    SelectCard,
    /// `30 01`
    ReadBase,
    /// `30 10`
    ReadBaseWithFingerprint,
    /// `30 03`
    ReadNewAddress,
    /// `60 xx`, with the speed meant in bits a second
    SetBaud(u32),
    /// `61 FF`
    SetRadioBytesMax,
}

/// Why a frame is no command; the device answers it with a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandFault {
    /// Checksum wrong: status `10`.
    Checksum,
    /// Length impossible: status `11`.
    Length,
    /// Command or parameter unknown: status `21`.
    Unknown,
}

impl CommandFault {
    /// The third status byte of the answer.
    pub(super) fn status(self) -> u8 {
        match self {
            Self::Checksum => 0x10,
            Self::Length => 0x11,
            Self::Unknown => 0x21,
        }
    }
}

/// Collects bytes from the host and gives whole commands. Holds at most one frame of bytes.
#[derive(Debug, Default)]
pub(super) struct CommandReceiver {
    bytes: VecDeque<u8>,
}

impl CommandReceiver {
    /// Takes bytes, however they were split.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Forgets what was begun.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next command or damaged frame among the bytes so far.
    pub(super) fn next_command(&mut self) -> Option<Result<Command, CommandFault>> {
        self.drop_until_preamble();
        let head = self.copy(PREAMBLE.len()..PREAMBLE.len().saturating_add(LEN_BYTES));
        let &[high, low] = head.as_slice() else {
            return None;
        };
        if !self
            .bytes
            .iter()
            .zip(PREAMBLE)
            .all(|(byte, expected)| *byte == expected)
        {
            return None;
        }
        let len = usize::from(u16::from_be_bytes([high, low]));
        if !(3..=COMMAND_LEN_MAX).contains(&len) {
            self.bytes.drain(..PREAMBLE.len());
            return Some(Err(CommandFault::Length));
        }
        let start = PREAMBLE.len();
        let end = start.saturating_add(LEN_BYTES).saturating_add(len);
        if self.bytes.len() < end {
            return None;
        }
        let summed = self.copy(start..end);
        if summed.iter().fold(0, |sum, byte| sum ^ byte) != 0 {
            // The length may be a lie: keep what follows the first byte.
            self.bytes.drain(..1);
            return Some(Err(CommandFault::Checksum));
        }
        self.bytes.drain(..end);
        Some(parse(summed.get(LEN_BYTES..).unwrap_or_default()))
    }

    /// Drops bytes until they begin like a preamble, or too few are left to tell.
    fn drop_until_preamble(&mut self) {
        while !self.bytes.is_empty() {
            let fits = self
                .bytes
                .iter()
                .zip(PREAMBLE)
                .all(|(byte, expected)| *byte == expected);
            if fits {
                return;
            }
            self.bytes.pop_front();
        }
    }

    fn copy(&self, range: std::ops::Range<usize>) -> Vec<u8> {
        self.bytes
            .iter()
            .skip(range.start)
            .take(range.len())
            .copied()
            .collect()
    }
}

/// `rest` is command, parameter, data, checksum.
fn parse(rest: &[u8]) -> Result<Command, CommandFault> {
    match rest {
        [0x10, 0xFF, _] => Ok(Command::Reset),
        [0x11, 0xFF, _] => Ok(Command::Status),
        [0x12, 0xFF, _] => Ok(Command::SamId),
        [0x20, 0x01, _] => Ok(Command::FindCard),
        [0x20, 0x02, _] => Ok(Command::SelectCard),
        [0x30, 0x01, _] => Ok(Command::ReadBase),
        [0x30, 0x10, _] => Ok(Command::ReadBaseWithFingerprint),
        [0x30, 0x03, _] => Ok(Command::ReadNewAddress),
        [0x60, code, _] => baud(*code)
            .map(Command::SetBaud)
            .ok_or(CommandFault::Unknown),
        [0x61, 0xFF, _, _] => Ok(Command::SetRadioBytesMax),
        _ => Err(CommandFault::Unknown),
    }
}

fn baud(code: u8) -> Option<u32> {
    match code {
        0 => Some(115_200),
        1 => Some(57_600),
        2 => Some(38_400),
        3 => Some(19_200),
        4 => Some(9_600),
        _ => None,
    }
}

/// A whole reply: `00 00 SW3` and the data, framed.
pub(super) fn reply_frame(status: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len().saturating_add(4)).unwrap_or(u16::MAX);
    let mut summed = len.to_be_bytes().to_vec();
    summed.extend([0, 0, status]);
    summed.extend(data);
    let sum = summed.iter().fold(0, |sum, byte| sum ^ byte);
    let mut frame = PREAMBLE.to_vec();
    frame.extend(summed);
    frame.push(sum);
    frame
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Command, CommandFault, CommandReceiver, reply_frame};

    fn frame(rest: &[u8]) -> Vec<u8> {
        [&[0xAA, 0xAA, 0xAA, 0x96, 0x69], rest].concat()
    }

    /// Every command with its published bytes.
    fn published() -> Vec<(Command, Vec<u8>)> {
        vec![
            (Command::Reset, frame(&[0, 3, 0x10, 0xFF, 0xEC])),
            (Command::Status, frame(&[0, 3, 0x11, 0xFF, 0xED])),
            (Command::SamId, frame(&[0, 3, 0x12, 0xFF, 0xEE])),
            (Command::FindCard, frame(&[0, 3, 0x20, 0x01, 0x22])),
            (Command::SelectCard, frame(&[0, 3, 0x20, 0x02, 0x21])),
            (Command::ReadBase, frame(&[0, 3, 0x30, 0x01, 0x32])),
            (
                Command::ReadBaseWithFingerprint,
                frame(&[0, 3, 0x30, 0x10, 0x23]),
            ),
            (Command::ReadNewAddress, frame(&[0, 3, 0x30, 0x03, 0x30])),
            (Command::SetBaud(115_200), frame(&[0, 3, 0x60, 0x00, 0x63])),
            (Command::SetBaud(57_600), frame(&[0, 3, 0x60, 0x01, 0x62])),
            (Command::SetBaud(38_400), frame(&[0, 3, 0x60, 0x02, 0x61])),
            (Command::SetBaud(19_200), frame(&[0, 3, 0x60, 0x03, 0x60])),
            (Command::SetBaud(9_600), frame(&[0, 3, 0x60, 0x04, 0x67])),
            (
                Command::SetRadioBytesMax,
                frame(&[0, 4, 0x61, 0xFF, 0x50, 0xCA]),
            ),
        ]
    }

    #[test]
    fn every_published_command_is_understood() {
        for (command, bytes) in published() {
            let mut receiver = CommandReceiver::default();
            receiver.push(&bytes);
            assert_eq!(receiver.next_command(), Some(Ok(command)));
            assert_eq!(receiver.next_command(), None);
        }
    }

    #[test]
    fn the_short_replies_have_their_published_bytes() {
        assert_eq!(reply_frame(0x90, &[]), frame(&[0, 4, 0, 0, 0x90, 0x94]));
        assert_eq!(
            reply_frame(0x9F, &[0; 4]),
            frame(&[0, 8, 0, 0, 0x9F, 0, 0, 0, 0, 0x97])
        );
        assert_eq!(reply_frame(0x80, &[]), frame(&[0, 4, 0, 0, 0x80, 0x84]));
        assert_eq!(
            reply_frame(0x90, &[0; 8]),
            frame(&[0, 0x0C, 0, 0, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0x9C])
        );
        assert_eq!(reply_frame(0x81, &[]), frame(&[0, 4, 0, 0, 0x81, 0x85]));
        assert_eq!(reply_frame(0x41, &[]), frame(&[0, 4, 0, 0, 0x41, 0x45]));
    }

    #[test]
    fn damaged_commands_get_their_status() {
        for (bytes, fault, status) in [
            (
                frame(&[0, 3, 0x20, 0x01, 0x23]),
                CommandFault::Checksum,
                0x10,
            ),
            (frame(&[0, 2, 0x20, 0x22]), CommandFault::Length, 0x11),
            (frame(&[0xFF, 0xFF, 0x20, 0x01]), CommandFault::Length, 0x11),
            (
                frame(&[0, 3, 0x77, 0x01, 0x75]),
                CommandFault::Unknown,
                0x21,
            ),
            (
                frame(&[0, 3, 0x60, 0x09, 0x6A]),
                CommandFault::Unknown,
                0x21,
            ),
        ] {
            let mut receiver = CommandReceiver::default();
            receiver.push(&bytes);
            assert_eq!(receiver.next_command(), Some(Err(fault)));
            assert_eq!(fault.status(), status);
        }
    }

    #[test]
    fn a_fourth_aa_and_every_split_are_no_trouble() {
        let find = frame(&[0, 3, 0x20, 0x01, 0x22]);
        let bytes = [&[0x00, 0x69, 0xAA, 0xAA][..], &find, &[0xAA], &find].concat();
        for split in 0..bytes.len() {
            let mut receiver = CommandReceiver::default();
            let mut got = Vec::new();
            let (first, second) = bytes.split_at(split);
            for part in [first, second] {
                receiver.push(part);
                got.extend(std::iter::from_fn(|| receiver.next_command()));
            }
            assert_eq!(got, vec![Ok(Command::FindCard); 2], "split at {split}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_step_again(junk in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut receiver = CommandReceiver::default();
            receiver.push(&junk);
            while receiver.next_command().is_some() {}
            // A false frame of the longest length may swallow some commands, never all of them.
            let mut got = Vec::new();
            for _ in 0..16 {
                receiver.push(&frame(&[0, 3, 0x20, 0x01, 0x22]));
                got.extend(std::iter::from_fn(|| receiver.next_command()));
            }
            prop_assert!(got.contains(&Ok(Command::FindCard)));
            prop_assert_eq!(receiver.bytes.len(), 0);
        }
    }
}
