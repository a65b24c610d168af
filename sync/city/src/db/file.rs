//! Opens the file and makes its tables.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::CityError;

/// Schema number that this program writes.
const SCHEMA: i64 = 1;

pub(super) fn open_writing(path: &Path) -> Result<Connection, CityError> {
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

pub(super) fn open_reading(path: &Path) -> Result<Connection, CityError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(CityError::db("open for reading"))?;
    conn.busy_timeout(std::time::Duration::from_secs(5))
        .map_err(CityError::db("open for reading"))?;
    Ok(conn)
}
