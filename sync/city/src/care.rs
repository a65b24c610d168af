//! Looks after what waits: asks for what is missing, tries parked records again when the city has
//! learned something, sends down what an operator published.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, mpsc};
use std::time::Duration;

use sync_wire::seal::CityPrivateKey;

use crate::clock;
use crate::db::{Row, Session, Sql, Value};
use crate::down::{self, Press};
use crate::error::CityError;
use crate::ingest::{self, Shared, Waiter, Which, greet};
use crate::meaning::{Codes, Reading};
use crate::registry::{Registered, Registry};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(5);
/// Turns between two looks at records whose time had not come: once a minute.
const FUTURE_TURNS: u32 = 12;
/// A hole that nothing was heard about for so long is asked for.
const HOLE_MS: i64 = 60_000;
/// Epochs with holes that are asked for at once.
const ASKED_MAX: u32 = 200;

const CODES: Sql = Sql {
    step: "read codes",
    text: "SELECT tab, code FROM code",
};
const ADD_CODE: Sql = Sql {
    step: "add a code",
    text: "INSERT INTO code (tab, code, name) VALUES (?1, ?2, ?3)
           ON CONFLICT (tab, code) DO UPDATE SET name = excluded.name",
};
const REGISTERED: Sql = Sql {
    step: "list registered boxes",
    text: "SELECT box, site_due, barred FROM box",
};
const REGISTER: Sql = Sql {
    step: "register a box",
    text: "INSERT INTO box (box, first_seen_at, last_seen_at, site_due, barred)
           VALUES (?1, 0, 0, ?2, ?3)
           ON CONFLICT (box) DO UPDATE SET site_due = excluded.site_due, barred = excluded.barred",
};
const HOLES: Sql = Sql {
    step: "look for holes",
    text: "SELECT DISTINCT s.box, s.epoch FROM span s
           JOIN ack a ON a.box = s.box AND a.epoch = s.epoch
           JOIN box b ON b.box = s.box
           WHERE s.first > 1 AND a.made_at < ?1 AND b.online = 1 AND b.barred = 0 LIMIT ?2",
};

/// The thread that cares.
pub(crate) struct Care {
    pub(crate) session: Session,
    pub(crate) shared: Shared,
    pub(crate) press: Press,
    pub(crate) dir: PathBuf,
    /// How far it has come in looking at what waits.
    pub(crate) waiter: Waiter,
}

/// The codes that this city's operator added to the national tables.
pub(crate) fn codes(session: &mut Session) -> Result<Codes, CityError> {
    let rows = session.rows(CODES, &[])?;
    let read = |row: &Row| Ok((row.text(0)?, row.text(1)?));
    let more = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, CityError>>()?;
    Ok(Codes::with(more))
}

/// Reads every parked record again; says how many are parked no longer.
pub fn redrive(session: &mut Session, key: &CityPrivateKey) -> Result<u64, CityError> {
    let reading = Reading {
        codes: &codes(session)?,
        key,
        now: clock::now_ms(),
    };
    ingest::redrive(session, Which::All, reading)
}

/// Adds a code to one of the city's tables. A running city takes what was parked for it.
pub fn add_code(
    session: &mut Session,
    (table, code): (&str, &str),
    name: &str,
) -> Result<(), CityError> {
    if !Codes::has_table(table) {
        return Err(CityError::Config(format!("{table:?} is no table of codes")));
    }
    let mut tx = session.begin()?;
    tx.run(ADD_CODE, &[table.into(), code.into(), name.into()])?;
    tx.commit()
}

