//! Writes the daily files: every record again, behind its commit and after whoever asked was answered.
//!
//! What it has not written yet it reads from the ledger, so a start, an update of the software or a disk
//! that was full need nothing special: it goes on behind the last record that its newest file holds.
//!
//! Syncs: before the write-ahead log is copied into the database (from then on a record stands in one
//! of the database's files only), at the end of a day's file, and at a clean stop. In between the
//! system writes the file out, within half a minute; no swipe waits for it. So a record is always on
//! the disk twice, in the log or a daily file and in the database, but for the newest, which stand in
//! the log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, Statement, params};
use sync_wire::{Hash, Head};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::city::cursor;
use crate::daily::frame::{self, DailyRecord, MAGIC};
use crate::daily::reached::Reached;
use crate::daily::shelf::{self, DailyFile, Seal};
use crate::epoch;
use crate::error::StoreError;
use crate::ledger;

/// Records that are written at a time, and the length of their bodies after which a turn ends.
const BATCH_RECORDS: u32 = 64;
const BATCH_BYTES: usize = 64 * 1024;
/// Length from which a day goes on in another file: what is looked through at a time stays short.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Daily files that are kept in any case; older ones go once the city has all of their records.
const FILES_KEPT: usize = 40;
/// Daily files that stay on a full disk: the newest begins behind the one before it.
const FILES_LEFT: usize = 2;
/// How long it waits after the disk took nothing.
const RETRY: Duration = Duration::from_millis(if cfg!(test) { 100 } else { 10_000 });

const STEP: &str = "write the daily file";

/// A record with its day, where that can be read.
type Dated = (Option<String>, DailyRecord);

/// Whether the daily files can be written.
#[derive(Debug, Clone, Default)]
pub enum DailyState {
    /// Not tried yet, or there shall be none.
    #[default]
    Untried,
    /// They can.
    Works,
    /// They cannot; it is tried again and again.
    Fails(StoreError),
}

/// The file that is written to.
struct OpenFile {
    about: DailyFile,
    file: File,
    bytes: u64,
}

/// The writer of the daily files.
pub(crate) struct Keeper<'db> {
    db: &'db Connection,
    next: Statement<'db>,
    folder: PathBuf,
    seal: Seal,
    /// `None` until the files that are there were looked into.
    reached: Option<Reached>,
    /// What a power cut leaves of it, as far as this process knows.
    certain: Option<Reached>,
    open: Option<OpenFile>,
    last_number: u32,
    is_behind: bool,
    unsynced: bool,
    names_unsynced: bool,
    retry_at: Option<Instant>,
    room_at: Option<Instant>,
    states: watch::Sender<DailyState>,
}

impl<'db> Keeper<'db> {
    /// A writer that has not looked into its folder yet; it leaves in `states` whether it can write.
    pub(crate) fn new(
        db: &'db Connection,
        folder: &Path,
        seal: Seal,
        states: watch::Sender<DailyState>,
    ) -> Result<Self, StoreError> {
        let sql =
            "SELECT id, body, hash FROM ledger WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
        Ok(Self {
            db,
            next: db.prepare(sql).map_err(|e| StoreError::database(STEP, e))?,
            folder: folder.to_owned(),
            seal,
            reached: None,
            certain: None,
            open: None,
            last_number: 0,
            is_behind: true,
            // What the process before wrote may not be synced either.
            unsynced: true,
            names_unsynced: true,
            retry_at: None,
            room_at: None,
            states,
        })
    }

    /// Whether there may be more to write at once.
    pub(crate) fn is_behind(&self) -> bool {
        self.is_behind && self.retry_at.is_none()
    }

    /// Whether everything up to this record of an epoch is written.
    pub(crate) fn has(&self, epoch_no: u32, seq: u64) -> bool {
        let reached = self.reached.as_ref().filter(|_| !self.is_behind);
        reached.is_some_and(|at| at.epoch.no == epoch_no && at.through >= seq)
    }

    /// Writes some of what is not written yet. A disk that takes nothing is no reason to stop: the
    /// ledger has the records, and they are written later.
    pub(crate) fn keep(&mut self) {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let kept = self.write_some().and_then(|()| match self.retry_at {
            Some(_) => self.make_certain(),
            None => Ok(()),
        });
        match kept {
            Ok(()) => self.work(),
            Err(error) => self.fail(error),
        }
    }

    fn fail(&mut self, error: StoreError) {
        if self.retry_at.is_none() {
            let error = crate::error::chain(&error);
            tracing::warn!(error, "The daily file is not written");
        }
        self.is_behind = true;
        self.retry_at = Some(Instant::now() + RETRY);
        self.states.send_replace(DailyState::Fails(error));
    }

