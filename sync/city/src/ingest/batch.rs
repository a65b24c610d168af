//! Loads what a batch of messages needs to know, and judges them one after the other.

use std::collections::{BTreeMap, BTreeSet};

use sync_wire::ctl::Digest;
use sync_wire::{Compare, Compared, Ctl, Hash, Heartbeat, Hello, ParkCode, Record, Report};

use super::chain::Chain;
use super::message::{Claimed, Read, Said};
use crate::alarm::{self, AlarmNote};
use crate::db::{Sql, Tx, Value};
use crate::decide::{Refusal, RefusalCode, decide};
use crate::error::CityError;
use crate::runs::{Runs, Span};

/// Boxes that one city takes.
const BOXES_MAX: u64 = 10_000;
/// Epochs of one box at most; one begins where a file is lost, so this many are no accident.
const EPOCHS_PER_BOX_MAX: u64 = 1_000;
/// Runs of one epoch at most. What would leave one more hole is refused until holes are filled.
const RUNS_MAX: usize = 1_000;

const TOUCH: Sql = Sql {
    step: "note a box",
    text: "UPDATE box SET last_seen_at = CASE WHEN last_seen_at < ?3 THEN ?3 ELSE last_seen_at END,
             first_seen_at = CASE WHEN first_seen_at = 0 THEN ?3 ELSE first_seen_at END,
             site = CASE WHEN ?2 = '' OR (site_due <> '' AND site_due <> ?2) THEN site ELSE ?2 END
           WHERE box = ?1 RETURNING barred, site_due",
};
const NEW_BOX: Sql = Sql {
    step: "note a new box",
    text: "INSERT INTO box (box, site, first_seen_at, last_seen_at)
           SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?3 AS BIGINT), CAST(?3 AS BIGINT)
           WHERE (SELECT count(*) FROM box) < ?4 ON CONFLICT (box) DO NOTHING",
};
const CHAIN: Sql = Sql {
    step: "read the runs of an epoch",
    text: "SELECT e.behind, s.first, s.last FROM epoch e
           LEFT JOIN span s ON s.box = e.box AND s.epoch = e.epoch
           WHERE e.box = ?1 AND e.epoch = ?2",
};
const EPOCHS: Sql = Sql {
    step: "count epochs",
    text: "SELECT count(*) FROM epoch WHERE box = ?1",
};
const AROUND: Sql = Sql {
    step: "read hashes",
    text: "SELECT seq, hash FROM record WHERE box = ?1 AND epoch = ?2 AND seq BETWEEN ?3 AND ?4",
};
const BODY: Sql = Sql {
    step: "read a record",
    text: "SELECT seq, body FROM record WHERE box = ?1 AND epoch = ?2 AND seq = ?3",
};

/// Box and epoch.
pub(super) type Name<'a> = (&'a str, &'a str);

/// A record that is not in the table yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh<'a> {
    pub(super) name: Name<'a>,
    pub(super) seq: u64,
    pub(super) body: &'a [u8],
    pub(super) hash: Hash,
    pub(super) meaning: &'a Result<Record, ParkCode>,
}

