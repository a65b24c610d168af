//! Box names and epochs: the first two thirds of a record's name (box, epoch, seq). And the
//! protocol's version.

use serde::Deserialize;

use crate::error::WireError;

/// Major version of the protocol: the second level of every topic and the `v` of every message.
pub const VERSION: u32 = 1;
/// Longest box name, in characters.
pub const BOX_NAME_CHARS_MAX: usize = 32;
/// Length of an epoch, in characters: 8 random bytes in hexadecimal.
pub const EPOCH_CHARS: usize = 16;

/// Checks a box name: 1 to 32 of `a-z 0-9 -`, the first a letter or digit. It is also the common
/// name of the box's certificate and one level of its topics, so `/`, `+`, `#` cannot be in it.
pub fn check_box_name(name: &str) -> Result<(), WireError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let starts_well = name.bytes().next().is_some_and(|byte| byte != b'-');
    if starts_well && name.len() <= BOX_NAME_CHARS_MAX && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(WireError::BadBoxName)
}

/// Checks an epoch: exactly 16 of `0-9 a-f`.
pub fn check_epoch(epoch: &str) -> Result<(), WireError> {
    if epoch.len() == EPOCH_CHARS && epoch.bytes().all(is_lower_hex) {
        return Ok(());
    }
    Err(WireError::BadEpoch)
}

#[derive(Deserialize)]
struct OnlyVersion {
    v: u32,
}

/// Looks at the version of a message before anything else: a later one may have other fields.
pub(crate) fn check_version(bytes: &[u8]) -> Result<(), WireError> {
    let only: OnlyVersion = serde_json::from_slice(bytes).map_err(WireError::BadMessage)?;
    if only.v == VERSION {
        return Ok(());
    }
    Err(WireError::UnknownVersion { version: only.v })
}

pub(crate) fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_names() {
        for good in ["box-1", "a", "0", "349901-gate-a", &"x".repeat(32)] {
            assert!(check_box_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "Box",
            "a/b",
            "a+",
            "#",
            "门",
            "a b",
            &"x".repeat(33),
        ] {
            assert!(check_box_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn epochs() {
        assert!(check_epoch("00112233aabbccdd").is_ok());
        for bad in [
            "",
            "00112233AABBCCDD",
            "00112233aabbccd",
            "00112233aabbccddd",
            "0011/233aabbccdd",
        ] {
            assert!(check_epoch(bad).is_err(), "{bad}");
        }
    }
}
