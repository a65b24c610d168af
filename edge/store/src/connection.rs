//! Opens connections to the file, with the settings that the promises rest on.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::key::Key;

/// Size of a database page, chosen by measuring (`bench_page_sizes` in this crate's tests): 4,000
/// commits of one record, WAL, FULL, 2026-11-22, a virtual machine with two x86 cores and ext4.
///
/// | page | p50 ms | p99 ms | bytes a record |
/// |---|---|---|---|
/// | 4096, plain | 0.161 | 0.355 | 8,962 |
/// | 4096 | 0.181 | 0.406 | 8,999 |
/// | 2048 | 0.177 | 0.384 | 7,055 |
/// | 1024 | 0.167 | 0.356 | 6,214 |
///
/// 2048 costs no time against 4096 and saves a fifth of the wear. 1024 saves more only while records
/// are short: a sealed worker of 900 bytes no longer fits into a page.
pub(crate) const PAGE_BYTES: u32 = 2048;

/// The most that the writer keeps of the file in memory, in KiB.
const WRITER_CACHE_KIB: i32 = 512;

/// The most that a connection for queries keeps, in KiB. There are several of them.
const READER_CACHE_KIB: i32 = 384;

/// The most that the connection of the way to the city keeps, in KiB: it reads the ledger from end to
/// end, and comes back to what it has just read only.
const ONCE_CACHE_KIB: i32 = 128;

/// What a probe of the disk writes, in bytes: as much as the database's shared memory needs first.
const PROBE_BYTES: usize = 32_768;

/// How long a connection waits for a lock that another one holds for a moment, in ms.
const BUSY_MS: u64 = 2000;

/// The right to write the file: held by one process at a time, let go by the system when it dies.
#[derive(Debug)]
pub(crate) struct WriteLock {
    file: File,
}

impl WriteLock {
    /// Takes the lock, or says at once that another has it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreError> {
        let beside = lock_path(path);
        let step = "open the lock file";
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&beside)
            .map_err(|e| StoreError::io(step, &beside, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(e)) => Err(StoreError::io("lock", &beside, e)),
        }
    }
}

/// Closing the file is not enough: a program that this process is just starting has a copy of it until
/// it runs.
impl Drop for WriteLock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "The ledger's lock is let go when the process ends only");
        }
    }
}

/// Whether a process writes this file now.
///
/// # Errors
///
/// The lock file beside it cannot be used.
pub fn is_in_use(path: &Path) -> Result<bool, StoreError> {
    match WriteLock::take(path) {
        Ok(_lock) => Ok(false),
        Err(StoreError::Locked { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Asks the system itself what it has against writing beside the file: the database does not tell a
/// full disk from a broken one where its shared memory does not fit.
///
/// # Errors
///
/// Full or read-only; a disk that takes the small file is not to blame.
pub(crate) fn refused_by_disk(path: &Path) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".probe");
    let probe = PathBuf::from(name);
    let step = "write beside the file";
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&probe)
        .and_then(|file| {
            file.write_all_at(&vec![0; PROBE_BYTES], 0)?;
            file.sync_all()
        });
    drop(std::fs::remove_file(&probe));
    match written.map_err(|e| StoreError::io(step, &probe, e)) {
        Err(known) if known.is_disk() => Err(known),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Keeps a copy of the file's first 16 bytes in the lock file. They take part in every page's seal:
/// without the copy, damage there looks like a wrong key.
pub(crate) fn keep_salt(lock: &WriteLock, path: &Path) -> Result<(), StoreError> {
    let step = "keep the first bytes of";
    let Some(salt) = salt(path) else {
        return Ok(());
    };
    if salt_kept(path) == Some(salt) {
        return Ok(());
    }
    lock.file
        .write_all_at(&salt, 0)
        .and_then(|()| lock.file.sync_data())
        .map_err(|e| StoreError::io(step, path, e))
}

fn salt(path: &Path) -> Option<[u8; 16]> {
    let mut first = [0; 16];
    let file = File::open(path).ok()?;
    file.read_exact_at(&mut first, 0).ok()?;
    Some(first)
}

fn salt_kept(path: &Path) -> Option<[u8; 16]> {
    salt(&lock_path(path))
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Opens the file for the one writer, creating it readable by its owner alone.
pub(crate) fn open_for_writing(path: &Path, key: &Key) -> Result<Connection, StoreError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|e| StoreError::io("open", path, e))?;
    let db = open(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_WRITE,
        WRITER_CACHE_KIB,
    )?;
    let step = "set up the connection";
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|e| StoreError::database(step, e))?;
    expect("journal_mode", &mode, "wal")?;
    // The checkpoint runs after the waiting appends are answered (see the writer); this is its net.
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000")
        .map_err(|e| StoreError::database(step, e))?;
    let synchronous: i64 = db
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .map_err(|e| StoreError::database(step, e))?;
    expect("synchronous", &synchronous.to_string(), "2")?;
    Ok(db)
}

/// Opens the file for queries only.
pub(crate) fn open_for_reading(path: &Path, key: &Key) -> Result<Connection, StoreError> {
    open(
        path,
        key,
        OpenFlags::SQLITE_OPEN_READ_ONLY,
        READER_CACHE_KIB,
    )
}

/// A connection that reads things once keeps little of them.
pub(crate) fn keep_little(db: &Connection) -> Result<(), StoreError> {
    db.execute_batch(&format!("PRAGMA cache_size = -{ONCE_CACHE_KIB}"))
        .map_err(|e| StoreError::database("set the size of the cache", e))
}

/// Sets the library up, once and by one thread. `SQLite` calls itself ready before the cipher under it
/// is: of two threads that open the first connections of a process together, the second would meet a
/// cipher that refuses its key.
fn set_up_library() {
    static READY: Once = Once::new();
    // A library that cannot be set up says so again, and with its reason, when the file is opened.
    READY.call_once(|| drop(Connection::open_in_memory()));
}

fn open(
    path: &Path,
    key: &Key,
    access: OpenFlags,
    cache_kib: i32,
) -> Result<Connection, StoreError> {
    let step = "open the database";
    set_up_library();
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| StoreError::database(step, e))?;
    let worked = db
        // The cipher would write its complaints to the standard error, beside the log.
        .execute_batch("PRAGMA cipher_log_level = NONE")
        .and_then(|()| db.execute_batch(&key.pragma()))
        .and_then(|()| {
            db.execute_batch(&format!(
                "PRAGMA cipher_page_size = {PAGE_BYTES}; PRAGMA foreign_keys = ON; \
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache_kib}; \
                 PRAGMA recursive_triggers = ON"
            ))
        })
        .and_then(|()| db.busy_timeout(Duration::from_millis(BUSY_MS)))
        .and_then(|()| db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())));
    match worked {
        Ok(()) => Ok(db),
        Err(error) => Err(explain(&db, path, StoreError::database(step, error))),
    }
}

