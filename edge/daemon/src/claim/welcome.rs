//! What the city answers, checked before anything is written.

use std::path::Path;

use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::x509::{X509, X509Ref};
use serde::Deserialize;
use sync_wire::down::VerifyingKey;

use super::ask::strange;
use super::files;
use crate::error::DaemonError;

/// Everything that the box needs to speak with its city.
#[derive(Debug, Deserialize)]
pub(super) struct Welcome {
    r#box: String,
    site: String,
    /// The box's certificate, PEM.
    pub(super) certificate: String,
    authority: String,
    /// The key for which personal data is sealed, hexadecimal.
    pub(super) seal_key: String,
    signing_key: String,
    broker: Option<String>,
}

/// Reads the answer. It must be for our key, by the authority that was trusted before.
pub(super) fn check(
    answer: &[u8],
    authority: &X509,
    key: &PKey<Private>,
) -> Result<Welcome, DaemonError> {
    let welcome: Welcome = serde_json::from_slice(answer).map_err(|_| strange())?;
    let keys_are_keys = sync_wire::chain::from_hex::<32>(&welcome.seal_key).is_some()
        && VerifyingKey::from_hex(&welcome.signing_key).is_ok();
    let is_plain = |text: &str| !text.contains(['"', '\\', '\n']);
    let is_good = keys_are_keys
        && sync_wire::name::check_box_name(&welcome.r#box).is_ok()
        && is_plain(&welcome.site)
        && welcome.broker.as_deref().is_none_or(is_plain)
        && is_certificate(&welcome, authority, key) == Some(true);
    is_good.then_some(welcome).ok_or_else(strange)
}

/// Whether the certificate is the box's and the authority's.
fn is_certificate(welcome: &Welcome, authority: &X509, key: &PKey<Private>) -> Option<bool> {
    let certificate = X509::from_pem(welcome.certificate.as_bytes()).ok()?;
    let same = X509::from_pem(welcome.authority.as_bytes()).ok()?;
    let signer = authority.public_key().ok()?;
    let is_ours = certificate.public_key().ok()?.public_eq(key);
    let is_theirs = certificate.verify(&signer).ok()?;
    let is_same = same.to_der().ok()? == authority.to_der().ok()?;
    let is_named = common_name(&certificate)? == welcome.r#box;
    Some(is_ours && is_theirs && is_same && is_named)
}

fn common_name(certificate: &X509Ref) -> Option<String> {
    let mut names = certificate.subject_name().entries_by_nid(Nid::COMMONNAME);
    names.next()?.data().to_string().ok()
}

impl Welcome {
    /// What the installer puts into `site.toml`.
    pub(super) fn tell(&self, out: &Path, device_key: Option<&Path>) -> String {
        let at = |name: &str| out.join(name).display().to_string();
        let broker = match &self.broker {
            Some(broker) => format!("broker = \"{broker}\""),
            None => "# broker 请向平台询问：主机名:端口\nbroker = \"\"".to_owned(),
        };
        let ledger = device_key.map_or_else(String::new, |file| {
            format!("[ledger]\ndevice_key_file = \"{}\"\n\n", file.display())
        });
        format!(
            "已为考勤盒 {id} 领到证书，写入 {folder}。私钥在本机生成，没有离开本机。\n\
             请在 site.toml 中写成（已有的改成一样）：\n\n\
             [box]\nid = \"{id}\"\n\n[site]\ncode = \"{site}\"\n\n{ledger}[city]\n{broker}\n\
             ca_file = \"{authority}\"\ncertificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n\
             public_key_file = \"{seal}\"\ncity_signing_key = \"{signing}\"\n\n\
             然后：systemd-tmpfiles --create menwei.conf（让服务能读私钥），menwei check-config，重启服务。",
            id = self.r#box,
            folder = out.display(),
            site = self.site,
            authority = at(files::AUTHORITY),
            certificate = at(files::CERTIFICATE),
            key = at(files::KEY),
            seal = at(files::SEAL_KEY),
            signing = self.signing_key,
        )
    }
}
