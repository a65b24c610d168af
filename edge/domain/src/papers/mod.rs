//! Papers that a person brings along: certificates of special trades.

mod certificate;

pub use certificate::{
    CERTIFICATES_MAX, Certificate, CertificateKind, CertificateNumber, CertificateTerm,
    ISSUER_CHARS_MAX,
};
