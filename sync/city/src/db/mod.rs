//! The city's database file: opened once for writing, once for the page.
//!
//! `write` holds the statements of one transaction, `read` the questions of the page.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::CityError;

mod write;
mod read;

pub use read::{AlarmFacts, BoxFacts, HeartbeatFacts, Reader, RecordFacts, Totals};
pub use write::{AlarmNote, Beat, HashBytes, NewRecord, Span, Stored, WriteTx, Writer};

/// Schema number that this program writes.
const SCHEMA: i64 = 1;

fn open_writing(path: &Path) -> Result<Connection, CityError> {
    let conn = Connection::open(path).map_err(CityError::db("open"))?;
    conn.busy_timeout(std::time::Duration::from_secs(5))
        .map_err(CityError::db("open"))?;
    conn.pragma_update(None, "journal_mode", "WAL")
        .map_err(CityError::db("use WAL"))?;
    conn.pragma_update(None, "synchronous", "FULL")
        .map_err(CityError::db("use FULL"))?;
    let found: i64 = conn
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(CityError::db("read the schema number"))?;
    if found > SCHEMA {
        return Err(CityError::NewerDatabase {
            found,
            known: SCHEMA,
        });
    }
    if found == 0 {
        let script = format!(
            "BEGIN IMMEDIATE; {} PRAGMA user_version = {SCHEMA}; COMMIT;",
            include_str!("schema.sql")
        );
        conn.execute_batch(&script)
            .map_err(CityError::db("create the tables"))?;
    }
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

fn open_reading(path: &Path) -> Result<Connection, CityError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(CityError::db("open for reading"))?;
    conn.busy_timeout(std::time::Duration::from_secs(5))
        .map_err(CityError::db("open for reading"))?;
    Ok(conn)
}
