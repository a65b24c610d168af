//! The handle through which everyone writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use sync_wire::down::SigningKey;
use sync_wire::record::{PreviousEpoch, Stamp};
use sync_wire::{Countersign, Head};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::account::AccountRow;
use crate::city::cursor::Cursor;
use crate::city::parked::ParkedTold;
use crate::epoch::{Epoch, NewEpoch};
use crate::error::StoreError;
use crate::ledger::{self, Appended, Entry};
use crate::proof::head_file::HeadFile;
use crate::screen::import::{ImportJob, ImportRow, ImportStep};
use crate::screen::picture::{GatePicture, PicturesToForget};
use crate::view::sheets::KeptSheet;
use crate::write::kept_file::KeptPart;
use crate::write::order::{Notes, Order, QUEUE_ORDERS_MAX, Reply, refuse_all};
use crate::write::seal::NewCheckpoint;
use crate::write::small_act::SmallAct;

/// Gives orders to the one writer thread. Cheap to clone.
///
/// Up to 64 orders wait in a queue; who comes later waits for room. What waits together is committed
/// together, in the order it came. Calls that run at the same time have no order between them where
/// the queue is full: await one before the next where the order matters. An order whose caller stops
/// waiting after it was handed over is carried out all the same.
#[derive(Debug, Clone)]
pub struct Writer {
    orders: SyncSender<Order>,
    room: Arc<Semaphore>,
    heads: watch::Receiver<Head>,
    epochs: watch::Receiver<u32>,
}

impl Writer {
    pub(crate) fn new(
        orders: SyncSender<Order>,
        room: Arc<Semaphore>,
        (heads, epochs): (watch::Receiver<Head>, watch::Receiver<u32>),
    ) -> Self {
        Self {
            orders,
            room,
            heads,
            epochs,
        }
    }

    /// A writer while no file can be opened: every order is answered with `error`.
    ///
    /// # Errors
    ///
    /// The system gives no thread.
    pub fn refusing(error: StoreError) -> Result<Self, StoreError> {
        let (orders, queue) = sync_channel(QUEUE_ORDERS_MAX + 1);
        let room = Arc::new(Semaphore::new(QUEUE_ORDERS_MAX));
        let (_, heads) = watch::channel(Head::genesis("", ""));
        let (_, epochs) = watch::channel(0);
        let permits = Arc::clone(&room);
        thread::Builder::new()
            .name("no-store".to_owned())
            .spawn(move || drop(refuse_all(&queue, &permits, &error)))
            .map_err(|e| StoreError::io("start a writer", Path::new(""), e))?;
        Ok(Self::new(orders, room, (heads, epochs)))
    }

    /// Appends records, all in one commit. When this returns, they are on the disk.
    ///
    /// # Errors
    ///
    /// A body of a wrong size, or the commit failed: then none of `entries` is in the ledger.
    pub async fn append(&self, entries: Vec<Entry>) -> Result<Appended, StoreError> {
        self.append_and_note(entries, Vec::new()).await
    }

    /// Says that an [`append`](Self::append) is likely near: the writer wakes up, goes its way once
    /// without writing anything, and stays awake for a moment, so that the append finds it running
    /// and its code and pages at hand. Nobody waits for this; a writer with work is awake already.
    pub fn expect_append(&self) {
        let Ok(room) = self.room.try_acquire() else {
            return;
        };
        if self.orders.try_send(Order::Expect).is_ok() {
            room.forget();
        }
    }

    /// Stores what the city says it has of an epoch; it may go back as well as forward.
    ///
    /// # Errors
    ///
    /// The epoch is not in this file, or the city claims records that this file does not have.
    pub async fn advance_cursor(
        &self,
        epoch: &str,
        through: u64,
        ranges: Vec<(u64, u64)>,
    ) -> Result<(), StoreError> {
        let act = SmallAct::AdvanceCursor {
            epoch: epoch.to_owned(),
            cursor: Cursor::normal(through, ranges),
        };
        self.small(act).await.map(drop)
    }

    /// Makes one small commit, so that a watchdog sees the whole way to the disk working, and leaves
    /// the caller's time (Unix ms) in the file as the last sign of life. Returns how many there were
    /// in the life of the file.
    pub async fn pulse(&self, alive_at: i64) -> Result<u64, StoreError> {
        self.small(SmallAct::Pulse { alive_at }).await
    }

