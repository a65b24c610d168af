//! Key files and certificate files, as they are read and written.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use openssl::hash::MessageDigest;
use openssl::x509::X509;
use rcgen::KeyPair;
use sync_wire::chain::hex;
use sync_wire::down::SigningKey;
use sync_wire::seal::CityPrivateKey;

use crate::error::CityError;

/// The certificate of the boxes' authority, in every folder that this module writes.
pub const CA_CERT: &str = "ca.pem";
/// The private key of the boxes' authority, only in the city's own folder.
pub const CA_KEY: &str = "ca.key";
/// The certificate of the authority for the city's own connections; the broker reads it.
pub const CITY_CA_CERT: &str = "city-ca.pem";
/// Its private key.
pub const CITY_CA_KEY: &str = "city-ca.key";
/// The list of revoked certificates of boxes, which the broker reads.
pub const CRL: &str = "crl.pem";
/// The city's X25519 private key, 64 hex digits: it unwraps the data keys of workers.
pub const SEAL_KEY: &str = "city-seal.key";
/// The city's X25519 public key, 64 hex digits: boxes wrap data keys for it.
pub const SEAL_PUB: &str = "city-seal.pub";
/// The city's Ed25519 private key (PKCS#8 PEM): it signs what goes down to the boxes.
pub const SIGN_KEY: &str = "city-sign.key";
/// The city's Ed25519 public key, 64 hex digits: pinned by a box when it is claimed.
pub const SIGN_PUB: &str = "city-sign.pub";

/// What stands before the seed of an Ed25519 key.
const SEED_MARK: [u8; 4] = [0x04, 0x22, 0x04, 0x20];

/// Reads a key file of 64 hex digits (`city-seal.key`, `city-seal.pub`, `city-sign.pub`).
pub fn read_key_file(path: &Path) -> Result<[u8; 32], CityError> {
    let text = read_text(path)?;
    let digits = text.trim().as_bytes();
    let mut key = [0_u8; 32];
    if digits.len() != 64 {
        return Err(CityError::Key("the file must hold 64 hex digits"));
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).unwrap_or("");
        *byte = u8::from_str_radix(pair, 16)
            .map_err(|_| CityError::Key("the file must hold 64 hex digits"))?;
    }
    Ok(key)
}

/// Reads the city's private key, which opens what boxes seal.
pub fn seal_key(dir: &Path) -> Result<CityPrivateKey, CityError> {
    read_key_file(&dir.join(SEAL_KEY)).map(CityPrivateKey::from_bytes)
}

/// Reads the city's signing key; it must belong to the public key that boxes pin.
pub fn signing_key(dir: &Path) -> Result<SigningKey, CityError> {
    let path = dir.join(SIGN_KEY);
    let der = KeyPair::from_pem(&read_text(&path)?)?.serialize_der();
    // PKCS#8 (RFC 8410): the private key is an octet string of 32 bytes inside another of 34.
    let seed = der
        .windows(SEED_MARK.len() + 32)
        .find_map(|part| part.strip_prefix(&SEED_MARK))
        .and_then(|seed| <&[u8; 32]>::try_from(seed).ok())
        .ok_or(CityError::Key("the signing key is no Ed25519 key"))?;
    let key = SigningKey::from_bytes(seed);
    if key.verifying_key().to_hex() == signing_public(dir)? {
        Ok(key)
    } else {
        Err(CityError::Key(
            "the signing key and its public key do not belong together",
        ))
    }
}

/// The city's public signing key, 64 hexadecimal digits: `city_signing_key` of a box.
pub fn signing_public(dir: &Path) -> Result<String, CityError> {
    read_key_file(&dir.join(SIGN_PUB)).map(|key| hex(&key))
}

/// SHA-256 of the authority's certificate, 64 hexadecimal digits: whoever knows it needs no file.
pub fn fingerprint(dir: &Path) -> Result<String, CityError> {
    let authority = X509::from_pem(read_text(&dir.join(CA_CERT))?.as_bytes())?;
    Ok(hex(&authority.digest(MessageDigest::sha256())?))
}

/// Reads a whole text file.
pub fn read_text(path: &Path) -> Result<String, CityError> {
    std::fs::read_to_string(path).map_err(|source| CityError::ReadFile {
        path: path.to_owned(),
        source,
    })
}

pub(super) fn hex_line(bytes: &[u8]) -> String {
    hex(bytes) + "\n"
}

pub(super) fn write_secret(path: &PathBuf, text: &str) -> Result<(), CityError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        });
    match written {
        Ok(()) => Ok(()),
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(CityError::KeyExists(path.clone()))
        }
        Err(source) => Err(CityError::WriteFile {
            path: path.clone(),
            source,
        }),
    }
}

pub(super) fn write_open(path: &PathBuf, text: &str) -> Result<(), CityError> {
    std::fs::write(path, text).map_err(|source| CityError::WriteFile {
        path: path.clone(),
        source,
    })
}
