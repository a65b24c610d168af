//! Keys and certificates: a small CA of the city's own.
//!
//! Private keys are PKCS#8 PEM (native-tls reads nothing else), readable by the owner only, and
//! never overwritten. A CA file holds exactly one certificate, because only the first is read.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use hpke::kem::X25519HkdfSha256;
use hpke::{Kem as _, Serializable as _};
use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use openssl::hash::MessageDigest;
use openssl::x509::X509;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CertificateRevocationListParams,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, RevokedCertParams,
    SerialNumber, SignatureAlgorithm,
};
use sync_wire::chain::{from_hex, hex};

use sync_wire::down::SigningKey;
use sync_wire::seal::CityPrivateKey;

use crate::clock;
use crate::error::CityError;
use crate::registry::{Issued, Registry, write_whole};

/// The CA's certificate, in every folder that this module writes.
pub const CA_CERT: &str = "ca.pem";
/// The CA's private key, only in the city's own folder.
pub const CA_KEY: &str = "ca.key";
/// The list of revoked certificates, which the broker reads.
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

/// From when and until when a certificate is valid, both days included.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    from: Date,
    until: Date,
}

impl Validity {
    /// `days` days, beginning with `from` (`YYYY-MM-DD`).
    pub fn new(from: Date, days: u32) -> Result<Self, CityError> {
        if days == 0 || days > 36_500 {
            return Err(CityError::Validity(format!(
                "{days} days; allowed are 1 to 36500"
            )));
        }
        let span: Span = i64::from(days).days();
        let until = from
            .checked_add(span)
            .map_err(|_| CityError::Validity(format!("{from} plus {days} days")))?;
        Ok(Self { from, until })
    }

    fn write_to(self, params: &mut CertificateParams) {
        let day = |date: Date| {
            rcgen::date_time_ymd(
                i32::from(date.year()),
                date.month().unsigned_abs(),
                date.day().unsigned_abs(),
            )
        };
        params.not_before = day(self.from);
        params.not_after = day(self.until);
    }
}

/// Checks that `name` can name a box: the wire's rule, and none of the broker's other clients.
pub fn check_box_id(name: &str) -> Result<(), CityError> {
    let allowed = sync_wire::name::check_box_name(name).is_ok();
    if allowed && name != "city" && name != "broker" {
        Ok(())
    } else {
        Err(CityError::BoxId {
            name: name.to_owned(),
        })
    }
}

/// Makes the city's folder: CA, seal key pair, signing key pair.
pub fn init(dir: &Path, validity: Validity) -> Result<(), CityError> {
    std::fs::create_dir_all(dir).map_err(|source| CityError::WriteFile {
        path: dir.to_owned(),
        source,
    })?;
    let key = KeyPair::generate()?;
    let mut params = authority()?;
    validity.write_to(&mut params);
    let certificate = params.self_signed(&key)?;
    write_secret(&dir.join(CA_KEY), &key.serialize_pem())?;
    write_open(&dir.join(CA_CERT), &certificate.pem())?;
    write_revocations(dir, &Registry::default())?;

    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed)?;
    let (private, public) = X25519HkdfSha256::derive_keypair(&seed);
    write_secret(&dir.join(SEAL_KEY), &hex_line(&private.to_bytes()))?;
    write_open(&dir.join(SEAL_PUB), &hex_line(&public.to_bytes()))?;

    let signing = KeyPair::generate_for(&PKCS_ED25519)?;
    write_secret(&dir.join(SIGN_KEY), &signing.serialize_pem())?;
    write_open(&dir.join(SIGN_PUB), &hex_line(signing.public_key_raw()))
}

/// Issues the broker's server certificate for localhost, 127.0.0.1 and `names`: `broker.pem`,
/// `broker.key` in `dir`.
pub fn issue_broker(dir: &Path, names: &[String], validity: Validity) -> Result<(), CityError> {
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    all.extend(names.iter().filter(|n| !n.is_empty()).cloned());
    all.dedup();
    let mut params = CertificateParams::new(all)?;
    params.distinguished_name = distinguished("broker");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    sign_into(dir, dir, ("broker", params), validity)
}

/// Issues the city's own client certificate: `city.pem`, `city.key` in `dir`.
pub fn issue_city(dir: &Path, validity: Validity) -> Result<(), CityError> {
    let mut params = named("city")?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign_into(dir, dir, ("city", params), validity)
}

