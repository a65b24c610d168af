//! Keyed tags of identity numbers: strangers can be told apart without their numbers being kept.

use std::fmt;

use edge_domain::{IdNumber, PersonTag};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes tags with this box's own key. Without the key a tag says nothing: there are few enough
/// numbers to try them all against a bare hash.
#[derive(Clone)]
pub(crate) struct PersonTagger {
    mac: Hmac<Sha256>,
}

impl PersonTagger {
    /// A tagger with a key of 32 random bytes.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // HMAC pads a key with zeros to the block size of its hash (RFC 2104).
        let mut block = [0; 64];
        for (slot, byte) in block.iter_mut().zip(key) {
            *slot = *byte;
        }
        Self {
            mac: Hmac::new(&block.into()),
        }
    }

    /// The first 8 bytes of HMAC-SHA256 over the number.
    pub(crate) fn tag(&self, number: &IdNumber) -> PersonTag {
        let mut mac = self.mac.clone();
        mac.update(number.reveal().as_bytes());
        let digest = mac.finalize().into_bytes();
        let mut tag = [0; 8];
        for (slot, byte) in tag.iter_mut().zip(digest) {
            *slot = byte;
        }
        PersonTag(tag)
    }
}

impl fmt::Debug for PersonTagger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PersonTagger")
    }
}
