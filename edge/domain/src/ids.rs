//! Names of things: small numbers and short words that are not interchangeable.

use core::fmt;

use crate::error::DomainError;

/// A worker of this box: assigned by the box, 1, 2, 3 …, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

/// A visit at this box: assigned by the box, 1, 2, 3 …, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VisitId(pub u32);

/// An employer (参建单位) of this box, assigned by the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmployerId(pub u32);

/// A team (班组) of this box, assigned by the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TeamId(pub u32);

/// Names one asked-for ledger record until the ledger answers with its sequence number.
/// Counts up within one life of a lane; never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names one comparison of a card holder with the camera. Counts up within one life of a lane;
/// never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookId(pub u64);

/// A lane's name as configured, 1 to 32 characters, for example `gate-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LaneId(String);

/// Longest lane name in characters.
const LANE_NAME_CHARS_MAX: usize = 32;

impl LaneId {
    /// Checks a configured name.
    ///
    /// # Errors
    /// [`DomainError::LaneName`] when it is empty, too long or holds control characters.
    pub fn parse(name: &str) -> Result<Self, DomainError> {
        let chars = name.chars().count();
        if chars == 0 || chars > LANE_NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(DomainError::LaneName {
                max: LANE_NAME_CHARS_MAX,
            });
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Keyed tag of an unknown identity number: equal strangers match, and no name is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonTag(pub [u8; 8]);

impl PersonTag {
    /// Sixteen lower-case hexadecimal characters.
    pub fn to_hex(self) -> String {
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 0x0f])
            .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
            .collect()
    }
}

/// Which way through a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Onto the site (进).
    In,
    /// Off the site (出).
    Out,
}

impl Direction {
    /// The code of the record body.
    pub fn code(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    /// The word on a screen.
    pub fn text(self) -> &'static str {
        match self {
            Self::In => "进场",
            Self::Out => "出场",
        }
    }

    /// Reads the code of a record body.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "in" => Some(Self::In),
            "out" => Some(Self::Out),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_is_sixteen_hex_characters() {
        assert_eq!(
            PersonTag([0, 1, 0x2a, 0xff, 9, 0x80, 0, 0xfe]).to_hex(),
            "00012aff098000fe"
        );
    }

    #[test]
    fn lane_names_have_bounds() {
        assert!(LaneId::parse("1号门").is_ok());
        assert!(LaneId::parse("").is_err());
        assert!(LaneId::parse("a\nb").is_err());
        assert!(LaneId::parse(&"门".repeat(33)).is_err());
    }
}
