//! Who may sign in to the screen.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::error::StoreError;

/// An account as it is kept; what its words mean is the screen's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// Sign-in name.
    pub name: String,
    /// Hash of the password; empty until its person has set one.
    pub password_hash: String,
    /// What it may do, a word of the screen.
    pub duty: String,
    /// The team that it is bound to.
    pub team: Option<u32>,
    /// From when on it opens nothing any more, Unix milliseconds.
    pub ends_at: Option<i64>,
    /// Hash of the one-time code that sets a password.
    pub code_hash: Option<String>,
    /// From when on the code is worthless, Unix milliseconds.
    pub code_ends_at: Option<i64>,
}

const COLUMNS: &str = "name, password_hash, duty, team, ends_at, code_hash, code_ends_at";

fn read(row: &Row<'_>) -> rusqlite::Result<AccountRow> {
    Ok(AccountRow {
        name: row.get(0)?,
        password_hash: row.get(1)?,
        duty: row.get(2)?,
        team: row.get(3)?,
        ends_at: row.get(4)?,
        code_hash: row.get(5)?,
        code_ends_at: row.get(6)?,
    })
}

pub(crate) fn named(db: &Connection, name: &str) -> Result<Option<AccountRow>, StoreError> {
    let text = format!("SELECT {COLUMNS} FROM account WHERE name = ?1");
    db.query_row(&text, [name], read)
        .optional()
        .map_err(|e| StoreError::database("read an account", e))
}

pub(crate) fn all(db: &Connection) -> Result<Vec<AccountRow>, StoreError> {
    let text = format!("SELECT {COLUMNS} FROM account ORDER BY name");
    db.prepare(&text)
        .and_then(|mut query| query.query_map([], read)?.collect())
        .map_err(|e| StoreError::database("read the accounts", e))
}

pub(crate) fn put(db: &Connection, account: &AccountRow) -> Result<usize, StoreError> {
    let text =
        format!("INSERT OR REPLACE INTO account ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    let values = params![
        account.name,
        account.password_hash,
        account.duty,
        account.team,
        account.ends_at,
        account.code_hash,
        account.code_ends_at,
    ];
    db.execute(&text, values)
        .map_err(|e| StoreError::database("store an account", e))
}

/// Gives an account that is still there another password; its code is used up.
pub(crate) fn set_password(db: &Connection, name: &str, hash: &str) -> Result<usize, StoreError> {
    let text = "UPDATE account SET password_hash = ?2, code_hash = NULL, code_ends_at = NULL \
                WHERE name = ?1";
    db.execute(text, [name, hash])
        .map_err(|e| StoreError::database("store a password", e))
}

pub(crate) fn remove(db: &Connection, name: &str) -> Result<usize, StoreError> {
    db.execute("DELETE FROM account WHERE name = ?1", [name])
        .map_err(|e| StoreError::database("remove an account", e))
}
