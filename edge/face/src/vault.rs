//! Templates on the disk: one sealed file a worker.
//!
//! `MWF1`, 16 bytes that name the models, 12 bytes nonce, then the embeddings under AES-256-GCM;
//! magic, models and the worker's number are authenticated, so that no file passes as another's.
//! A picture that is kept for face terminals lies beside it: `MWP1`, nonce, JPEG, sealed likewise.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use zeroize::Zeroizing;

use crate::embedding::{EMBEDDING_BYTES, Embedding};
use crate::error::FaceError;
use crate::number::hex;

const MAGIC: &[u8; 4] = b"MWF1";
const MODEL_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const ENDING: &str = "face";
const PICTURE_MAGIC: &[u8; 4] = b"MWP1";
const PICTURE_ENDING: &str = "photo";
/// Longest picture worth reading: an enrolled one has some 60 KiB.
const PICTURE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest file worth reading: five embeddings and their frame.
const FILE_BYTES_MAX: u64 = 4_096;

/// Names the models that made a template: the beginnings of their SHA-256.
pub(crate) type ModelId = [u8; MODEL_BYTES];

/// Nonce and sealed bytes of a picture.
type SealedPicture = ([u8; NONCE_BYTES], Vec<u8>);

/// What the vault holds of one worker.
#[derive(Debug, PartialEq)]
pub(crate) enum Held {
    /// A template of these models.
    Template(Vec<Embedding>),
    /// A template of other models: the worker must be enrolled again.
    OtherModel,
}

/// A folder of sealed templates.
#[derive(Debug)]
pub(crate) struct Vault {
    folder: PathBuf,
    key: Zeroizing<[u8; 32]>,
    model: ModelId,
}

impl Vault {
    /// Opens a folder, creating it where there is none.
    ///
    /// # Errors
    /// The folder or the key file cannot be used.
    pub(crate) fn open(folder: &Path, key_file: &Path, model: ModelId) -> Result<Self, FaceError> {
        fs::create_dir_all(folder)
            .map_err(|source| FaceError::io("create the folder", folder, source))?;
        Ok(Self {
            folder: folder.to_owned(),
            key: read_key(key_file)?,
            model,
        })
    }

