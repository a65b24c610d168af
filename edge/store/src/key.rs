//! The key of the file, and where it is read from.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::StoreError;

/// The longest key file worth reading: 64 digits, a line end, and one byte to notice more.
const KEY_FILE_BYTES_MAX: u64 = 67;

/// The 32 bytes that open the file.
///
/// Used raw, so that opening takes no password derivation (which alone costs 300 ms). Wiped when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 bytes of good randomness as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a key from a file of 32 raw bytes, or of 64 hexadecimal digits with at most a line end.
    ///
    /// # Errors
    ///
    /// The file cannot be read, anyone but its owner may read it, or its content is no key.
    pub fn from_file(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|e| StoreError::io("open the key file", path, e))?;
        let about = file
            .metadata()
            .map_err(|e| StoreError::io("look at the key file", path, e))?;
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(StoreError::KeyFileOpen {
                path: path.to_owned(),
                mode,
            });
        }
        let mut text = Zeroizing::new(Vec::with_capacity(80));
        file.take(KEY_FILE_BYTES_MAX)
            .read_to_end(&mut text)
            .map_err(|e| StoreError::io("read the key file", path, e))?;
        Self::parse(&text).ok_or_else(|| StoreError::KeyFileShape {
            path: path.to_owned(),
            bytes: text.len(),
        })
    }

    fn parse(text: &[u8]) -> Option<Self> {
        if let Ok(raw) = <[u8; 32]>::try_from(text) {
            return Some(Self(raw));
        }
        let line = text.strip_suffix(b"\n").unwrap_or(text);
        let digits = line.strip_suffix(b"\r").unwrap_or(line);
        if digits.len() != 64 {
            return None;
        }
        let mut key = Self([0; 32]);
        for (byte, pair) in key.0.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(key)
    }

    /// The bytes, for whoever derives something else from a file of this shape.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The statement that gives this key to the database.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(96));
        text.push_str("PRAGMA key = \"x'");
        for byte in self.0 {
            for half in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
            }
        }
        text.push_str("'\"");
        text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

fn digit(ascii: u8) -> Option<u8> {
    char::from(ascii)
        .to_digit(16)
        .and_then(|d| u8::try_from(d).ok())
}
