//! The promises after an outage, judged by the ledger's file and by what stands outside the box.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use edge_store::{Key, OldFile, Reader, Store, StoreSettings, verify};
use rusqlite::Connection;
use rusqlite::types::Value as Column;
use serde_json::{Map, Value};

use super::script::day;
use super::victim::{BOX, KEY, SITE};
use super::world::Fact;
use crate::Result;

/// What was found wrong, by promise. All are to be 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Records that the ledger had vouched for, or passages, and that are not there.
    pub lost: u64,
    /// Passages that stand in the ledger twice.
    pub duplicated: u64,
    /// Records that the city has under another number or with other bytes.
    pub reordered: u64,
    /// Openings without a granted presentation on record, or of people who must not get in.
    pub opened_without_record: u64,
    /// People before whom the arm stayed shut though it must open.
    pub trapped: u64,
}

impl Found {
    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.opened_without_record += other.opened_without_record;
        self.trapped += other.trapped;
    }

    /// As numbers by name.
    pub fn facts(&self) -> Map<String, Value> {
        let numbers = [
            ("lost", self.lost),
            ("duplicated", self.duplicated),
            ("reordered", self.reordered),
            ("opened_without_record", self.opened_without_record),
            ("trapped", self.trapped),
        ];
        let facts = numbers.map(|(name, number)| (name.to_owned(), Value::from(number)));
        facts.into_iter().collect()
    }
}

pub(super) fn settings(folder: &Path) -> StoreSettings {
    StoreSettings {
        path: folder.join("box/ledger.db"),
        box_id: BOX.to_owned(),
        site: SITE.to_owned(),
    }
}

pub(super) fn key() -> Key {
    Key::from_bytes(KEY)
}

/// Opens the ledger as the box does after a power cut, closes it, and checks the whole file: it opens,
/// every page and the chain hold, and the read models are what a rebuild gives.
pub(super) fn opens_whole(folder: &Path) -> Result<()> {
    let settings = settings(folder);
    Store::open_with_daily_files(&settings, &key())?.close()?;
    let report = verify(&settings.path, &key(), &mut |_| {})?;
    if let Some(broken) = report.first_broken() {
        return Err(format!("the chain is broken: {broken:?}").into());
    }
    daily_files_are_whole(&settings.path)?;
    let before = read_models(&settings.path)?;
    open_with_key(&settings.path)?.execute_batch("UPDATE box SET fold = 0")?;
    Store::open(&settings, &key())?.close()?;
    if read_models(&settings.path)? != before {
        return Err("the read models are not what a rebuild gives".into());
    }
    Ok(())
}

/// The daily files alone, as after the loss of the database, hold every record that it holds.
fn daily_files_are_whole(path: &Path) -> Result<()> {
    let reader = Reader::open(path, &key(), BOX)?;
    let mut heads = Vec::new();
    for epoch in reader.epochs()? {
        heads.push((reader.head(&epoch.name)?, epoch.name));
    }
    drop(reader);
    if heads.iter().all(|(head, _)| head.seq == 0) {
        return Ok(());
    }
    let hidden = path.with_extension("hidden");
    std::fs::rename(path, &hidden)?;
    let old = OldFile::open(path, &key(), BOX)?;
    for (head, epoch) in heads {
        let mut reached = old.start(&epoch);
        loop {
            let part = old.continuing(&epoch, reached, 100)?;
            if part.bodies.is_empty() {
                break;
            }
            reached = part.bodies.iter().fold(reached, |at, body| at.extend(body));
        }
        if reached != head {
            let (has, of) = (reached.seq, head.seq);
            return Err(format!("the daily files have {has} of {of} records").into());
        }
    }
    std::fs::rename(&hidden, path)?;
    Ok(())
}

/// The file as somebody with the key and a database tool sees it.
fn open_with_key(path: &Path) -> Result<Connection> {
    let db = Connection::open(path)?;
    let digits: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
    db.execute_batch(&format!(
        "PRAGMA cipher_log_level = NONE; PRAGMA key = \"x'{digits}'\"; PRAGMA cipher_page_size = 2048"
    ))?;
    Ok(db)
}

