//! A ledger with checkpoints and a sealed note, closed in good order.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use edge_store::{
    Entry, HeadFile, Key, SealKeys, SealedNote, Store, StoreSettings, VerifyReport, head_file_path,
    verify_sealed,
};
use rusqlite::Connection;
use sync_wire::Hash;
use sync_wire::chain::hex;
use sync_wire::down::SigningKey;
use sync_wire::record::{ClockQuality, Stamp};

use crate::backlog::Generator;
use crate::{BOX_ID, Result};

const LEDGER_KEY: [u8; 32] = [0x4c; 32];
/// The box's own key: nothing that forges knows it.
const DEVICE_KEY: [u8; 32] = [0x44; 32];

/// A record as it stands: number, body, hash.
pub(super) type Standing = (u64, Vec<u8>, Hash);

/// A ledger's file in a folder.
#[derive(Debug, Clone)]
pub(super) struct SignedLedger {
    pub(super) file: PathBuf,
    pub(super) epoch: String,
}

impl SignedLedger {
    /// Writes `records` records in a folder, with a checkpoint after every `between`.
    pub(super) async fn write(
        folder: &Path,
        (records, between): (u64, u64),
        generator: &mut Generator,
    ) -> Result<Self> {
        let file = folder.join("ledger.db");
        let settings = StoreSettings {
            path: file.clone(),
            box_id: BOX_ID.to_owned(),
            site: "3499002026TEST001".to_owned(),
        };
        let store = Store::open(&settings, &key())?;
        let epoch = store.facts().epoch.clone();
        let (writer, device) = (
            store.writer(),
            Arc::new(SigningKey::from_bytes(&DEVICE_KEY)),
        );
        writer
            .keep_head(HeadFile::open(&file, BOX_ID, Arc::clone(&device))?)
            .await?;
        let mut seq = store.facts().head.seq;
        while seq < records {
            let until = records.min(seq + between);
            let entries: Result<Vec<Entry>> = (seq + 1..=until)
                .map(|seq| Ok(Entry::new(generator.body(seq)?)))
                .collect();
            seq = writer.append(entries?).await?.last_seq;
            // What comes last is not signed yet.
            if seq < records {
                let stamp = Stamp {
                    at: 1_788_300_000_000,
                    boot: 1,
                    mono: seq,
                    clock: ClockQuality::Synced,
                };
                let made = writer.checkpoint(stamp, Arc::clone(&device), None).await?;
                seq = made.ok_or("no checkpoint")?.last_seq;
            }
        }
        drop(writer);
        store.close()?;
        Ok(Self { file, epoch })
    }

    /// A copy in another folder.
    pub(super) fn copy_to(&self, folder: &Path) -> Result<Self> {
        let copy = Self {
            file: folder.join("ledger.db"),
            epoch: self.epoch.clone(),
        };
        for suffix in ["", ".lock", ".head"] {
            std::fs::copy(suffixed(&self.file, suffix), suffixed(&copy.file, suffix))?;
        }
        for suffix in ["-wal", "-shm"] {
            let left = suffixed(&copy.file, suffix);
            if left.exists() {
                std::fs::remove_file(left)?;
            }
        }
        Ok(copy)
    }

    /// The database, open with its key.
    pub(super) fn database(&self) -> Result<Connection> {
        let db = Connection::open(&self.file)?;
        db.execute_batch(&format!(
            "PRAGMA key = \"x'{}'\"; PRAGMA cipher_page_size = 2048; PRAGMA synchronous = OFF",
            hex(&LEDGER_KEY)
        ))?;
        Ok(db)
    }

    /// Every record as it stands: number, body, hash.
    pub(super) fn records(&self) -> Result<Vec<Standing>> {
        let db = self.database()?;
        let mut query = db.prepare("SELECT seq, body, hash FROM ledger ORDER BY id")?;
        let rows = query.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, Hash::from_bytes(row.get(2)?)))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What `menwei verify` finds.
    pub(super) fn verified(&self) -> Result<VerifyReport> {
        let keys = SealKeys {
            device: Some(SigningKey::from_bytes(&DEVICE_KEY).verifying_key()),
            city: None,
        };
        Ok(verify_sealed(&self.file, &key(), &keys, &mut |_| {})?)
    }

    /// What a start finds in the note.
    pub(super) fn note_is_doubted(&self) -> Result<bool> {
        let device = SigningKey::from_bytes(&DEVICE_KEY).verifying_key();
        let note = SealedNote::read(&self.file, BOX_ID, &device)?;
        let reader = edge_store::Reader::open(&self.file, &key(), BOX_ID)?;
        Ok(reader.note_doubt(&note, false)?.is_some())
    }

    /// The note's file.
    pub(super) fn note(&self) -> PathBuf {
        head_file_path(&self.file)
    }
}

fn key() -> Key {
    Key::from_bytes(LEDGER_KEY)
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
