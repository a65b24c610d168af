//! How much every day has, and what was declared: what makes an absence provable.
//!
//! What a box wrote with its clock unset belongs to no day before a proof of that boot's clock tells
//! the true one. Until then it is kept here by its place in the box's own ledger; changes of the clock
//! are found by the same name, whichever of them comes first.

use std::collections::BTreeMap;

use sync_wire::record::{ClockChange, ClockQuality, GapCause};
use sync_wire::{Kind, Record};

use super::batch::{Batch, Fresh};
use super::carried::Repeated;
use crate::clock;
use crate::db::{Row, Sql, Tx, Value};
use crate::error::CityError;
use crate::meaning::{absence, act, cause_word, is_attendance};

/// No correction is longer (a thousand years), so that no sum is beyond what a table can hold.
const SHIFT_MS_MAX: i64 = 1_000 * 366 * clock::DAY_MS;

const DAY: Sql = Sql {
    step: "count a day's records",
    text: "INSERT INTO day (box, day, records, counted) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (box, day) DO UPDATE
           SET records = day.records + excluded.records, counted = day.counted + excluded.counted",
};
const GAP: Sql = Sql {
    step: "note a declared absence",
    text: "INSERT INTO gap (box, from_at, to_at, cause) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT (box, from_at, to_at, cause) DO NOTHING",
};
const GAP_GONE: Sql = Sql {
    step: "correct a declared absence",
    text: "DELETE FROM gap WHERE box = ?1 AND from_at = ?2 AND to_at = ?3 AND cause = ?4",
};
const CHANGE: Sql = Sql {
    step: "note a change of a clock",
    text: "INSERT INTO clock_change (box, epoch, via, boot, seq, by_ms, proof, after_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
};
const CHANGES: Sql = Sql {
    step: "read the changes of a clock",
    text: "SELECT seq, by_ms, proof FROM clock_change
           WHERE box = ?1 AND epoch = ?2 AND via = ?3 AND boot = ?4 ORDER BY seq",
};
const UNSET: Sql = Sql {
    step: "note what happened with the clock unset",
    text: "INSERT INTO unset_act (box, epoch, via, boot, seq, at, counted, gap_from, gap_moves, received_at)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
};
/// The acts between two numbers that a correction (`?7`) does not correct yet.
macro_rules! acts {
    () => {
        " WHERE box = ?1 AND epoch = ?2 AND via = ?3 AND boot = ?4 AND seq BETWEEN ?5 AND ?6
            AND (by_ms IS NULL OR by_ms <> ?7)"
    };
}
/// Midnight in China is 28,800,000 ms before that of UTC.
const MOVED: Sql = Sql {
    step: "count what is corrected",
    text: concat!(
        "SELECT CASE WHEN by_ms IS NULL THEN NULL ELSE (at + by_ms + 28800000) / 86400000 END,
           (at + ?7 + 28800000) / 86400000, count(*), CAST(sum(counted) AS BIGINT) FROM unset_act",
        acts!(),
        " GROUP BY 1, 2"
    ),
};
const ABSENT: Sql = Sql {
    step: "read absences that are corrected",
    text: concat!(
        "SELECT at, gap_from, gap_moves, by_ms FROM unset_act",
        acts!(),
        " AND gap_from IS NOT NULL"
    ),
};
const CORRECT: Sql = Sql {
    step: "correct what happened with the clock unset",
    text: concat!("UPDATE unset_act SET by_ms = ?7", acts!()),
};

/// One boot of one ledger: box, epoch, the epoch by which it came, boot.
type Boot<'a> = (&'a str, String, &'a str, u32);
/// What is to be looked at again of a boot: from one number to another.
type Stretch = (u64, u64);

/// Values for one statement, several times.
type Sets = Vec<Vec<Value>>;

/// A change of a boot's clock.
struct Change {
    seq: u64,
    by_ms: i64,
    is_proof: bool,
}

/// What one batch adds.
#[derive(Default)]
struct Days<'a> {
    counts: BTreeMap<(&'a str, i64), (u64, u64)>,
    gaps: Vec<Vec<Value>>,
    shifts: Vec<Vec<Value>>,
    acts: Vec<Vec<Value>>,
    /// Numbers of acts that came, and of changes.
    touched: BTreeMap<Boot<'a>, (Vec<u64>, Vec<u64>)>,
}

