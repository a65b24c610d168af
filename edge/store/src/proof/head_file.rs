//! The sealed note beside the database: which record was the last, signed with a key that is not in
//! the database. A ledger that does not have that record was cut or put back.
//!
//! Two places of half a KiB are written in turn, each in one write, so that a torn one leaves the
//! other. The note is written after the read models were folded, at each checkpoint and at the end,
//! never for a swipe. It never runs ahead of the database, and may lag: by the records since the last
//! quiet moment (at most ten seconds, or 256 records, of a killed process), and after a power cut by
//! what the system had not written of it since the last checkpoint or clean stop.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sync_wire::Head;
use sync_wire::chain::Hash;
use sync_wire::down::{SigningKey, VerifyingKey};

use crate::error::StoreError;

/// Bytes of one place: a sector of any disk.
const PLACE_BYTES: usize = 512;
const DOMAIN: &str = "menwei-head-1";

/// What the note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedHead {
    /// The epoch that was written to.
    pub epoch: String,
    /// Its last record then.
    pub head: Head,
}

/// What stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedNote {
    /// There is no file, or nothing in it.
    Absent,
    /// Neither place holds a note of this box that was signed with its key.
    Broken,
    /// The newer of both places.
    Sealed(SealedHead),
}

/// The file, open for writing.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    file: File,
    box_id: String,
    key: Arc<SigningKey>,
    count: u64,
    written: Option<SealedHead>,
}

/// Where the note of a database stands.
pub fn head_file_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".head");
    PathBuf::from(name)
}

impl SealedNote {
    /// Reads the note beside `database`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(database: &Path, box_id: &str, key: &VerifyingKey) -> Result<Self, StoreError> {
        let path = head_file_path(database);
        match std::fs::read(&path) {
            Ok(bytes) => Ok(newest(&bytes, box_id, key).0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Absent),
            Err(error) => Err(StoreError::io("read the sealed note", &path, error)),
        }
    }
}

impl HeadFile {
    /// Opens or makes the file beside `database`, for its owner only.
    ///
    /// # Errors
    /// It cannot be opened or read.
    pub fn open(database: &Path, box_id: &str, key: Arc<SigningKey>) -> Result<Self, StoreError> {
        let path = head_file_path(database);
        let fault = |e| StoreError::io("open the sealed note", &path, e);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.mode(0o600).open(&path).map_err(fault)?;
        let bytes = std::fs::read(&path).map_err(fault)?;
        let (_, count) = newest(&bytes, box_id, &key.verifying_key());
        Ok(Self {
            path,
            file,
            box_id: box_id.to_owned(),
            key,
            count,
            written: None,
        })
    }

    /// Writes the note where it says something new; `sync` also waits for the disk.
    pub(crate) fn write(&mut self, epoch: &str, head: Head, sync: bool) -> Result<(), StoreError> {
        let fault = |e| StoreError::io("write the sealed note", &self.path, e);
        let now = SealedHead {
            epoch: epoch.to_owned(),
            head,
        };
        if self.written.as_ref() != Some(&now) {
            self.count = self.count.saturating_add(1);
            let said = said(self.count, &self.box_id, &now);
            let mut place = format!("{said}|{}\n", self.key.sign_note(&said)).into_bytes();
            place.resize(PLACE_BYTES, b' ');
            let at = if self.count.is_multiple_of(2) { 0 } else { 512 };
            self.file.write_all_at(&place, at).map_err(fault)?;
            self.written = Some(now);
        }
        if sync {
            self.file.sync_data().map_err(fault)?;
        }
        Ok(())
    }
}

fn said(count: u64, box_id: &str, note: &SealedHead) -> String {
    let SealedHead { epoch, head } = note;
    format!(
        "{DOMAIN}|{count}|{box_id}|{epoch}|{}|{}",
        head.seq, head.hash
    )
}

/// The newer note that is signed, and its count.
fn newest(bytes: &[u8], box_id: &str, key: &VerifyingKey) -> (SealedNote, u64) {
    if bytes.is_empty() {
        return (SealedNote::Absent, 0);
    }
    let notes = bytes
        .chunks(PLACE_BYTES)
        .take(2)
        .filter_map(|place| note(place, box_id, key));
    match notes.max_by_key(|(count, _)| *count) {
        Some((count, note)) => (SealedNote::Sealed(note), count),
        None => (SealedNote::Broken, 0),
    }
}

fn note(place: &[u8], box_id: &str, key: &VerifyingKey) -> Option<(u64, SealedHead)> {
    let line = std::str::from_utf8(place).ok()?.trim_end();
    let (text, signature) = line.rsplit_once('|')?;
    let mut words = text.split('|').skip(1);
    let count = words.next()?.parse().ok()?;
    let epoch = words.nth(1)?.to_owned();
    let seq = words.next()?.parse().ok()?;
    let hash = Hash::from_hex(words.next()?).ok()?;
    let head = Head { seq, hash };
    let note = SealedHead { epoch, head };
    let is_ours = said(count, box_id, &note) == text && key.verifies_note(text, signature);
    is_ours.then_some((count, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: u8) -> Arc<SigningKey> {
        Arc::new(SigningKey::from_bytes(&[seed; 32]))
    }

    fn head(seq: u64) -> Head {
        Head {
            seq,
            hash: Hash::from_bytes([3; 32]),
        }
    }

    #[test]
    fn the_newest_note_stands_and_a_torn_one_leaves_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("menwei.db");
        let public = key(1).verifying_key();
        let read = || SealedNote::read(&database, "box-1", &public).unwrap();
        assert_eq!(read(), SealedNote::Absent);
        let mut file = HeadFile::open(&database, "box-1", key(1)).unwrap();
        for seq in 1..=3 {
            file.write("00112233aabbccdd", head(seq), seq == 2).unwrap();
        }
        let sealed = |seq| {
            SealedNote::Sealed(SealedHead {
                epoch: "00112233aabbccdd".to_owned(),
                head: head(seq),
            })
        };
        assert_eq!(read(), sealed(3));
        let path = head_file_path(&database);
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len(), 2 * PLACE_BYTES);
        // The third went to the place behind.
        let mut torn = whole.clone();
        torn[PLACE_BYTES + 40] ^= 1;
        std::fs::write(&path, &torn).unwrap();
        assert_eq!(read(), sealed(2));
        torn[40] ^= 1;
        std::fs::write(&path, &torn).unwrap();
        assert_eq!(read(), SealedNote::Broken);
        // Goes on counting where it was.
        std::fs::write(&path, &whole).unwrap();
        let mut again = HeadFile::open(&database, "box-1", key(1)).unwrap();
        again.write("00112233aabbccdd", head(4), true).unwrap();
        assert_eq!(read(), sealed(4));
        let other = key(2).verifying_key();
        let read = |id, key| SealedNote::read(&database, id, key).unwrap();
        assert_eq!(read("box-1", &other), SealedNote::Broken);
        assert_eq!(read("box-2", &public), SealedNote::Broken);
    }
}
