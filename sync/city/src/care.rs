//! Looks after what waits: asks for what is missing, tries parked records again when the city has
//! learned something.

use std::sync::{PoisonError, mpsc};
use std::time::Duration;

use crate::clock;
use crate::db::{Row, Session, Sql};
use crate::error::CityError;
use crate::ingest::{self, Shared, greet};
use crate::meaning::Codes;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(5);
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
pub fn redrive(session: &mut Session) -> Result<u64, CityError> {
    let codes = codes(session)?;
    ingest::redrive(session, &codes)
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

impl Care {
    /// Works until the sending side of `stop` is gone.
    pub(crate) fn run(mut self, stop: &mpsc::Receiver<()>) {
        // A newer program may understand what an older one parked.
        let mut due = true;
        while stop.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
            match self.turn(due) {
                Ok(()) => due = false,
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

    fn turn(&mut self, first: bool) -> Result<(), CityError> {
        let codes = codes(&mut self.session)?;
        let known = &self.shared.codes;
        let same = *known.read().unwrap_or_else(PoisonError::into_inner) == codes;
        if first || !same {
            *known.write().unwrap_or_else(PoisonError::into_inner) = codes.clone();
            let freed = ingest::redrive(&mut self.session, &codes)?;
            if freed > 0 {
                tracing::info!(freed, "Parked records are taken now");
                self.shared
                    .commits
                    .send_modify(|count| *count = count.wrapping_add(1));
            }
        }
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
