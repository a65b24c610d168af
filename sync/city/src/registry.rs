//! Certificates that were issued, beside the key that signs them: which box has which, for which
//! site, and what is revoked. One small file; whoever changes it holds its lock.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::CityError;

/// The file's name in the city's folder.
const FILE: &str = "issued.json";

/// One certificate of a box.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Issued {
    /// The box, its common name.
    pub r#box: String,
    /// Its serial number, hexadecimal.
    pub serial: String,
    /// When it was issued, Unix ms.
    pub issued_at: i64,
    /// When it was revoked, Unix ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<i64>,
}

/// Everything that was issued.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Registry {
    /// In the order of issuing.
    pub issued: Vec<Issued>,
    /// The site that a box was registered for.
    #[serde(default)]
    pub sites: BTreeMap<String, String>,
    /// The public key with which a box signs its ledger, as it told it with its last claim.
    #[serde(default)]
    pub device_keys: BTreeMap<String, String>,
    /// Number of the newest list of revoked certificates.
    #[serde(default)]
    pub revocations: u64,
}

/// What the registry says of a box.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registered {
    /// The box.
    pub id: String,
    /// Its site, or empty.
    pub site: String,
    /// Whether it has had certificates and all of them are revoked.
    pub is_barred: bool,
    /// The key that it signs its ledger with, or empty.
    pub device_key: String,
}

impl Registry {
    /// Reads the registry of a city's folder; empty where nothing was issued yet.
    pub fn read(dir: &Path) -> Result<Self, CityError> {
        read(&dir.join(FILE))
    }

    /// Changes the registry; nobody else does meanwhile.
    pub fn change<T>(
        dir: &Path,
        work: impl FnOnce(&mut Self) -> Result<T, CityError>,
    ) -> Result<T, CityError> {
        change(&dir.join(FILE), work)
    }

    /// Every box, by name.
    pub fn boxes(&self) -> Vec<Registered> {
        let mut boxes: BTreeMap<&str, bool> =
            self.sites.keys().map(|id| (id.as_str(), false)).collect();
        for one in &self.issued {
            let revoked = one.revoked_at.is_some();
            let barred = boxes.entry(&one.r#box).or_insert(revoked);
            *barred = revoked;
        }
        let registered = |(id, is_barred): (&str, bool)| Registered {
            id: id.to_owned(),
            site: self.sites.get(id).cloned().unwrap_or_default(),
            is_barred,
            device_key: self.device_keys.get(id).cloned().unwrap_or_default(),
        };
        boxes.into_iter().map(registered).collect()
    }
}

/// Reads a file of JSON; what does not exist is empty.
pub(crate) fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T, CityError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
        Err(source) => {
            return Err(CityError::ReadFile {
                path: path.to_owned(),
                source,
            });
        }
    };
    serde_json::from_str(&text).map_err(|source| CityError::ReadFile {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Changes a file of JSON under its lock. It is durable, and whole, when this returns.
pub(crate) fn change<V: DeserializeOwned + Default + Serialize, T>(
    path: &Path,
    work: impl FnOnce(&mut V) -> Result<T, CityError>,
) -> Result<T, CityError> {
    let failed = |source| CityError::WriteFile {
        path: path.to_owned(),
        source,
    };
    let lock = File::create(path.with_extension("lock")).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut value: V = read(path)?;
    let done = work(&mut value)?;
    let text = serde_json::to_string_pretty(&value).map_err(|error| failed(error.into()))?;
    write_whole(path, text.as_bytes())?;
    Ok(done)
}

/// Writes a file that only its owner reads; it appears whole or not at all, and stays.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CityError> {
    let failed = |source| CityError::WriteFile {
        path: path.to_owned(),
        source,
    };
    let draft = draft(path);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&draft, path))
        .and_then(|()| File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all())
        .map_err(failed)
}

fn draft(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(id: &str, revoked_at: Option<i64>) -> Issued {
        Issued {
            r#box: id.to_owned(),
            serial: "01".to_owned(),
            issued_at: 1,
            revoked_at,
        }
    }

    #[test]
    fn a_box_is_barred_until_it_gets_a_new_certificate() {
        let mut registry = Registry::default();
        registry.sites.insert("b".to_owned(), "工地".to_owned());
        registry.issued = vec![issued("a", Some(5)), issued("b", None)];
        let barred = |registry: &Registry| -> Vec<bool> {
            registry.boxes().iter().map(|one| one.is_barred).collect()
        };
        assert_eq!(barred(&registry), [true, false]);
        assert_eq!(registry.boxes()[1].site, "工地");
        registry.issued.push(issued("a", None));
        assert_eq!(barred(&registry), [false, false]);
    }

    #[test]
    fn changes_do_not_overwrite_each_other() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        Registry::change(dir, |registry| {
                            registry.revocations += 1;
                            Ok(())
                        })
                        .unwrap();
                    }
                });
            }
        });
        assert_eq!(Registry::read(dir).unwrap().revocations, 80);
        std::fs::write(dir.join(FILE), "{").unwrap();
        assert!(Registry::read(dir).is_err());
    }
}