/// Brings the table of boxes up to what was issued and revoked in the city's folder.
pub fn enroll(session: &mut Session, dir: &Path) -> Result<(), CityError> {
    let boxes = Registry::read(dir)?.boxes();
    let held = session.rows(REGISTERED, &[])?;
    let row = |row: &Row| Ok((row.text(0)?, (row.text(1)?, row.int(2)? != 0)));
    let held = held
        .iter()
        .map(row)
        .collect::<Result<BTreeMap<_, _>, CityError>>()?;
    let other = |one: &&Registered| {
        held.get(&one.id)
            .is_none_or(|(site, barred)| *site != one.site || *barred != one.is_barred)
    };
    let sets: Vec<Vec<Value>> = boxes
        .iter()
        .filter(other)
        .map(|one| {
            vec![
                one.id.as_str().into(),
                one.site.as_str().into(),
                one.is_barred.into(),
            ]
        })
        .collect();
    if sets.is_empty() {
        return Ok(());
    }
    let mut tx = session.begin()?;
    tx.run_each(REGISTER, &sets)?;
    tx.commit()
}

impl Care {
    /// Works until the sending side of `stop` is gone.
    pub(crate) fn run(mut self, stop: &mpsc::Receiver<()>) {
        // A newer program may understand what an older one parked.
        let mut due = Some(Which::All);
        let mut turns = 0_u32;
        while stop.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            turns = turns.wrapping_add(1);
            if due.is_none() && turns.is_multiple_of(FUTURE_TURNS) {
                due = Some(Which::InFuture);
            }
            match self.turn(due) {
                Ok(again) => due = again,
                Err(error) => {
                    tracing::warn!(
                        error = error.chain(),
                        "The database could not be looked after"
                    );
                    if self.session.is_lost()
                        && let Ok(session) = self.session.again()
                    {
                        self.session = session;
                    }
                }
            }
        }
    }

    /// Returns what the next turn must try again.
    fn turn(&mut self, due: Option<Which>) -> Result<Option<Which>, CityError> {
        let codes = codes(&mut self.session)?;
        let known = &self.shared.codes;
        let same = *known.read().unwrap_or_else(PoisonError::into_inner) == codes;
        let which = if same { due } else { Some(Which::All) };
        if let Some(which) = which {
            *known.write().unwrap_or_else(PoisonError::into_inner) = codes.clone();
            let reading = Reading {
                codes: &codes,
                key: &self.shared.key,
                now: clock::now_ms(),
            };
            let freed = ingest::redrive(&mut self.session, which, reading)?;
            self.tell(freed, "Parked records are taken now");
        }
        let (freed, next) = ingest::look_again(&mut self.session, &self.waiter)?;
        self.waiter = next;
        self.tell(freed, "Records that waited are taken now");
        self.ask_for_holes()?;
        enroll(&mut self.session, &self.dir)?;
        self.send_down()?;
        // What a worker had read by the old codes is stored by the next turn.
        Ok((!same).then_some(Which::All))
    }

    fn tell(&self, freed: u64, what: &str) {
        if freed > 0 {
            tracing::info!(freed, "{what}");
            self.shared
                .commits
                .send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Sends what an operator published, and signs anew what a box could not take.
    fn send_down(&mut self) -> Result<(), CityError> {
        let now = clock::now_ms();
        down::expire(&mut self.session, now)?;
        for one in down::waiting(&mut self.session)? {
            if let Err(error @ CityError::Refused(_)) = self.press.again(&mut self.session, &one) {
                tracing::warn!(error = error.chain(), "A message cannot be signed anew");
            }
        }
        let letters = down::unsent(&mut self.session, now)?;
        if !letters.is_empty() {
            self.shared.send(Vec::new(), letters);
        }
        Ok(())
    }

    fn ask_for_holes(&mut self) -> Result<(), CityError> {
        let before = clock::now_ms().saturating_sub(HOLE_MS);
        let rows = self
            .session
            .rows(HOLES, &[before.into(), ASKED_MAX.into()])?;
        let pair = |row: &Row| Ok((row.text(0)?, row.text(1)?));
        let names = rows
            .iter()
            .map(pair)
            .collect::<Result<Vec<_>, CityError>>()?;
        greet(&mut self.session, &names, &self.shared)
    }
}
