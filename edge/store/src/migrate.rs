//! Brings a file to the shape that this software knows, and refuses a newer one.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::StoreError;

/// The shapes in order; the n-th brings a file from version n to n + 1.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_read_models.sql"),
    include_str!("../migrations/0003_denials.sql"),
    include_str!("../migrations/0004_epochs_and_boards.sql"),
    include_str!("../migrations/0005_people_change.sql"),
    include_str!("../migrations/0006_shared_epochs.sql"),
    include_str!("../migrations/0007_face_consent.sql"),
    include_str!("../migrations/0008_ic_cards.sql"),
    include_str!("../migrations/0009_carry.sql"),
    include_str!("../migrations/0010_accounts.sql"),
    include_str!("../migrations/0011_unset_clock.sql"),
    include_str!("../migrations/0012_parked.sql"),
    include_str!("../migrations/0013_imports.sql"),
    include_str!("../migrations/0014_office.sql"),
    include_str!("../migrations/0016_terminals.sql"),
    include_str!("../migrations/0020_gate_pictures.sql"),
    include_str!("../migrations/0021_wages.sql"),
    include_str!("../migrations/0022_funds.sql"),
    include_str!("../migrations/0023_checkpoints.sql"),
    include_str!("../migrations/0024_certificates.sql"),
    include_str!("../migrations/0025_photos_leave.sql"),
    include_str!("../migrations/0026_visits.sql"),
    include_str!("../migrations/0027_objections.sql"),
];

/// Marks the file as ours in its header ("MENW").
const APPLICATION_ID: i64 = 0x4d45_4e57;

/// The version that this software writes.
pub(crate) fn known_version() -> u32 {
    u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX)
}

/// Reads the version of the file, and refuses one that is newer than this software.
pub(crate) fn check(db: &Connection, path: &Path) -> Result<u32, StoreError> {
    let step = "read the file's version";
    let found: u32 = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|e| StoreError::database(step, e))?;
    let known = known_version();
    if found > known {
        return Err(StoreError::NewerFile {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(found)
}

/// Runs what is missing, each step in a transaction of its own together with its version.
pub(crate) fn migrate(db: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let step = "bring the file to this version";
    let found = check(db, path)?;
    for (version, sql) in (1_u32..).zip(MIGRATIONS) {
        if version <= found {
            continue;
        }
        let change = db
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| StoreError::database(step, e))?;
        change
            .execute_batch(sql)
            .and_then(|()| change.pragma_update(None, "user_version", version))
            .and_then(|()| change.pragma_update(None, "application_id", APPLICATION_ID))
            .and_then(|()| change.commit())
            .map_err(|e| StoreError::database(step, e))?;
    }
    Ok(())
}
