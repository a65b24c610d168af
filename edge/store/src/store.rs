//! Opens the file, starts the writer, hands out readers, closes clean.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Head;
use sync_wire::record::Stamp;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::aside;
use crate::connection::{self, WriteLock};
use crate::daily::keeper::DailyState;
use crate::daily::shelf::seal_of;
use crate::epoch;
use crate::error::StoreError;
use crate::key::Key;
use crate::ledger;
use crate::migrate;
use crate::model::read_model::ReadModel;
use crate::reader::Reader;
use crate::write::commit_loop::{self, DailyParts, LoopParts};
use crate::write::order::{Order, QUEUE_ORDERS_MAX};
use crate::write::writer::Writer;

/// Where the file is and whose it is.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The database file. Beside it stand `-wal`, `-shm` and `.lock`, and the folder `-daily`.
    pub path: PathBuf,
    /// Name of the box: part of the chain's first hash. A file of another box is refused.
    pub box_id: String,
    /// Name of the site that the box serves now; a box may move.
    pub site: String,
}

/// What was found at opening.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningFacts {
    /// The epoch that is written to: 16 lower-case hexadecimal digits.
    pub epoch: String,
    /// Its last record.
    pub head: Head,
    /// The epoch has no record yet: its first must be `epoch_began`.
    pub epoch_is_new: bool,
    /// The last process did not close the file: check it in the background.
    pub unclean: bool,
    /// When its last record happened, and by which clock.
    pub last: Option<Stamp>,
    /// The last sign of life of the process before, in Unix ms by its clock: its last record or its
    /// last pulse, whichever came later.
    pub alive_at: Option<i64>,
}

/// The open file. One per file and machine.
///
/// Dropping it without [`close`](Self::close) stops the writer, but leaves the mark of an unclean
/// stop, as a crash would.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    key: Key,
    facts: OpeningFacts,
    writer: Writer,
    orders: SyncSender<Order>,
    thread: Option<JoinHandle<()>>,
    daily_state: watch::Receiver<DailyState>,
}

impl Store {
    /// Opens or creates the file, checks the end of its ledger, lets the read models catch up and
    /// starts the writer. Takes no longer when the ledger is long.
    ///
    /// # Errors
    ///
    /// Each of wrong key, newer file, other box, file in use, damage, full or read-only disk is a
    /// variant of its own.
    pub fn open(settings: &StoreSettings, key: &Key) -> Result<Self, StoreError> {
        Self::open_and_tell(settings, key, false)
    }

    /// As [`open`](Self::open), and keeps every record a second time, in daily files in a folder beside
    /// the database: what [`OldFile`](crate::OldFile) finds where the database is damaged.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open). That no daily file can be written is none: see
    /// [`daily_state`](Self::daily_state).
    pub fn open_with_daily_files(settings: &StoreSettings, key: &Key) -> Result<Self, StoreError> {
        Self::open_and_tell(settings, key, true)
    }

    fn open_and_tell(
        settings: &StoreSettings,
        key: &Key,
        is_daily: bool,
    ) -> Result<Self, StoreError> {
        match Self::open_file(settings, key, is_daily) {
            Err(fault @ StoreError::DiskFault { .. }) => {
                Err(connection::refused_by_disk(&settings.path)
                    .err()
                    .unwrap_or(fault))
            }
            opened => opened,
        }
    }

