//! What we can ask of a reader, and its identity.

use std::fmt;

use crate::frame::{CommandFrame, ReplyFrame};
use crate::status::SamStatus;

/// How many bytes a reader's identity has.
pub const SAM_ID_BYTES: usize = 16;

/// The data of a select reply is the card's serial number of eight bytes; more is another reply.
const SELECT_DATA_BYTES_MAX: usize = 16;
/// Shorter data than this is not the beginning of any card.
const BASE_DATA_BYTES_MIN: usize = 64;

/// A command of the security module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `10 FF`: reset the module.
    Reset,
    /// `11 FF`: ask for the result of the self-test.
    SamStatus,
    /// `12 FF`: ask for the module's number.
    SamId,
    /// `20 01`: look for a card in the field.
    Find,
    /// `20 02`: select the card that was found.
    Select,
    /// `30 01`: read text and portrait of the selected card.
    ReadBase,
    /// `30 10`: the same and the fingerprints.
    ReadBaseAndFingerprint,
    /// `30 03`: read the address added after the card was issued; needs no new select.
    ReadNewAddress,
}

impl Command {
    /// All commands.
    pub const ALL: [Self; 8] = [
        Self::Reset,
        Self::SamStatus,
        Self::SamId,
        Self::Find,
        Self::Select,
        Self::ReadBase,
        Self::ReadBaseAndFingerprint,
        Self::ReadNewAddress,
    ];

    /// Command and parameter byte.
    pub const fn code(self) -> (u8, u8) {
        match self {
            Self::Reset => (0x10, 0xFF),
            Self::SamStatus => (0x11, 0xFF),
            Self::SamId => (0x12, 0xFF),
            Self::Find => (0x20, 0x01),
            Self::Select => (0x20, 0x02),
            Self::ReadBase => (0x30, 0x01),
            Self::ReadBaseAndFingerprint => (0x30, 0x10),
            Self::ReadNewAddress => (0x30, 0x03),
        }
    }

    /// The command with these two bytes, if there is one.
    pub fn from_code(command: u8, parameter: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.code() == (command, parameter))
    }

    /// The bytes on the wire.
    pub fn encode(self) -> Vec<u8> {
        let (command, parameter) = self.code();
        CommandFrame {
            command,
            parameter,
            data: Vec::new(),
        }
        .encode()
    }

    /// Whether a reply can be the answer to this command. What cannot is an answer that comes too
    /// late or twice, and must be passed over.
    pub fn may_be_answered_by(self, reply: &ReplyFrame) -> bool {
        let data_bytes = reply.data.len();
        let status = SamStatus::from_code(reply.sw3);
        if status != SamStatus::Ok {
            return status != SamStatus::CardFound || self == Self::Find;
        }
        match self {
            Self::Reset | Self::SamStatus => data_bytes == 0,
            Self::SamId => data_bytes == SAM_ID_BYTES,
            Self::Find => false,
            Self::Select => data_bytes <= SELECT_DATA_BYTES_MAX,
            Self::ReadBase | Self::ReadBaseAndFingerprint => data_bytes >= BASE_DATA_BYTES_MIN,
            Self::ReadNewAddress => {
                (SELECT_DATA_BYTES_MAX + 1..4 * BASE_DATA_BYTES_MIN).contains(&data_bytes)
            }
        }
    }
}

/// The number of a reader's security module: the identity of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SamId([u8; SAM_ID_BYTES]);

impl SamId {
    /// The identity from the sixteen bytes that a reader sends.
    pub const fn from_bytes(bytes: [u8; SAM_ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The sixteen bytes.
    pub const fn bytes(&self) -> [u8; SAM_ID_BYTES] {
        self.0
    }
}

/// Written as on the reader's label: `05.01-20200101-0000000001-0000000002`.
impl fmt::Display for SamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [
            a0,
            a1,
            b0,
            b1,
            c0,
            c1,
            c2,
            c3,
            d0,
            d1,
            d2,
            d3,
            e0,
            e1,
            e2,
            e3,
        ] = self.0;
        write!(
            f,
            "{:02}.{:02}-{:08}-{:010}-{:010}",
            u16::from_le_bytes([a0, a1]),
            u16::from_le_bytes([b0, b1]),
            u32::from_le_bytes([c0, c1, c2, c3]),
            u32::from_le_bytes([d0, d1, d2, d3]),
            u32::from_le_bytes([e0, e1, e2, e3]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_have_their_published_bytes() {
        let published: [(Command, [u8; 10]); 8] = [
            (
                Command::Reset,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x10, 0xFF, 0xEC],
            ),
            (
                Command::SamStatus,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x11, 0xFF, 0xED],
            ),
            (
                Command::SamId,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x12, 0xFF, 0xEE],
            ),
            (
                Command::Find,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x01, 0x22],
            ),
            (
                Command::Select,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x20, 0x02, 0x21],
            ),
            (
                Command::ReadBase,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x01, 0x32],
            ),
            (
                Command::ReadBaseAndFingerprint,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x10, 0x23],
            ),
            (
                Command::ReadNewAddress,
                [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 3, 0x30, 0x03, 0x30],
            ),
        ];
        for (command, bytes) in published {
            assert_eq!(command.encode(), bytes, "{command:?}");
            let (code, parameter) = command.code();
            assert_eq!(Command::from_code(code, parameter), Some(command));
        }
        assert_eq!(Command::from_code(0x60, 0x00), None);
    }

    #[test]
    fn a_sam_id_is_written_as_on_the_label() {
        let bytes = [
            5, 0, 1, 0, 0x85, 0x3B, 0x34, 0x01, 1, 0, 0, 0, 0xD2, 0x02, 0x96, 0x49,
        ];
        assert_eq!(
            SamId::from_bytes(bytes).to_string(),
            "05.01-20200325-0000000001-1234567890"
        );
    }

    #[test]
    fn an_answer_to_another_command_is_recognized() {
        let found = ReplyFrame::new(0x9F, [0; 4]);
        let selected = ReplyFrame::new(0x90, [0; 8]);
        let base = ReplyFrame::new(0x90, [0; 1284]);
        let none = ReplyFrame::new(0x80, []);
        assert!(Command::Find.may_be_answered_by(&found));
        assert!(Command::Find.may_be_answered_by(&none));
        assert!(!Command::Find.may_be_answered_by(&selected));
        assert!(!Command::Find.may_be_answered_by(&base));
        assert!(Command::Select.may_be_answered_by(&selected));
        assert!(!Command::Select.may_be_answered_by(&found));
        assert!(!Command::Select.may_be_answered_by(&base));
        assert!(Command::ReadBase.may_be_answered_by(&base));
        assert!(!Command::ReadBase.may_be_answered_by(&selected));
        assert!(!Command::ReadNewAddress.may_be_answered_by(&base));
    }
}
