//! The box's own key.

use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509Req;

use crate::error::DaemonError;

/// A new key on the curve P-256.
pub(super) fn make() -> Result<PKey<Private>, DaemonError> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).map_err(failed)?;
    let key = EcKey::generate(&group).map_err(failed)?;
    PKey::from_ec_key(key).map_err(failed)
}

/// A request for a certificate, PEM. It bears no name: the city knows whose the code is.
pub(super) fn request(key: &PKey<Private>) -> Result<String, DaemonError> {
    let signed = || {
        let mut request = X509Req::builder()?;
        request.set_pubkey(key)?;
        request.sign(key, MessageDigest::sha256())?;
        request.build().to_pem()
    };
    let pem = signed().map_err(failed)?;
    String::from_utf8(pem).map_err(|_| DaemonError::Refused("证书申请无法生成".to_owned()))
}

/// A fault of the cryptographic library.
pub(super) fn failed(error: ErrorStack) -> DaemonError {
    DaemonError::System(std::io::Error::other(error))
}