/// Issues a box's client certificate (CN = box id) and puts all that the box needs into `out`:
/// `box.pem`, `box.key`, the CA and the city's public keys.
pub fn issue_box(dir: &Path, id: &str, out: &Path, validity: Validity) -> Result<(), CityError> {
    let (params, serial) = of_box(id)?;
    std::fs::create_dir_all(out).map_err(|source| CityError::WriteFile {
        path: out.to_owned(),
        source,
    })?;
    sign_into(dir, out, ("box", params), validity)?;
    register(dir, id, &serial)?;
    for name in [CA_CERT, SEAL_PUB, SIGN_PUB] {
        write_open(&out.join(name), &read_text(&dir.join(name))?)?;
    }
    Ok(())
}

/// Issues a box's client certificate for a key that the box made itself (a point of P-256,
/// uncompressed); PEM.
pub(crate) fn certify(
    dir: &Path,
    id: &str,
    (point, validity): (Vec<u8>, Validity),
) -> Result<String, CityError> {
    let (params, serial) = of_box(id)?;
    let certificate = sign(dir, params, (&BoxKey(point), validity))?;
    register(dir, id, &serial)?;
    Ok(certificate.pem())
}

/// A public key of which the private one is elsewhere.
struct BoxKey(Vec<u8>);

impl PublicKeyData for BoxKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn of_box(id: &str) -> Result<(CertificateParams, [u8; SERIAL_BYTES]), CityError> {
    check_box_id(id)?;
    let mut params = named(id)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let serial = new_serial()?;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok((params, serial))
}

fn register(dir: &Path, id: &str, serial: &[u8]) -> Result<(), CityError> {
    Registry::change(dir, |registry| {
        registry.issued.push(Issued {
            r#box: id.to_owned(),
            serial: hex(serial),
            issued_at: clock::now_ms(),
            revoked_at: None,
        });
        Ok(())
    })
}

/// Revokes every certificate of a box, and writes the list that broker and city look into. Says how
/// many there were.
pub fn revoke_box(dir: &Path, id: &str) -> Result<usize, CityError> {
    Registry::change(dir, |registry| {
        let all = registry.issued.iter_mut();
        let mut revoked = 0;
        for one in all.filter(|one| one.r#box == id && one.revoked_at.is_none()) {
            one.revoked_at = Some(clock::now_ms());
            revoked += 1;
        }
        registry.revocations = registry.revocations.saturating_add(1);
        write_revocations(dir, registry).map(|()| revoked)
    })
}

/// Days for which a list of revoked certificates is good: the broker lets nobody in on an older one.
const REVOCATIONS_DAYS: i64 = 3_650;

