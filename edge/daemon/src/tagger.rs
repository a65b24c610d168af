//! Keyed tags of identity numbers: strangers can be told apart without their numbers being kept.

use std::fmt;

use edge_domain::{IdNumber, PersonTag};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Makes tags with this box's own key. Without the key a tag says nothing: there are few enough
/// numbers to try them all against a bare hash.
#[derive(Clone)]
pub struct PersonTagger {
    mac: Hmac<Sha256>,
}

impl PersonTagger {
    /// A tagger with a key of 32 random bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { mac: Hmac::new(&(*key).into()) }
    }

    /// The first 8 bytes of HMAC-SHA256 over the number.
    pub fn tag(&self, number: &IdNumber) -> PersonTag {
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
