//! The key that boards trust, and what is signed with it.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use firmware_update::{BoardKind, HEAD_BYTES, Header, TrustedKey};
use sha2::{Digest, Sha512};

use crate::error::ImageError;

/// The secret half of the key with which images are signed. Whoever has it can put any program on
/// every board that trusts it.
pub struct UpdateKey(SigningKey);

impl fmt::Debug for UpdateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpdateKey(…)")
    }
}

impl UpdateKey {
    /// A new key.
    ///
    /// # Errors
    /// [`ImageError::Random`] if the system has no randomness.
    pub fn generate() -> Result<Self, ImageError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(ImageError::Random)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// [`ImageError`] if it is missing or no key.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        let odd = || ImageError::Key {
            path: path.to_owned(),
        };
        let text = std::fs::read_to_string(path).map_err(|_| odd())?;
        let digits: Option<Vec<u8>> = text
            .trim()
            .chars()
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect();
        let bytes: Vec<u8> = digits
            .unwrap_or_default()
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect();
        let seed = bytes.try_into().map_err(|_| odd())?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// Writes the key to a new file that only its owner may read.
    ///
    /// # Errors
    /// [`ImageError::Write`] if the file is there already or cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ImageError> {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        let written = file.and_then(|mut file| writeln!(file, "{}", hex(self.0.as_bytes())));
        written.map_err(|source| ImageError::Write {
            path: path.to_owned(),
            source,
        })
    }

    /// What the factory writes into a board that shall trust this key.
    #[must_use]
    pub fn trusted(&self) -> TrustedKey {
        TrustedKey(self.0.verifying_key().to_bytes())
    }

    /// The image file of a program, for boards of one kind.
    #[must_use]
    pub fn sign(&self, board: &str, version: [u8; 3], program: &[u8]) -> Vec<u8> {
        let digest = Sha512::digest(program);
        let header = Header {
            kind: BoardKind::named(board),
            version,
            body_bytes: u32::try_from(program.len()).unwrap_or(u32::MAX),
            digest: digest.first_chunk().copied().unwrap_or_default(),
        };
        let mut image = header.write().to_vec();
        let signature = self.0.sign(&image);
        image.extend(signature.to_bytes());
        image.resize(usize::try_from(HEAD_BYTES).unwrap_or(image.len()), 0xff);
        image.extend(program);
        image
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        for digit in [byte >> 4, byte & 0xf] {
            text.extend(char::from_digit(digit.into(), 16));
        }
        text
    })
}

/// Reads a version such as `0.2.0`.
///
/// # Errors
/// [`ImageError::Version`] if it is none.
pub fn version(text: &str) -> Result<[u8; 3], ImageError> {
    let parts: Result<Vec<u8>, _> = text.split('.').map(str::parse).collect();
    parts
        .ok()
        .and_then(|parts| parts.try_into().ok())
        .ok_or_else(|| ImageError::Version(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_what_it_writes_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("update.key");
        let key = UpdateKey::generate().unwrap();
        key.write(&path).unwrap();
        assert_eq!(UpdateKey::read(&path).unwrap().trusted(), key.trusted());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(key.write(&path).is_err(), "a key is never overwritten");
        std::fs::write(&path, "abc").unwrap();
        assert!(UpdateKey::read(&path).is_err());
    }

    #[test]
    fn an_image_is_the_one_of_the_page() {
        // The key of RFC 8032, section 7.1, test 1.
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rfc.key");
        std::fs::write(&path, seed).unwrap();
        let key = UpdateKey::read(&path).unwrap();
        assert_eq!(
            hex(&key.trusted().0),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        let page = include_str!("../../README.md");
        let example: String = page
            .split("```update-image")
            .nth(1)
            .and_then(|rest| rest.split("```").next())
            .unwrap()
            .lines()
            .map(|line| {
                line.split("  ")
                    .next()
                    .unwrap()
                    .replace(' ', "")
                    .to_lowercase()
            })
            .collect();
        let image = key.sign("stm32f103", [0, 2, 0], b"gate");
        assert_eq!(image.len(), 516);
        assert_eq!(hex(&image[..128]), example);
    }

    #[test]
    fn a_version_is_three_numbers() {
        assert_eq!(version("0.2.10").unwrap(), [0, 2, 10]);
        for odd in ["", "1.2", "1.2.3.4", "1.2.256", "a.b.c"] {
            assert!(version(odd).is_err(), "{odd}");
        }
    }
}
