//! A box's ledger: a real store in a file, in memory where the machine has room for that; and the bytes of
//! its records, those of lanes being `edge/daemon`'s own.

use std::fs;
use std::path::{Path, PathBuf};

use edge_domain as domain;
use edge_domain::{ClockQuality, Moment};
use edge_store::{Key, Store, StoreSettings};
use rusqlite::Connection;
use sync_wire::record as wire;
use sync_wire::{Kind, Record, Stamp};
use tempfile::TempDir;

use super::fault::{Promise, Step};

const KEY: [u8; 32] = [7; 32];
const SITE: &str = "3499002026TEST001";
/// What belongs to a database file.
const PARTS: [&str; 2] = ["", "-wal"];

/// Where the files of a run stand.
#[derive(Debug)]
pub(super) struct Files {
    folder: TempDir,
}

impl Files {
    pub(super) fn new() -> Step<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)?
        } else {
            tempfile::tempdir()?
        };
        let files = Self { folder };
        Store::open(&files.settings("empty"), &Key::from_bytes(KEY))?.close()?;
        Ok(files)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn settings(&self, name: &str) -> StoreSettings {
        StoreSettings {
            path: self.path(name),
            box_id: name.to_owned(),
            site: SITE.to_owned(),
        }
    }

    /// An empty file of a box. The name of its epoch is given, because chance would be none.
    pub(super) fn make(&self, name: &str, epoch: &str) -> Step<()> {
        self.remove(name)?;
        fs::copy(self.path("empty"), self.path(name))?;
        let db = Connection::open(self.path(name))?;
        let key: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        db.execute_batch(&format!(
            "PRAGMA key = \"x'{key}'\"; PRAGMA cipher_page_size = 2048; \
             UPDATE epoch SET epoch = '{epoch}'; UPDATE box SET box = '{name}'"
        ))?;
        Ok(())
    }

    fn remove(&self, name: &str) -> Step<()> {
        for part in ["", "-wal", "-shm", ".lock"] {
            match fs::remove_file(self.path(&format!("{name}{part}"))) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error.into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Opens a file; its new writer has it alone.
    pub(super) fn open(&self, name: &str) -> Step<Store> {
        Ok(Store::open(&self.settings(name), &Key::from_bytes(KEY))?)
    }

    /// Copies a file that nobody writes at this moment, log included.
    pub(super) fn copy(&self, from: &str, to: &str) -> Step<()> {
        self.remove(to)?;
        for part in PARTS {
            let from = self.path(&format!("{from}{part}"));
            if from.exists() {
                fs::copy(from, self.path(&format!("{to}{part}")))?;
            }
        }
        Ok(())
    }
}

/// Runs a future of the store to its end: the writer is a thread, and this one waits for its answer.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without drivers needs nothing of the system");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// The bytes of a lane's record that is written into an epoch.
pub(super) fn body(record: &domain::Record, epoch_no: u32) -> Step<Vec<u8>> {
    match edge_daemon::lane_body(epoch_no, record) {
        Some(body) => Ok(body),
        None => Promise::Other.broken(format!("{record:?} has no body")),
    }
}

/// The bytes of one of the box's own records.
pub(super) fn own(at: Moment, kind: Kind) -> Step<Vec<u8>> {
    let stamp = Stamp {
        at: at.wall_ms,
        boot: at.boot,
        mono: at.mono_ms,
        clock: quality(at.quality),
    };
    Ok(Record { stamp, kind }.to_body()?)
}

pub(super) fn quality(quality: ClockQuality) -> wire::ClockQuality {
    match quality {
        ClockQuality::Synced => wire::ClockQuality::Synced,
        ClockQuality::Holdover => wire::ClockQuality::Holdover,
        ClockQuality::Unset => wire::ClockQuality::Unset,
    }
}

pub(super) fn direction(direction: domain::Direction) -> wire::Direction {
    match direction {
        domain::Direction::In => wire::Direction::In,
        domain::Direction::Out => wire::Direction::Out,
    }
}
