//! Looks after what waits: asks for what is missing, tries parked records again when the city has
//! learned something, sends down what an operator published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{PoisonError, mpsc};
use std::time::Duration;

use sync_wire::seal::CityPrivateKey;

use crate::clock;
use crate::db::{Row, Session, Sql, Value};
use crate::down::{self, Press};
use crate::error::CityError;
use crate::ingest::{self, Shared, Waiter, Which, greet, greet_page};
use crate::meaning::{Codes, Reading};
use crate::registry::{Registered, Registry};

/// How soon boxes are asked for a hello when the city has connected.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two looks at everything: 5 s.
const TURN_TICKS: u32 = 25;
/// Turns between two looks at records whose time had not come: once a minute.
const FUTURE_TURNS: u32 = 12;
/// A box that was not heard of for so long is not online, whatever its state says, ms.
const ONLINE_MS: i64 = 120_000;
/// What is asked for in vain is asked for after twice the time, up to this, ms.
const ASK_MS_MAX: i64 = clock::DAY_MS;
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
    text: "SELECT box, site_due, barred, device_key FROM box",
};
const REGISTER: Sql = Sql {
    step: "register a box",
    // The first key that is known stays.
    text: "INSERT INTO box (box, first_seen_at, last_seen_at, site_due, barred, device_key)
           VALUES (?1, 0, 0, ?2, ?3, ?4)
           ON CONFLICT (box) DO UPDATE SET site_due = excluded.site_due, barred = excluded.barred,
           device_key = CASE box.device_key WHEN '' THEN excluded.device_key ELSE box.device_key END",
};
const HOLES: Sql = Sql {
    step: "look for holes",
    // What the box has no more it cannot send.
    text: "SELECT s.box, s.epoch FROM span s JOIN box b ON b.box = s.box
           JOIN epoch e ON e.box = s.box AND e.epoch = s.epoch
           WHERE s.hole_at + ?4 * s.patience < ?1
             AND b.online = 1 AND b.last_seen_at >= ?3 AND b.barred = 0 AND s.first =
             (SELECT min(n.first) FROM span n
              WHERE n.box = s.box AND n.epoch = s.epoch AND n.first > 1)
             AND (e.closed_last IS NULL OR e.closed_last > COALESCE(
               (SELECT n.last FROM span n
                WHERE n.box = s.box AND n.epoch = s.epoch AND n.first = 1), 0))
           ORDER BY s.hole_at LIMIT ?2",
};
const ASKED: Sql = Sql {
    step: "note that a hole was asked for",
    text: "UPDATE span SET hole_at = ?3,
             patience = CASE WHEN patience * 2 > ?4 THEN ?4 ELSE patience * 2 END
           WHERE box = ?1 AND epoch = ?2 AND first > 1",
};

/// The thread that cares.
pub(crate) struct Care {
    pub(crate) session: Session,
    pub(crate) shared: Shared,
    pub(crate) press: Press,
    pub(crate) dir: PathBuf,
    /// How far it has come in looking at what waits.
    pub(crate) waiter: Waiter,
    /// While it asks for hellos: after which box it goes on, and since when they count.
    pub(crate) greeted: Option<(String, i64)>,
    /// What could not be signed anew, and why.
    pub(crate) unsigned: BTreeSet<String>,
    /// How long the first hole of an epoch may stand before it is asked for.
    pub(crate) hole_after: Duration,
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
    let row = |row: &Row| Ok((row.text(0)?, (row.text(1)?, row.int(2)? != 0, row.text(3)?)));
    let held = held
        .iter()
        .map(row)
        .collect::<Result<BTreeMap<_, _>, CityError>>()?;
    let other = |one: &&Registered| {
        held.get(&one.id).is_none_or(|(site, barred, key)| {
            let is_new_key = key.is_empty() && !one.device_key.is_empty();
            is_new_key || *site != one.site || *barred != one.is_barred
        })
    };
    let sets: Vec<Vec<Value>> = boxes
        .iter()
        .filter(other)
        .map(|one| {
            vec![
                one.id.as_str().into(),
                one.site.as_str().into(),
                one.is_barred.into(),
                one.device_key.as_str().into(),
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
        let (mut ticks, mut turns) = (0_u32, 0_u32);
        while stop.recv_timeout(TICK) == Err(mpsc::RecvTimeoutError::Timeout) {
            ticks = ticks.wrapping_add(1);
            let since = self.shared.greets.swap(0, Ordering::AcqRel);
            if since > 0 {
                self.greeted = Some((String::new(), since));
                self.with_care(Self::greet);
            }
            if !ticks.is_multiple_of(TURN_TICKS) {
                continue;
            }
            // What failed is tried again.
            self.with_care(Self::greet);
            turns = turns.wrapping_add(1);
            if due.is_none() && turns.is_multiple_of(FUTURE_TURNS) {
                due = Some(Which::InFuture);
            }
            due = self.turn(due);
        }
    }

    /// What the database refuses is done again another time, with a new connection if need be.
    fn with_care<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, CityError>) -> Option<T> {
        match work(self) {
            Ok(done) => Some(done),
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
                None
            }
        }
    }