    fn work(&mut self) {
        if self.retry_at.take().is_some() {
            tracing::info!("The daily file is written again");
        }
        self.states.send_if_modified(|state| {
            let is_news = !matches!(state, DailyState::Works);
            *state = DailyState::Works;
            is_news
        });
    }

    fn write_some(&mut self) -> Result<(), StoreError> {
        let mut at = match self.reached.clone() {
            Some(at) => at,
            None => self.look_into_folder()?,
        };
        let (records, is_all) = self.records(&at)?;
        if records.is_empty() {
            let next = at.next_epoch(self.db)?;
            self.is_behind = next.is_some();
            self.reached = Some(next.map_or(at, Reached::beginning));
            return Ok(());
        }
        self.is_behind = !is_all;
        let mut out = Vec::new();
        for (day, record) in records {
            if self.wants_another_file(day.as_deref(), out.len()) {
                self.put(&mut out, &at)?;
                self.begin_file(&day.unwrap_or_default())?;
            }
            let mut nonce = [0; 12];
            getrandom::fill(&mut nonce)
                .map_err(|e| StoreError::io(STEP, &self.folder, e.into()))?;
            let seal = (&self.seal.0, self.seal.1.as_str());
            frame::write(&mut out, seal, nonce, &record)
                .map_err(|e| StoreError::io(STEP, &self.folder, io::Error::other(e)))?;
            at.through = record.head.seq;
        }
        self.put(&mut out, &at)
    }

    /// Goes on where the newest file ends.
    fn look_into_folder(&mut self) -> Result<Reached, StoreError> {
        let fault = |e| StoreError::io(STEP, &self.folder, e);
        make_folder(&self.folder).map_err(fault)?;
        let files = shelf::files(&self.folder).map_err(fault)?;
        let reached = Reached::in_files(self.db, (&self.folder, &files), &self.seal)?;
        self.last_number = files.last().map_or(0, |file| file.number);
        if let Some(newest) = files.into_iter().next_back() {
            let path = newest.path.clone();
            let open = OpenFile::again(newest).map_err(|e| StoreError::io(STEP, &path, e))?;
            self.open = Some(open);
        }
        (self.reached, self.certain) = (Some(reached.clone()), Some(reached.clone()));
        Ok(reached)
    }

    /// Days go on only: records of different days in turn must not make a file each.
    fn wants_another_file(&self, day: Option<&str>, more: usize) -> bool {
        let Some(open) = &self.open else { return true };
        let bytes = open.bytes.saturating_add(bytes(more));
        bytes >= FILE_BYTES_MAX || day.is_some_and(|day| *day > *open.about.day)
    }

    /// What follows, and whether that is all.
    fn records(&mut self, at: &Reached) -> Result<(Vec<Dated>, bool), StoreError> {
        let fault = |e| StoreError::database(STEP, e);
        let (from, to) = (
            ledger::row_id(at.epoch.no, at.through),
            ledger::last_row_id(at.epoch.no),
        );
        let mut rows = self
            .next
            .query(params![from, to, BATCH_RECORDS])
            .map_err(fault)?;
        let (mut records, mut length) = (Vec::new(), 0_usize);
        while let Some(row) = rows.next().map_err(fault)? {
            let (id, body, hash) = ledger::stored(row).map_err(fault)?;
            length = length.saturating_add(body.len());
            let stamp = ledger::stamp_of(&body);
            let day = stamp.map(|stamp| edge_domain::site_date(stamp.at).to_string());
            let head = Head {
                seq: ledger::seq_of(id),
                hash: Hash::from_bytes(hash),
            };
            let epoch = at.epoch.name.clone();
            records.push((day, DailyRecord { epoch, head, body }));
            if length >= BATCH_BYTES {
                return Ok((records, false));
            }
        }
        let is_all = u32::try_from(records.len()).is_ok_and(|some| some < BATCH_RECORDS);
        Ok((records, is_all))
    }

    fn put(&mut self, out: &mut Vec<u8>, at: &Reached) -> Result<(), StoreError> {
        let Some(open) = self.open.as_mut().filter(|_| !out.is_empty()) else {
            return Ok(());
        };
        self.unsynced = true;
        if let Err(error) = open.file.write_all(out) {
            // What is torn takes room that the ledger needs; where it stays, readers step over it.
            if let Err(error) = open.file.set_len(open.bytes) {
                tracing::debug!(%error, "A torn record stays in the daily file");
            }
            return Err(StoreError::io(STEP, &open.about.path, error));
        }
        open.bytes = open.bytes.saturating_add(bytes(out.len()));
        out.clear();
        self.reached = Some(at.clone());
        Ok(())
    }