    /// The number of this boot of the machine: 1 for the first `boot_id` (Linux's, as text) that
    /// this file ever saw, one more for each new one.
    pub async fn boot_number(&self, boot_id: &str) -> Result<u32, StoreError> {
        let act = SmallAct::BootNumber {
            boot_id: boot_id.to_owned(),
        };
        let number = self.small(act).await?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Creates an account of the clerk's screen, or replaces the one of that name.
    pub async fn put_account(&self, account: AccountRow) -> Result<(), StoreError> {
        self.small(SmallAct::PutAccount(account)).await.map(drop)
    }

    /// Gives an account another password and uses up its code; says whether the account is there.
    pub async fn set_password(&self, name: &str, password_hash: &str) -> Result<bool, StoreError> {
        let act = SmallAct::SetPassword {
            name: name.to_owned(),
            password_hash: password_hash.to_owned(),
        };
        Ok(self.small(act).await? > 0)
    }

    /// Removes an account; says whether there was one.
    pub async fn remove_account(&self, name: &str) -> Result<bool, StoreError> {
        let act = SmallAct::RemoveAccount {
            name: name.to_owned(),
        };
        Ok(self.small(act).await? > 0)
    }

    /// Stores a setting that survives restarts (the hash of the claim code, for one).
    pub async fn put_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let act = SmallAct::PutSetting {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        self.small(act).await.map(drop)
    }

    /// Keeps a part of a file that speaks for a correction of this worker; `sealed` with his key. The
    /// same part again changes nothing.
    pub async fn keep_evidence(
        &self,
        worker: u32,
        (digest, part): (&str, u32),
        sealed: Vec<u8>,
    ) -> Result<(), StoreError> {
        let act = SmallAct::KeepFile(KeptPart {
            worker,
            digest: digest.to_owned(),
            part,
            sealed,
        });
        self.small(act).await.map(drop)
    }

    /// Keeps a sheet as it is; the same again changes nothing.
    pub async fn keep_sheet(&self, sheet: KeptSheet) -> Result<(), StoreError> {
        self.small(SmallAct::KeepSheet(sheet)).await.map(drop)
    }

    /// Keeps a picture of a doubtful or mismatched face until its time is up. Of the oldest
    /// presentations the pictures go where there are too many.
    pub async fn keep_picture(&self, picture: GatePicture) -> Result<(), StoreError> {
        self.small(SmallAct::KeepPicture(picture)).await.map(drop)
    }

    /// Deletes pictures of faces that must not be kept any longer; how many there were.
    pub async fn forget_pictures(&self, what: PicturesToForget) -> Result<u64, StoreError> {
        self.small(SmallAct::ForgetPictures(what)).await
    }

    /// Notes that the city has confirmed a picture (`at_ms`: Unix ms): it is not due any more.
    pub async fn photo_at_city(&self, sha256: &str, at_ms: i64) -> Result<(), StoreError> {
        let act = SmallAct::PhotoAtCity {
            sha256: sha256.to_owned(),
            at_ms,
        };
        self.small(act).await.map(drop)
    }

    /// Forgets a setting; says whether there was one.
    pub async fn remove_setting(&self, name: &str) -> Result<bool, StoreError> {
        let act = SmallAct::RemoveSetting {
            name: name.to_owned(),
        };
        Ok(self.small(act).await? > 0)
    }

    /// Appends records and stores settings, all in one commit: what a message from the city changes
    /// stands in the ledger together with the note that it was dealt with.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub async fn append_and_note(
        &self,
        entries: Vec<Entry>,
        settings: Vec<(String, String)>,
    ) -> Result<Appended, StoreError> {
        let notes = Notes {
            settings,
            ..Notes::default()
        };
        self.append_with(entries, notes).await
    }