/// Notes what the records of a batch add to the days.
pub(super) fn note(
    batch: &Batch<'_>,
    repeated: &Repeated<'_>,
    tx: &mut Tx<'_>,
) -> Result<(), CityError> {
    let mut days = Days::default();
    for one in &batch.fresh {
        let Ok(record) = one.meaning else { continue };
        if !repeated.contains(&(one.name, one.seq)) {
            days.add(one, record, batch.now);
        }
    }
    tx.run_each(CHANGE, &days.shifts)?;
    tx.run_each(UNSET, &days.acts)?;
    let counts = days
        .counts
        .into_iter()
        .map(|((id, day), (records, counted))| {
            vec![id.into(), day.into(), records.into(), counted.into()]
        });
    tx.run_each(DAY, &counts.collect::<Vec<_>>())?;
    tx.run_each(GAP, &days.gaps)?;
    for (boot, touched) in &days.touched {
        settle(tx, boot, touched)?;
    }
    Ok(())
}

impl<'a> Days<'a> {
    fn add(&mut self, one: &Fresh<'a>, record: &Record, now: i64) {
        let (id, via) = one.name;
        let (epoch, seq) = if let Kind::Carried(carried) = &record.kind {
            (carried.epoch.clone(), carried.seq)
        } else {
            (via.to_owned(), one.seq)
        };
        let record = act(record);
        let (stamp, counted) = (record.stamp, is_attendance(&record.kind));
        let boot = (id, epoch, via, stamp.boot);
        if let Kind::Clock(change) = &record.kind {
            let by_ms = change.after.saturating_sub(change.before);
            let is_proof = change.change == ClockChange::Synced;
            let mut row = name(&boot);
            row.extend([
                seq.into(),
                by_ms.clamp(-SHIFT_MS_MAX, SHIFT_MS_MAX).into(),
                is_proof.into(),
                change.after.into(),
            ]);
            self.shifts.push(row);
            self.touched.entry(boot.clone()).or_default().1.push(seq);
        }
        let declared = absence(&record);
        let is_unset = stamp.clock == ClockQuality::Unset;
        // What people declared for the calendar, and when the box was alive last, move with no clock.
        let moves = matches!(&record.kind, Kind::Gap(gap) if gap.cause == GapCause::PoweredOff);
        if let Some((from, to, cause)) = declared
            && !(is_unset && moves)
        {
            self.gaps
                .push(vec![id.into(), from.into(), to.into(), cause.into()]);
        }
        if !is_unset {
            let day = self.counts.entry((id, clock::day_number(stamp.at)));
            let (records, all) = day.or_default();
            *records += 1;
            *all += u64::from(counted);
            return;
        }
        let gap_from = if let Kind::Started(started) = &record.kind {
            started.off_since
        } else {
            declared.filter(|_| moves).map(|(from, ..)| from)
        };
        let mut row = name(&boot);
        row.extend([
            seq.into(),
            stamp.at.max(0).into(),
            counted.into(),
            gap_from.into(),
            moves.into(),
            now.into(),
        ]);
        self.acts.push(row);
        self.touched.entry(boot).or_default().0.push(seq);
    }
}

/// Corrects what a boot wrote with its clock unset, as far as this batch tells more of it.
fn settle(
    tx: &mut Tx<'_>,
    boot: &Boot<'_>,
    (acts, shifted): &(Vec<u64>, Vec<u64>),
) -> Result<(), CityError> {
    let read = |row: &Row| {
        Ok(Change {
            seq: row.count(0)?,
            by_ms: row.int(1)?,
            is_proof: row.int(2)? != 0,
        })
    };
    let rows = tx.rows(CHANGES, &name(boot))?;
    let changes = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, CityError>>()?;
    for ((from, to), by_ms) in stretches(&changes, acts, shifted) {
        let mut about = name(boot);
        about.extend([from.into(), to.into(), by_ms.into()]);
        let moved = tx.rows(MOVED, &about)?;
        let absent = tx.rows(ABSENT, &about)?;
        tx.run(CORRECT, &about)?;
        let mut counts = Vec::new();
        for row in &moved {
            let (records, counted) = (row.int(2)?, row.int(3)?);
            let day = |day: i64, sign: i64| -> Vec<Value> {
                let (records, counted) = (sign * records, sign * counted);
                vec![boot.0.into(), day.into(), records.into(), counted.into()]
            };
            counts.extend(row.maybe_int(0)?.map(|before| day(before, -1)));
            counts.push(day(row.int(1)?, 1));
        }
        tx.run_each(DAY, &counts)?;
        let (gone, new) = absences(boot.0, &absent, by_ms)?;
        tx.run_each(GAP_GONE, &gone)?;
        tx.run_each(GAP, &new)?;
    }
    Ok(())
}