    fn begin_file(&mut self, day: &str) -> Result<(), StoreError> {
        self.make_certain()?;
        let number = self.last_number.saturating_add(1);
        let path = self.folder.join(shelf::name(number, day));
        let day = day.to_owned();
        let about = DailyFile { number, day, path };
        let fault = |e| StoreError::io(STEP, &about.path, e);
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&about.path)
            .map_err(fault)?;
        self.last_number = number;
        self.names_unsynced = true;
        if let Err(error) = file.write_all(MAGIC) {
            // A full disk shall not be filled with names.
            drop(fs::remove_file(&about.path));
            return Err(fault(error));
        }
        let bytes = bytes(MAGIC.len());
        self.open = Some(OpenFile { about, file, bytes });
        self.thin_out(FILES_KEPT, usize::MAX);
        Ok(())
    }

    /// Makes certain what is written.
    pub(crate) fn sync(&mut self) {
        if let Err(error) = self.make_certain() {
            self.fail(error);
        }
    }

    /// After a sync that failed nobody knows what of the file is on the disk, and the next one would not
    /// tell: the records since the last that worked are written again.
    fn make_certain(&mut self) -> Result<(), StoreError> {
        let Some(open) = self.open.as_ref().filter(|_| self.unsynced) else {
            return Ok(());
        };
        let synced = open.file.sync_data().and_then(|()| {
            if self.names_unsynced {
                File::open(&self.folder)?.sync_all()?;
            }
            Ok(())
        });
        if let Err(error) = synced {
            let error = StoreError::io("sync the daily file", &open.about.path, error);
            self.reached = self.certain.clone();
            return Err(error);
        }
        (self.unsynced, self.names_unsynced) = (false, false);
        self.certain = self.reached.clone();
        Ok(())
    }

    /// The disk is full: gives up the oldest file if the city has all of it. Says whether it went.
    pub(crate) fn make_room(&mut self) -> bool {
        let now = Instant::now();
        if self.room_at.is_some_and(|at| now < at) {
            return false;
        }
        let is_gone = self.thin_out(FILES_LEFT, 1) > 0;
        self.room_at = (!is_gone).then(|| now + RETRY);
        is_gone
    }

    /// Removes the oldest files beyond so many, as long as the city has all of their records, and at
    /// most `most`.
    fn thin_out(&self, kept: usize, most: usize) -> usize {
        let Ok(files) = shelf::files(&self.folder) else {
            return 0;
        };
        let mut gone = 0;
        let beyond = files.len().saturating_sub(kept).min(most);
        for file in files.into_iter().take(beyond) {
            match self.is_at_the_city(&file) {
                Ok(true) => {}
                Ok(false) => return gone,
                Err(error) => {
                    let error = crate::error::chain(&error);
                    tracing::warn!(error, "An old daily file stays");
                    return gone;
                }
            }
            match fs::remove_file(&file.path) {
                Ok(()) => {
                    tracing::info!(file = %file.path.display(), "Daily file removed");
                    gone += 1;
                }
                Err(error) => {
                    tracing::warn!(%error, "An old daily file stays");
                    return gone;
                }
            }
        }
        gone
    }

    fn is_at_the_city(&self, file: &DailyFile) -> Result<bool, StoreError> {
        let mut last: Vec<(String, u64)> = Vec::new();
        let read = shelf::read(&file.path, 0, &self.seal, &mut |_, record| {
            match last.iter_mut().find(|(epoch, _)| *epoch == record.epoch) {
                Some((_, seq)) => *seq = record.head.seq.max(*seq),
                None => last.push((record.epoch, record.head.seq)),
            }
            true
        });
        read.map_err(|e| StoreError::io(STEP, &file.path, e))?;
        for (name, seq) in last {
            let known = epoch::named(self.db, &name)?;
            let through = known.map(|one| cursor::read(self.db, one.no)).transpose()?;
            if through.is_none_or(|cursor| cursor.through < seq) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Makes the folder, and makes its name certain.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        Some(_) | None => File::open(".")?.sync_all(),
    }
}

impl OpenFile {
    /// Opens a file that is there, to go on in it.
    fn again(about: DailyFile) -> io::Result<Self> {
        let mut file = OpenOptions::new().append(true).open(&about.path)?;
        let mut bytes = file.metadata()?.len();
        if bytes < self::bytes(MAGIC.len()) {
            // The power went while it was begun.
            file.set_len(0)?;
            file.write_all(MAGIC)?;
            bytes = self::bytes(MAGIC.len());
        }
        Ok(Self { about, file, bytes })
    }
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
