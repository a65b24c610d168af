//! What can go wrong with the file, each cause told apart.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;
use thiserror::Error;

/// Why the store could not do what it was asked.
///
/// Cheap to clone: one failed commit is told to everyone whose record was in it.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// No page of the file can be read with this key.
    #[error("{path} does not open with this key")]
    WrongKey {
        /// The store's file.
        path: PathBuf,
    },
    /// The file was written by a newer version of the software.
    #[error("{path} has version {found}, this software knows versions up to {known}")]
    NewerFile {
        /// The store's file.
        path: PathBuf,
        /// Version in the file.
        found: u32,
        /// Newest version that this software understands.
        known: u32,
    },
    /// The file belongs to another box: a copied disk, or the wrong folder.
    #[error("{path} belongs to box {found}, not to box {expected}")]
    OtherBox {
        /// The store's file.
        path: PathBuf,
        /// Box named in the file.
        found: String,
        /// Box named in the settings.
        expected: String,
    },
    /// Another process, or this one a second time, has the store open.
    #[error("{path} is in use by another process")]
    Locked {
        /// The store's file.
        path: PathBuf,
    },
    /// The file does not hold what was written into it.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What was found and where.
        what: String,
    },
    /// The disk, or the space allowed to the file, is used up.
    #[error("no space left to {step}")]
    DiskFull {
        /// What was being done.
        step: &'static str,
    },
    /// The disk or the file accepts no writes.
    #[error("the file is read-only, cannot {step}")]
    ReadOnly {
        /// What was being done.
        step: &'static str,
    },
    /// The disk refused to read or to write: worn out, pulled out, or made read-only under way.
    #[error("the disk refused to {step}")]
    DiskFault {
        /// What was being done.
        step: &'static str,
        /// The database's answer.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The operating system refused.
    #[error("cannot {step} {path}")]
    Io {
        /// What was being done.
        step: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: Arc<io::Error>,
    },
    /// The database refused for a cause not told apart above.
    #[error("cannot {step}")]
    Database {
        /// What was being done.
        step: &'static str,
        /// The database's answer.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// The key file may be read by others than its owner.
    #[error("{path} has mode {mode:03o}, want 600 or 400: others can read the key")]
    KeyFileOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file holds neither 32 bytes nor 64 hexadecimal digits.
    #[error("{path} holds {bytes} bytes, want 32 raw bytes or 64 hexadecimal digits")]
    KeyFileShape {
        /// The key file.
        path: PathBuf,
        /// How many bytes it holds.
        bytes: usize,
    },
    /// A setting of the connection did not take.
    #[error("{setting} is {found}, want {expected}")]
    Setting {
        /// Name of the pragma.
        setting: &'static str,
        /// Its value as read back.
        found: String,
        /// The value it must have.
        expected: &'static str,
    },
    /// A record body is empty or longer than the wire allows.
    #[error("a body of {bytes} bytes, want 1 to {bytes_max}")]
    BodySize {
        /// Length of the body.
        bytes: usize,
        /// Longest body allowed.
        bytes_max: usize,
    },
    /// No such epoch in this file.
    #[error("no epoch {epoch} in this file")]
    UnknownEpoch {
        /// The epoch asked for.
        epoch: String,
    },
    /// The city claims records that this file does not have.
    #[error("cursor at {through}, but the last record is {last}")]
    CursorAhead {
        /// Where the cursor was to go.
        through: u64,
        /// Last record of that epoch here.
        last: u64,
    },
    /// An epoch of this file does not end where more of it was to be added.
    #[error("epoch {epoch} of this file does not end at record {seq}")]
    OtherEnd {
        /// The epoch.
        epoch: String,
        /// The record behind which more was to be added.
        seq: u64,
    },
    /// Another record was committed first.
    #[error("another record was committed first")]
    Overtaken,
    /// The store is closed: no writer takes orders any more.
    #[error("the store is closed")]
    Closed,
    /// The system gave no random bytes for a new epoch's name.
    #[error("no random bytes for an epoch's name")]
    Random,
}

impl StoreError {
    /// Sorts a database error by what a person can do about it.
    pub(crate) fn database(step: &'static str, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull { step },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { step },
            Some(ErrorCode::SystemIoFailure) => Self::DiskFault {
                step,
                source: Arc::new(source),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged {
                what: format!("cannot {step}: {source}"),
            },
            _ => Self::Database {
                step,
                source: Arc::new(source),
            },
        }
    }

    /// The disk takes no records: full, read-only or broken. The file may be well, and a person must
    /// do something about the disk.
    pub const fn is_disk(&self) -> bool {
        matches!(
            self,
            Self::DiskFull { .. } | Self::ReadOnly { .. } | Self::DiskFault { .. }
        )
    }

    /// The order cannot be carried out, while the file is well.
    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::UnknownEpoch { .. }
                | Self::CursorAhead { .. }
                | Self::OtherEnd { .. }
                | Self::BodySize { .. }
        )
    }

    /// Names the file that the operating system refused.
    pub(crate) fn io(step: &'static str, path: &Path, source: io::Error) -> Self {
        let kind = source.kind();
        if matches!(
            kind,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
        ) {
            return Self::DiskFull { step };
        }
        if kind == io::ErrorKind::ReadOnlyFilesystem {
            return Self::ReadOnly { step };
        }
        Self::Io {
            step,
            path: path.to_owned(),
            source: Arc::new(source),
        }
    }
}

/// An error and its causes in one line, for a log.
pub(crate) fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
