//! Pictures of doubtful and mismatched faces: kept for a time, by the presentation and by content.

use rusqlite::{Connection, OptionalExtension, params};
use sync_wire::Record;
use sync_wire::record::{Kind, PresentationResult};

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
    /// Whoever showed the card has signed that it may be sent to the city. Nothing comes of it for
    /// another picture than the gate's, nor where the gate held the face to be another one's.
    pub may_leave: bool,
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
    /// Workers whose pictures are on their way to the city: they are no room until it has them.
    pub leaving: Vec<u32>,
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
    let may_leave =
        one.may_leave && one.role == PictureRole::Gate && is_doubt(db, one.presentation)?;
    let kept = db
        .execute(
            "INSERT INTO gate_picture (presentation, role, worker, sha256, until_ms, may_leave) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (presentation, role) DO NOTHING",
            params![
                one.presentation,
                one.role.word(),
                one.worker,
                one.sha256,
                one.until_ms,
                may_leave
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
            if at_city(db, presentation)? && !is_leaving(db, presentation, &what.leaving)? {
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

/// Whether the gate took the face neither for the holder's nor for another one's: a picture that it
/// held to be another one's shows somebody who has signed nothing.
fn is_doubt(db: &Connection, presentation: i64) -> Result<bool, StoreError> {
    let body: Option<Vec<u8>> = db
        .query_row(
            "SELECT body FROM ledger WHERE id = ?1",
            [presentation],
            |row| row.get(0),
        )
        .optional()
        .map_err(unread)?;
    let record = body.and_then(|body| Record::from_body(&body).ok());
    let Some(Kind::Presentation(one)) = record.map(|record| record.kind) else {
        return Ok(false);
    };
    let is_flagged = |flag: &str| one.flags.iter().any(|one| one == flag);
    Ok(one.result == PresentationResult::Granted
        && is_flagged("face_uncertain")
        && !is_flagged("face_differs"))
}

/// Whether the city is still to get a picture of this presentation.
fn is_leaving(db: &Connection, presentation: i64, workers: &[u32]) -> Result<bool, StoreError> {
    let found: Option<u32> = db
        .query_row(
            "SELECT worker FROM gate_picture JOIN picture_file USING (sha256) \
             WHERE presentation = ?1 AND may_leave = 1 AND at_city IS NULL",
            [presentation],
            |row| row.get(0),
        )
        .optional()
        .map_err(unread)?;
    Ok(found.is_some_and(|worker| workers.contains(&worker)))
}

/// A picture that the city is to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoDue {
    /// SHA-256 of the file, lower hex: its name at the city.
    pub sha256: String,
    /// Size of the file, bytes.
    pub bytes: u64,
    /// Whose card it was.
    pub worker: u32,
    /// Number of the presentation's record in its epoch.
    pub record: u64,
}

/// What may leave, is not with the city and may still be seen, of these workers; the oldest first.
pub(crate) fn due(
    db: &Connection,
    workers: &[u32],
    now_ms: i64,
) -> Result<Vec<PhotoDue>, StoreError> {
    let due: Vec<PhotoDue> = db
        .prepare_cached(
            "SELECT sha256, length(jpeg), worker, presentation FROM gate_picture \
             JOIN picture_file USING (sha256) \
             WHERE may_leave = 1 AND role = 'gate' AND at_city IS NULL AND until_ms > ?1 \
             ORDER BY presentation",
        )
        .and_then(|mut query| {
            query
                .query_map([now_ms], |row| {
                    Ok(PhotoDue {
                        sha256: row.get(0)?,
                        bytes: row.get(1)?,
                        worker: row.get(2)?,
                        record: ledger::seq_of(row.get(3)?),
                    })
                })?
                .collect()
        })
        .map_err(unread)?;
    let may = |one: &PhotoDue| workers.contains(&one.worker);
    Ok(due.into_iter().filter(may).collect())
}

/// The file of a picture that is due.
pub(crate) fn file(db: &Connection, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
    db.prepare_cached("SELECT jpeg FROM picture_file WHERE sha256 = ?1")
        .and_then(|mut query| query.query_row([sha256], |row| row.get(0)).optional())
        .map_err(unread)
}

/// Notes when the city confirmed to have a picture.
pub(crate) fn at_the_city(db: &Connection, sha256: &str, at_ms: i64) -> Result<usize, StoreError> {
    db.execute(
        "UPDATE picture_file SET at_city = ?2 WHERE sha256 = ?1 AND at_city IS NULL",
        params![sha256, at_ms],
    )
    .map_err(fault)
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
