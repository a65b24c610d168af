//! Personal data, readable for the box and the city only.
//!
//! A person's data is sealed once with the worker's own data key (AES-256-GCM); the data key is
//! wrapped for each public key of the city (HPKE, RFC 9180). Destroying a data key makes the
//! sealed data unreadable for good while the ledger stays whole. Randomness comes in as arguments.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::chain::{Hash, hex};
use crate::error::WireError;
pub use crate::plain::{Certificate, Contact, Evidence, Person, Sex, Visitor, WageCard};
use crate::record::Wrap;

const INFO: &[u8] = b"menwei-key-1";
const NONCE_BYTES: usize = 12;
const ENC_BYTES: usize = 32;
/// Longest sealed person: a body is at most 8 KiB.
const SEALED_CHARS_MAX: usize = 8 * 1024;

/// A worker's data key.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// A key from 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the box's own key table.
    pub const fn reveal(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DataKey(…)")
    }
}

/// A public key of the city (X25519).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CityPublicKey([u8; 32]);

impl CityPublicKey {
    /// A key from its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its id: the first 8 hexadecimal characters of its SHA-256.
    pub fn id(&self) -> String {
        hex(&Sha256::digest(self.0)).chars().take(8).collect()
    }
}

/// A private key of the city (X25519).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CityPrivateKey([u8; 32]);

impl CityPrivateKey {
    /// A key from 32 random bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its public half.
    ///
    /// # Errors
    /// [`WireError::CannotSeal`] where the bytes are no key.
    pub fn public(&self) -> Result<CityPublicKey, WireError> {
        let private = self.key()?;
        Ok(CityPublicKey(
            X25519HkdfSha256::sk_to_pk(&private).to_bytes().into(),
        ))
    }

    fn key(&self) -> Result<<X25519HkdfSha256 as Kem>::PrivateKey, WireError> {
        <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&self.0)
            .map_err(|_refused| WireError::CannotSeal)
    }
}

impl fmt::Debug for CityPrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CityPrivateKey(…)")
    }
}

/// Which part of which file: bound into its ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilePart<'a> {
    /// SHA-256 of the whole file, lower-case hexadecimal.
    pub digest: &'a str,
    /// The part, from 0.
    pub part: u32,
}

/// Whose data it is; bound into both ciphertexts, so that none can be moved to another worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The box.
    pub r#box: &'a str,
    /// The worker's number there.
    pub worker: u32,
}

