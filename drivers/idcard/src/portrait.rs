//! The portrait on a card, as it came.

use std::fmt;

use zeroize::Zeroizing;

/// The portrait's bytes. The encoding is proprietary and is not decoded here; wiped when dropped.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Portrait(Zeroizing<Vec<u8>>);

impl Portrait {
    /// Wraps the bytes as they came, normally 1,024.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes as they came.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Portrait({} bytes)", self.0.len())
    }
}
