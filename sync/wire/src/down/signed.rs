//! To and from signed bytes.
//!
//! ```text
//! message = payload + "\n" + base64( Ed25519( "menwei-down-1|" + payload ) )
//! ```
//!
//! The payload is one line of JSON, kept as the bytes that were signed: nothing is written anew
//! before it is checked, and nothing of it is read before its signature is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use serde::{Deserialize, Serialize};

use crate::chain::{from_hex, hex};
use crate::down::code::ResultCode;
use crate::down::command::{Command, DOWN_BYTES_MAX, Down, REVOKED_MAX, Series};
use crate::error::WireError;
use crate::name::{VERSION, check_box_name};

const DOMAIN: &[u8] = b"menwei-down-1|";

/// The city's private key. It stays at the city.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl SigningKey {
    /// From 32 random bytes.
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    /// The bytes to publish.
    ///
    /// # Errors
    /// [`WireError::BadBoxName`]; [`WireError::MessageTooLarge`]; [`WireError::ListTooLong`] for
    /// more than 1,000 workers.
    pub fn sign(&self, down: &Down) -> Result<Vec<u8>, WireError> {
        check_box_name(&down.r#box)?;
        check_length(&down.command)?;
        let written = Written {
            v: VERSION,
            envelope: Envelope {
                r#box: down.r#box.clone(),
                number: down.number,
                issued_at: down.issued_at,
                expires_at: down.expires_at,
            },
            command: &down.command,
        };
        let payload = serde_json::to_vec(&written).map_err(WireError::NotSerializable)?;
        let bytes = self.sign_text(&payload);
        if bytes.len() > DOWN_BYTES_MAX {
            return Err(WireError::MessageTooLarge {
                bytes: bytes.len(),
                limit: DOWN_BYTES_MAX,
            });
        }
        Ok(bytes)
    }

    /// Signs a text as it is, domain and all; base64.
    pub(crate) fn sign_bytes(&self, text: &[u8]) -> String {
        STANDARD.encode(self.0.sign(text).to_bytes())
    }

    /// Signs a line of text for whoever keeps the key; the line begins with what it is for. Base64.
    pub fn sign_note(&self, text: &str) -> String {
        self.sign_bytes(text.as_bytes())
    }

    pub(crate) fn sign_text(&self, payload: &[u8]) -> Vec<u8> {
        let signature = self.sign_bytes(&signed_text(payload));
        [payload, b"\n", signature.as_bytes()].concat()
    }
}

/// The city's public key, as a box pins it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_hex())
    }
}

impl VerifyingKey {
    /// Reads 64 lower-case hexadecimal characters.
    ///
    /// # Errors
    /// [`WireError::BadKey`], also for a point of small order: with one, any text would verify.
    pub fn from_hex(text: &str) -> Result<Self, WireError> {
        let bytes = from_hex::<32>(text).ok_or(WireError::BadKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| WireError::BadKey)?;
        if key.is_weak() {
            return Err(WireError::BadKey);
        }
        Ok(Self(key))
    }

    /// 64 lower-case hexadecimal characters.
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    fn verifies(&self, payload: &[u8], signature: &[u8]) -> bool {
        self.verifies_bytes(&signed_text(payload), signature)
    }

    /// Whether `signature` is of [`SigningKey::sign_note`] over this text.
    pub fn verifies_note(&self, text: &str, signature: &str) -> bool {
        self.verifies_bytes(text.as_bytes(), signature.as_bytes())
    }

    /// Whether `signature` (base64) is of this text as it is, domain and all.
    pub(crate) fn verifies_bytes(&self, text: &[u8], signature: &[u8]) -> bool {
        let Ok(bytes) = STANDARD.decode(signature) else {
            return false;
        };
        ed25519_dalek::Signature::from_slice(&bytes)
            .is_ok_and(|signature| self.0.verify_strict(text, &signature).is_ok())
    }
}

