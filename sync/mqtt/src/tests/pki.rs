//! An authority of the tests, and what it signs.

use std::ops::Range;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::settings::TlsFiles;

/// The box of these tests.
pub(crate) const BOX: &str = "box-demo";

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn leaf(name: &str) -> CertificateParams {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// An authority with certificates for broker, box and a stranger.
pub(crate) struct Pki {
    pub(crate) folder: TempDir,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
        for (name, leaves) in [
            ("ca", &["broker", BOX, "box-renewed", "city"][..]),
            ("other-ca", &["stranger"][..]),
        ] {
            let key = KeyPair::generate().unwrap();
            let params = authority(name);
            let certificate = params.self_signed(&key).unwrap();
            write(&format!("{name}.pem"), certificate.pem());
            write(&format!("{name}.key"), key.serialize_pem());
            let issuer = Issuer::new(params, key);
            for name in leaves {
                let key = KeyPair::generate().unwrap();
                let certificate = leaf(name).signed_by(&key, &issuer).unwrap();
                write(&format!("{name}.pem"), certificate.pem());
                write(&format!("{name}.key"), key.serialize_pem());
            }
        }
        Self { folder }
    }

    /// Another leaf takes the box's place on the disk.
    pub(crate) fn replace_box(&self, leaf: &str) {
        for kind in ["key", "pem"] {
            let at = |name: &str| self.folder.path().join(format!("{name}.{kind}"));
            std::fs::copy(at(leaf), at("present")).unwrap();
        }
    }

    /// The broker's certificate is good in these years only.
    pub(crate) fn broker_good(&self, years: Range<i32>) {
        let at = |name: &str| self.folder.path().join(name);
        let key = std::fs::read_to_string(at("ca.key")).unwrap();
        let issuer = Issuer::new(authority("ca"), KeyPair::from_pem(&key).unwrap());
        let key = KeyPair::generate().unwrap();
        let mut params = leaf("broker");
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        std::fs::write(at("broker.pem"), certificate.pem()).unwrap();
        std::fs::write(at("broker.key"), key.serialize_pem()).unwrap();
    }

    pub(crate) fn files(&self, ca: &str, leaf: &str) -> TlsFiles {
        let at = |name: String| -> PathBuf { self.folder.path().join(name) };
        TlsFiles {
            ca: at(format!("{ca}.pem")),
            certificate: at(format!("{leaf}.pem")),
            key: at(format!("{leaf}.key")),
        }
    }
}
