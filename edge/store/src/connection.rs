//! Opens connections to the file, with the settings that the promises rest on.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::StoreError;
use crate::key::Key;

/// Size of a database page.
pub(crate) const PAGE_BYTES: u32 = 2048;

/// The most that one connection keeps of the file in memory, in KiB.
const CACHE_KIB: i32 = 2048;

/// How long a connection waits for a lock that another one holds for a moment, in ms.
const BUSY_MS: u64 = 2000;

/// The right to write the file: held by one process at a time, let go by the system when it dies.
#[derive(Debug)]
pub(crate) struct WriteLock {
    _file: File,
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
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(e)) => Err(StoreError::io("lock", &beside, e)),
        }
    }
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
    let db = open(path, key, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
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
    open(path, key, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn open(path: &Path, key: &Key, access: OpenFlags) -> Result<Connection, StoreError> {
    let step = "open the database";
    let db = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| StoreError::database(step, e))?;
    db.execute_batch(&key.pragma())
        .and_then(|()| {
            db.execute_batch(&format!(
                "PRAGMA cipher_page_size = {PAGE_BYTES}; PRAGMA foreign_keys = ON; \
                 PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE_KIB}; \
                 PRAGMA recursive_triggers = ON"
            ))
        })
        .and_then(|()| db.busy_timeout(std::time::Duration::from_millis(BUSY_MS)))
        .map_err(|e| StoreError::database(step, e))?;
    db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
        .map_err(|e| match e.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => StoreError::WrongKey {
                path: path.to_owned(),
            },
            _ => StoreError::database(step, e),
        })?;
    Ok(db)
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
