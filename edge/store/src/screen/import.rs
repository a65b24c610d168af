//! Files that the clerk brought: their rows, how far they are, what became of each row. What the
//! words mean is the screen's.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;

const STEP: &str = "keep an import";

/// A file that was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportJob {
    /// Its number; given by the store.
    pub job: u64,
    /// Name of the file.
    pub file_name: String,
    /// Sign-in name of who brought it.
    pub account: String,
    /// When, Unix milliseconds.
    pub at: i64,
    /// The head of its table, in the screen's own form.
    pub head: String,
    /// What was noticed while it was read, in the screen's own form.
    pub notes: String,
    /// How far it is, a word of the screen.
    pub state: String,
    /// Since when, Unix milliseconds.
    pub state_at: i64,
    /// Last row of the file that this state has dealt with.
    pub through: u32,
}

/// What became of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOutcome {
    /// A word of the screen.
    pub word: String,
    /// Why, or what changed, in Chinese.
    pub why: String,
    /// The worker whom it is about.
    pub worker: Option<u32>,
    /// What was known of him before, in the screen's own form.
    pub before: Option<String>,
}

/// A row of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportRow {
    /// Its number in the file, from 1.
    pub line: u32,
    /// Its cells, in the screen's own form.
    pub cells: String,
    /// What became of it.
    pub outcome: ImportOutcome,
}

/// One step of a job: stored in the same commit as the records that it makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportStep {
    /// The job.
    pub job: u64,
    /// Its state from now on.
    pub state: String,
    /// Since when, Unix milliseconds.
    pub state_at: i64,
    /// Last row dealt with.
    pub through: u32,
    /// Rows by number, with what became of them.
    pub rows: Vec<(u32, ImportOutcome)>,
}

/// How many rows came to an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportCount {
    /// The outcome's word.
    pub word: String,
    /// Rows of the whole file.
    pub rows: u32,
    /// Of these, how many the job's state has dealt with.
    pub done: u32,
}

/// Keeps a new job with its rows, forgets those brought before `forget_before` (Unix ms) that are
/// in one of the states of `at_rest`, and gives the new one's number.
pub(crate) fn begin(
    db: &Connection,
    job: &ImportJob,
    rows: &[ImportRow],
    (forget_before, at_rest): (i64, &[String]),
) -> Result<u64, StoreError> {
    for state in at_rest {
        forget(db, "state = ?1 AND at < ?2", params![state, forget_before])?;
    }
    db.execute(
        "INSERT INTO import_job (file_name, account, at, head, notes, state, state_at, through) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            job.file_name,
            job.account,
            job.at,
            job.head,
            job.notes,
            job.state,
            job.state_at,
            job.through
        ],
    )
    .map_err(fault)?;
    let number = db.last_insert_rowid();
    let mut insert = db
        .prepare(
            "INSERT INTO import_row (job, line, cells, outcome, why, worker, before) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .map_err(fault)?;
    for row in rows {
        let one = &row.outcome;
        let values = params![
            number, row.line, row.cells, one.word, one.why, one.worker, one.before
        ];
        insert.execute(values).map_err(fault)?;
    }
    Ok(number.unsigned_abs())
}

fn forget(db: &Connection, which: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), StoreError> {
    let jobs = format!("SELECT job FROM import_job WHERE {which}");
    for text in [
        format!("DELETE FROM import_row WHERE job IN ({jobs})"),
        format!("DELETE FROM import_job WHERE job IN ({jobs})"),
    ] {
        db.execute(&text, values).map_err(fault)?;
    }
    Ok(())
}

/// Forgets a job and its rows.
pub(crate) fn remove(db: &Connection, job: u64) -> Result<u64, StoreError> {
    forget(db, "job = ?1", params![job])?;
    Ok(job)
}

/// Carries a step out inside the caller's transaction.
pub(crate) fn step(db: &Connection, step: &ImportStep) -> Result<(), StoreError> {
    let mut update = db
        .prepare(
            "UPDATE import_row SET outcome = ?3, why = ?4, worker = ?5, before = ?6 \
             WHERE job = ?1 AND line = ?2",
        )
        .map_err(fault)?;
    for (line, one) in &step.rows {
        let values = params![step.job, line, one.word, one.why, one.worker, one.before];
        update.execute(values).map_err(fault)?;
    }
    db.execute(
        "UPDATE import_job SET state = ?2, state_at = ?3, through = ?4 WHERE job = ?1",
        params![step.job, step.state, step.state_at, step.through],
    )
    .map(drop)
    .map_err(fault)
}

const JOB: &str =
    "SELECT job, file_name, account, at, head, notes, state, state_at, through FROM import_job";

fn read_job(row: &Row<'_>) -> rusqlite::Result<ImportJob> {
    Ok(ImportJob {
        job: row.get(0)?,
        file_name: row.get(1)?,
        account: row.get(2)?,
        at: row.get(3)?,
        head: row.get(4)?,
        notes: row.get(5)?,
        state: row.get(6)?,
        state_at: row.get(7)?,
        through: row.get(8)?,
    })
}

/// The newest jobs first, at most `jobs_max`.
pub(crate) fn jobs(db: &Connection, jobs_max: usize) -> Result<Vec<ImportJob>, StoreError> {
    db.prepare(&format!("{JOB} ORDER BY job DESC LIMIT ?1"))
        .and_then(|mut query| {
            let rows = query.query_map([u64::try_from(jobs_max).unwrap_or(u64::MAX)], read_job)?;
            rows.collect()
        })
        .map_err(fault)
}

/// One job.
pub(crate) fn job(db: &Connection, job: u64) -> Result<Option<ImportJob>, StoreError> {
    db.query_row(&format!("{JOB} WHERE job = ?1"), [job], read_job)
        .optional()
        .map_err(fault)
}

/// Rows of a job by outcome.
pub(crate) fn counts(db: &Connection, job: u64) -> Result<Vec<ImportCount>, StoreError> {
    db.prepare(
        "SELECT outcome, count(*), coalesce(sum(line <= through), 0) \
         FROM import_row JOIN import_job USING (job) WHERE job = ?1 GROUP BY outcome",
    )
    .and_then(|mut query| {
        let rows = query.query_map([job], |row| {
            Ok(ImportCount {
                word: row.get(0)?,
                rows: row.get(1)?,
                done: row.get(2)?,
            })
        })?;
        rows.collect()
    })
    .map_err(fault)
}

/// Rows of a job behind `after` with one of these outcomes, in the file's order.
pub(crate) fn rows(
    db: &Connection,
    job: u64,
    words: &[&str],
    (after, rows_max): (u32, usize),
) -> Result<Vec<ImportRow>, StoreError> {
    let wanted = format!(",{},", words.join(","));
    db.prepare(
        "SELECT line, cells, outcome, why, worker, before FROM import_row \
         WHERE job = ?1 AND line > ?2 AND instr(?3, ',' || outcome || ',') > 0 \
         ORDER BY line LIMIT ?4",
    )
    .and_then(|mut query| {
        let rows_max = u64::try_from(rows_max).unwrap_or(u64::MAX);
        let rows = query.query_map(params![job, after, wanted, rows_max], |row| {
            Ok(ImportRow {
                line: row.get(0)?,
                cells: row.get(1)?,
                outcome: ImportOutcome {
                    word: row.get(2)?,
                    why: row.get(3)?,
                    worker: row.get(4)?,
                    before: row.get(5)?,
                },
            })
        })?;
        rows.collect()
    })
    .map_err(fault)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