    /// Appends records (or none) and stores, in the same commit, how far a file of the clerk's is
    /// with them: what was taken from it is never taken twice.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub async fn append_import(
        &self,
        entries: Vec<Entry>,
        step: ImportStep,
    ) -> Result<Appended, StoreError> {
        let notes = Notes {
            import: Some(step),
            ..Notes::default()
        };
        self.append_with(entries, notes).await
    }

    /// Keeps a file that the clerk brought and gives its number. Files that were brought before
    /// `forget_before` (Unix milliseconds) and are in one of the states `at_rest` are forgotten.
    pub async fn begin_import(
        &self,
        job: ImportJob,
        rows: Vec<ImportRow>,
        (forget_before, at_rest): (i64, Vec<String>),
    ) -> Result<u64, StoreError> {
        let forget = (forget_before, at_rest);
        self.small(SmallAct::BeginImport { job, rows, forget })
            .await
    }

    /// Forgets a file that the clerk brought.
    pub async fn remove_import(&self, job: u64) -> Result<(), StoreError> {
        self.small(SmallAct::RemoveImport { job }).await.map(drop)
    }

    /// Appends `carried` records and notes, in the same commit, that what was next of `epoch`, from
    /// `first` to `through`, is carried over now.
    ///
    /// # Errors
    ///
    /// Somebody else has carried them over, and nothing is appended; or as
    /// [`append`](Self::append).
    pub async fn carry(
        &self,
        entries: Vec<Entry>,
        (epoch, first, through): (&str, u64, u64),
    ) -> Result<Appended, StoreError> {
        let notes = Notes {
            carried: Some((epoch.to_owned(), (first, through))),
            ..Notes::default()
        };
        self.append_with(entries, notes).await
    }

    async fn append_with(&self, entries: Vec<Entry>, notes: Notes) -> Result<Appended, StoreError> {
        ledger::check_size(&entries)?;
        self.order(|reply| Order::Append(entries, notes, reply))
            .await
    }

    /// Keeps which records of an epoch the city says to be parked.
    ///
    /// # Errors
    ///
    /// The epoch is not in this file, or the commit failed.
    pub async fn keep_parked(&self, epoch: &str, told: ParkedTold) -> Result<(), StoreError> {
        let epoch = epoch.to_owned();
        self.small(SmallAct::KeepParked { epoch, told })
            .await
            .map(drop)
    }

    /// Notes that the city has an older epoch alike up to `common` only: what follows there is to be
    /// carried over. A second time changes nothing.
    ///
    /// # Errors
    ///
    /// The epoch is not in this file, or the commit failed.
    pub async fn fork(&self, epoch: &str, common: u64) -> Result<(), StoreError> {
        let act = SmallAct::Fork {
            epoch: epoch.to_owned(),
            common,
        };
        self.small(act).await.map(drop)
    }

    /// Takes over records of an old file behind `after`, the last that this file has of their epoch;
    /// where it has none, the epoch is an older one from now on. Gives the number of the last.
    ///
    /// # Errors
    ///
    /// The epoch is the one that is written to, or ends otherwise here; or the commit failed.
    pub async fn take_over(
        &self,
        epoch: &str,
        after: Head,
        bodies: Vec<Vec<u8>>,
    ) -> Result<u64, StoreError> {
        let act = SmallAct::TakeOver {
            epoch: epoch.to_owned(),
            after,
            bodies,
        };
        self.small(act).await
    }

    /// Begins a new epoch with its first records, all in one commit: what follows is a new chain.
    ///
    /// # Errors
    ///
    /// A body of a wrong size, [`StoreError::Overtaken`], or the commit failed: then the old epoch
    /// goes on.
    pub async fn begin_epoch(&self, new: NewEpoch) -> Result<Epoch, StoreError> {
        ledger::check_size(&new.first)?;
        self.order(|reply| Order::BeginEpoch(new, reply)).await
    }

    /// Signs the ledger up to here in a record of its own, unless nothing came since the last
    /// checkpoint: a commit of its own, after whatever waits. `lost` names a record that the box
    /// knows to have had.
    ///
    /// # Errors
    ///
    /// The commit failed; the ledger is as before.
    pub async fn checkpoint(
        &self,
        stamp: Stamp,
        key: Arc<SigningKey>,
        lost: Option<PreviousEpoch>,
    ) -> Result<Option<Appended>, StoreError> {
        let new = NewCheckpoint { stamp, key, lost };
        self.order(|reply| Order::Checkpoint(new, reply)).await
    }

    /// Notes the last record in a file beside the database, from now on.
    ///
    /// # Errors
    ///
    /// The writer is gone.
    pub async fn keep_head(&self, file: HeadFile) -> Result<(), StoreError> {
        self.order(|reply| Order::KeepHead(file, reply)).await
    }

    /// Keeps what the city signed after checkpoints of an epoch; gives how many are new.
    ///
    /// # Errors
    ///
    /// The epoch is not in this file, or the commit failed.
    pub async fn keep_countersigns(
        &self,
        epoch: &str,
        signed: Vec<Countersign>,
    ) -> Result<u64, StoreError> {
        let epoch = epoch.to_owned();
        self.small(SmallAct::KeepCountersigns { epoch, signed })
            .await
    }

    /// Waits until the read models hold every record committed before this call.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        self.order(Order::Fold).await
    }

    /// The last record committed, followed live.
    pub fn head(&self) -> watch::Receiver<Head> {
        self.heads.clone()
    }

    /// Place in this file of the epoch that is written to now.
    pub fn epoch_no(&self) -> u32 {
        *self.epochs.borrow()
    }

    pub(crate) async fn small(&self, act: SmallAct) -> Result<u64, StoreError> {
        self.order(|reply| Order::Small(act, reply)).await
    }

    async fn order<T>(&self, make: impl FnOnce(Reply<T>) -> Order) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let room = self
            .room
            .acquire()
            .await
            .map_err(|_closed| StoreError::Closed)?;
        // The queue is as long as there are permits: it has room now, and the thread gives the
        // permit back when it takes the order out.
        room.forget();
        self.orders
            .send(make(reply))
            .map_err(|_gone| StoreError::Closed)?;
        answer.await.map_err(|_gone| StoreError::Closed)?
    }
}
