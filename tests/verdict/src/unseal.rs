//! Who a worker number is: opens the sealed person with the city's private key.

use std::path::Path;

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem, OpModeR};
use serde::Deserialize;

use crate::error::VerdictError;

type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type EncappedKey = <X25519HkdfSha256 as Kem>::EncappedKey;

/// Bytes of an X25519 encapsulated key.
const ENCAPPED_BYTES: usize = 32;
/// Bytes of an AES-GCM nonce.
const NONCE_BYTES: usize = 12;

/// The city's private key.
#[derive(Clone)]
pub struct CityKey(PrivateKey);

impl std::fmt::Debug for CityKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CityKey")
    }
}

/// A wrapped data key as it stands in a record.
#[derive(Clone, Debug, Deserialize)]
pub struct Wrap {
    /// Base64 of encapsulated key and ciphertext.
    pub wrapped: String,
}

impl CityKey {
    /// Reads a file of 64 hex digits.
    pub fn read(path: &Path) -> Result<Self, VerdictError> {
        let text = std::fs::read_to_string(path).map_err(|source| VerdictError::ReadFile {
            path: path.to_owned(),
            source,
        })?;
        Self::from_hex(text.trim())
    }

    /// From 64 hex digits.
    pub fn from_hex(text: &str) -> Result<Self, VerdictError> {
        let bytes: Option<Vec<u8>> = text
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect();
        let bytes = bytes.ok_or(VerdictError::Key)?;
        PrivateKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| VerdictError::Key)
    }

    /// The ID number inside a sealed person; `None` if none of the wraps is for this key or the
    /// seal does not hold.
    pub fn id_number(
        &self,
        id: &str,
        worker: u32,
        (sealed, wraps): (&str, &[Wrap]),
    ) -> Option<String> {
        #[derive(Deserialize)]
        struct Person {
            id_number: String,
        }
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES)?;
        let key = wraps
            .iter()
            .find_map(|wrap| self.data_key(id, worker, wrap))?;
        let cipher = Aes256Gcm::new_from_slice(&key).ok()?;
        let aad = format!("menwei-person-1|{id}|{worker}");
        let payload = Payload {
            msg: ciphertext,
            aad: aad.as_bytes(),
        };
        let plain = cipher
            .decrypt(&Nonce::try_from(nonce).ok()?, payload)
            .ok()?;
        serde_json::from_slice::<Person>(&plain)
            .ok()
            .map(|person| person.id_number)
    }

    fn data_key(&self, id: &str, worker: u32, wrap: &Wrap) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(&wrap.wrapped).ok()?;
        let (encapped, ciphertext) = bytes.split_at_checked(ENCAPPED_BYTES)?;
        hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &EncappedKey::from_bytes(encapped).ok()?,
            b"menwei-key-1",
            ciphertext,
            format!("{id}|{worker}").as_bytes(),
        )
        .ok()
    }
}
