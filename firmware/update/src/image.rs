//! An image file: header, signature, padding up to [`HEAD_BYTES`], then the program.
//!
//! The signature is over the header alone, which holds the program's digest; so a boot loader needs
//! no memory for more than a header. A slot of the flash holds the file as it is.

use crate::record_pages::{fill, seal, sealed};

/// Where the program begins, in bytes: its vector table must stand at a multiple of 512.
pub const HEAD_BYTES: u32 = 512;

/// Length of the header in bytes; the signature follows.
pub const HEADER_BYTES: usize = 64;

/// Length of an Ed25519 signature in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Length of a digest in bytes: the first half of a SHA-512, the hash that Ed25519 brings along.
pub const DIGEST_BYTES: usize = 32;

/// Longest name of a kind of board in bytes.
pub const KIND_BYTES: usize = 12;

/// Length of what the factory writes to make a board trust a key.
pub const TRUSTED_KEY_BYTES: usize = 40;

const MARK: [u8; 4] = *b"MWI1";
const KEY_MARK: [u8; 4] = *b"MWK1";

/// A kind of board: images of one do not run on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardKind([u8; KIND_BYTES]);

impl BoardKind {
    /// The kind of that name; what is longer than [`KIND_BYTES`] is left out.
    pub fn named(name: &str) -> Self {
        let mut bytes = [0; KIND_BYTES];
        fill(&mut bytes, &[name.as_bytes()]);
        Self(bytes)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        let used = self.0.iter().take_while(|byte| **byte != 0).count();
        let name = self.0.get(..used).unwrap_or_default();
        core::str::from_utf8(name).unwrap_or("?")
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The board that it is for.
    pub kind: BoardKind,
    /// Version: major, minor, patch.
    pub version: [u8; 3],
    /// Length of the program in bytes, a multiple of 4.
    pub body_bytes: u32,
    /// Digest of the program.
    pub digest: [u8; DIGEST_BYTES],
}

impl Header {
    /// Its bytes: mark, kind, version, 0, length, digest, four bytes of 0, CRC-32C.
    pub fn write(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        fill(
            &mut bytes,
            &[
                &MARK,
                &self.kind.0,
                &self.version,
                &[0],
                &self.body_bytes.to_le_bytes(),
                &self.digest,
            ],
        );
        seal(&mut bytes);
        bytes
    }

    /// Reads it; none if it is damaged or none at all.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (mark, body) = sealed(bytes)?.split_first_chunk::<4>()?;
        let (kind, body) = body.split_first_chunk::<KIND_BYTES>()?;
        let (version, body) = body.split_first_chunk::<3>()?;
        let (_, body) = body.split_first_chunk::<1>()?;
        let (body_bytes, body) = body.split_first_chunk::<4>()?;
        let (digest, _) = body.split_first_chunk::<DIGEST_BYTES>()?;
        (*mark == MARK).then_some(Self {
            kind: BoardKind(*kind),
            version: *version,
            body_bytes: u32::from_le_bytes(*body_bytes),
            digest: *digest,
        })
    }

    /// Length of the whole file in bytes.
    pub const fn image_bytes(&self) -> u32 {
        HEAD_BYTES.saturating_add(self.body_bytes)
    }
}

/// The public half of the key with which images for a board are signed. The factory writes it into
/// the board; the box cannot change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedKey(pub [u8; 32]);

impl TrustedKey {
    /// Reads what the factory wrote; none if it wrote nothing.
    pub fn read(bytes: &[u8; TRUSTED_KEY_BYTES]) -> Option<Self> {
        let (mark, key) = sealed(bytes)?.split_first_chunk::<4>()?;
        let key = key.first_chunk::<32>()?;
        (*mark == KEY_MARK).then_some(Self(*key))
    }

    /// What the factory writes.
    pub fn write(&self) -> [u8; TRUSTED_KEY_BYTES] {
        let mut bytes = [0; TRUSTED_KEY_BYTES];
        fill(&mut bytes, &[&KEY_MARK, &self.0]);
        seal(&mut bytes);
        bytes
    }
}
