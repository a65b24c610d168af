//! Personal data as the read models hold it, and what the city has said of people.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{
    BankAccount, Contact, IcNumber, IdNumber, Kinship, Person, PersonName, PhoneNumber, Sex,
    WageCard, WorkerId,
};
use rusqlite::{Connection, OptionalExtension, Row};
use sync_wire::seal::DataKey;

use crate::error::StoreError;
use crate::model::stored;

/// Name of the setting that lists who is 平台未确认: worker numbers as a JSON list. It is no read
/// model: which people a roster named stands in the city's file and not in the ledger.
pub const UNCONFIRMED_SETTING: &str = "down.unconfirmed";

const STEP: &str = "read personal data";

const PERSON: &str = "SELECT worker, name, id_number, sex, born, nation, phone, valid_to, photo_sha256, ic_card, \
     wage_bank, wage_account, wage_social, certificates, contact_name, contact_kinship, \
     contact_phone FROM worker";

/// Everyone whose data can be read.
pub(crate) fn persons(db: &Connection) -> Result<BTreeMap<WorkerId, Person>, StoreError> {
    let mut query = db
        .prepare(&format!("{PERSON} ORDER BY worker"))
        .map_err(fault)?;
    let rows = query.query_map([], person).map_err(fault)?;
    let mut persons = BTreeMap::new();
    for row in rows {
        persons.extend(row.map_err(fault)?);
    }
    Ok(persons)
}

/// One person, where his data can be read.
pub(crate) fn of(db: &Connection, worker: WorkerId) -> Result<Option<Person>, StoreError> {
    let found = db
        .query_row(&format!("{PERSON} WHERE worker = ?1"), [worker.0], person)
        .optional()
        .map_err(fault)?;
    Ok(found.flatten().map(|(_, person)| person))
}

/// Whom to call for those who are on site.
pub(crate) fn contacts_inside(db: &Connection) -> Result<BTreeMap<WorkerId, Contact>, StoreError> {
    let mut query = db
        .prepare(
            "SELECT worker, contact_name, contact_kinship, contact_phone \
             FROM presence JOIN worker USING (worker) \
             WHERE is_inside AND contact_name IS NOT NULL",
        )
        .map_err(fault)?;
    let rows = query
        .query_map([], |row| {
            let texts = [row.get(1)?, row.get(2)?, row.get(3)?];
            Ok(Some(WorkerId(row.get(0)?)).zip(contact(texts)))
        })
        .map_err(fault)?;
    let mut contacts = BTreeMap::new();
    for row in rows {
        contacts.extend(row.map_err(fault)?);
    }
    Ok(contacts)
}

fn person(row: &Row<'_>) -> rusqlite::Result<Option<(WorkerId, Person)>> {
    let text = |column| row.get::<_, Option<String>>(column);
    let whole = (
        text(1)?.and_then(|name| PersonName::parse(&name).ok()),
        text(2)?.and_then(|number| IdNumber::parse(&number).ok()),
        text(4)?.and_then(|born| born.parse().ok()),
    );
    let (Some(name), Some(number), Some(born)) = whole else {
        return Ok(None);
    };
    let (bank, is_social) = (text(10)?, row.get::<_, Option<bool>>(12)?.unwrap_or(false));
    let person = Person {
        name,
        number,
        sex: text(3)?
            .and_then(|code| Sex::from_code(&code))
            .unwrap_or(Sex::Unstated),
        born,
        nation: text(5)?,
        phone: text(6)?.and_then(|phone| PhoneNumber::parse(&phone).ok()),
        valid_to: text(7)?.and_then(|day| day.parse().ok()),
        photo_sha256: text(8)?,
        ic_card: text(9)?.and_then(|number| IcNumber::parse(&number).ok()),
        wage_card: text(11)?
            .and_then(|account| BankAccount::parse(&account).ok())
            .map(|account| WageCard {
                bank: bank.unwrap_or_default(),
                account,
                is_social,
            }),
        certificates: stored::read_certificates(text(13)?),
        contact: contact([text(14)?, text(15)?, text(16)?]),
    };
    Ok(Some((WorkerId(row.get(0)?), person)))
}

fn contact([name, kinship, phone]: [Option<String>; 3]) -> Option<Contact> {
    Some(Contact {
        name: PersonName::parse(&name?).ok()?,
        kinship: Kinship::from_code(&kinship?)?,
        phone: PhoneNumber::parse(&phone?).ok()?,
    })
}

/// The key of a worker's sealed records; `None` before the first, and after it was destroyed.
pub(crate) fn data_key(db: &Connection, worker: u32) -> Result<Option<DataKey>, StoreError> {
    db.query_row(
        "SELECT key FROM worker_key WHERE worker = ?1",
        [worker],
        |row| row.get(0).map(DataKey::from_bytes),
    )
    .optional()
    .map_err(fault)
}

/// Version of the city's roster in force; `None` before the first.
pub(crate) fn roster_version(db: &Connection) -> Result<Option<u64>, StoreError> {
    db.query_row("SELECT version FROM roster_state", [], |row| row.get(0))
        .optional()
        .map_err(fault)
}

/// Who is 平台未确认; nobody where the setting cannot be read.
pub(crate) fn unconfirmed(db: &Connection) -> Result<BTreeSet<WorkerId>, StoreError> {
    let listed: Option<String> = db
        .query_row(
            "SELECT value FROM setting WHERE name = ?1",
            [UNCONFIRMED_SETTING],
            |row| row.get(0),
        )
        .optional()
        .map_err(fault)?;
    let numbers: Vec<u32> = listed
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    Ok(numbers.into_iter().map(WorkerId).collect())
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