    fn open_file(settings: &StoreSettings, key: &Key, is_daily: bool) -> Result<Self, StoreError> {
        let lock = WriteLock::take(&settings.path)?;
        let mut db = connection::open_for_writing(&settings.path, key)?;
        migrate::migrate(&mut db, &settings.path)?;
        let (unclean, pulse_at) = claim(&db, settings)?;
        let epoch = match epoch::current(&db)? {
            Some(epoch) => epoch,
            None => epoch::begin(&db, &epoch::new_epoch_name()?)?,
        };
        let genesis = Head::genesis(&settings.box_id, &epoch.name);
        connection::keep_salt(&lock, &settings.path)?;
        let (head, last_body) = ledger::checked_tail(&db, genesis, epoch.no)?;
        ReadModel::new(&settings.box_id).catch_up(&db)?;
        let last = last_body.as_deref().and_then(ledger::stamp_of);
        let facts = OpeningFacts {
            epoch: epoch.name.clone(),
            head,
            epoch_is_new: head.seq == 0,
            unclean,
            last,
            alive_at: last.map(|stamp| stamp.at).max(pulse_at),
        };
        // One more place than permits: the order to stop needs no permit.
        let (orders, queue) = sync_channel(QUEUE_ORDERS_MAX + 1);
        let room = Arc::new(Semaphore::new(QUEUE_ORDERS_MAX));
        let (heads, head_seen) = watch::channel(head);
        let (epochs, epoch_seen) = watch::channel(epoch.no);
        let (states, daily_state) = watch::channel(DailyState::default());
        let daily = is_daily.then(|| DailyParts {
            folder: aside::daily_folder(&settings.path),
            seal: seal_of(key, &settings.box_id),
            states,
        });
        let parts = LoopParts {
            box_id: settings.box_id.clone(),
            epoch,
            head,
            orders: queue,
            room: Arc::clone(&room),
            heads,
            epochs,
            lock,
            daily,
        };
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || commit_loop::run(db, parts))
            .map_err(|e| StoreError::io("start the writer of", &settings.path, e))?;
        Ok(Self {
            settings: settings.clone(),
            key: key.clone(),
            facts,
            writer: Writer::new(orders.clone(), room, (head_seen, epoch_seen)),
            orders,
            thread: Some(thread),
            daily_state,
        })
    }

    /// What was found at opening.
    pub const fn facts(&self) -> &OpeningFacts {
        &self.facts
    }

    /// A handle to write through.
    pub fn writer(&self) -> Writer {
        self.writer.clone()
    }

    /// Whether the daily files can be written. Where they cannot, records are taken all the same, and
    /// written there later.
    pub fn daily_state(&self) -> watch::Receiver<DailyState> {
        self.daily_state.clone()
    }

    /// A new connection to ask through.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.settings.path, &self.key, &self.settings.box_id)
    }

    /// Carries out what waits, folds the read models, marks the stop as clean and lets the file go.
    /// Blocks for as long as that takes.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.stop(true)
    }

    fn stop(&mut self, clean: bool) -> Result<(), StoreError> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let (done, mut result) = oneshot::channel();
        let sent = self.orders.send(Order::Stop { clean, done });
        let joined = thread.join();
        if sent.is_err() || joined.is_err() {
            return Err(StoreError::Closed);
        }
        // The thread is gone, so the answer is there: nothing to wait for, also inside a runtime.
        result.try_recv().map_err(|_gone| StoreError::Closed)?
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if let Err(error) = self.stop(false) {
            tracing::debug!(error = crate::error::chain(&error), "Writer was gone");
        }
    }
}

/// Writes our name into a new file, or checks the name in an old one; says whether the last stop
/// was unclean and when the last pulse was, and marks the file as running.
fn claim(db: &Connection, settings: &StoreSettings) -> Result<(bool, Option<i64>), StoreError> {
    let step = "claim the file";
    let found: Option<(String, bool, i64)> = db
        .query_row("SELECT box, running, alive_at FROM box", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(|e| StoreError::database(step, e))?;
    let left = match found {
        Some((found, ..)) if found != settings.box_id => {
            return Err(StoreError::OtherBox {
                path: settings.path.clone(),
                found,
                expected: settings.box_id.clone(),
            });
        }
        Some((_, running, alive_at)) => (running, (alive_at > 0).then_some(alive_at)),
        None => (false, None),
    };
    db.execute(
        "INSERT INTO box (id, box, site, running) VALUES (1, ?1, ?2, 1) \
         ON CONFLICT (id) DO UPDATE SET site = excluded.site, running = 1",
        params![settings.box_id, settings.site],
    )
    .map_err(|e| StoreError::database(step, e))?;
    Ok(left)
}
