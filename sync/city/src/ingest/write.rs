//! Puts a judged batch into the tables.

use std::collections::BTreeMap;

use sync_wire::ParkCode;

use super::answer::code_word;
use super::batch::{Batch, Name};
use super::carried::{self, Repeated};
use super::days;
use super::waiting::{self, Unmet};
use crate::alarm::{self, AlarmNote};
use crate::db::{RecordRow, Sql, Tx, Value};
use crate::down;
use crate::error::CityError;
use crate::meaning::continues;

/// Heartbeats kept per box: one day at one every 30 s.
const HEARTBEATS_KEPT: u32 = 2_880;
/// Different alarms kept per box; further ones are in the log only.
const ALARMS_PER_BOX_MAX: u64 = 1_000;

const NEW_EPOCH: Sql = Sql {
    step: "note an epoch",
    text: "INSERT INTO epoch (box, epoch, seen_at) VALUES (?1, ?2, ?3)
           ON CONFLICT (box, epoch) DO NOTHING",
};
const PREVIOUS: Sql = Sql {
    step: "note the previous epoch",
    text: "UPDATE epoch SET previous = ?3 WHERE box = ?1 AND epoch = ?2",
};
const RUN_GONE: Sql = Sql {
    step: "merge runs",
    text: "DELETE FROM span WHERE box = ?1 AND epoch = ?2 AND first = ?3",
};
const RUN_SET: Sql = Sql {
    step: "note a run",
    text: "INSERT INTO span (box, epoch, first, last, hole_at) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, epoch, first) DO UPDATE SET last = excluded.last",
};
const HOLE_MOVED: Sql = Sql {
    step: "note that a hole becomes smaller",
    text: "UPDATE span SET hole_at = ?4, patience = 1
           WHERE box = ?1 AND epoch = ?2 AND first = ?3",
};
const ARRIVED: Sql = Sql {
    step: "note an arrival",
    text: "INSERT INTO arrival (box, epoch, first, last, at) VALUES (?1, ?2, ?3, ?4, ?5)",
};
const PARKED: Sql = Sql {
    step: "park a record",
    text: "INSERT INTO parked (box, epoch, seq, code, message) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, epoch, seq) DO UPDATE
           SET code = excluded.code, message = excluded.message",
};
const STATE: Sql = Sql {
    step: "note a state",
    text: "UPDATE box SET online = ?2, online_at = ?3 WHERE box = ?1",
};
const HELLO: Sql = Sql {
    step: "note a hello",
    text: "UPDATE box SET roster_version = ?2, software = ?3 WHERE box = ?1",
};
const GREETED: Sql = Sql {
    step: "note what a box says of an epoch",
    text: "UPDATE epoch SET greeted_at = COALESCE(?3, greeted_at), closed_last = ?4
           WHERE box = ?1 AND epoch = ?2",
};
const BEHIND: Sql = Sql {
    step: "note that a box has less than the city",
    text: "UPDATE epoch SET behind = ?3 WHERE box = ?1 AND epoch = ?2",
};
const IGNORED: Sql = Sql {
    step: "count what is not known",
    text: "UPDATE box SET ignored = ignored + 1 WHERE box = ?1",
};
const BEAT: Sql = Sql {
    step: "store a heartbeat",
    text: "INSERT INTO heartbeat (box, received_at, backlog, skew_ms, body)
           VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (box, received_at) DO UPDATE
           SET backlog = excluded.backlog, skew_ms = excluded.skew_ms, body = excluded.body",
};
const BEATS_OLD: Sql = Sql {
    step: "forget heartbeats",
    text: "DELETE FROM heartbeat WHERE box = ?1 AND received_at <= (
             SELECT received_at FROM heartbeat WHERE box = ?1
             ORDER BY received_at DESC LIMIT 1 OFFSET ?2)",
};
const ALARM_AGAIN: Sql = Sql {
    step: "count an alarm",
    text: "UPDATE alarm SET times = times + ?6, last_at = ?5
           WHERE box = ?1 AND epoch = ?2 AND code = ?3 AND seq = ?4",
};
const ALARM: Sql = Sql {
    step: "raise an alarm",
    text: "INSERT INTO alarm (box, epoch, seq, code, message, first_at, last_at, times)
           SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?4 AS BIGINT), CAST(?3 AS TEXT),
             CAST(?7 AS TEXT), CAST(?5 AS BIGINT), CAST(?5 AS BIGINT), CAST(?6 AS BIGINT)
           WHERE (SELECT count(*) FROM alarm a WHERE a.box = ?1) < ?8",
};