    /// Seals a worker's template; it is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write(&self, worker: u32, template: &[Embedding]) -> Result<(), FaceError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| FaceError::Sealing)?;
        let plain: Zeroizing<Vec<u8>> =
            Zeroizing::new(template.iter().flat_map(Embedding::to_bytes).collect());
        let payload = Payload {
            msg: &plain,
            aad: &self.bound(worker),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| FaceError::Sealing)?;
        let bytes = [MAGIC.as_slice(), &self.model, &nonce, &sealed].concat();
        self.put(&self.file(worker), &bytes)
    }

    /// Puts a file in place of the one before; it is on the disk when this returns.
    fn put(&self, file: &Path, bytes: &[u8]) -> Result<(), FaceError> {
        let mut fresh = file.as_os_str().to_owned();
        fresh.push(".new");
        let write = || {
            let mut out = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&fresh)?;
            out.write_all(bytes)?;
            out.sync_all()?;
            fs::rename(&fresh, file)?;
            File::open(&self.folder)?.sync_all()
        };
        write().map_err(|source| FaceError::io("write into the vault", file, source))
    }

    /// Unseals a worker's template; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read, or was not sealed with this key for this worker.
    pub(crate) fn read(&self, worker: u32) -> Result<Option<Held>, FaceError> {
        let path = self.file(worker);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FaceError::io("read the template", &path, source)),
        };
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|source| FaceError::io("read the template", &path, source))?;
        let rest = bytes.strip_prefix(MAGIC).ok_or(FaceError::Sealing)?;
        let (model, rest) = rest
            .split_first_chunk::<MODEL_BYTES>()
            .ok_or(FaceError::Sealing)?;
        if *model != self.model {
            return Ok(Some(Held::OtherModel));
        }
        let (nonce, sealed) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(FaceError::Sealing)?;
        let payload = Payload {
            msg: sealed,
            aad: &self.bound(worker),
        };
        let plain = self
            .cipher()
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| FaceError::Sealing)?;
        let (rows, rest) = plain.as_chunks::<EMBEDDING_BYTES>();
        let template: Option<Vec<Embedding>> = rows.iter().map(Embedding::from_bytes).collect();
        template
            .filter(|template| rest.is_empty() && !template.is_empty())
            .map(|template| Some(Held::Template(template)))
            .ok_or(FaceError::Sealing)
    }

    /// Destroys a worker's template. A medium that keeps old blocks keeps only what the key opens.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub(crate) fn destroy(&self, worker: u32) -> Result<(), FaceError> {
        self.remove(&self.file(worker))
    }

    fn remove(&self, path: &Path) -> Result<(), FaceError> {
        match fs::remove_file(path) {
            Ok(()) => File::open(&self.folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|source| FaceError::io("delete from the vault", path, source)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(source) => Err(FaceError::io("delete from the vault", path, source)),
        }
    }

    /// Workers with a file, of whatever model.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(crate) fn workers(&self) -> Result<Vec<u32>, FaceError> {
        self.numbers(ENDING)
    }

    /// Seals the picture of which a worker's template was made; it is on the disk when this returns.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn write_picture(&self, worker: u32, picture: &[u8]) -> Result<(), FaceError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| FaceError::Sealing)?;
        let payload = Payload {
            msg: picture,
            aad: &picture_bound(worker),
        };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| FaceError::Sealing)?;
        let bytes = [PICTURE_MAGIC.as_slice(), &nonce, &sealed].concat();
        self.put(&self.picture_file(worker), &bytes)
    }

    /// Unseals a worker's picture; `None` where none is kept.
    ///
    /// # Errors
    /// The file cannot be read, or was not sealed with this key for this worker.
    pub(crate) fn read_picture(&self, worker: u32) -> Result<Option<Vec<u8>>, FaceError> {
        let Some((nonce, sealed)) = self.sealed_picture(worker, PICTURE_BYTES_MAX)? else {
            return Ok(None);
        };
        let payload = Payload {
            msg: &sealed,
            aad: &picture_bound(worker),
        };
        let opened = self.cipher().decrypt(&Nonce::from(nonce), payload);
        opened.map(Some).map_err(|_| FaceError::Sealing)
    }

    /// Names a kept picture: another one of the same worker has another name.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn picture_name(&self, worker: u32) -> Result<Option<String>, FaceError> {
        let head = PICTURE_MAGIC.len() + NONCE_BYTES;
        let found = self.sealed_picture(worker, u64::try_from(head).unwrap_or(0))?;
        Ok(found.map(|(nonce, _)| hex(&nonce)))
    }

    fn sealed_picture(
        &self,
        worker: u32,
        bytes_max: u64,
    ) -> Result<Option<SealedPicture>, FaceError> {
        let path = self.picture_file(worker);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(FaceError::io("read a picture", &path, source)),
        };
        let mut bytes = Vec::new();
        file.take(bytes_max)
            .read_to_end(&mut bytes)
            .map_err(|source| FaceError::io("read a picture", &path, source))?;
        let (nonce, sealed) = bytes
            .strip_prefix(PICTURE_MAGIC)
            .and_then(|rest| rest.split_first_chunk::<NONCE_BYTES>())
            .ok_or(FaceError::Sealing)?;
        Ok(Some((*nonce, sealed.to_vec())))
    }

    /// Destroys a worker's picture.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub(crate) fn destroy_picture(&self, worker: u32) -> Result<(), FaceError> {
        self.remove(&self.picture_file(worker))
    }

    /// Workers with a kept picture.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(crate) fn pictured(&self) -> Result<Vec<u32>, FaceError> {
        self.numbers(PICTURE_ENDING)
    }

    fn numbers(&self, ending: &str) -> Result<Vec<u32>, FaceError> {
        let entries = fs::read_dir(&self.folder)
            .map_err(|source| FaceError::io("list the folder", &self.folder, source))?;
        let numbers = entries.filter_map(|entry| {
            let path = entry.ok()?.path();
            let ours = path.extension().is_some_and(|word| word == ending);
            path.file_stem().filter(|_| ours)?.to_str()?.parse().ok()
        });
        Ok(numbers.collect())
    }

    fn picture_file(&self, worker: u32) -> PathBuf {
        self.folder.join(format!("{worker}.{PICTURE_ENDING}"))
    }

    fn file(&self, worker: u32) -> PathBuf {
        self.folder.join(format!("{worker}.{ENDING}"))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.key))
    }

    fn bound(&self, worker: u32) -> Vec<u8> {
        [MAGIC.as_slice(), &self.model, &worker.to_be_bytes()].concat()
    }
}

fn picture_bound(worker: u32) -> Vec<u8> {
    [PICTURE_MAGIC.as_slice(), &worker.to_be_bytes()].concat()
}