/// What a box compares a message with.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The city's key.
    pub key: &'a VerifyingKey,
    /// This box.
    pub box_name: &'a str,
    /// The topic on which it came.
    pub series: Series,
    /// The highest number of the series that the box has dealt with; 0 before the first.
    pub last_number: u64,
    /// The box's wall clock, Unix ms; its floor where the clock is unset.
    pub now: i64,
}

/// A message that is not to be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub code: ResultCode,
    /// Its number, where the signature vouches for it.
    pub number: Option<u64>,
    /// Its `type`, where the signature vouches for it.
    pub command: Option<String>,
}

impl Refused {
    fn unsigned(code: ResultCode) -> Self {
        Self {
            code,
            number: None,
            command: None,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    r#box: String,
    number: u64,
    issued_at: i64,
    expires_at: i64,
}

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    #[serde(flatten)]
    envelope: Envelope,
    #[serde(flatten)]
    command: &'a Command,
}

#[derive(Deserialize)]
struct Opened {
    v: u32,
    r#type: String,
    #[serde(flatten)]
    envelope: Envelope,
}

/// Opens a signed message. The order of the checks: length and shape, signature, version, box,
/// number, expiry, type.
///
/// # Errors
/// Why it is not to be carried out. The box counts it, says so in a `result`, and goes on.
pub fn open(bytes: &[u8], expected: &Expected<'_>) -> Result<Down, Refused> {
    let unreadable = || Refused::unsigned(ResultCode::Unreadable);
    if bytes.len() > DOWN_BYTES_MAX {
        return Err(unreadable());
    }
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(payload), Some(signature)) = (parts.next(), parts.next()) else {
        return Err(unreadable());
    };
    if !expected.key.verifies(payload, signature) {
        return Err(Refused::unsigned(ResultCode::WrongSignature));
    }
    let opened: Opened = serde_json::from_slice(payload).map_err(|_| unreadable())?;
    let refused = |code| Refused {
        code,
        number: Some(opened.envelope.number),
        command: Some(opened.r#type.chars().take(32).collect()),
    };
    if opened.v != VERSION {
        return Err(refused(ResultCode::Unreadable));
    }
    let envelope = &opened.envelope;
    if envelope.r#box != expected.box_name {
        return Err(refused(ResultCode::OtherBox));
    }
    if envelope.number == expected.last_number {
        return Err(refused(ResultCode::Repeated));
    }
    if envelope.number < expected.last_number {
        return Err(refused(ResultCode::OldNumber));
    }
    if envelope.expires_at <= expected.now {
        return Err(refused(ResultCode::Expired));
    }
    let command = command_of(payload, &opened.r#type, expected.series).map_err(refused)?;
    Ok(Down {
        r#box: opened.envelope.r#box,
        number: opened.envelope.number,
        issued_at: opened.envelope.issued_at,
        expires_at: opened.envelope.expires_at,
        command,
    })
}

fn command_of(payload: &[u8], word: &str, series: Series) -> Result<Command, ResultCode> {
    if !["roster", "policy", "revoke"].contains(&word) {
        return Err(ResultCode::UnknownType);
    }
    let command: Command = serde_json::from_slice(payload).map_err(|_| ResultCode::Unreadable)?;
    check_length(&command).map_err(|_| ResultCode::Unreadable)?;
    if command.series() == series {
        Ok(command)
    } else {
        Err(ResultCode::UnknownType)
    }
}

fn check_length(command: &Command) -> Result<(), WireError> {
    let Command::Revoke(revocation) = command else {
        return Ok(());
    };
    let entries = revocation.workers.len();
    if entries == 0 || entries > REVOKED_MAX {
        return Err(WireError::ListTooLong {
            list: "workers",
            entries,
            limit: REVOKED_MAX,
        });
    }
    Ok(())
}

fn signed_text(payload: &[u8]) -> Vec<u8> {
    [DOMAIN, payload].concat()
}