impl Subject<'_> {
    fn person_aad(self) -> String {
        format!("menwei-person-1|{}|{}", self.r#box, self.worker)
    }

    fn evidence_aad(self) -> String {
        format!("menwei-evidence-1|{}|{}", self.r#box, self.worker)
    }

    fn file_aad(self, part: FilePart<'_>) -> String {
        let FilePart { digest, part } = part;
        format!(
            "menwei-file-1|{}|{}|{digest}|{part}",
            self.r#box, self.worker
        )
    }

    fn wrap_aad(self) -> String {
        format!("{}|{}", self.r#box, self.worker)
    }
}

/// Which visit it is; bound into both ciphertexts, as with a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitSubject<'a> {
    /// The box.
    pub r#box: &'a str,
    /// The visit's number there.
    pub visit: u32,
}

impl VisitSubject<'_> {
    fn visitor_aad(self) -> String {
        format!("menwei-visitor-1|{}|{}", self.r#box, self.visit)
    }

    fn wrap_aad(self) -> String {
        format!("{}|visit|{}", self.r#box, self.visit)
    }
}

/// Seals a person. `nonce` is 12 random bytes, new for every call.
///
/// # Errors
/// [`WireError::CannotSeal`], [`WireError::NotSerializable`].
pub fn seal(
    person: &Person,
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    subject: Subject<'_>,
) -> Result<String, WireError> {
    let plain = Zeroizing::new(serde_json::to_vec(person).map_err(WireError::NotSerializable)?);
    let sealed = close(&plain, key, nonce, &subject.person_aad())?;
    Ok(STANDARD.encode(sealed))
}

/// Opens a sealed person.
///
/// # Errors
/// [`WireError::BadSealText`], [`WireError::CannotUnseal`], [`WireError::BadField`] (the plaintext
/// is not a person).
pub fn unseal(sealed: &str, key: &DataKey, subject: Subject<'_>) -> Result<Person, WireError> {
    let plain = open(&decode_base64(sealed)?, key, &subject.person_aad())?;
    serde_json::from_slice(&plain).map_err(WireError::BadField)
}

/// Seals a visitor with the visit's own key; as [`seal`].
///
/// # Errors
/// As [`seal`].
pub fn seal_visitor(
    visitor: &Visitor,
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    subject: VisitSubject<'_>,
) -> Result<String, WireError> {
    let plain = Zeroizing::new(serde_json::to_vec(visitor).map_err(WireError::NotSerializable)?);
    let sealed = close(&plain, key, nonce, &subject.visitor_aad())?;
    Ok(STANDARD.encode(sealed))
}

/// Opens a sealed visitor.
///
/// # Errors
/// As [`unseal`].
pub fn unseal_visitor(
    sealed: &str,
    key: &DataKey,
    subject: VisitSubject<'_>,
) -> Result<Visitor, WireError> {
    let plain = open(&decode_base64(sealed)?, key, &subject.visitor_aad())?;
    serde_json::from_slice(&plain).map_err(WireError::BadField)
}

/// Seals what speaks for a correction; as [`seal`].
///
/// # Errors
/// As [`seal`].
pub fn seal_evidence(
    evidence: &Evidence,
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    subject: Subject<'_>,
) -> Result<String, WireError> {
    let plain = Zeroizing::new(serde_json::to_vec(evidence).map_err(WireError::NotSerializable)?);
    let sealed = close(&plain, key, nonce, &subject.evidence_aad())?;
    Ok(STANDARD.encode(sealed))
}

/// Opens what speaks for a correction.
///
/// # Errors
/// As [`unseal`].
pub fn unseal_evidence(
    sealed: &str,
    key: &DataKey,
    subject: Subject<'_>,
) -> Result<Evidence, WireError> {
    let plain = open(&decode_base64(sealed)?, key, &subject.evidence_aad())?;
    serde_json::from_slice(&plain).map_err(WireError::BadField)
}

/// Seals a part of a file that the box keeps; as [`seal`], in bytes.
///
/// # Errors
/// [`WireError::CannotSeal`].
pub fn seal_part(
    plain: &[u8],
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    (subject, part): (Subject<'_>, FilePart<'_>),
) -> Result<Vec<u8>, WireError> {
    close(plain, key, nonce, &subject.file_aad(part))
}

/// Opens a part of a file.
///
/// # Errors
/// [`WireError::BadSealText`], [`WireError::CannotUnseal`].
pub fn unseal_part(
    sealed: &[u8],
    key: &DataKey,
    (subject, part): (Subject<'_>, FilePart<'_>),
) -> Result<Vec<u8>, WireError> {
    let plain = open(sealed, key, &subject.file_aad(part))?;
    Ok(plain.to_vec())
}

/// The key under which the box seals the daily files of its ledger, which never leave it.
pub fn daily_key(ledger_key: &[u8; 32]) -> DataKey {
    let derived = crate::chain::next(&Hash::from_bytes(*ledger_key), b"menwei-daily-1");
    DataKey::from_bytes(*derived.as_bytes())
}

/// Seals a record for a daily file; `nonce` as for [`seal`].
///
/// # Errors
/// [`WireError::CannotSeal`].
pub fn seal_daily(
    plain: &[u8],
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    box_name: &str,
) -> Result<Vec<u8>, WireError> {
    close(plain, key, nonce, &format!("menwei-daily-1|{box_name}"))
}

/// Opens a record of a daily file.
///
/// # Errors
/// [`WireError::BadSealText`], [`WireError::CannotUnseal`].
pub fn unseal_daily(sealed: &[u8], key: &DataKey, box_name: &str) -> Result<Vec<u8>, WireError> {
    let plain = open(sealed, key, &format!("menwei-daily-1|{box_name}"))?;
    Ok(plain.to_vec())
}

fn close(
    plain: &[u8],
    key: &DataKey,
    nonce: [u8; NONCE_BYTES],
    aad: &str,
) -> Result<Vec<u8>, WireError> {
    let payload = Payload {
        msg: plain,
        aad: aad.as_bytes(),
    };
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key.0));
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), payload)
        .map_err(|_refused| WireError::CannotSeal)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(sealed: &[u8], key: &DataKey, aad: &str) -> Result<Zeroizing<Vec<u8>>, WireError> {
    let (nonce, ciphertext) = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .ok_or(WireError::BadSealText)?;
    let payload = Payload {
        msg: ciphertext,
        aad: aad.as_bytes(),
    };
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(key.0));
    let plain = cipher
        .decrypt(&Nonce::from(*nonce), payload)
        .map_err(|_refused| WireError::CannotUnseal)?;
    Ok(Zeroizing::new(plain))
}

