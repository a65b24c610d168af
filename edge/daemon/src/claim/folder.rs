//! Where key and certificates stand.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use sync_wire::down::VerifyingKey;

use super::files::{AUTHORITY, CERTIFICATE, DEVICE_KEY, KEY, SEAL_KEY};
use super::key::{self, failed};
use super::welcome::Welcome;
use crate::error::DaemonError;
use crate::seal;

/// A key that waits for its certificate: a claim that broke off goes on with it.
const PENDING: &str = "box.key.new";

/// The folder of a claim.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Refuses a folder that has a certificate already, unless it may be replaced.
    pub(super) fn open(path: &Path, replace: bool) -> Result<Self, DaemonError> {
        let folder = Self {
            path: path.to_owned(),
        };
        let there = [CERTIFICATE, KEY].map(|name| folder.at(name).exists());
        if there.contains(&true) && !replace {
            return Err(DaemonError::Refused(format!(
                "{} 里已有证书或私钥，没有改动；确要换新的，请加 --replace（原来的改名为 .old 保留）",
                path.display()
            )));
        }
        std::fs::create_dir_all(path).map_err(|source| folder.fault("", source))?;
        Ok(folder)
    }

    /// The key of a claim that broke off, or a new one; on the disk, for its owner only.
    pub(super) fn pending_key(&self) -> Result<PKey<Private>, DaemonError> {
        match std::fs::read(self.at(PENDING)) {
            Ok(pem) => {
                if let Ok(key) = PKey::private_key_from_pem(&pem) {
                    return Ok(key);
                }
                // Torn by a power cut, and nobody has seen it.
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(self.fault(PENDING, source)),
        }
        let key = key::make()?;
        let pem = key.private_key_to_pem_pkcs8().map_err(failed)?;
        self.write(PENDING, 0o600, &pem)?;
        Ok(key)
    }

    /// Writes everything; key and certificate take their places last, one after the other.
    pub(super) fn keep(&self, authority: &X509, welcome: &Welcome) -> Result<(), DaemonError> {
        let authority = authority.to_pem().map_err(failed)?;
        let seal_key = format!("{}\n", welcome.seal_key);
        let new_certificate = format!("{CERTIFICATE}.new");
        self.write(AUTHORITY, 0o644, &authority)?;
        self.write(SEAL_KEY, 0o644, seal_key.as_bytes())?;
        self.write(&new_certificate, 0o644, welcome.certificate.as_bytes())?;
        for name in [KEY, CERTIFICATE] {
            if self.at(name).exists() {
                self.rename(name, &format!("{name}.old"))?;
            }
        }
        self.rename(PENDING, KEY)?;
        self.rename(&new_certificate, CERTIFICATE)?;
        let kept = File::open(&self.path).and_then(|folder| folder.sync_all());
        kept.map_err(|source| self.fault("", source))
    }

    /// The key with which the box signs its ledger: the one that its settings name, where that is there;
    /// or one in this folder, with its file.
    pub(super) fn device_key(
        &self,
        named: Option<&Path>,
    ) -> Result<(VerifyingKey, Option<PathBuf>), DaemonError> {
        if let Some(named) = named.filter(|named| named.exists()) {
            return Ok((seal::device_key(named)?.verifying_key(), None));
        }
        let file = self.at(DEVICE_KEY);
        let key = seal::device_key(&file)?.verifying_key();
        let is_named = named == Some(file.as_path());
        Ok((key, (!is_named).then_some(file)))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn fault(&self, name: &str, source: std::io::Error) -> DaemonError {
        DaemonError::File {
            file: self.at(name),
            source,
        }
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), DaemonError> {
        let renamed = std::fs::rename(self.at(from), self.at(to));
        renamed.map_err(|source| self.fault(from, source))
    }

    fn write(&self, name: &str, mode: u32, bytes: &[u8]) -> Result<(), DaemonError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(mode);
        let written = options
            .open(self.at(name))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        written.map_err(|source| self.fault(name, source))
    }
}
