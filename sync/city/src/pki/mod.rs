//! Keys and certificates: a small CA of the city's own.
//!
//! Private keys are PKCS#8 PEM (native-tls reads nothing else), readable by the owner only, and
//! never overwritten. A CA file holds exactly one certificate, because only the first is read.
//!
//! `keys` are the files, `authority` are the two that sign, `revoked` is the list of what counts no more, `issue`
//! makes everything else.

mod keys;
mod authority;
mod revoked;
mod issue;

pub use authority::{Validity, check_box_id};
pub(crate) use issue::certify;
pub use issue::{init, issue_box, issue_broker, issue_city, issue_observer};
pub use keys::{
    CA_CERT, CA_KEY, CITY_CA_CERT, CITY_CA_KEY, CRL, SEAL_KEY, SEAL_PUB, SIGN_KEY, SIGN_PUB,
    fingerprint, read_key_file, read_text, seal_key, signing_key, signing_public,
};
pub use revoked::revoke_box;