#[expect(
    clippy::multiple_inherent_impl,
    reason = "a batch is judged, written and answered: a file for each"
)]
impl<'a> Batch<'a> {
    /// Writes all of it into the transaction.
    pub(super) fn write(&mut self, tx: &mut Tx<'_>) -> Result<(), CityError> {
        let (unmet, repeated) = self.learn(tx)?;
        self.write_records(tx, &unmet, &repeated)?;
        self.write_runs(tx)?;
        waiting::free(self, tx)?;
        waiting::give_up(self, tx)?;
        self.write_news(tx)?;
        for (id, report) in down::settle(tx, &self.reports, self.now)? {
            if !report.ok && report.number.is_none() {
                self.alarms.push((id, alarm::down_refused(report)));
            }
        }
        raise(tx, &self.alarms, self.now)
    }

    /// What the records that are understood tell, whether they have just come or were parked: which
    /// epoch continues which, what was carried over, what waits for what, how much each day has.
    pub(super) fn learn(&self, tx: &mut Tx<'_>) -> Result<(Unmet, Repeated<'a>), CityError> {
        self.write_epochs(tx)?;
        let repeated = carried::look(self, tx)?;
        let mut unmet = waiting::look(self, tx)?;
        // What counts for nothing waits for nothing.
        unmet.retain(|at, _| {
            let one = self.fresh.get(*at);
            one.is_some_and(|one| !repeated.contains(&(one.name, one.seq)))
        });
        waiting::note(self, &unmet, tx)?;
        days::note(self, &repeated, tx)?;
        Ok((unmet, repeated))
    }

    fn write_epochs(&self, tx: &mut Tx<'_>) -> Result<(), CityError> {
        let new = self
            .chains
            .iter()
            .filter(|(_, chain)| chain.is_new && chain.is_begun);
        let new: Vec<_> = new.map(|(name, _)| set(*name, [self.now.into()])).collect();
        tx.run_each(NEW_EPOCH, &new)?;
        let began = self.fresh.iter().filter_map(|one| {
            let record = one.meaning.as_ref().ok()?;
            Some(set(one.name, [continues(&record.kind)?.into()]))
        });
        tx.run_each(PREVIOUS, &began.collect::<Vec<_>>())
            .map(|_| ())
    }

    fn write_records(
        &mut self,
        tx: &mut Tx<'_>,
        unmet: &Unmet,
        repeated: &Repeated<'_>,
    ) -> Result<(), CityError> {
        let mut parked = Vec::new();
        let mut rows = Vec::with_capacity(self.fresh.len());
        for (at, one) in self.fresh.iter().enumerate() {
            let Some(chain) = self.chains.get_mut(&one.name) else {
                continue;
            };
            let code = match one.meaning {
                Err(code) => Some(*code),
                // It waits as long as something before it is missing.
                Ok(_) if unmet.contains_key(&at) && chain.runs.through() >= one.seq => {
                    Some(ParkCode::UnknownReference)
                }
                Ok(_) => None,
            };
            if let Some(code) = code {
                let word = code_word(code);
                parked.push(set(
                    one.name,
                    [one.seq.into(), word.into(), code.text().into()],
                ));
                chain.reply.parked(one.seq, code);
            }
            let status = match code {
                Some(_) => "parked",
                None if repeated.contains(&(one.name, one.seq)) => "repeated",
                None if unmet.contains_key(&at) => "waiting",
                None => "stored",
            };
            let ((id, epoch), hash) = (one.name, *one.hash.as_bytes());
            rows.push(RecordRow {
                id,
                epoch,
                seq: one.seq,
                body: one.body,
                hash,
                received_at: self.now,
                status,
            });
        }
        tx.append(&rows)?;
        tx.run_each(PARKED, &parked).map(|_| ())
    }

