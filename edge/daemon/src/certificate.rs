//! What the box's own certificate says: since when it is valid, and why its city may refuse it.

use std::path::Path;

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509;

use crate::config::CityConfig;

const DAY_MS: i64 = 86_400_000;
/// So long before its end a certificate is worth a word.
const SOON_MS: i64 = 30 * DAY_MS;

/// First moment of a certificate's validity (X.509 notBefore), Unix ms: it was issued by then, so
/// no clock may stand before it. `None` where the PEM file cannot be read; whoever needs the
/// certificate itself says so.
pub(crate) fn valid_from_ms(file: &Path) -> Option<i64> {
    let pem = std::fs::read(file).ok()?;
    from_pem(&pem)
}

fn from_pem(pem: &[u8]) -> Option<i64> {
    let certificate = X509::from_pem(pem).ok()?;
    unix_ms(certificate.not_before())
}

fn unix_ms(time: &Asn1TimeRef) -> Option<i64> {
    let since_1970 = Asn1Time::from_unix(0).ok()?.diff(time).ok()?;
    Some(i64::from(since_1970.days) * DAY_MS + i64::from(since_1970.secs) * 1_000)
}

/// Why the city cannot take this certificate for the box's, as far as the box itself can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateFault {
    /// The private key is another certificate's.
    OtherKey,
    /// Another authority than the city's signed it.
    OtherAuthority,
    /// It is another box's: whose.
    OtherBox(String),
    /// It is not valid yet: from when, Unix ms.
    NotYet(i64),
    /// It was valid until then, Unix ms.
    Expired(i64),
    /// It is still valid, until then, Unix ms.
    Soon(i64),
}

/// Looks at the files of the settings; `None` where nothing is wrong, or they cannot be read:
/// whoever needs them says that.
pub(crate) fn fault(city: &CityConfig, box_id: &str, now_ms: i64) -> Option<CertificateFault> {
    let read = |file: &Path| std::fs::read(file).ok();
    let certificate = X509::from_pem(&read(&city.certificate_file)?).ok()?;
    let key = PKey::private_key_from_pem(&read(&city.key_file)?).ok()?;
    let authority = X509::from_pem(&read(&city.ca_file)?).ok()?;
    if !certificate.public_key().ok()?.public_eq(&key) {
        return Some(CertificateFault::OtherKey);
    }
    let signer = authority.public_key().ok()?;
    if !certificate.verify(&signer).unwrap_or(false) {
        return Some(CertificateFault::OtherAuthority);
    }
    let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    let name = names.next().and_then(|name| name.data().to_string().ok());
    if name.as_deref() != Some(box_id) {
        return Some(CertificateFault::OtherBox(name.unwrap_or_default()));
    }
    let (from, until) = (
        unix_ms(certificate.not_before())?,
        unix_ms(certificate.not_after())?,
    );
    if now_ms < from {
        return Some(CertificateFault::NotYet(from));
    }
    if now_ms > until {
        return Some(CertificateFault::Expired(until));
    }
    (until - now_ms < SOON_MS).then_some(CertificateFault::Soon(until))
}

impl CertificateFault {
    /// What is wrong, and what to do about it.
    pub(crate) fn words(&self, box_id: &str) -> (String, &'static str) {
        const ANEW: &str = "请向平台要一个开通码，在本机执行 menwei claim --replace；不用重启";
        match self {
            Self::OtherKey => (
                "本机证书和私钥不是一对，连不上平台".to_owned(),
                "请核对 city.certificate_file 和 city.key_file 是否同一次领取",
            ),
            Self::OtherAuthority => (
                "本机证书不是这个平台签发的，平台不接受".to_owned(),
                "请核对 city.ca_file 和平台地址；换了平台的，请执行 menwei claim --replace",
            ),
            Self::OtherBox(name) => (
                format!("本机证书是考勤盒 {name} 的，不是本盒 {box_id} 的，平台不接受"),
                "请换上本盒自己的证书，或核对 box.id",
            ),
            Self::NotYet(from) => (
                format!("本机证书 {} 才生效，平台不接受", day(*from)),
                "请先核对本机时间；时间没错的，请联系平台",
            ),
            Self::Expired(until) => (
                format!("本机证书已于 {} 过期，平台不再接受", day(*until)),
                ANEW,
            ),
            Self::Soon(until) => (
                format!("本机证书将于 {} 到期，到期后不能上传", day(*until)),
                ANEW,
            ),
        }
    }
}

