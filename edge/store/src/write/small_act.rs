//! The small writes beside the ledger: cursor, boot counter, accounts, settings, proof of life.

use rusqlite::{Connection, params};
use sync_wire::{Countersign, Head};

use crate::account::{self, AccountRow};
use crate::carry;
use crate::city::cursor::{self, Cursor};
use crate::city::parked::{self, ParkedTold};
use crate::epoch;
use crate::error::StoreError;
use crate::ledger;
use crate::proof::checkpoints;
use crate::recover;
use crate::screen::import::{self, ImportJob, ImportRow};
use crate::screen::picture::{self, GatePicture, PicturesToForget};
use crate::view::sheets::KeptSheet;
use crate::write::kept_file::{self, KeptPart};

/// A write that answers with one number.
#[derive(Debug)]
pub(crate) enum SmallAct {
    AdvanceCursor {
        epoch: String,
        cursor: Cursor,
    },
    Pulse {
        alive_at: i64,
    },
    BootNumber {
        boot_id: String,
    },
    PutAccount(AccountRow),
    SetPassword {
        name: String,
        password_hash: String,
    },
    RemoveAccount {
        name: String,
    },
    PutSetting {
        name: String,
        value: String,
    },
    RemoveSetting {
        name: String,
    },
    /// What the city says to be parked.
    KeepParked {
        epoch: String,
        told: ParkedTold,
    },
    /// What the city signed after checkpoints of an epoch.
    KeepCountersigns {
        epoch: String,
        signed: Vec<Countersign>,
    },
    /// The city has an older epoch alike up to a record only.
    Fork {
        epoch: String,
        common: u64,
    },
    /// Records of an old file, behind the last that this one has of their epoch.
    TakeOver {
        epoch: String,
        after: Head,
        bodies: Vec<Vec<u8>>,
    },
    /// A part of a file that speaks for a correction.
    KeepFile(KeptPart),
    /// A sheet as it is.
    KeepSheet(KeptSheet),
    /// A picture of a doubtful face.
    KeepPicture(GatePicture),
    /// Pictures that must not be kept any longer.
    ForgetPictures(PicturesToForget),
    /// The city has confirmed a picture.
    PhotoAtCity {
        sha256: String,
        at_ms: i64,
    },
    /// A file that the clerk brought; older ones at rest are forgotten.
    BeginImport {
        job: ImportJob,
        rows: Vec<ImportRow>,
        forget: (i64, Vec<String>),
    },
    RemoveImport {
        job: u64,
    },
    /// Plays a disk that is full at so many pages.
    #[cfg(test)]
    LimitPages(u32),
}

const PUT_SETTING: &str = "INSERT INTO setting (name, value) VALUES (?1, ?2) \
     ON CONFLICT (name) DO UPDATE SET value = excluded.value";

/// Stores settings inside the caller's transaction.
pub(crate) fn put_settings(
    db: &Connection,
    settings: &[(String, String)],
) -> Result<(), StoreError> {
    for (name, value) in settings {
        put(db, PUT_SETTING, name, value)?;
    }
    Ok(())
}

/// Does it inside the caller's transaction.
pub(crate) fn perform(db: &Connection, act: &SmallAct) -> Result<u64, StoreError> {
    match act {
        SmallAct::AdvanceCursor { epoch, cursor } => advance_cursor(db, epoch, cursor),
        SmallAct::Pulse { alive_at } => {
            let step = "prove that a commit works";
            db.query_row(
                "UPDATE box SET pulse = pulse + 1, alive_at = ?1 RETURNING pulse",
                [alive_at],
                |row| row.get(0),
            )
            .map_err(|e| StoreError::database(step, e))
        }
        SmallAct::BootNumber { boot_id } => boot_number(db, boot_id),
        SmallAct::PutAccount(row) => account::put(db, row).map(count),
        SmallAct::SetPassword {
            name,
            password_hash,
        } => account::set_password(db, name, password_hash).map(count),
        SmallAct::RemoveAccount { name } => account::remove(db, name).map(count),
        SmallAct::PutSetting { name, value } => put(db, PUT_SETTING, name, value),
        #[cfg(test)]
        SmallAct::LimitPages(pages) => db
            .pragma_update_and_check(None, "max_page_count", pages, |row| row.get(0))
            .map_err(|e| StoreError::database("limit the pages", e)),
        SmallAct::KeepParked { epoch, told } => parked::keep(db, epoch, told),
        SmallAct::KeepCountersigns { epoch, signed } => {
            checkpoints::countersigned(db, epoch::number(db, epoch)?, signed)
        }
        SmallAct::Fork { epoch, common } => {
            let unknown = || StoreError::UnknownEpoch {
                epoch: epoch.clone(),
            };
            let forked = epoch::named(db, epoch)?.ok_or_else(unknown)?;
            carry::fork(db, &forked, *common)?;
            Ok(*common)
        }
        SmallAct::TakeOver {
            epoch,
            after,
            bodies,
        } => recover::take_over(db, epoch, *after, bodies),
        SmallAct::KeepFile(part) => kept_file::keep(db, part).map(count),
        SmallAct::KeepSheet(sheet) => kept_file::keep_sheet(db, sheet).map(count),
        SmallAct::KeepPicture(one) => picture::keep(db, one).map(count),
        SmallAct::ForgetPictures(what) => picture::forget(db, what).map(count),
        SmallAct::PhotoAtCity { sha256, at_ms } => {
            picture::at_the_city(db, sha256, *at_ms).map(count)
        }
        SmallAct::BeginImport { job, rows, forget } => {
            import::begin(db, job, rows, (forget.0, &forget.1))
        }
        SmallAct::RemoveImport { job } => import::remove(db, *job),
        SmallAct::RemoveSetting { name } => db
            .execute("DELETE FROM setting WHERE name = ?1", [name])
            .map(count)
            .map_err(|e| StoreError::database("remove a setting", e)),
    }
}

fn advance_cursor(db: &Connection, epoch: &str, cursor: &Cursor) -> Result<u64, StoreError> {
    let no = epoch::number(db, epoch)?;
    let last = ledger::last_seq(db, no)?;
    let far = cursor
        .ranges
        .last()
        .map_or(cursor.through, |range| range.1.max(cursor.through));
    if far > last {
        return Err(StoreError::CursorAhead { through: far, last });
    }
    cursor::write(db, no, cursor)?;
    Ok(cursor.through)
}

fn boot_number(db: &Connection, boot_id: &str) -> Result<u64, StoreError> {
    let step = "count the boot";
    db.execute(
        "INSERT INTO boot (number, boot_id) SELECT coalesce(max(number), 0) + 1, ?1 FROM boot \
         WHERE true ON CONFLICT (boot_id) DO NOTHING",
        [boot_id],
    )
    .map_err(|e| StoreError::database(step, e))?;
    db.query_row(
        "SELECT number FROM boot WHERE boot_id = ?1",
        [boot_id],
        |row| row.get(0),
    )
    .map_err(|e| StoreError::database(step, e))
}

fn put(db: &Connection, sql: &str, name: &str, value: &str) -> Result<u64, StoreError> {
    db.execute(sql, params![name, value])
        .map(count)
        .map_err(|e| StoreError::database("store a setting", e))
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