/// What is to be looked at again, with its correction: all that stands before a new change and after
/// the proof before it, and what came now. What no proof follows stays uncertain.
fn stretches(changes: &[Change], acts: &[u64], shifted: &[u64]) -> Vec<(Stretch, i64)> {
    let mut found: BTreeMap<usize, Stretch> = BTreeMap::new();
    let next = |seq: u64| changes.partition_point(|one| one.seq <= seq);
    for seq in acts {
        let (from, to) = found.entry(next(*seq)).or_insert((*seq, *seq));
        (*from, *to) = ((*from).min(*seq), (*to).max(*seq));
    }
    for seq in shifted {
        let upto = changes.partition_point(|one| one.seq < *seq);
        let mut before = changes.iter().take(upto);
        let proof = before.rposition(|one| one.is_proof);
        for at in proof.map_or(0, |at| at.saturating_add(1))..=upto {
            let end = |at: usize| changes.get(at).map(|one| one.seq);
            let from = at.checked_sub(1).and_then(end).unwrap_or(0);
            // A change corrects what stands before it, not itself.
            let to = end(at).unwrap_or(0).saturating_sub(1);
            found.insert(at, (from, to));
        }
    }
    let corrected = found.into_iter().filter_map(|(at, stretch)| {
        let following = changes.get(at..)?;
        let proof = following.iter().position(|one| one.is_proof)?;
        let sum = following.iter().take(proof.saturating_add(1));
        let sum = sum.fold(0_i64, |sum, one| sum.saturating_add(one.by_ms));
        Some((stretch, sum.clamp(-SHIFT_MS_MAX, SHIFT_MS_MAX)))
    });
    corrected.collect()
}

/// The absences as they were noted before, and as they are now.
fn absences(id: &str, rows: &[Row], by_ms: i64) -> Result<(Sets, Sets), CityError> {
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    for row in rows {
        let (at, from, moves) = (row.int(0)?, row.int(1)?, row.int(2)? != 0);
        let cause = cause_word(GapCause::PoweredOff);
        let gap = |by: i64| -> Vec<Value> {
            let from = if moves { from.saturating_add(by) } else { from };
            let to = at.saturating_add(by);
            vec![id.into(), from.into(), to.into(), cause.into()]
        };
        gone.extend(row.maybe_int(3)?.map(gap));
        if moves || from < at.saturating_add(by_ms) {
            new.push(gap(by_ms));
        }
    }
    Ok((gone, new))
}

fn name((id, epoch, via, boot): &Boot<'_>) -> Vec<Value> {
    let epoch = epoch.as_str();
    vec![(*id).into(), epoch.into(), (*via).into(), (*boot).into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(seq: u64, by_ms: i64, is_proof: bool) -> Change {
        Change {
            seq,
            by_ms,
            is_proof,
        }
    }

    #[test]
    fn what_stands_before_a_proof_is_corrected_by_all_changes_up_to_it() {
        let changes = [
            change(10, 5, false),
            change(20, 7, true),
            change(30, 100, true),
        ];
        // A proof that came alone corrects everything after the proof before it.
        assert_eq!(
            stretches(&changes, &[], &[20]),
            [((0, 9), 12), ((10, 19), 7)]
        );
        assert_eq!(stretches(&changes, &[], &[30]), [((20, 29), 100)]);
        // Acts that came alone are looked at alone.
        assert_eq!(stretches(&changes, &[12, 15], &[]), [((12, 15), 7)]);
        assert_eq!(
            stretches(&changes, &[3, 12], &[]),
            [((3, 3), 12), ((12, 12), 7)]
        );
        // What no proof follows stays uncertain.
        assert_eq!(stretches(&changes, &[31], &[]), []);
        assert_eq!(stretches(&changes[..1], &[3], &[10]), []);
    }
}