/// The date in China.
fn day(at_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default();
    jiff::tz::offset(8).to_datetime(at).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::x509::X509NameBuilder;

    /// Made with `openssl req -x509 -not_before 20260601000000Z -not_after 20460601000000Z`.
    const PEM: &str = include_str!("certificate_test.pem");

    #[test]
    fn the_first_moment_of_validity_is_read() {
        // 2026-06-01 00:00:00 UTC.
        assert_eq!(from_pem(PEM.as_bytes()), Some(1_780_272_000_000));
    }

    /// A certificate of a box with its key, in a folder.
    fn issue(folder: &Path, (name, authority): (&str, &CityConfig), days: [u32; 2]) -> CityConfig {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let city = CityConfig {
            certificate_file: folder.join(format!("{name}.pem")),
            key_file: folder.join(format!("{name}.key")),
            ..authority.clone()
        };
        let signer = std::fs::read(folder.join("ca.key"));
        let signer = signer.map_or(key.clone(), |pem| PKey::private_key_from_pem(&pem).unwrap());
        let mut subject = X509NameBuilder::new().unwrap();
        subject.append_entry_by_text("CN", name).unwrap();
        let mut made = X509::builder().unwrap();
        made.set_subject_name(&subject.build()).unwrap();
        made.set_pubkey(&key).unwrap();
        let [from, until] = days.map(|day| Asn1Time::from_unix(i64::from(day) * 86_400).unwrap());
        made.set_not_before(&from).unwrap();
        made.set_not_after(&until).unwrap();
        made.sign(&signer, MessageDigest::sha256()).unwrap();
        std::fs::write(&city.certificate_file, made.build().to_pem().unwrap()).unwrap();
        let pem = key.private_key_to_pem_pkcs8().unwrap();
        std::fs::write(&city.key_file, pem).unwrap();
        city
    }

    #[test]
    fn each_fault_that_the_box_can_see_is_named() {
        let home = tempfile::tempdir().unwrap();
        let nowhere = CityConfig {
            host: "city".to_owned(),
            port: 8883,
            ca_file: home.path().join("ca.pem"),
            certificate_file: "/no/box.pem".into(),
            key_file: "/no/box.key".into(),
            public_key_file: None,
            signing_key: None,
            photo_address: None,
            proxy: None,
        };
        issue(home.path(), ("ca", &nowhere), [10_000, 40_000]);
        let good = issue(home.path(), ("box-1", &nowhere), [20_000, 20_100]);
        let on = |city: &CityConfig, day: i64| fault(city, "box-1", day * DAY_MS);
        assert_eq!(on(&good, 20_001), None);
        assert_eq!(
            on(&good, 19_999),
            Some(CertificateFault::NotYet(20_000 * DAY_MS))
        );
        assert_eq!(
            on(&good, 20_099),
            Some(CertificateFault::Soon(20_100 * DAY_MS))
        );
        let expired = on(&good, 20_101).unwrap();
        assert_eq!(expired, CertificateFault::Expired(20_100 * DAY_MS));
        let (cause, advice) = expired.words("box-1");
        assert!(
            cause.contains("2025-01-12 过期") && advice.contains("menwei claim"),
            "{cause}"
        );
        let other = issue(home.path(), ("box-2", &nowhere), [20_000, 20_100]);
        assert_eq!(
            on(&other, 20_001),
            Some(CertificateFault::OtherBox("box-2".to_owned()))
        );
        let mixed = CityConfig {
            key_file: other.key_file.clone(),
            ..good.clone()
        };
        assert_eq!(on(&mixed, 20_001), Some(CertificateFault::OtherKey));
        let strange = CityConfig {
            ca_file: other.certificate_file,
            ..good
        };
        assert_eq!(on(&strange, 20_001), Some(CertificateFault::OtherAuthority));
        assert_eq!(on(&nowhere, 20_001), None);
    }

    #[test]
    fn what_is_no_certificate_says_nothing() {
        assert_eq!(from_pem(b""), None);
        assert_eq!(
            from_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            None
        );
        assert_eq!(valid_from_ms(Path::new("/no/box.pem")), None);
    }
}