/// Wraps a data key for the city. `ephemeral` is 32 random bytes, new for every call: the input
/// of `DeriveKeyPair` (RFC 9180, 7.1.3).
///
/// # Errors
/// [`WireError::CannotSeal`].
pub fn wrap(
    key: &DataKey,
    city: &CityPublicKey,
    ephemeral: [u8; 32],
    subject: Subject<'_>,
) -> Result<Wrap, WireError> {
    wrap_under(key, city, ephemeral, &subject.wrap_aad())
}

/// Wraps a visit's data key for the city; as [`wrap`].
///
/// # Errors
/// As [`wrap`].
pub fn wrap_of_visit(
    key: &DataKey,
    city: &CityPublicKey,
    ephemeral: [u8; 32],
    subject: VisitSubject<'_>,
) -> Result<Wrap, WireError> {
    wrap_under(key, city, ephemeral, &subject.wrap_aad())
}

fn wrap_under(
    key: &DataKey,
    city: &CityPublicKey,
    ephemeral: [u8; 32],
    aad: &str,
) -> Result<Wrap, WireError> {
    let public = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&city.0)
        .map_err(|_refused| WireError::CannotSeal)?;
    let mut source = GivenBytes(ephemeral);
    let (enc, ciphertext) =
        hpke::single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &public,
            INFO,
            &key.0,
            aad.as_bytes(),
            &mut source,
        )
        .map_err(|_refused| WireError::CannotSeal)?;
    let wrapped = STANDARD.encode([enc.to_bytes().as_slice(), &ciphertext].concat());
    Ok(Wrap {
        key: city.id(),
        wrapped,
    })
}

/// Unwraps a data key.
///
/// # Errors
/// [`WireError::BadSealText`], [`WireError::CannotUnseal`].
pub fn unwrap(
    wrap: &Wrap,
    city: &CityPrivateKey,
    subject: Subject<'_>,
) -> Result<DataKey, WireError> {
    unwrap_under(wrap, city, &subject.wrap_aad())
}

/// Unwraps a visit's data key.
///
/// # Errors
/// As [`unwrap`].
pub fn unwrap_of_visit(
    wrap: &Wrap,
    city: &CityPrivateKey,
    subject: VisitSubject<'_>,
) -> Result<DataKey, WireError> {
    unwrap_under(wrap, city, &subject.wrap_aad())
}

fn unwrap_under(wrap: &Wrap, city: &CityPrivateKey, aad: &str) -> Result<DataKey, WireError> {
    let bytes = decode_base64(&wrap.wrapped)?;
    let (enc, ciphertext) = bytes
        .split_at_checked(ENC_BYTES)
        .ok_or(WireError::BadSealText)?;
    let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc)
        .map_err(|_refused| WireError::BadSealText)?;
    let plain = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &city.key()?,
        &enc,
        INFO,
        ciphertext,
        aad.as_bytes(),
    )
    .map_err(|_refused| WireError::CannotUnseal)?;
    let plain = Zeroizing::new(plain);
    let bytes: [u8; 32] = plain
        .as_slice()
        .try_into()
        .map_err(|_refused| WireError::CannotUnseal)?;
    Ok(DataKey(bytes))
}

fn decode_base64(text: &str) -> Result<Vec<u8>, WireError> {
    if text.len() > SEALED_CHARS_MAX {
        return Err(WireError::BadSealText);
    }
    STANDARD
        .decode(text)
        .map_err(|_refused| WireError::BadSealText)
}

/// Hands the caller's random bytes to a library that wants a generator. They are used once: the
/// sender draws exactly one key's worth. A longer draw would get zeros and so a test that fails.
struct GivenBytes([u8; 32]);

impl hpke::rand_core::TryRng for GivenBytes {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Self::Error> {
        target.fill(0);
        for (slot, given) in target.iter_mut().zip(self.0) {
            *slot = given;
        }
        self.0.zeroize();
        Ok(())
    }
}

impl hpke::rand_core::TryCryptoRng for GivenBytes {}

impl Drop for GivenBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
