//! The authority: its name, for how long something is good, and its signature.

use std::path::Path;

use jiff::civil::Date;
use jiff::{Span, ToSpan as _};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData,
};

use super::keys::{CA_KEY, read_text};
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

pub(super) fn sign(
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
pub(super) fn authority() -> Result<CertificateParams, CityError> {
    let mut params = named("Menwei City CA")?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
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
