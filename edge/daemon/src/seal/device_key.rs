//! The box's own key. It stands in a file of its own, apart from the database, and is made at the
//! first start.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use edge_store::{Key, StoreError};
use sync_wire::chain::hex;
use sync_wire::down::SigningKey;
use zeroize::Zeroizing;

use crate::advice::advice;
use crate::error::DaemonError;
use crate::people::random;

/// The key of this file; a new one where there is none. It is whole on the disk, and known under its
/// name, before anything is signed with it.
///
/// # Errors
/// The file cannot be used or made.
pub(crate) fn device_key(file: &Path) -> Result<Arc<SigningKey>, DaemonError> {
    let unusable = |error: StoreError| DaemonError::Setting {
        key: "ledger.device_key_file",
        file: file.to_owned(),
        why: advice(&error),
    };
    if !file.exists() {
        make(file).map_err(|source| DaemonError::File {
            file: file.to_owned(),
            source,
        })?;
    }
    let seed = Key::from_file(file).map_err(unusable)?;
    Ok(Arc::new(SigningKey::from_bytes(seed.reveal())))
}

/// The key of this file; nothing where there is none. For commands: they make none, since the service
/// could not read what another account made.
///
/// # Errors
/// The file cannot be used.
pub(crate) fn device_key_there(file: &Path) -> Result<Option<Arc<SigningKey>>, DaemonError> {
    file.exists().then(|| device_key(file)).transpose()
}

fn make(file: &Path) -> std::io::Result<()> {
    let seed = Zeroizing::new(random::<32>().map_err(std::io::Error::other)?);
    let text = Zeroizing::new(format!("{}\n", hex(&*seed)));
    let draft = file.with_extension("key.new");
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    let mut out = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, file)?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("device.key");
        // Torn by a power cut while it was made.
        std::fs::write(file.with_extension("key.new"), "12").unwrap();
        let first = device_key(&file).unwrap().verifying_key();
        assert_eq!(device_key(&file).unwrap().verifying_key(), first);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1);
        let other = device_key(&folder.path().join("other.key")).unwrap();
        assert_ne!(other.verifying_key(), first);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(device_key(&file).unwrap_err().to_string().contains("644"));
    }
}