    fn write_runs(&self, tx: &mut Tx<'_>) -> Result<(), CityError> {
        let (mut gone, mut new, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        let now = || Value::from(self.now);
        for (name, chain) in &self.chains {
            let change = chain.runs.change_from(&chain.before);
            gone.extend(
                change
                    .gone
                    .iter()
                    .map(|first| set(*name, [(*first).into()])),
            );
            let spans = change.set.iter();
            new.extend(spans.map(|span| set(*name, [span.first.into(), span.last.into(), now()])));
            if chain.runs.through() != chain.before.through()
                && let Some(next) = chain.runs.beyond().next()
            {
                moved.push(set(*name, [next.first.into(), now()]));
            }
        }
        tx.run_each(RUN_GONE, &gone)?;
        tx.run_each(RUN_SET, &new)?;
        tx.run_each(HOLE_MOVED, &moved)?;
        let arrived = self.arrivals.iter().map(|(name, span)| {
            set(
                *name,
                [span.first.into(), span.last.into(), self.now.into()],
            )
        });
        tx.run_each(ARRIVED, &arrived.collect::<Vec<_>>())
            .map(|_| ())
    }

    fn write_news(&self, tx: &mut Tx<'_>) -> Result<(), CityError> {
        let now = self.now;
        let states = self.states.iter();
        let states = states.map(|(id, online)| vec![(*id).into(), (*online).into(), now.into()]);
        tx.run_each(STATE, &states.collect::<Vec<_>>())?;
        let hellos = self.hellos.iter().map(|(id, hello)| {
            let software = hello.software.as_str();
            vec![(*id).into(), hello.roster_version.into(), software.into()]
        });
        tx.run_each(HELLO, &hellos.collect::<Vec<_>>())?;
        let said = self.hellos.iter().map(|(id, hello)| {
            let newest = (!hello.closed).then_some(now);
            let closed = hello.closed.then_some(hello.last);
            set((id, &hello.epoch), [newest.into(), closed.into()])
        });
        tx.run_each(GREETED, &said.collect::<Vec<_>>())?;
        let doubts = self
            .chains
            .iter()
            .filter(|(_, one)| one.behind.now != one.behind.before);
        let doubts = doubts.map(|(name, one)| set(*name, [one.behind.now.into()]));
        tx.run_each(BEHIND, &doubts.collect::<Vec<_>>())?;
        let ignored = self.ignored.iter().map(|id| vec![(*id).into()]);
        tx.run_each(IGNORED, &ignored.collect::<Vec<_>>())?;
        let beats = self.beats.iter().map(|(id, beat, bytes)| {
            let skew_ms = now.saturating_sub(beat.sent_at);
            vec![
                (*id).into(),
                now.into(),
                beat.backlog.into(),
                skew_ms.into(),
                (*bytes).into(),
            ]
        });
        tx.run_each(BEAT, &beats.collect::<Vec<_>>())?;
        let old = self.beats.iter();
        let old = old.map(|(id, ..)| vec![(*id).into(), HEARTBEATS_KEPT.into()]);
        tx.run_each(BEATS_OLD, &old.collect::<Vec<_>>()).map(|_| ())
    }
}

/// Parks one record.
pub(super) fn park(
    tx: &mut Tx<'_>,
    (id, epoch, seq): (&str, &str, u64),
    (word, message): (&str, &str),
) -> Result<(), CityError> {
    let values = set((id, epoch), [seq.into(), word.into(), message.into()]);
    tx.run(PARKED, &values).map(|_| ())
}

/// Raises alarms; the same one again only counts up.
pub(super) fn raise(
    tx: &mut Tx<'_>,
    alarms: &[(&str, AlarmNote)],
    now: i64,
) -> Result<(), CityError> {
    let mut counted: BTreeMap<(&str, &AlarmNote), u64> = BTreeMap::new();
    for (id, note) in alarms {
        *counted.entry((id, note)).or_default() += 1;
    }
    let sets: Vec<Vec<Value>> = counted
        .iter()
        .map(|((id, note), times)| {
            let (epoch, code) = (note.epoch.as_str(), note.code);
            set(
                (id, epoch),
                [code.into(), note.seq.into(), now.into(), (*times).into()],
            )
        })
        .collect();
    let again = tx.run_each(ALARM_AGAIN, &sets)?;
    for (((_, note), mut values), again) in counted.keys().zip(sets).zip(again) {
        if again == 0 {
            values.extend([note.message.as_str().into(), ALARMS_PER_BOX_MAX.into()]);
            tx.run(ALARM, &values)?;
        }
    }
    Ok(())
}

fn set<const N: usize>((id, epoch): Name<'_>, rest: [Value; N]) -> Vec<Value> {
    let mut values = vec![id.into(), epoch.into()];
    values.extend(rest);
    values
}