/// Every row of every table that a rebuild makes anew: all but those that are no read models.
fn read_models(path: &Path) -> Result<BTreeSet<String>> {
    let db = open_with_key(path)?;
    let mut query = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = query
        .query_map([], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let others = [
        "ledger",
        "box",
        "setting",
        "sqlite_sequence",
        "sqlite_stat1",
    ];
    let mut rows = BTreeSet::new();
    for table in tables {
        if others.contains(&table.as_str()) {
            continue;
        }
        let mut query = db.prepare(&format!("SELECT * FROM {table}"))?;
        let columns = query.column_count();
        let mut found = query.query([])?;
        while let Some(row) = found.next()? {
            let values: Vec<Column> = (0..columns)
                .map(|at| row.get(at))
                .collect::<std::result::Result<_, _>>()?;
            rows.insert(format!("{table} {values:?}"));
        }
    }
    Ok(rows)
}

/// Records that the ledger vouched for and that are not there, or not the same.
pub(super) fn vouched_but_gone(reader: &Reader, facts: &[Fact]) -> Result<u64> {
    let mut gone = 0;
    for fact in facts {
        let Fact::Told { epoch, seq, hash } = fact else {
            continue;
        };
        // An epoch that is gone is worse than a record that is gone, not an error of the judge.
        let known = reader.epochs()?.iter().any(|one| one.name == *epoch);
        let found = if known {
            reader.hash_at(epoch, *seq)?
        } else {
            None
        };
        if found.is_none_or(|found| found.to_hex() != *hash) {
            gone += 1;
        }
    }
    Ok(gone)
}

/// The number of the record that an opening rests on: the low 30 bits of its token.
fn record_of(token: u32) -> u64 {
    u64::from(token & 0x3fff_ffff)
}

/// Openings of which this ledger has no granted presentation.
pub(super) fn opened_but_gone(reader: &Reader, facts: &[Fact]) -> Result<u64> {
    let Some(epoch) = reader.epochs()?.pop() else {
        return Ok(0);
    };
    let mut gone = 0;
    for fact in facts {
        let Fact::Open { token, .. } = fact else {
            continue;
        };
        let seq = record_of(*token);
        let found = reader.records(&epoch.name, seq, 1, usize::MAX)?;
        let granted = found.first().is_some_and(|record| {
            let body: Value = serde_json::from_slice(&record.body).unwrap_or_default();
            record.seq == seq && body["result"] == "granted"
        });
        if !granted {
            gone += 1;
        }
    }
    Ok(gone)
}

type Body = (u64, Value, String);

fn bodies(reader: &Reader) -> Result<BTreeMap<String, Vec<Body>>> {
    let mut all = BTreeMap::new();
    for epoch in reader.epochs()? {
        let records = reader.records(&epoch.name, 1, u32::MAX, usize::MAX)?;
        let mut list = Vec::new();
        for record in records {
            let text = String::from_utf8(record.body)?;
            list.push((record.seq, serde_json::from_str(&text)?, text));
        }
        all.insert(epoch.name, list);
    }
    Ok(all)
}

/// Everything, after the day is over: ledger, gate and city agree.
pub(super) fn day_is_right(folder: &Path, facts: &[Fact], rounds: usize) -> Result<Found> {
    let reader = Reader::open(&settings(folder).path, &key(), BOX)?;
    if let Some(alarm) = facts.iter().find(|fact| matches!(fact, Fact::Alarm { .. })) {
        return Err(format!("{alarm:?}").into());
    }
    let ledger = bodies(&reader)?;
    let [(epoch, records)] = Vec::from_iter(&ledger)[..] else {
        return Err(format!("{} epochs instead of one", ledger.len()).into());
    };
    let mut found = Found {
        lost: vouched_but_gone(&reader, facts)?,
        ..Found::default()
    };
    at_the_city(facts, (epoch, records), &mut found);
    at_the_gate(facts, records, rounds, &mut found);
    let cursor = reader.cursor(epoch)?;
    let last = records.last().map_or(0, |(seq, ..)| *seq);
    if cursor.through != last {
        return Err(format!("the cursor is at {} of {last}", cursor.through).into());
    }
    Ok(found)
}

fn at_the_city(facts: &[Fact], (epoch, records): (&String, &[Body]), found: &mut Found) {
    let mut stored: BTreeMap<u64, &String> = BTreeMap::new();
    for fact in facts {
        let Fact::Stored {
            epoch: of,
            from,
            bodies,
        } = fact
        else {
            continue;
        };
        for (seq, body) in (*from..).zip(bodies) {
            if of != epoch || stored.insert(seq, body).is_some() {
                found.duplicated += 1;
            }
        }
    }
    for (seq, _, text) in records {
        match stored.remove(seq) {
            Some(body) if body == text => {}
            Some(_) => found.reordered += 1,
            None => found.lost += 1,
        }
    }
    // What the city has and the box does not is lost at the box.
    found.lost += stored.len() as u64;
}

fn at_the_gate(facts: &[Fact], records: &[Body], rounds: usize, found: &mut Found) {
    let of_kind = |kind: &'static str| {
        records
            .iter()
            .filter(move |(_, body, _)| body["kind"] == kind)
    };
    let mut passages: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, body, _) in of_kind("passage") {
        let event = body["board"]["seq"].as_u64().unwrap_or(0);
        *passages.entry(event).or_default() += 1;
    }
    found.duplicated += passages.values().filter(|times| **times > 1).count() as u64;
    for (step, turn) in day(rounds).iter().enumerate() {
        let opened = facts.iter().enumerate().find_map(|(at, fact)| match fact {
            Fact::Open { step: of, token } if *of == step => Some((at, *token)),
            _ => None,
        });
        match opened {
            None if turn.opens => found.trapped += 1,
            None => {}
            Some(_) if !turn.opens => found.opened_without_record += 1,
            Some((at, token)) => {
                let is_it = |(seq, body, _): &&Body| {
                    *seq == record_of(token) && body["result"] == "granted"
                };
                let granted = of_kind("presentation").find(is_it);
                let told_before = facts[..at]
                    .iter()
                    .any(|fact| matches!(fact, Fact::Told { seq, .. } if *seq >= record_of(token)));
                if granted.is_none() || !told_before {
                    found.opened_without_record += 1;
                }
            }
        }
    }
    for fact in facts {
        let Fact::Walked { event, token, .. } = fact else {
            continue;
        };
        let is_it = |(_, body, _): &&Body| {
            body["board"]["seq"] == *event
                && body["presentation"] == record_of(*token)
                && body["outcome"] == "passed"
        };
        if !of_kind("passage").any(|body| is_it(&body)) {
            found.lost += 1;
        }
    }
}
