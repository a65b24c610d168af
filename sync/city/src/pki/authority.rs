//! The two authorities: their names, for how long something is good, and their signatures.
//!
//! One is for what boxes meet: their own certificates and the server's. The other is for whoever comes
//! to the broker from the city's side; the broker lets no box in there, and nobody of the city among
//! the boxes.

use std::path::Path;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};

use super::keys::{
    CA_CERT, CA_KEY, CITY_CA_CERT, CITY_CA_KEY, read_text, write_open, write_secret,
};
use crate::error::CityError;

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

    pub(super) fn write_to(self, params: &mut CertificateParams) {
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

/// Whose certificates an authority signs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Authority {
    /// Boxes, and the servers that they meet.
    Boxes,
    /// The city's own connections to the broker, and who may listen there.
    City,
}

impl Authority {
    fn name(self) -> &'static str {
        match self {
            Self::Boxes => "Menwei City CA",
            Self::City => "Menwei City CA, city side",
        }
    }

    /// The files of certificate and key.
    fn files(self) -> (&'static str, &'static str) {
        match self {
            Self::Boxes => (CA_CERT, CA_KEY),
            Self::City => (CITY_CA_CERT, CITY_CA_KEY),
        }
    }

    /// Makes its key and certificate.
    pub(super) fn make(self, dir: &Path, validity: Validity) -> Result<(), CityError> {
        let (certificate_file, key_file) = self.files();
        let key = KeyPair::generate()?;
        let mut params = self.params()?;
        validity.write_to(&mut params);
        let certificate = params.self_signed(&key)?;
        write_secret(&dir.join(key_file), &key.serialize_pem())?;
        write_open(&dir.join(certificate_file), &certificate.pem())
    }

    /// Makes it where the folder is of a time when there was only one.
    pub(super) fn make_if_missing(self, dir: &Path, validity: Validity) -> Result<(), CityError> {
        if dir.join(self.files().1).exists() {
            return Ok(());
        }
        self.make(dir, validity)
    }

    /// Its name and uses. They are the same whenever it signs, so its certificate need not be read
    /// for that.
    fn params(self) -> Result<CertificateParams, CityError> {
        let mut params = named(self.name())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    /// What signs certificates and lists of revoked ones.
    pub(super) fn issuer(self, dir: &Path) -> Result<Issuer<'static, KeyPair>, CityError> {
        let key = KeyPair::from_pem(&read_text(&dir.join(self.files().1))?)?;
        Ok(Issuer::new(self.params()?, key))
    }
}

pub(super) fn sign(
    dir: &Path,
    authority: Authority,
    mut params: CertificateParams,
    (key, validity): (&impl PublicKeyData, Validity),
) -> Result<Certificate, CityError> {
    let issuer = authority.issuer(dir)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    validity.write_to(&mut params);
    Ok(params.signed_by(key, &issuer)?)
}

pub(super) fn named(name: &str) -> Result<CertificateParams, CityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = distinguished(name);
    Ok(params)
}

pub(super) fn distinguished(name: &str) -> DistinguishedName {
    let mut whole = DistinguishedName::new();
    whole.push(DnType::CommonName, name);
    whole
}
