//! One-time codes with which a box gets its first certificate, or its next.
//!
//! A code is 20 characters of Crockford's base 32: the first five find it, the other fifteen are the
//! secret. Only its hash is kept, in one file beside the certificates that were issued.

use std::collections::BTreeMap;
use std::path::Path;

use openssl::bn::BigNumContext;
use openssl::ec::PointConversionForm;
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::x509::X509Req;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sync_wire::chain::hex;
use sync_wire::down::VerifyingKey;

use crate::clock::{self, DAY_MS};
use crate::error::CityError;
use crate::pki::{self, Validity};
use crate::registry::{self, Registry};

/// The file's name in the city's folder.
const FILE: &str = "claims.json";
/// Digits of Crockford's base 32: nothing that is easily taken for another.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_DIGITS: usize = 20;
/// Digits that find a code.
const ID_DIGITS: usize = 5;
/// Wrong secrets after which a code is void.
const ATTEMPTS_MAX: u32 = 10;
/// A code that nobody used, or that was used, is forgotten so long after its end.
const KEPT_MS: i64 = 30 * DAY_MS;

/// A code that was given out.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Claim {
    r#box: String,
    site: String,
    /// SHA-256 of the whole code, hexadecimal.
    digest: String,
    expires_at: i64,
    /// Days of validity of the certificate.
    valid_days: u32,
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used: Option<Used>,
}

/// Whom a code served.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Used {
    /// The box's public key, hexadecimal.
    key: String,
    certificate: String,
}

/// What a box asks for.
#[derive(Debug, Deserialize)]
pub(crate) struct Request {
    /// The code as somebody typed it.
    pub(crate) code: String,
    /// PKCS#10, PEM. Only its key counts; whatever name it bears, the code says which box it is.
    pub(crate) csr: String,
    /// The public key with which the box signs its ledger, 64 hexadecimal characters.
    #[serde(default)]
    pub(crate) device_key: Option<String>,
}

/// What a box gets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[cfg_attr(test, derive(Deserialize))]
pub(crate) struct Granted {
    /// The box that the code was made for.
    pub(crate) r#box: String,
    /// The site that it is registered for.
    pub(crate) site: String,
    /// Its certificate, PEM.
    pub(crate) certificate: String,
}

/// Why a box gets nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Denied {
    /// No such code.
    WrongCode,
    /// Its days are over.
    Expired,
    /// Another key has used it.
    Used,
    /// Too many wrong ones were tried in its place.
    Void,
    /// No request for a certificate with a P-256 key, signed by that key.
    BadRequest,
}

