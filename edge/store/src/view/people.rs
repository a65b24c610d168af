//! Workers, teams and employers, as the read models hold them.

use std::collections::BTreeMap;

use edge_domain::{
    Certificate, Contract, Employer, EmployerId, IcNumber, IdNumber, PersonName, Role, Roster, Sex,
    Team, TeamId, Trade, Training, TrainingKind, Uscc, WorkerId, WorkerStanding,
};
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::StoreError;
use crate::model::stored;

const STEP: &str = "read the roster";

const STANDING: &str = "SELECT worker, worker.name, id_number, sex, born, employer, worker.team, \
     trade, role, entered_on, left_on, contract_signed_on, contract_until, \
     health_certificate_until, blacklisted, valid_to, ic_card, certificates \
     FROM worker LEFT JOIN team ON team.team = worker.team";

/// The highest numbers given so far; the next one is one more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NumbersGiven {
    /// Highest worker number.
    pub worker: u32,
    /// Highest team number.
    pub team: u32,
    /// Highest employer number.
    pub employer: u32,
}

/// The project that the site belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Project code of the platform.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Everyone whose data can be read; who was erased is on no roster.
pub(crate) fn roster(db: &Connection) -> Result<Roster, StoreError> {
    let mut trainings = trainings(db)?;
    let mut query = db
        .prepare(&format!("{STANDING} ORDER BY worker"))
        .map_err(fault)?;
    let mut rows = query.query([]).map_err(fault)?;
    let mut standings = Vec::new();
    while let Some(row) = rows.next().map_err(fault)? {
        let Some(mut one) = standing(row).map_err(fault)? else {
            continue;
        };
        one.trainings = trainings.remove(&one.worker).unwrap_or_default();
        standings.push(one);
    }
    Ok(Roster::from_standings(standings))
}

/// Workers with a standing consent who have entered and not left.
pub(crate) fn face_consents(db: &Connection) -> Result<Vec<u32>, StoreError> {
    db.prepare(
        "SELECT face_consent.worker FROM face_consent JOIN worker USING (worker) \
         WHERE given AND entered_on IS NOT NULL AND left_on IS NULL ORDER BY worker",
    )
    .and_then(|mut query| {
        query
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<_>>>()
    })
    .map_err(fault)
}

/// One worker, where his data can be read.
pub(crate) fn worker(db: &Connection, worker: u32) -> Result<Option<WorkerStanding>, StoreError> {
    let found = db
        .query_row(&format!("{STANDING} WHERE worker = ?1"), [worker], standing)
        .optional()
        .map_err(fault)?;
    let Some(Some(mut one)) = found else {
        return Ok(None);
    };
    one.trainings = db
        .prepare(
            "SELECT worker, type, held_on, hours FROM training WHERE worker = ?1 \
             ORDER BY ledger_id",
        )
        .and_then(|mut query| {
            query
                .query_map([worker], training)?
                .collect::<rusqlite::Result<Vec<_>>>()
        })
        .map_err(fault)?
        .into_iter()
        .flatten()
        .map(|(_, training)| training)
        .collect();
    Ok(Some(one))
}

fn trainings(db: &Connection) -> Result<BTreeMap<WorkerId, Vec<Training>>, StoreError> {
    let mut query = db
        .prepare("SELECT worker, type, held_on, hours FROM training ORDER BY worker, ledger_id")
        .map_err(fault)?;
    let mut rows = query.query([]).map_err(fault)?;
    let mut found: BTreeMap<WorkerId, Vec<Training>> = BTreeMap::new();
    while let Some(row) = rows.next().map_err(fault)? {
        if let Some((worker, training)) = training(row).map_err(fault)? {
            found.entry(worker).or_default().push(training);
        }
    }
    Ok(found)
}

/// Reads `worker, type, held_on, hours`; a kind or day that the rules do not know is left out.
fn training(row: &Row<'_>) -> rusqlite::Result<Option<(WorkerId, Training)>> {
    let kind: String = row.get(1)?;
    let on = date(row, 2)?;
    let hours: u32 = row.get(3)?;
    let worker = WorkerId(row.get(0)?);
    Ok(TrainingKind::from_code(&kind).zip(on).map(|(kind, on)| {
        let hours = u16::try_from(hours).unwrap_or(u16::MAX);
        (worker, Training { kind, on, hours })
    }))
}

