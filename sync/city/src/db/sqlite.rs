//! Statements against a `SQLite` file.

use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params, params_from_iter};

use super::value::{RecordRow, Row, Value};
use crate::error::DbFault;

/// How long another process (a command of the operator) may hold the file.
const BUSY: Duration = Duration::from_secs(10);
/// Prepared statements kept.
const STATEMENTS_MAX: usize = 128;

#[derive(Debug)]
pub(super) struct Sqlite {
    conn: Connection,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self, DbFault> {
        let conn = Connection::open(path)?;
        conn.busy_timeout(BUSY)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self { conn })
    }

    pub(super) fn batch(&self, text: &str) -> Result<(), DbFault> {
        Ok(self.conn.execute_batch(text)?)
    }

    pub(super) fn run(&self, text: &str, values: &[Value]) -> Result<u64, DbFault> {
        let mut statement = self.conn.prepare_cached(text)?;
        let changed = statement.execute(params_from_iter(values))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    pub(super) fn rows(&self, text: &str, values: &[Value]) -> Result<Vec<Row>, DbFault> {
        let mut statement = self.conn.prepare_cached(text)?;
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let read = |column: usize| -> Result<Value, DbFault> {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into()),
                    ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
                    ValueRef::Real(_) => return Err(DbFault::Shape),
                })
            };
            rows.push(Row((0..columns).map(read).collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    pub(super) fn append(&self, records: &[RecordRow<'_>]) -> Result<(), DbFault> {
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO record (box, epoch, seq, body, hash, received_at, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for one in records {
            insert.execute(params![
                one.id,
                one.epoch,
                one.seq,
                one.body,
                one.hash,
                one.received_at,
                one.status
            ])?;
        }
        Ok(())
    }
}
