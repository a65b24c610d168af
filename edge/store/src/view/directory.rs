//! People as the site office looks them up: the standing that the gate knows, and the phone beside it.

use std::collections::BTreeMap;

use edge_domain::{PhoneNumber, WorkerId, WorkerStanding};
use rusqlite::{Connection, OptionalExtension};

use crate::error::StoreError;
use crate::view::people;
use crate::view::persons;

const STEP: &str = "read the people";

/// One person on the roster, left ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEntry {
    /// What the rules know.
    pub standing: WorkerStanding,
    /// Mobile number, where one was recorded.
    pub phone: Option<PhoneNumber>,
    /// Nation code of the document, where one was recorded.
    pub nation: Option<String>,
    /// The city's last whole roster did not name this person (平台未确认).
    pub is_unconfirmed: bool,
}

/// Everyone whose data can be read, by worker number.
pub(crate) fn people(db: &Connection) -> Result<Vec<PersonEntry>, StoreError> {
    let mut contacts = contacts(db)?;
    let roster = people::roster(db)?;
    let unconfirmed = persons::unconfirmed(db)?;
    let entry = |standing: &WorkerStanding| {
        let (phone, nation) = contacts.remove(&standing.worker).unwrap_or_default();
        PersonEntry {
            standing: standing.clone(),
            phone,
            nation,
            is_unconfirmed: unconfirmed.contains(&standing.worker),
        }
    };
    Ok(roster.standings().iter().map(entry).collect())
}

type Contact = (Option<PhoneNumber>, Option<String>);

fn contacts(db: &Connection) -> Result<BTreeMap<WorkerId, Contact>, StoreError> {
    db.prepare("SELECT worker, phone, nation FROM worker")
        .and_then(|mut query| {
            let rows = query.query_map([], |row| {
                let phone: Option<String> = row.get(1)?;
                let phone = phone.and_then(|text| PhoneNumber::parse(&text).ok());
                Ok((WorkerId(row.get(0)?), (phone, row.get(2)?)))
            })?;
            rows.collect()
        })
        .map_err(fault)
}

/// Grows whenever a record about people, employers or teams was folded; 0 before the first.
pub(crate) fn version(db: &Connection) -> Result<i64, StoreError> {
    db.query_row("SELECT ledger_id FROM people_change", [], |row| row.get(0))
        .optional()
        .map(Option::unwrap_or_default)
        .map_err(fault)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