fn write_revocations(dir: &Path, registry: &Registry) -> Result<(), CityError> {
    let ca_key = KeyPair::from_pem(&read_text(&dir.join(CA_KEY))?)?;
    let issuer = Issuer::new(authority()?, ca_key);
    // A broker whose clock is a little behind must believe it, too.
    let from = clock::today().yesterday().unwrap_or(Date::MIN);
    let until = from
        .checked_add(REVOCATIONS_DAYS.days())
        .map_err(|_| CityError::Validity("the list of revoked certificates".to_owned()))?;
    let midnight = |date: Date| {
        let (month, day) = (date.month().unsigned_abs(), date.day().unsigned_abs());
        rcgen::date_time_ymd(i32::from(date.year()), month, day)
    };
    let revoked = registry
        .issued
        .iter()
        .filter(|one| one.revoked_at.is_some());
    let listed = |one: &Issued| RevokedCertParams {
        serial_number: SerialNumber::from_slice(
            &from_hex::<SERIAL_BYTES>(&one.serial).unwrap_or_default(),
        ),
        revocation_time: midnight(from),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: midnight(from),
        next_update: midnight(until),
        crl_number: SerialNumber::from(registry.revocations),
        issuing_distribution_point: None,
        revoked_certs: revoked.map(listed).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    write_whole(&dir.join(CRL), list.signed_by(&issuer)?.pem()?.as_bytes())
}

const SERIAL_BYTES: usize = 16;

fn new_serial() -> Result<[u8; SERIAL_BYTES], CityError> {
    let mut serial = [0_u8; SERIAL_BYTES];
    getrandom::fill(&mut serial)?;
    // Positive, and without a leading zero, so that it reads the same everywhere.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(serial)
}

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

fn sign_into(
    dir: &Path,
    out: &Path,
    (name, params): (&str, CertificateParams),
    validity: Validity,
) -> Result<(), CityError> {
    let key = KeyPair::generate()?;
    let certificate = sign(dir, params, (&key, validity))?;
    write_secret(&out.join(format!("{name}.key")), &key.serialize_pem())?;
    write_open(&out.join(format!("{name}.pem")), &certificate.pem())
}

fn sign(
    dir: &Path,
    mut params: CertificateParams,
    (key, validity): (&impl PublicKeyData, Validity),
) -> Result<Certificate, CityError> {
    let ca_key = KeyPair::from_pem(&read_text(&dir.join(CA_KEY))?)?;
    let issuer = Issuer::new(authority()?, ca_key);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    validity.write_to(&mut params);
    Ok(params.signed_by(key, &issuer)?)
}

/// The authority's name and uses. They are the same whenever it signs, so its certificate need not
/// be read for that.
fn authority() -> Result<CertificateParams, CityError> {
    let mut params = named("Menwei City CA")?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn named(name: &str) -> Result<CertificateParams, CityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = distinguished(name);
    Ok(params)
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut whole = DistinguishedName::new();
    whole.push(DnType::CommonName, name);
    whole
}

fn hex_line(bytes: &[u8]) -> String {
    hex(bytes) + "\n"
}

fn write_secret(path: &PathBuf, text: &str) -> Result<(), CityError> {
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

fn write_open(path: &PathBuf, text: &str) -> Result<(), CityError> {
    std::fs::write(path, text).map_err(|source| CityError::WriteFile {
        path: path.clone(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn long() -> Validity {
        Validity::new(jiff::civil::date(2020, 1, 1), 36_000).unwrap()
    }

    #[test]
    fn keys_are_secret_and_are_made_once() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        init(dir, long()).unwrap();
        issue_city(dir, long()).unwrap();
        for name in [CA_KEY, SEAL_KEY, SIGN_KEY, "city.key"] {
            let mode = std::fs::metadata(dir.join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(matches!(init(dir, long()), Err(CityError::KeyExists(_))));
        assert!(matches!(
            issue_city(dir, long()),
            Err(CityError::KeyExists(_))
        ));
    }

    #[test]
    fn a_box_gets_all_it_needs_and_no_secret_of_the_city() {
        let home = tempfile::tempdir().unwrap();
        let (dir, out) = (home.path(), home.path().join("out"));
        init(dir, long()).unwrap();
        issue_box(dir, "box-1", &out, long()).unwrap();
        let mut names: Vec<_> = std::fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["box.key", "box.pem", CA_CERT, SEAL_PUB, SIGN_PUB]);
        let read = |name: &str| std::fs::read_to_string(out.join(name)).unwrap();
        assert!(
            read("box.key").starts_with("-----BEGIN PRIVATE KEY-----"),
            "PKCS#8"
        );
        assert_eq!(read(CA_CERT).matches("BEGIN CERTIFICATE").count(), 1);
        let identity = native_tls::Identity::from_pkcs8(
            read("box.pem").as_bytes(),
            read("box.key").as_bytes(),
        );
        assert!(identity.is_ok());
    }

    #[test]
    fn the_seal_keys_belong_together() {
        let home = tempfile::tempdir().unwrap();
        init(home.path(), long()).unwrap();
        let private = read_key_file(&home.path().join(SEAL_KEY)).unwrap();
        let public = read_key_file(&home.path().join(SEAL_PUB)).unwrap();
        let private = CityPrivateKey::from_bytes(private);
        assert_eq!(private.public().unwrap().as_bytes(), &public);
    }

    #[test]
    fn the_signing_keys_belong_together() {
        let home = tempfile::tempdir().unwrap();
        init(home.path(), long()).unwrap();
        signing_key(home.path()).unwrap();
        let other = tempfile::tempdir().unwrap();
        init(other.path(), long()).unwrap();
        std::fs::copy(other.path().join(SIGN_PUB), home.path().join(SIGN_PUB)).unwrap();
        assert!(matches!(signing_key(home.path()), Err(CityError::Key(_))));
    }

    #[test]
    fn names_days_and_key_files_are_checked() {
        for bad in ["", "city", "broker", "a/b", "../x", "Box", "盒"] {
            assert!(check_box_id(bad).is_err(), "{bad}");
        }
        assert!(check_box_id("box-1").is_ok());
        let day = jiff::civil::date(2026, 11, 22);
        assert!(Validity::new(day, 0).is_err());
        assert!(Validity::new(day, 36_501).is_err());
        assert!(Validity::new(Date::MAX, 1).is_err());
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        for bad in ["", "00", "zz", &"g".repeat(64), &"门".repeat(64)] {
            std::fs::write(&path, bad).unwrap();
            assert!(read_key_file(&path).is_err(), "{bad}");
        }
    }
}
