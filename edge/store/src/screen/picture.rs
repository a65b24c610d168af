//! Pictures of doubtful and mismatched faces: kept for a time, by the presentation and by content.

use rusqlite::{Connection, OptionalExtension, params};

use crate::city::cursor;
use crate::error::StoreError;
use crate::ledger;

/// Presentations with pictures that are kept at most: the oldest go first. Two pictures of at most
/// 50 KiB each, most of them of 20.
const PRESENTATIONS_MAX: u32 = 2_000;
/// Nothing is kept longer than this, ms: workers have signed for 30 days, and a clock that went back
/// does not make them more.
const KEPT_MS_MAX: i64 = 30 * 86_400_000;

const STEP: &str = "keep pictures of a face";
const STEP_READ: &str = "read pictures of a face";

/// Whom a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureRole {
    /// Whoever stood at the gate.
    Gate,
    /// The card's holder, as he was enrolled.
    Own,
}

impl PictureRole {
    fn word(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Own => "own",
        }
    }
}

/// A picture to keep.
#[derive(Clone, PartialEq, Eq)]
pub struct GatePicture {
    /// Ledger key of the presentation: [`presentation_key`](crate::presentation_key).
    pub presentation: i64,
    /// Whom it shows.
    pub role: PictureRole,
    /// Whose card it was.
    pub worker: u32,
    /// SHA-256 of the file, lower hex.
    pub sha256: String,
    /// A JPEG file.
    pub jpeg: Vec<u8>,
    /// From then on it is gone, Unix ms.
    pub until_ms: i64,
}

impl std::fmt::Debug for GatePicture {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "GatePicture({}, {:?}, {} bytes)",
            self.presentation,
            self.role,
            self.jpeg.len()
        )
    }
}

/// What is to be forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PicturesToForget {
    /// The time, Unix ms: those whose time is up.
    pub now_ms: i64,
    /// The enrolled pictures of all others than these workers, who have signed for them.
    pub signed: Vec<u32>,
    /// Of the presentations that the city has all: the disk is short, and records come first.
    pub make_room: bool,
}

/// What is kept of one presentation.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeptPictures {
    /// Whoever stood at the gate.
    pub gate: Option<Vec<u8>>,
    /// The card's holder, as he was enrolled; none where his words did not allow to keep it.
    pub own: Option<Vec<u8>>,
    /// Until when, Unix ms.
    pub until_ms: i64,
}

impl std::fmt::Debug for KeptPictures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = |one: &Option<Vec<u8>>| one.as_ref().map(Vec::len);
        let sizes = (bytes(&self.gate), bytes(&self.own));
        write!(formatter, "KeptPictures({sizes:?})")
    }
}

/// Keeps it; the same again changes nothing.
pub(crate) fn keep(db: &Connection, one: &GatePicture) -> Result<usize, StoreError> {
    keep_of(db, one, PRESENTATIONS_MAX)
}

/// The same, for so many presentations at most.
pub(crate) fn keep_of(
    db: &Connection,
    one: &GatePicture,
    presentations_max: u32,
) -> Result<usize, StoreError> {
    db.execute(
        "INSERT INTO picture_file (sha256, jpeg) VALUES (?1, ?2) ON CONFLICT (sha256) DO NOTHING",
        params![one.sha256, one.jpeg],
    )
    .map_err(fault)?;
    let kept = db
        .execute(
            "INSERT INTO gate_picture (presentation, role, worker, sha256, until_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (presentation, role) DO NOTHING",
            params![
                one.presentation,
                one.role.word(),
                one.worker,
                one.sha256,
                one.until_ms
            ],
        )
        .map_err(fault)?;
    let gone = db
        .execute(
            "DELETE FROM gate_picture WHERE presentation <= (SELECT DISTINCT presentation \
         FROM gate_picture ORDER BY presentation DESC LIMIT 1 OFFSET ?1)",
            [presentations_max],
        )
        .map_err(fault)?;
    if gone > 0 {
        forget_files(db)?;
    }
    Ok(kept)
}

/// Deletes what is to be forgotten; how many.
pub(crate) fn forget(db: &Connection, what: &PicturesToForget) -> Result<usize, StoreError> {
    let latest = what.now_ms.saturating_add(KEPT_MS_MAX);
    db.execute(
        "UPDATE gate_picture SET until_ms = ?1 WHERE until_ms > ?1",
        [latest],
    )
    .map_err(fault)?;
    let over = "DELETE FROM gate_picture WHERE until_ms <= ?1";
    let mut gone = db.execute(over, [what.now_ms]).map_err(fault)?;
    let own = "SELECT DISTINCT worker FROM gate_picture WHERE role = 'own'";
    for worker in all(db, own)? {
        if !what.signed.iter().any(|one| i64::from(*one) == worker) {
            let his = "DELETE FROM gate_picture WHERE role = 'own' AND worker = ?1";
            gone = gone.saturating_add(db.execute(his, [worker]).map_err(fault)?);
        }
    }
    if what.make_room {
        for presentation in all(db, "SELECT DISTINCT presentation FROM gate_picture")? {
            if at_city(db, presentation)? {
                let both = "DELETE FROM gate_picture WHERE presentation = ?1";
                gone = gone.saturating_add(db.execute(both, [presentation]).map_err(fault)?);
            }
        }
    }
    if gone > 0 {
        forget_files(db)?;
    }
    Ok(gone)
}

fn all(db: &Connection, query: &str) -> Result<Vec<i64>, StoreError> {
    db.prepare(query)
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .map_err(unread)
}

fn at_city(db: &Connection, presentation: i64) -> Result<bool, StoreError> {
    let epoch_no = u32::try_from(ledger::epoch_no_of(presentation)).unwrap_or(u32::MAX);
    Ok(cursor::read(db, epoch_no)?.holds(ledger::seq_of(presentation)))
}

fn forget_files(db: &Connection) -> Result<(), StoreError> {
    db.execute(
        "DELETE FROM picture_file AS file WHERE NOT EXISTS \
         (SELECT 1 FROM gate_picture WHERE gate_picture.sha256 = file.sha256)",
        [],
    )
    .map(drop)
    .map_err(fault)
}

/// The pictures of a presentation that may still be seen.
pub(crate) fn of(
    db: &Connection,
    presentation: i64,
    now_ms: i64,
) -> Result<Option<KeptPictures>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT role, jpeg, until_ms FROM gate_picture JOIN picture_file USING (sha256) \
             WHERE presentation = ?1 AND until_ms > ?2",
        )
        .map_err(unread)?;
    let mut rows = query.query(params![presentation, now_ms]).map_err(unread)?;
    let mut kept = None;
    while let Some(row) = rows.next().map_err(unread)? {
        let role: String = row.get(0).map_err(unread)?;
        let jpeg: Vec<u8> = row.get(1).map_err(unread)?;
        let pictures = kept.get_or_insert_with(KeptPictures::default);
        pictures.until_ms = row.get(2).map_err(unread)?;
        if role == PictureRole::Gate.word() {
            pictures.gate = Some(jpeg);
        } else {
            pictures.own = Some(jpeg);
        }
    }
    Ok(kept)
}

/// Whether there are any of this ledger key.
pub(crate) fn has(db: &Connection, presentation: i64) -> Result<bool, StoreError> {
    db.prepare_cached("SELECT 1 FROM gate_picture WHERE presentation = ?1")
        .and_then(|mut query| query.query_row([presentation], |_| Ok(())).optional())
        .map(|found| found.is_some())
        .map_err(unread)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}

fn unread(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP_READ, source)
}
