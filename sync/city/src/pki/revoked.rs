//! Revoked certificates: the list that broker and city look into.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use sync_wire::chain::from_hex;

use super::authority::Authority;
use super::keys::CRL;
use crate::clock;
use crate::error::CityError;
use crate::registry::{Issued, Registry, write_whole};

/// Bytes of a serial number.
pub(super) const SERIAL_BYTES: usize = 16;

/// Days for which a list of revoked certificates is good: the broker lets nobody in on an older one.
const REVOCATIONS_DAYS: i64 = 3_650;

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

pub(super) fn write_revocations(dir: &Path, registry: &Registry) -> Result<(), CityError> {
    let issuer = Authority::Boxes.issuer(dir)?;
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