    /// Asks every box to say hello, page by page: the city may have lost its place.
    fn greet(&mut self) -> Result<(), CityError> {
        while let Some((after, since)) = &self.greeted {
            let since = *since;
            let next = greet_page(&mut self.session, (after, since), &self.shared)?;
            self.greeted = next.map(|after| (after, since));
        }
        Ok(())
    }

    /// One thing after the other, whatever became of those before; returns what the next turn must try
    /// again. Whose certificate is revoked comes first.
    fn turn(&mut self, due: Option<Which>) -> Option<Which> {
        self.with_care(|care| enroll(&mut care.session, &care.dir));
        self.with_care(Self::send_down);
        let learned = self.with_care(Self::learn_codes).unwrap_or(false);
        let due = if learned { Some(Which::All) } else { due };
        let failed = due.is_some_and(|which| self.with_care(|care| care.redrive(which)).is_none());
        self.with_care(Self::look_again);
        self.with_care(Self::ask_for_holes);
        // What a worker had read by the old codes is stored by the next turn.
        due.filter(|_| learned || failed)
    }

    /// Whether the codes are others than they were.
    fn learn_codes(&mut self) -> Result<bool, CityError> {
        let codes = codes(&mut self.session)?;
        let known = &self.shared.codes;
        let same = *known.read().unwrap_or_else(PoisonError::into_inner) == codes;
        if !same {
            *known.write().unwrap_or_else(PoisonError::into_inner) = codes;
        }
        Ok(!same)
    }

    fn redrive(&mut self, which: Which) -> Result<(), CityError> {
        let known = &self.shared.codes;
        let codes = known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reading = Reading {
            codes: &codes,
            key: &self.shared.key,
            now: clock::now_ms(),
        };
        let freed = ingest::redrive(&mut self.session, which, reading)?;
        self.tell(freed, "Parked records are taken now");
        Ok(())
    }

    fn look_again(&mut self) -> Result<(), CityError> {
        let (freed, next) = ingest::look_again(&mut self.session, &self.waiter)?;
        self.waiter = next;
        self.tell(freed, "Records that waited are taken now");
        Ok(())
    }

    fn tell(&self, freed: u64, what: &str) {
        if freed > 0 {
            tracing::info!(freed, "{what}");
            self.shared.count_commit();
        }
    }

    /// Sends what an operator published, and signs anew what a box could not take.
    fn send_down(&mut self) -> Result<(), CityError> {
        let now = clock::now_ms();
        down::expire(&mut self.session, now)?;
        let mut failed = BTreeSet::new();
        for one in down::waiting(&mut self.session)? {
            if let Err(error) = self.press.again(&mut self.session, &one) {
                let told = format!("{}: {}", one.name(), error.chain());
                // Tried again at every turn, and told once.
                if !self.unsigned.contains(&told) {
                    tracing::warn!(error = told, "A message cannot be signed anew");
                }
                failed.insert(told);
            }
        }
        self.unsigned = failed;
        let letters = down::unsent(&mut self.session, now)?;
        if !letters.is_empty() {
            self.shared.send_patiently(Vec::new(), letters);
        }
        Ok(())
    }

    fn ask_for_holes(&mut self) -> Result<(), CityError> {
        let now = clock::now_ms();
        let stood = i64::try_from(self.hole_after.as_millis()).unwrap_or(i64::MAX);
        let asked = [
            now.into(),
            ASKED_MAX.into(),
            now.saturating_sub(ONLINE_MS).into(),
            stood.into(),
        ];
        let rows = self.session.rows(HOLES, &asked)?;
        let pair = |row: &Row| Ok((row.text(0)?, row.text(1)?));
        let names = rows
            .iter()
            .map(pair)
            .collect::<Result<Vec<_>, CityError>>()?;
        if names.is_empty() {
            return Ok(());
        }
        greet(&mut self.session, &names, &self.shared)?;
        let patience_max = ASK_MS_MAX.checked_div(stood).unwrap_or(1).max(1);
        let sets = names.iter().map(|(id, epoch)| {
            let (id, epoch) = (id.as_str().into(), epoch.as_str().into());
            vec![id, epoch, now.into(), patience_max.into()]
        });
        let mut tx = self.session.begin()?;
        tx.run_each(ASKED, &sets.collect::<Vec<_>>())?;
        tx.commit()
    }
}