/// A key of 32 bytes that only its owner may read.
fn read_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, FaceError> {
    let file =
        File::open(path).map_err(|source| FaceError::io("open the key file", path, source))?;
    let about = file
        .metadata()
        .map_err(|source| FaceError::io("look at the key file", path, source))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(64));
    file.take(33)
        .read_to_end(&mut bytes)
        .map_err(|source| FaceError::io("read the key file", path, source))?;
    let (group, others) = (0o070, 0o007);
    let private = about.permissions().mode() & (group | others) == 0;
    <[u8; 32]>::try_from(bytes.as_slice())
        .ok()
        .filter(|_| private)
        .map(Zeroizing::new)
        .ok_or_else(|| FaceError::Key {
            path: path.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::{Held, Vault};
    use crate::embedding::tests::face;
    use crate::error::FaceError;

    const MODEL: [u8; 16] = [7; 16];

    fn key(folder: &TempDir, byte: u8) -> std::path::PathBuf {
        let path = folder.path().join(format!("{byte}.key"));
        fs::write(&path, [byte; 32]).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[test]
    fn a_template_comes_back_and_no_byte_of_it_is_on_the_disk() {
        let folder = TempDir::new().unwrap();
        let store = folder.path().join("templates");
        let vault = Vault::open(&store, &key(&folder, 1), MODEL).unwrap();
        let template = vec![face(0, 1, 0.4), face(2, 3, 0.7)];
        vault.write(12, &template).unwrap();
        assert_eq!(
            vault.read(12).unwrap(),
            Some(Held::Template(template.clone()))
        );
        assert_eq!(vault.workers().unwrap(), [12]);
        let bytes = fs::read(store.join("12.face")).unwrap();
        for row in template {
            let plain = row.to_bytes();
            assert!(!bytes.windows(8).any(|part| part == &plain[..8]));
        }
        vault.destroy(12).unwrap();
        vault.destroy(12).unwrap();
        assert_eq!(vault.read(12).unwrap(), None);
        assert_eq!(fs::read_dir(&store).unwrap().count(), 0);
    }

    #[test]
    fn another_key_another_worker_and_another_model_open_nothing() {
        let folder = TempDir::new().unwrap();
        let store = folder.path().join("templates");
        let vault = Vault::open(&store, &key(&folder, 1), MODEL).unwrap();
        vault.write(12, &[face(0, 1, 0.4)]).unwrap();
        let other_key = Vault::open(&store, &key(&folder, 2), MODEL).unwrap();
        assert!(matches!(other_key.read(12), Err(FaceError::Sealing)));
        fs::copy(store.join("12.face"), store.join("13.face")).unwrap();
        assert!(matches!(vault.read(13), Err(FaceError::Sealing)));
        let other_model = Vault::open(&store, &key(&folder, 1), [8; 16]).unwrap();
        assert_eq!(other_model.read(12).unwrap(), Some(Held::OtherModel));
        let mut bytes = fs::read(store.join("12.face")).unwrap();
        let last = bytes.last_mut().unwrap();
        *last ^= 1;
        fs::write(store.join("12.face"), bytes).unwrap();
        assert!(matches!(vault.read(12), Err(FaceError::Sealing)));
    }

    #[test]
    fn a_picture_is_sealed_for_its_worker_and_another_one_has_another_name() {
        let folder = TempDir::new().unwrap();
        let store = folder.path().join("templates");
        let vault = Vault::open(&store, &key(&folder, 1), MODEL).unwrap();
        let picture = vec![0x5a; 20_000];
        vault.write_picture(12, &picture).unwrap();
        assert_eq!(vault.read_picture(12).unwrap().as_ref(), Some(&picture));
        assert_eq!(vault.pictured().unwrap(), [12]);
        assert!(vault.workers().unwrap().is_empty());
        let bytes = fs::read(store.join("12.photo")).unwrap();
        assert!(!bytes.windows(8).any(|part| part == [0x5a; 8]));
        let name = vault.picture_name(12).unwrap().unwrap();
        vault.write_picture(12, &picture).unwrap();
        assert_ne!(vault.picture_name(12).unwrap().unwrap(), name);
        fs::copy(store.join("12.photo"), store.join("13.photo")).unwrap();
        assert!(matches!(vault.read_picture(13), Err(FaceError::Sealing)));
        vault.destroy_picture(12).unwrap();
        assert_eq!(vault.read_picture(12).unwrap(), None);
        assert_eq!(vault.picture_name(12).unwrap(), None);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = TempDir::new().unwrap();
        let path = key(&folder, 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let opened = Vault::open(&folder.path().join("t"), &path, MODEL);
        assert!(matches!(opened, Err(FaceError::Key { .. })));
    }
}
