//! The hash chain over record bodies.
//!
//! `hash(0)` is SHA-256 of `menwei/1/{box}/{epoch}` (so a chain belongs to its name), and
//! `hash(n)` is SHA-256 of `hash(n-1)` (32 bytes) followed by the body of record `n`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::WireError;
use crate::name::is_lower_hex;

/// One link of the chain: 32 bytes, 64 lower-case hexadecimal characters on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// The last record of a chain: its number and its hash. `seq` 0 is the empty chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// Number of the last record; records are numbered from 1 without a gap.
    pub seq: u64,
    /// Hash at `seq`.
    pub hash: Hash,
}

impl Head {
    /// The head of an empty chain of this box and epoch.
    pub fn genesis(box_name: &str, epoch: &str) -> Self {
        Self {
            seq: 0,
            hash: genesis(box_name, epoch),
        }
    }

    /// The head after one more record.
    #[must_use]
    pub fn extend(self, body: &[u8]) -> Self {
        Self {
            seq: self.seq.saturating_add(1),
            hash: next(&self.hash, body),
        }
    }
}

impl Hash {
    /// A hash from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal characters.
    pub fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Reads 64 lower-case hexadecimal characters; nothing else is a hash.
    pub fn from_hex(text: &str) -> Result<Self, WireError> {
        from_hex(text).map(Self).ok_or(WireError::BadHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

/// `hash(0)`: SHA-256 of `menwei/1/{box}/{epoch}`.
pub fn genesis(box_name: &str, epoch: &str) -> Hash {
    let mut sha = Sha256::new();
    sha.update(b"menwei/1/");
    sha.update(box_name.as_bytes());
    sha.update(b"/");
    sha.update(epoch.as_bytes());
    Hash(sha.finalize().into())
}

/// `hash(n)` from `hash(n-1)` and the body of record `n`.
pub fn next(previous: &Hash, body: &[u8]) -> Hash {
    let mut sha = Sha256::new();
    sha.update(previous.0);
    sha.update(body);
    Hash(sha.finalize().into())
}

/// Bytes as lower-case hexadecimal characters.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0f])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

/// Exactly `N` bytes from lower-case hexadecimal characters.
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N.checked_mul(2)? || !digits.iter().copied().all(is_lower_hex) {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (slot, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *slot = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib.
    #[test]
    fn worked_chain() {
        let start = Head::genesis("box-demo", "00112233aabbccdd");
        assert_eq!(start.seq, 0);
        assert_eq!(
            start.hash.to_hex(),
            "f3e0555e76b099a9a813b42211d1268197cfbcd5dc4451ce13d7774ee0446b3c"
        );
        let one = start.extend(br#"{"a":1}"#);
        assert_eq!(one.seq, 1);
        assert_eq!(
            one.hash.to_hex(),
            "c3d31c917c8df860d22bac67a23049c96091df54d3488485592429b506ac3c16"
        );
    }

    #[test]
    fn hex_both_ways() {
        let hash = genesis("a", "b");
        assert_eq!(Hash::from_hex(&hash.to_hex()).unwrap(), hash);
        for bad in [
            "",
            "0",
            &"g".repeat(64),
            &"A".repeat(64),
            &"0".repeat(63),
            &"门".repeat(32),
        ] {
            assert!(Hash::from_hex(bad).is_err(), "{bad}");
        }
    }
}