/// Reads a row of [`STANDING`], without trainings. `None` where there is no readable person.
fn standing(row: &Row<'_>) -> rusqlite::Result<Option<WorkerStanding>> {
    let name: Option<String> = row.get(1)?;
    let number: Option<String> = row.get(2)?;
    let sex: Option<String> = row.get(3)?;
    let trade: Option<String> = row.get(7)?;
    let role: Option<String> = row.get(8)?;
    let signed_on = date(row, 11)?;
    let until = date(row, 12)?;
    let person = (
        name.and_then(|text| PersonName::parse(&text).ok()),
        number.and_then(|text| IdNumber::parse(&text).ok()),
        date(row, 4)?,
    );
    let (Some(name), Some(number), Some(born)) = person else {
        return Ok(None);
    };
    Ok(Some(WorkerStanding {
        worker: WorkerId(row.get(0)?),
        name,
        number,
        sex: sex
            .and_then(|code| Sex::from_code(&code))
            .unwrap_or(Sex::Unstated),
        born,
        employer: row.get::<_, Option<u32>>(5)?.map(EmployerId),
        team: row.get::<_, Option<u32>>(6)?.map(TeamId),
        trade: trade
            .and_then(|code| Trade::parse(&code).ok())
            .unwrap_or(Trade::OTHER),
        role: role
            .and_then(|code| Role::from_code(&code))
            .unwrap_or(Role::Worker),
        entered_on: date(row, 9)?,
        left_on: date(row, 10)?,
        contract: signed_on.map(|signed_on| Contract { signed_on, until }),
        trainings: Vec::new(),
        health_certificate_until: date(row, 13)?,
        certificates: stored::read_certificates(row.get(17)?)
            .iter()
            .map(Certificate::term)
            .collect(),
        blacklisted: row.get(14)?,
        document_valid_to: date(row, 15)?,
        ic_card: row
            .get::<_, Option<String>>(16)?
            .and_then(|text| IcNumber::parse(&text).ok()),
    }))
}

/// Reads a day `YYYY-MM-DD`; anything else is as if it were not there.
fn date(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Date>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// All teams by number.
pub(crate) fn teams(db: &Connection) -> Result<Vec<Team>, StoreError> {
    db.prepare("SELECT team, employer, name FROM team ORDER BY team")
        .and_then(|mut query| {
            let rows = query.query_map([], |row| {
                Ok(Team {
                    team: TeamId(row.get(0)?),
                    employer: EmployerId(row.get(1)?),
                    name: row.get(2)?,
                })
            })?;
            rows.collect()
        })
        .map_err(fault)
}

/// All employers by number; one whose code is not valid is left out.
pub(crate) fn employers(db: &Connection) -> Result<Vec<Employer>, StoreError> {
    db.prepare("SELECT employer, uscc, name, type FROM employer ORDER BY employer")
        .and_then(|mut query| {
            let rows = query.query_map([], |row| {
                let uscc: String = row.get(1)?;
                let employer = EmployerId(row.get(0)?);
                let (name, kind) = (row.get(2)?, row.get(3)?);
                Ok(Uscc::parse(&uscc).ok().map(|uscc| Employer {
                    employer,
                    uscc,
                    name,
                    kind,
                }))
            })?;
            rows.filter_map(Result::transpose).collect()
        })
        .map_err(fault)
}

/// The project, once it was recorded.
pub(crate) fn project(db: &Connection) -> Result<Option<Project>, StoreError> {
    db.query_row("SELECT code, name FROM project", [], |row| {
        Ok(Project {
            code: row.get(0)?,
            name: row.get(1)?,
        })
    })
    .optional()
    .map_err(fault)
}

/// The highest numbers given so far.
pub(crate) fn numbers_given(db: &Connection) -> Result<NumbersGiven, StoreError> {
    db.query_row(
        "SELECT (SELECT coalesce(max(worker), 0) FROM worker), \
         (SELECT coalesce(max(team), 0) FROM team), \
         (SELECT coalesce(max(employer), 0) FROM employer)",
        [],
        |row| {
            Ok(NumbersGiven {
                worker: row.get(0)?,
                team: row.get(1)?,
                employer: row.get(2)?,
            })
        },
    )
    .map_err(fault)
}

fn fault(source: rusqlite::Error) -> StoreError {
    StoreError::database(STEP, source)
}
