//! What is made and issued: the city's folder, certificates for broker, city, observers and boxes.

use std::path::Path;

use hpke::kem::X25519HkdfSha256;
use hpke::{Kem as _, Serializable as _};
use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
    PublicKeyData, SerialNumber, SignatureAlgorithm,
};
use sync_wire::chain::hex;

use super::authority::{Authority, Validity, check_box_id, distinguished, named, sign};
use super::keys::{
    CA_CERT, SEAL_KEY, SEAL_PUB, SIGN_KEY, SIGN_PUB, hex_line, read_text, write_open, write_secret,
};
use super::revoked::{SERIAL_BYTES, write_revocations};
use crate::clock;
use crate::error::CityError;
use crate::registry::{Issued, Registry};

/// Makes the city's folder: both authorities, seal key pair, signing key pair.
pub fn init(dir: &Path, validity: Validity) -> Result<(), CityError> {
    std::fs::create_dir_all(dir).map_err(|source| CityError::WriteFile {
        path: dir.to_owned(),
        source,
    })?;
    Authority::Boxes.make(dir, validity)?;
    Authority::City.make(dir, validity)?;
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
    sign_into((dir, Authority::Boxes), dir, ("broker", params), validity)
}

/// Issues the city's own client certificate: `city.pem`, `city.key` in `dir`.
pub fn issue_city(dir: &Path, validity: Validity) -> Result<(), CityError> {
    issue_inside(dir, "city", validity)
}

/// Issues a client certificate for who may hear everything at the broker and say nothing:
/// `observer.pem`, `observer.key` in `dir`.
pub fn issue_observer(dir: &Path, validity: Validity) -> Result<(), CityError> {
    issue_inside(dir, "observer", validity)
}

fn issue_inside(dir: &Path, name: &str, validity: Validity) -> Result<(), CityError> {
    Authority::City.make_if_missing(dir, validity)?;
    let mut params = named(name)?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    sign_into((dir, Authority::City), dir, (name, params), validity)
}

/// Issues a box's client certificate (CN = box id) and puts all that the box needs into `out`:
/// `box.pem`, `box.key`, the CA and the city's public keys.
pub fn issue_box(dir: &Path, id: &str, out: &Path, validity: Validity) -> Result<(), CityError> {
    let (params, serial) = of_box(id)?;
    std::fs::create_dir_all(out).map_err(|source| CityError::WriteFile {
        path: out.to_owned(),
        source,
    })?;
    sign_into((dir, Authority::Boxes), out, ("box", params), validity)?;
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
    let key = (&BoxKey(point), validity);
    let certificate = sign(dir, Authority::Boxes, params, key)?;
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

fn new_serial() -> Result<[u8; SERIAL_BYTES], CityError> {
    let mut serial = [0_u8; SERIAL_BYTES];
    getrandom::fill(&mut serial)?;
    // Positive, and without a leading zero, so that it reads the same everywhere.
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x3f) | 0x40;
    }
    Ok(serial)
}

fn sign_into(
    (dir, authority): (&Path, Authority),
    out: &Path,
    (name, params): (&str, CertificateParams),
    validity: Validity,
) -> Result<(), CityError> {
    let key = KeyPair::generate()?;
    let certificate = sign(dir, authority, params, (&key, validity))?;
    write_secret(&out.join(format!("{name}.key")), &key.serialize_pem())?;
    write_open(&out.join(format!("{name}.pem")), &certificate.pem())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::keys::{CA_KEY, CITY_CA_CERT, CITY_CA_KEY, read_key_file, signing_key};
    use jiff::civil::Date;
    use std::os::unix::fs::PermissionsExt as _;
    use sync_wire::seal::CityPrivateKey;

    fn long() -> Validity {
        Validity::new(jiff::civil::date(2020, 1, 1), 36_000).unwrap()
    }

    #[test]
    fn keys_are_secret_and_are_made_once() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        init(dir, long()).unwrap();
        issue_city(dir, long()).unwrap();
        for name in [CA_KEY, CITY_CA_KEY, SEAL_KEY, SIGN_KEY, "city.key"] {
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
    fn the_citys_side_has_an_authority_of_its_own_also_in_an_older_folder() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        init(dir, long()).unwrap();
        for name in [CITY_CA_CERT, CITY_CA_KEY] {
            std::fs::remove_file(dir.join(name)).unwrap();
        }
        issue_city(dir, long()).unwrap();
        issue_observer(dir, long()).unwrap();
        issue_box(dir, "box-1", &dir.join("box-1"), long()).unwrap();
        let read = |name: &str| {
            let pem = std::fs::read(dir.join(name)).unwrap();
            openssl::x509::X509::from_pem(&pem).unwrap()
        };
        let signed_by = |name: &str, authority: &str| {
            let key = read(authority).public_key().unwrap();
            read(name).verify(&key).unwrap()
        };
        for name in ["city.pem", "observer.pem"] {
            assert!(signed_by(name, CITY_CA_CERT), "{name}");
            assert!(!signed_by(name, CA_CERT), "{name}");
        }
        assert!(signed_by("box-1/box.pem", CA_CERT));
        assert!(!signed_by("box-1/box.pem", CITY_CA_CERT));
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