/// Nothing can be read at all: tells a wrong key from damage to the first pages. Under a wrong key
/// no page can be read, under the right one the others can.
fn explain(db: &Connection, path: &Path, error: StoreError) -> StoreError {
    if !matches!(error, StoreError::Damaged { .. }) {
        return error;
    }
    if salt_kept(path).is_some_and(|kept| salt(path) != Some(kept)) {
        return StoreError::Damaged {
            what: "the first 16 bytes are not those of this file".to_owned(),
        };
    }
    let pages = std::fs::metadata(path).map_or(0, |about| about.len() / u64::from(PAGE_BYTES));
    match unreadable_pages(db) {
        Ok(found) if u64::try_from(found.len()) == Ok(pages) => StoreError::WrongKey {
            path: path.to_owned(),
        },
        Ok(found) => damage(&found).err().unwrap_or(error),
        Err(_) => error,
    }
}

/// Checks every page of the file against its seal.
pub(crate) fn check_pages(db: &Connection) -> Result<(), StoreError> {
    damage(&unreadable_pages(db)?)
}

fn damage(pages: &[String]) -> Result<(), StoreError> {
    match pages.first() {
        None => Ok(()),
        Some(first) => Err(StoreError::Damaged {
            what: format!("{first} ({} pages in all)", pages.len()),
        }),
    }
}

/// What the database says about each page that is not what was written.
fn unreadable_pages(db: &Connection) -> Result<Vec<String>, StoreError> {
    db.prepare("PRAGMA cipher_integrity_check")
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .map_err(|e| StoreError::database("check the pages", e))
}

/// Copies the write-ahead log into the file, as far as no reader is in the way.
pub(crate) fn checkpoint(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        let error = StoreError::database("copy the write-ahead log", error);
        tracing::warn!(error = crate::error::chain(&error), "Checkpoint failed");
    }
}

/// Takes back what the open transaction did; a failed commit may have done so already.
pub(crate) fn roll_back(db: &Connection) {
    if db.is_autocommit() {
        return;
    }
    if let Err(error) = db.execute_batch("ROLLBACK") {
        let error = StoreError::database("roll back", error);
        tracing::warn!(error = crate::error::chain(&error), "Rollback failed");
    }
}

/// Marks the stop as clean and closes.
pub(crate) fn close_clean(db: Connection) -> Result<(), StoreError> {
    let step = "close the file";
    db.execute("UPDATE box SET running = 0", [])
        .map_err(|e| StoreError::database(step, e))?;
    // The file alone is whole then, also where a reader is still open: somebody may copy it.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|e| StoreError::database(step, e))?;
    db.close().map_err(|(_, e)| StoreError::database(step, e))
}

fn expect(setting: &'static str, found: &str, expected: &'static str) -> Result<(), StoreError> {
    if found == expected {
        return Ok(());
    }
    Err(StoreError::Setting {
        setting,
        found: found.to_owned(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_program_that_is_being_started_holds_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let lock = WriteLock::take(&path).unwrap();
        let copy = lock.file.try_clone().unwrap();
        assert!(is_in_use(&path).unwrap());
        drop(lock);
        assert!(!is_in_use(&path).unwrap());
        drop(copy);
    }
}