/// Makes a code for a box, valid for `days`. Earlier codes of that box that nobody used are void.
pub fn make(
    dir: &Path,
    (id, site): (&str, &str),
    (days, valid_days): (u32, u32),
) -> Result<String, CityError> {
    pki::check_box_id(id)?;
    Validity::new(clock::today(), valid_days)?;
    let mut random = [0_u8; CODE_DIGITS];
    getrandom::fill(&mut random)?;
    let digits = random
        .iter()
        .filter_map(|byte| DIGITS.get(usize::from(byte % 32)));
    let code: String = digits.map(|digit| char::from(*digit)).collect();
    let now = clock::now_ms();
    let claim = Claim {
        r#box: id.to_owned(),
        site: site.to_owned(),
        digest: digest(&code),
        expires_at: now.saturating_add(DAY_MS.saturating_mul(i64::from(days))),
        valid_days,
        attempts: 0,
        used: None,
    };
    change(dir, |claims| {
        claims.retain(|_, one| {
            let old = now.saturating_sub(one.expires_at) > KEPT_MS;
            !old && (one.r#box != id || one.used.is_some())
        });
        claims.insert(code.get(..ID_DIGITS).unwrap_or_default().to_owned(), claim);
    })?;
    let groups: Vec<&str> = (0..CODE_DIGITS)
        .step_by(ID_DIGITS)
        .filter_map(|at| code.get(at..at.saturating_add(ID_DIGITS)))
        .collect();
    Ok(groups.join("-"))
}

/// Makes every code of a box void.
pub fn void(dir: &Path, id: &str) -> Result<(), CityError> {
    change(dir, |claims| claims.retain(|_, one| one.r#box != id))
}

/// Issues a certificate for a code. The same key may ask again, should the answer have been lost.
pub(crate) fn redeem(
    dir: &Path,
    request: &Request,
    now: i64,
) -> Result<Result<Granted, Denied>, CityError> {
    let code = plain(&request.code);
    let id = code.get(..ID_DIGITS).unwrap_or_default().to_owned();
    // Who only guesses costs no write.
    if !read(dir)?.contains_key(&id) {
        return Ok(Err(Denied::WrongCode));
    }
    let Ok(point) = point_of(&request.csr) else {
        return Ok(Err(Denied::BadRequest));
    };
    let device_key = request.device_key.as_deref();
    if device_key.is_some_and(|key| VerifyingKey::from_hex(key).is_err()) {
        return Ok(Err(Denied::BadRequest));
    }
    change(dir, |claims| match claims.get_mut(&id) {
        Some(claim) => grant(dir, claim, (&code, point, device_key), now),
        None => Ok(Err(Denied::WrongCode)),
    })?
}

fn grant(
    dir: &Path,
    claim: &mut Claim,
    (code, point, device_key): (&str, Vec<u8>, Option<&str>),
    now: i64,
) -> Result<Result<Granted, Denied>, CityError> {
    if claim.attempts >= ATTEMPTS_MAX {
        return Ok(Err(Denied::Void));
    }
    // Both are hashes: how far they agree tells nothing about the code.
    if digest(code) != claim.digest {
        claim.attempts = claim.attempts.saturating_add(1);
        return Ok(Err(Denied::WrongCode));
    }
    let key = hex(&point);
    let granted = |certificate: &str| Granted {
        r#box: claim.r#box.clone(),
        site: claim.site.clone(),
        certificate: certificate.to_owned(),
    };
    match &claim.used {
        Some(used) if used.key == key => return Ok(Ok(granted(&used.certificate))),
        Some(_) => return Ok(Err(Denied::Used)),
        None if now >= claim.expires_at => return Ok(Err(Denied::Expired)),
        None => {}
    }
    let from = clock::today().yesterday().unwrap_or(jiff::civil::Date::MIN);
    let validity = Validity::new(from, claim.valid_days)?;
    let certificate = pki::certify(dir, &claim.r#box, (point, validity))?;
    Registry::change(dir, |registry| {
        registry
            .sites
            .insert(claim.r#box.clone(), claim.site.clone());
        if let Some(key) = device_key {
            let id = claim.r#box.clone();
            registry.device_keys.insert(id, key.to_owned());
        }
        Ok(())
    })?;
    let granted = granted(&certificate);
    claim.used = Some(Used { key, certificate });
    Ok(Ok(granted))
}

/// The public key of a request that is signed by it: a point of P-256, uncompressed.
fn point_of(csr: &str) -> Result<Vec<u8>, ErrorStack> {
    let request = X509Req::from_pem(csr.as_bytes())?;
    let key = request.public_key()?;
    let ec = key.ec_key()?;
    let is_signed = request.verify(&key)?;
    if !is_signed || ec.group().curve_name() != Some(Nid::X9_62_PRIME256V1) {
        return Err(ErrorStack::get());
    }
    ec.check_key()?;
    let mut numbers = BigNumContext::new()?;
    let form = PointConversionForm::UNCOMPRESSED;
    ec.public_key().to_bytes(ec.group(), form, &mut numbers)
}

/// A code without what people add and mistake.
fn plain(typed: &str) -> String {
    let kept = typed.chars().filter(char::is_ascii_alphanumeric);
    let read = |one: char| match one.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        one => one,
    };
    kept.take(CODE_DIGITS.saturating_add(1)).map(read).collect()
}

fn digest(code: &str) -> String {
    hex(&Sha256::digest(format!("menwei-claim-1|{code}")))
}

fn read(dir: &Path) -> Result<BTreeMap<String, Claim>, CityError> {
    registry::read(&dir.join(FILE))
}

fn change<T>(
    dir: &Path,
    work: impl FnOnce(&mut BTreeMap<String, Claim>) -> T,
) -> Result<T, CityError> {
    registry::change(&dir.join(FILE), |claims| Ok(work(claims)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::x509::{X509, X509NameBuilder};

    fn key() -> PKey<Private> {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
    }

    /// A request that claims to be of another box.
    fn request(code: &str, key: &PKey<Private>) -> Request {
        let mut name = X509NameBuilder::new().unwrap();
        name.append_entry_by_text("CN", "box-9").unwrap();
        let mut csr = X509Req::builder().unwrap();
        csr.set_subject_name(&name.build()).unwrap();
        csr.set_pubkey(key).unwrap();
        csr.sign(key, MessageDigest::sha256()).unwrap();
        let csr = csr.build().to_pem().unwrap();
        Request {
            code: code.to_owned(),
            csr: String::from_utf8(csr).unwrap(),
            device_key: None,
        }
    }

    fn city() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let long = Validity::new(jiff::civil::date(2020, 1, 1), 36_000).unwrap();
        pki::init(home.path(), long).unwrap();
        home
    }

    #[expect(clippy::unwrap_in_result, reason = "a test fails by panicking")]
    fn ask(home: &tempfile::TempDir, request: &Request) -> Result<Granted, Denied> {
        redeem(home.path(), request, clock::now_ms()).unwrap()
    }

    /// A code that is found and is not the right one.
    fn guessed(code: &str) -> String {
        format!("{}-00000-00000-00000", code.split('-').next().unwrap())
    }

    #[test]
    fn a_code_serves_one_key_and_the_city_says_whose_it_is() {
        let home = city();
        let code = make(home.path(), ("box-1", "工地"), (7, 30)).unwrap();
        let file = std::fs::read_to_string(home.path().join(FILE)).unwrap();
        assert!(!file.contains(&code.replace('-', "")) && !file.contains(&code));
        let mine = key();
        let granted = ask(&home, &request(&code, &mine)).unwrap();
        assert_eq!(
            (granted.r#box.as_str(), granted.site.as_str()),
            ("box-1", "工地")
        );
        let certificate = X509::from_pem(granted.certificate.as_bytes()).unwrap();
        let mut names = certificate.subject_name().entries();
        assert_eq!(names.next().unwrap().data().as_slice(), b"box-1");
        assert!(names.next().is_none(), "never the request's name");
        assert!(certificate.public_key().unwrap().public_eq(&mine));
        let authority = std::fs::read(home.path().join(pki::CA_CERT)).unwrap();
        let authority = X509::from_pem(&authority).unwrap().public_key().unwrap();
        assert!(certificate.verify(&authority).unwrap());

        // The answer was lost: the same key hears it again, as people write codes; another does not.
        let typed = code.to_lowercase().replace('-', " ").replace('1', "l");
        assert_eq!(ask(&home, &request(&typed, &mine)).unwrap(), granted);
        assert_eq!(ask(&home, &request(&code, &key())), Err(Denied::Used));
        let registry = Registry::read(home.path()).unwrap();
        assert_eq!(registry.issued.len(), 1);
        assert_eq!(registry.boxes()[0].site, "工地");
        assert_eq!(pki::revoke_box(home.path(), "box-1").unwrap(), 1);
    }

    #[test]
    fn wrong_expired_and_worn_out_codes_are_denied() {
        let home = city();
        let code = make(home.path(), ("box-1", "工地"), (7, 30)).unwrap();
        let mine = key();
        let late = clock::now_ms() + 7 * DAY_MS;
        let expired = redeem(home.path(), &request(&code, &mine), late).unwrap();
        assert_eq!(expired, Err(Denied::Expired));
        let wrong = guessed(&code);
        for wrong in ["", "x", "00000-00000-00000-00000", "门", &wrong] {
            let denied = ask(&home, &request(wrong, &mine));
            assert_eq!(denied, Err(Denied::WrongCode), "{wrong}");
        }
        // A newer code of the box makes the older one void; others stay.
        let other = make(home.path(), ("box-2", "工地"), (7, 30)).unwrap();
        let newer = make(home.path(), ("box-1", "工地"), (7, 30)).unwrap();
        assert_eq!(ask(&home, &request(&code, &mine)), Err(Denied::WrongCode));
        let wrong = guessed(&newer);
        for _ in 0..ATTEMPTS_MAX {
            assert_eq!(ask(&home, &request(&wrong, &mine)), Err(Denied::WrongCode));
        }
        assert_eq!(ask(&home, &request(&newer, &mine)), Err(Denied::Void));
        void(home.path(), "box-2").unwrap();
        assert_eq!(ask(&home, &request(&other, &mine)), Err(Denied::WrongCode));
        assert!(Registry::read(home.path()).unwrap().issued.is_empty());
    }

    /// The worked example of the protocol.
    #[test]
    fn the_example_of_a_claim_is_granted() {
        use openssl::x509::X509;

        let sample = include_bytes!("../../wire/samples/claim.json");
        let request: Request = serde_json::from_slice(sample).unwrap();
        let answer = include_bytes!("../../wire/samples/claim-answer.json");
        let answer: Granted = serde_json::from_slice(answer).unwrap();
        let home = tempfile::tempdir().unwrap();
        let validity = Validity::new(clock::today(), 30).unwrap();
        pki::init(home.path(), validity).unwrap();
        let claim = Claim {
            r#box: answer.r#box.clone(),
            site: answer.site.clone(),
            digest: digest("7K3QX0W9TR8MNB25HVCD"),
            expires_at: 2_000,
            valid_days: 30,
            attempts: 0,
            used: None,
        };
        change(home.path(), |claims| {
            drop(claims.insert("7K3QX".to_owned(), claim));
        })
        .unwrap();
        let granted = redeem(home.path(), &request, 1_000).unwrap().unwrap();
        let told = Registry::read(home.path()).unwrap().device_keys;
        assert_eq!(told.get("box-demo"), request.device_key.as_ref());
        assert_eq!(
            (&granted.r#box, &granted.site),
            (&answer.r#box, &answer.site)
        );
        // The same key and name as in the example, under another authority.
        let read = |one: &Granted| X509::from_pem(one.certificate.as_bytes()).unwrap();
        let (ours, shown) = (read(&granted), read(&answer));
        let keys = [&ours, &shown].map(|one| one.public_key().unwrap());
        assert!(keys[0].public_eq(&keys[1]));
        let names = [&ours, &shown].map(|one| {
            let mut names = one.subject_name().entries_by_nid(Nid::COMMONNAME);
            names.next().unwrap().data().to_string().unwrap()
        });
        assert_eq!(names, ["box-demo", "box-demo"]);
    }

    #[test]
    fn a_request_is_signed_by_a_key_of_the_right_kind() {
        let home = city();
        let code = make(home.path(), ("box-1", "工地"), (7, 30)).unwrap();
        let bad = |csr: String| {
            let request = Request {
                code: code.clone(),
                csr,
                device_key: None,
            };
            assert_eq!(ask(&home, &request), Err(Denied::BadRequest));
        };
        bad(String::new());
        bad(
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
                .to_owned(),
        );
        let mut csr = X509Req::builder().unwrap();
        csr.set_pubkey(&key()).unwrap();
        csr.sign(&key(), MessageDigest::sha256()).unwrap();
        bad(String::from_utf8(csr.build().to_pem().unwrap()).unwrap());
        let rsa = PKey::from_rsa(openssl::rsa::Rsa::generate(2_048).unwrap()).unwrap();
        bad(request(&code, &rsa).csr);
        let curve = EcGroup::from_curve_name(Nid::SECP384R1).unwrap();
        let wide = PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap();
        bad(request(&code, &wide).csr);
        assert!(ask(&home, &request(&code, &key())).is_ok());
        for bad in [("city", 7), ("../x", 7)] {
            assert!(make(home.path(), (bad.0, "工地"), (bad.1, 30)).is_err());
        }
    }
}
