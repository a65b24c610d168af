//! What the box's own certificate says about time.

use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::x509::X509;

const DAY_MS: i64 = 86_400_000;

/// First moment of a certificate's validity (X.509 notBefore), Unix ms: it was issued by then, so
/// no clock may stand before it. `None` where the PEM file cannot be read; whoever needs the
/// certificate itself says so.
pub(crate) fn valid_from_ms(file: &Path) -> Option<i64> {
    let pem = std::fs::read(file).ok()?;
    from_pem(&pem)
}

fn from_pem(pem: &[u8]) -> Option<i64> {
    let certificate = X509::from_pem(pem).ok()?;
    let since_1970 = Asn1Time::from_unix(0)
        .ok()?
        .diff(certificate.not_before())
        .ok()?;
    Some(i64::from(since_1970.days) * DAY_MS + i64::from(since_1970.secs) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `openssl req -x509 -not_before 20260601000000Z -not_after 20460601000000Z`.
    const PEM: &str = include_str!("certificate_test.pem");

    #[test]
    fn the_first_moment_of_validity_is_read() {
        // 2026-06-01 00:00:00 UTC.
        assert_eq!(from_pem(PEM.as_bytes()), Some(1_780_272_000_000));
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
