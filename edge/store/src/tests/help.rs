//! A store in a folder of its own.

use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::connection;
use crate::epoch::{NewEpoch, new_epoch_name};
use crate::key::Key;
use crate::ledger::Entry;
use crate::store::{Store, StoreSettings};

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("menwei.db")
    }

    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings {
            path: self.path(),
            box_id: "box-1".to_owned(),
            site: "site-1".to_owned(),
        }
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.settings(), &key()).unwrap()
    }

    /// Changes one bit of the file; a second time changes it back.
    pub(crate) fn flip_byte(&self, at: u64) {
        let file = std::fs::File::options()
            .read(true)
            .write(true)
            .open(self.path())
            .unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 4], at).unwrap();
    }

    /// The file as someone with the key and a database tool sees it.
    pub(crate) fn tool(&self) -> Connection {
        connection::open_for_writing(&self.path(), &key()).unwrap()
    }
}

/// An epoch with no record yet.
pub(crate) fn new_epoch() -> NewEpoch {
    NewEpoch {
        name: new_epoch_name().unwrap(),
        ..NewEpoch::default()
    }
}

pub(crate) fn key() -> Key {
    Key::from_bytes([7; 32])
}

/// A body like those of the gate, told apart by its number.
pub(crate) fn body(number: u64) -> Vec<u8> {
    let worker = number % 600 + 1;
    let at = 1_790_000_000_000 + number * 3_137;
    format!(
        "{{\"at\":{at},\"boot\":1,\"mono\":{},\"clock\":\"synced\",\"kind\":\"presentation\",\
         \"lane\":\"north-{}\",\"direction\":\"in\",\"by\":\"005\",\"worker\":{worker},\
         \"document\":\"resident\",\"result\":\"granted\",\"counted\":true,\"policy\":3}}",
        number * 3_137,
        number % 4 + 1
    )
    .into_bytes()
}

pub(crate) fn entries(numbers: std::ops::Range<u64>) -> Vec<Entry> {
    numbers.map(|number| Entry::new(body(number))).collect()
}

/// Runs a future to its end on this thread.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