/// A batch of messages and what it does to the tables.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) now: i64,
    pub(super) chains: BTreeMap<Name<'a>, Chain<'a>>,
    pub(super) fresh: Vec<Fresh<'a>>,
    pub(super) arrivals: Vec<(Name<'a>, Span)>,
    pub(super) alarms: Vec<(&'a str, AlarmNote)>,
    pub(super) states: Vec<(&'a str, bool)>,
    pub(super) beats: Vec<(&'a str, &'a Heartbeat, &'a [u8])>,
    pub(super) hellos: Vec<(&'a str, &'a Hello)>,
    pub(super) reports: Vec<(&'a str, &'a Report)>,
    pub(super) ignored: Vec<&'a str>,
    pub(super) digests: Vec<(&'a str, &'a Digest)>,
}

impl<'a> Batch<'a> {
    /// Judges messages by what the tables hold. Nothing is written but that boxes were heard of.
    pub(super) fn judge(tx: &mut Tx<'_>, reads: &[&'a Read], now: i64) -> Result<Self, CityError> {
        let mut batch = Self {
            now,
            chains: BTreeMap::new(),
            fresh: Vec::new(),
            arrivals: Vec::new(),
            alarms: Vec::new(),
            states: Vec::new(),
            beats: Vec::new(),
            hellos: Vec::new(),
            reports: Vec::new(),
            ignored: Vec::new(),
            digests: Vec::new(),
        };
        let admitted = batch.admit(tx, reads)?;
        batch.load(
            tx,
            admitted
                .iter()
                .filter_map(|read| Some((read.id.as_str(), read.epoch()?))),
        )?;
        batch.look_around(tx, &admitted)?;
        for read in admitted {
            batch.take(read);
        }
        Ok(batch)
    }

    /// Whose messages are taken: not those of a box that is barred or beyond the limit, nor those
    /// that name another site than the box has.
    fn admit(&mut self, tx: &mut Tx<'_>, reads: &[&'a Read]) -> Result<Vec<&'a Read>, CityError> {
        let mut sites: BTreeMap<&str, (&str, i64)> = BTreeMap::new();
        for read in reads.iter().copied() {
            let (site, at) = sites.entry(&read.id).or_default();
            if !read.site().is_empty() {
                *site = read.site();
            }
            // That a box is offline is the broker's word, and old where it was retained.
            if !matches!(read.said, Said::State(false)) {
                *at = self.now;
            }
        }
        let set = |(id, (site, at)): (&&str, &(&str, i64))| -> Vec<Value> {
            vec![(*id).into(), (*site).into(), (*at).into()]
        };
        let touched = tx.rows_each(TOUCH, &sites.iter().map(set).collect::<Vec<_>>())?;
        let mut known = BTreeMap::new();
        let mut new = Vec::new();
        for ((id, site), rows) in sites.iter().zip(touched) {
            match rows.first() {
                Some(row) => drop(known.insert(*id, (row.int(0)? != 0, row.text(1)?))),
                None => new.push((id, site)),
            }
        }
        let mut added: Vec<_> = new.iter().map(|one| set(*one)).collect();
        for values in &mut added {
            values.push(BOXES_MAX.into());
        }
        for ((id, _), added) in new.into_iter().zip(tx.run_each(NEW_BOX, &added)?) {
            if added == 0 {
                tracing::error!(id, "A box was turned away, there are too many");
            } else {
                known.insert(*id, (false, String::new()));
            }
        }
        let mut admitted = Vec::with_capacity(reads.len());
        for read in reads.iter().copied() {
            let Some((barred, due)) = known.get(read.id.as_str()) else {
                continue;
            };
            let site = read.site();
            if *barred {
                self.alarms.push((&read.id, alarm::barred()));
            } else if !due.is_empty() && !site.is_empty() && due != site {
                self.alarms.push((&read.id, alarm::foreign_site(due, site)));
            } else {
                admitted.push(read);
            }
        }
        Ok(admitted)
    }

    /// Reads what the tables hold of these epochs.
    pub(super) fn load(
        &mut self,
        tx: &mut Tx<'_>,
        names: impl Iterator<Item = Name<'a>>,
    ) -> Result<(), CityError> {
        let names: BTreeSet<Name<'a>> = names.collect();
        let sets: Vec<_> = names
            .iter()
            .map(|(id, epoch)| vec![(*id).into(), (*epoch).into()])
            .collect();
        for ((id, epoch), rows) in names.into_iter().zip(tx.rows_each(CHAIN, &sets)?) {
            let mut spans = Vec::with_capacity(rows.len());
            for row in &rows {
                if row.maybe_int(1)?.is_some() {
                    spans.push(Span {
                        first: row.count(1)?,
                        last: row.count(2)?,
                    });
                }
            }
            let mut chain = Chain::with(Runs::new(spans));
            chain.is_new = rows.is_empty();
            chain.behind.before = rows.first().map_or(Ok(0), |row| row.int(0))? != 0;
            chain.behind.now = chain.behind.before;
            self.chains.insert((id, epoch), chain);
        }
        let new = self.chains.iter_mut().filter(|(_, chain)| chain.is_new);
        let (of, mut chains): (Vec<Vec<Value>>, Vec<_>) = new
            .map(|((id, _), chain)| (vec![(*id).into()], chain))
            .unzip();
        for (chain, rows) in chains.iter_mut().zip(tx.rows_each(EPOCHS, &of)?) {
            let count = rows.first().map_or(Ok(0), |row| row.count(0))?;
            chain.is_barred = count >= EPOCHS_PER_BOX_MAX;
        }
        Ok(())
    }

    /// Reads the hashes around every range, all together.
    fn look_around(&mut self, tx: &mut Tx<'_>, reads: &[&'a Read]) -> Result<(), CityError> {
        let mut around = Vec::new();
        let mut behind = Vec::new();
        for read in reads {
            if let Said::Ctl(Ctl::Compare(compare), _) = &read.said {
                let name = (read.id.as_str(), compare.epoch.as_str());
                around.extend(compare.marks.iter().map(|mark| (name, only(mark.seq))));
                continue;
            }
            let (name, range) = match &read.said {
                Said::Records(claimed) => (name_of(claimed), range_of(claimed)),
                Said::Ctl(Ctl::Hello(hello), _) => {
                    let last = hello.last.saturating_add(1);
                    let only = Span { first: last, last };
                    ((read.id.as_str(), hello.epoch.as_str()), only)
                }
                Said::Ctl(..)
                | Said::State(_)
                | Said::Strange
                | Said::Wrong(_)
                | Said::Unread(..) => continue,
            };
            let Some(chain) = self.chains.get(&name) else {
                continue;
            };
            if let Some(wanted) = chain.wanted(range) {
                around.push((name, wanted));
            }
            let after = range.last.saturating_add(1);
            if matches!(read.said, Said::Records(_)) && chain.before.holds(after) {
                behind.push((
                    name,
                    Span {
                        first: after,
                        last: after,
                    },
                ));
            }
        }
        let found = tx.rows_each(AROUND, &sets(&around))?;
        for ((name, _), rows) in around.iter().zip(found) {
            for row in rows {
                let hash = Hash::from_bytes(row.hash(1)?);
                if let Some(chain) = self.chains.get_mut(name) {
                    chain.read.insert(row.count(0)?, hash);
                }
            }
        }
        let mut asked = sets(&behind);
        for set in &mut asked {
            set.truncate(3);
        }
        for ((name, _), rows) in behind.iter().zip(tx.rows_each(BODY, &asked)?) {
            for row in rows {
                if let Some(chain) = self.chains.get_mut(name) {
                    chain.bodies.insert(row.count(0)?, row.bytes(1)?);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, read: &'a Read) {
        let id = read.id.as_str();
        match &read.said {
            Said::Records(claimed) => self.records(claimed),
            Said::State(online) => self.states.push((id, *online)),
            Said::Strange => self.ignored.push(id),
            Said::Wrong(note) => self.alarms.push((id, note.clone())),
            Said::Unread(note, epoch) => {
                self.alarms.push((id, note.clone()));
                if let Some(chain) = self.chains.get_mut(&(id, epoch.as_str())) {
                    chain.reply.due |= !chain.is_barred;
                }
            }
            Said::Ctl(Ctl::Heartbeat(beat), bytes) => {
                self.beats.push((id, beat, bytes));
                self.look_back(id, beat);
            }
            Said::Ctl(Ctl::Hello(hello), _) => self.hello(id, hello),
            Said::Ctl(Ctl::Compare(compare), _) => self.compare(id, compare),
            Said::Ctl(Ctl::Result(report), _) => self.reports.push((id, report)),
            Said::Ctl(Ctl::Digest(digest), _) => self.digests.push((id, digest)),
        }
    }

    /// The boxes that said hello: what waits for them goes out again. One that only asks what is parked
    /// was there all the time.
    pub(super) fn greeted(&self) -> Vec<&'a str> {
        let anew = |hello: &Hello| !hello.closed && hello.parked_after.is_none();
        let hellos = self.hellos.iter().filter(|(_, hello)| anew(hello));
        hellos.map(|(id, _)| *id).collect()
    }

    fn records(&mut self, claimed: &'a Claimed) {
        let name = name_of(claimed);
        let Some(chain) = self.chains.get_mut(&name) else {
            return;
        };
        if chain.is_barred {
            self.alarms.push((name.0, alarm::too_many_epochs()));
            return;
        }
        (chain.reply.due, chain.is_begun) = (true, true);
        let claim = claimed.claim();
        let judged = claimed.checked.as_ref().map_err(|refusal| *refusal);
        let judged = judged.and_then(|hashes| {
            let fresh = decide(claim, hashes, &chain.held(claim))?;
            room(chain, range_of(claimed))?;
            Ok((hashes, fresh))
        });
        let (hashes, fresh) = match judged {
            Ok(judged) => judged,
            Err(refusal) => {
                let code = refusal.code.code();
                tracing::warn!(id = name.0, seq = refusal.seq, code, "Records were refused");
                let note = alarm::refused(&claimed.header, refusal);
                self.alarms.push((name.0, note));
                return;
            }
        };
        let all = (claim.from..)
            .zip(hashes)
            .zip(&claimed.bodies)
            .zip(&claimed.meanings);
        for (((seq, hash), body), meaning) in all {
            if fresh.binary_search(&seq).is_ok() {
                let hash = *hash;
                self.fresh.push(Fresh {
                    name,
                    seq,
                    body,
                    hash,
                    meaning,
                });
            }
        }
        if !fresh.is_empty() {
            self.arrivals.push((name, range_of(claimed)));
        }
        chain.take(claim, hashes, &fresh);
    }

    fn hello(&mut self, id: &'a str, hello: &'a Hello) {
        let Some(chain) = self.chains.get_mut(&(id, hello.epoch.as_str())) else {
            return;
        };
        if chain.is_barred {
            self.alarms.push((id, alarm::too_many_epochs()));
            return;
        }
        (chain.reply.due, chain.is_begun) = (true, true);
        chain.reply.hello = Some(hello.number);
        chain.reply.parked_after = hello.parked_after.unwrap_or(0);
        let other = chain
            .hash(hello.last)
            .is_some_and(|hash| hash != hello.head);
        // Where several cities share the work, records may be stored before the hello that came first:
        // less than the city has is believed when it is said again, or when the box looks for the place.
        let less = hello.last < chain.runs.through();
        if (hello.last > 0 && other) || (less && chain.behind.now) {
            self.alarms.push((id, alarm::went_back(&hello.epoch)));
        }
        if !hello.closed {
            chain.behind.now = less;
        }
        if hello.acked_through > chain.runs.through() {
            self.alarms.push((id, alarm::city_went_back(hello)));
        }
        self.hellos.push((id, hello));
    }

    /// A box that was told more than the table holds fills it again: the city was restored, and a quiet
    /// site would not notice before its next record.
    fn look_back(&mut self, id: &'a str, beat: &'a Heartbeat) {
        if let Some(chain) = self.chains.get_mut(&(id, beat.epoch.as_str()))
            && !chain.is_barred
            && beat.acked_through > chain.runs.through()
        {
            chain.reply.due = true;
            chain.reply.greet = true;
        }
    }

    /// Up to where the box and the table agree.
    fn compare(&mut self, id: &'a str, compare: &'a Compare) {
        let Some(chain) = self.chains.get_mut(&(id, compare.epoch.as_str())) else {
            return;
        };
        if chain.is_barred {
            self.alarms.push((id, alarm::too_many_epochs()));
            return;
        }
        let held = |seq| chain.hash(seq);
        let agreed = compare.marks.iter().rev();
        let agreed = agreed.filter(|mark| held(mark.seq) == Some(mark.hash));
        let same = agreed.map(|mark| mark.seq).next().unwrap_or(0);
        let number = compare.number;
        chain.reply.due = true;
        chain.reply.compare = Some(Compared { number, same });
        if chain.behind.now || compare.marks.iter().any(|mark| mark.seq > same) {
            self.alarms.push((id, alarm::went_back(&compare.epoch)));
        }
    }
}

fn only(seq: u64) -> Span {
    Span {
        first: seq,
        last: seq,
    }
}

fn room(chain: &Chain<'_>, range: Span) -> Result<(), Refusal> {
    let around = Span {
        first: range.first.saturating_sub(1),
        last: range.last.saturating_add(1),
    };
    if chain.runs.count() < RUNS_MAX || chain.runs.touches(around) || range.first == 1 {
        return Ok(());
    }
    Err(Refusal {
        code: RefusalCode::TooManyHoles,
        seq: range.first,
    })
}

fn name_of(claimed: &Claimed) -> Name<'_> {
    (&claimed.header.r#box, &claimed.header.epoch)
}

fn range_of(claimed: &Claimed) -> Span {
    Span {
        first: claimed.header.from,
        last: claimed.header.to,
    }
}

fn sets(wanted: &[(Name<'_>, Span)]) -> Vec<Vec<Value>> {
    let set = |((id, epoch), span): &(Name<'_>, Span)| {
        vec![
            (*id).into(),
            (*epoch).into(),
            span.first.into(),
            span.last.into(),
        ]
    };
    wanted.iter().map(set).collect()
}
